/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table shared by the XDP program, the kernel module, the daemon's null engine and the daemon itself: one slot for every local media port.
 *
 * A slot is four cache lines, by who writes them and how often:
 *   in      read for each packet, written when the stream's source changes    (under in.seq)
 *   out     read for each packet, written when the other side's address does  (under out.seq)
 *   stats   written for each packet by the CPU that receives it, no lock: a stream is received by one CPU at a time
 *   policy  read only when a packet is not from the latched source
 *
 * `out` says how what *arrives* here *leaves*: from the joined slot's local port to the joined slot's current remote. So a
 * forwarded packet touches one slot only; a latch change in a slot writes its own `in` and its peer's `out`.
 *
 * IP addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d. Ports and SSRC are in network order. */
#pragma once
#include <linux/types.h>

/* The packet logic is inlined wherever it is compiled: BPF programs have no other way to be fast. */
#define TANDEM_INLINE static inline __attribute__((always_inline))
/* ... except what few packets need, kept out of the others' way. */
#define TANDEM_COLD static __attribute__((__noinline__, __unused__))

#define TANDEM_LAYOUT     2u  /* version of everything in this file and of the reasons */
#define TANDEM_NONE       0xffffffffu /* no slot, no next hop */
#define TANDEM_MAX_HOPS   131072u
#define TANDEM_MAX_LOCALS 256u
#define TANDEM_MAX_DEVICES 64u
#define TANDEM_STEER_PLACES 64u /* that ports are dealt out to, a pair each in turn; the null engine's threads share them */

enum tandem_slot_flag {
	TANDEM_OPEN    = 1 << 0, /* a stream uses the port */
	TANDEM_RECEIVE = 1 << 1, /* the session's mode lets it receive */
	TANDEM_SEND    = 1 << 2, /* ... and send */
	TANDEM_IS_RTCP = 1 << 3, /* an RTCP port */
	TANDEM_MUX     = 1 << 4, /* RTCP on this RTP port (RFC 5761) */
	TANDEM_LATCH   = 1 << 5, /* the peer may be behind a NAT (RFC 7362); strict without */
	TANDEM_REMOTE  = 1 << 6, /* in.media is known */
	TANDEM_ARMED   = 1 << 7, /* no packet has confirmed the last offer/answer yet */
	TANDEM_LATCHED = 1 << 8, /* in.src is the current source */
	TANDEM_MOVED   = 1 << 9, /* in.media changed after in.src was latched */
	TANDEM_NO_XDP  = 1 << 10, /* XDP leaves the stream alone: asked for by the operator, or the daemon is where it goes */
	TANDEM_NO_KMOD = 1 << 11, /* ... so does the module */
};

/* Who forwarded a packet, from the slowest to the fastest. */
enum tandem_engine { TANDEM_BY_NULL, TANDEM_BY_KMOD, TANDEM_BY_XDP_GENERIC, TANDEM_BY_XDP_NATIVE, TANDEM_ENGINES };

struct tandem_ip {
	__u32 w[4];
} __attribute__((aligned(8)));

struct tandem_in {
	__u32 seq; /* odd while it is written */
	__u16 flags; /* enum tandem_slot_flag */
	__u16 src_port;
	struct tandem_ip src; /* latched source */
	struct tandem_ip media; /* signalled media address */
	__u16 media_port;
	__u8 event_pt; /* TANDEM_EVENT_PT | payload type of telephone-events (RFC 4733) that can be read here, or 0 */
	__u8 reserved;
	__u32 ssrc; /* of the latched source */
	__u32 clock; /* RTP clock as 2^32 * Hz / 10^9: nanoseconds times this, shifted right by 32, are RTP units */
	__u32 peer; /* joined slot, or TANDEM_NONE */
	__u32 deliver; /* whom in the daemon accepted RTP goes to, 0: on to `out`. The kernel's engines are kept off by their flags then */
	__u32 reserved2;
};

struct tandem_out {
	__u32 seq;
	__u32 hop; /* index of the next hop, or TANDEM_NONE */
	struct tandem_ip src, dst;
	__u16 src_port, dst_port;
	__u16 sum; /* one's complement sum of both addresses and ports as they count in a UDP checksum */
	__u8 tos; /* DSCP << 2 */
	__u8 family; /* 4, 6, or 0: leads nowhere; nor does it while dst_port is 0 */
	__u32 reserved[4];
};

struct tandem_stats {
	__u64 bytes; /* RTP headers and payload */
	__u64 last_ns; /* CLOCK_MONOTONIC; 0: never */
	__u32 packets[TANDEM_ENGINES]; /* accepted, by who handled them */
	__u32 base_packets; /* accepted before base_seq was set */
	__u32 ext_max; /* highest sequence number with its cycles, RFC 3550 A.1 */
	__u16 base_seq;
	__u16 bad_seq; /* next expected after a jump */
	__u32 jitter; /* RFC 3550 A.8, times 16 */
	__u32 transit;
	__u32 reordered;
	__u32 lost_before; /* lost of earlier SSRCs */
	__u8 running; /* base_seq is set */
	__u8 jumped; /* bad_seq is set */
	__u8 last_by; /* enum tandem_engine: who handled the last packet */
	__u8 reserved;
};

struct tandem_policy {
	struct tandem_ip signalling; /* source of the signalling; all zero: none */
	struct tandem_ip prev; /* source before the last change: never wins the stream back by itself */
	__u32 event_before; /* duration of the earlier segments of a long telephone-event, RTP units */
	__u16 event_duration; /* ... of the current one, as far as heard */
	__u8 event_code, reserved;
	__u16 prev_port;
	__u8 tos; /* of what leaves from this port */
	__u8 event_state; /* enum tandem_dtmf_state of the telephone-event that began at event_ts */
	__u32 arm; /* offer/answer generation */
	__u32 hop_media, hop_signalling; /* next hops to in.media and to signalling */
	__u32 refused; /* packets dropped here, all reasons */
	__u32 event_ts; /* RTP timestamp of the last telephone-event or its last segment, host order */
};

struct tandem_slot {
	struct tandem_in in;
	struct tandem_out out;
	struct tandem_stats stats;
	struct tandem_policy policy;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct tandem_in) == 64, "in is one cache line");
_Static_assert(sizeof(struct tandem_out) == 64, "out is one cache line");
_Static_assert(sizeof(struct tandem_stats) == 64, "stats is one cache line");
_Static_assert(sizeof(struct tandem_policy) == 64, "policy is one cache line");

/* A local address and the slots of its ports: slot = base + port - port_min. */
struct tandem_local {
	__u32 base;
	__u16 port_min, port_max; /* host order, inclusive */
};

/* Local addresses once more, each at the one place where its bits say, so that a packet's is found by one comparison. An address whose
 * place was taken is in the hash alone. */
struct tandem_near {
	struct tandem_ip ip;
	struct tandem_local local; /* port_max 0: nobody's place */
};
#define TANDEM_NEAR 1024u

TANDEM_INLINE __u32 tandem_near_index(const struct tandem_ip *ip)
{
	return ((ip->w[0] ^ ip->w[1] ^ ip->w[2] ^ ip->w[3]) * 0x9e3779b1u) / (0xffffffffu / TANDEM_NEAR + 1);
}

enum tandem_hop_state {
	TANDEM_HOP_FREE,
	TANDEM_HOP_UNRESOLVED, /* no route, or no usable neighbour */
	TANDEM_HOP_EGRESS, /* reached through an interface the program cannot send on */
	TANDEM_HOP_GENERIC, /* usable by XDP in generic mode only */
	TANDEM_HOP_NATIVE, /* usable by any XDP program */
};

/* A next hop, one for each remote IP address; written by the daemon under `seq`. */
struct tandem_hop {
	__u32 seq;
	__u32 device; /* key in the device map */
	__u8 dmac[6], smac[6];
	__u16 state; /* enum tandem_hop_state */
	__u16 vlan; /* tag to push, 0: none */
	__u16 mtu;
	__u16 reserved[3];
	struct tandem_ip dst; /* the remote address: lets a new daemon adopt the table */
	__u32 reserved2[4];
};
_Static_assert(sizeof(struct tandem_hop) == 64, "a next hop is one cache line");

enum tandem_dtmf_state { TANDEM_DTMF_NONE, TANDEM_DTMF_BEGUN, TANDEM_DTMF_ENDED };
#define TANDEM_EVENT_PT 0x80u /* set in event_pt: payload type 0 is one too */

/* Told by whoever forwards: XDP through its ring buffer, the module by multicast, the null engine by a call. */
enum tandem_event_kind {
	TANDEM_EV_LATCH = 1, /* first packet of an armed stream */
	TANDEM_EV_REBIND, /* the stream moved by itself: same SSRC, new source */
	TANDEM_EV_SSRC, /* new SSRC from the same source */
	TANDEM_EV_DTMF, /* a telephone-event began; value: its code */
	TANDEM_EV_DTMF_END, /* ... ended; value: code << 24 | duration in RTP units */
};

struct tandem_event {
	__u32 slot;
	__u32 kind;
	__u32 value;
};
