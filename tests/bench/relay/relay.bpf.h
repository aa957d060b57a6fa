/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench's programs and their loader share. */
#pragma once
#include <linux/types.h>

#define RELAY_MAX_FLOWS 65536
#define RELAY_SSRC      0x5444 /* upper half of a flow's SSRC as a number; the lower half is the flow's index */
#define RELAY_BUCKETS   65536  /* of latency; the last one takes all above */
#define RELAY_BUCKET_NS 32
#define RELAY_STAMPED   0x80   /* RTP's marker bit: two words behind the header say when the packet was sent */
#define RELAY_JUNK      0x4b4e554a /* RTP timestamp of what a relay must refuse; 0 otherwise */

/* One flow as the generator writes it; all in network order but `seq`, the last one sent, and `check`: the one's complement sum, as words lie in
 * memory, of all that a UDP checksum covers but the sequence number. */
struct relay_flow {
	__u16 sport, dport;
	__u16 check, seq;
	__u32 ssrc;
	__u32 dst; /* last word of the destination */
	__u16 ip_check; /* IPv4 header's */
	__u16 zero;
};

/* Ethernet and IP headers: 34 or 54 bytes of it. */
struct relay_head {
	__u64 words[7];
};

/* Constants of the generator, set at load time. */
struct relay_plan {
	__u32 flows, ifindex, burst;
	__u32 junk; /* so many packets of each burst are not of any flow */
	__u32 ipv6, pad;
	__u64 interval_ns; /* between bursts; 0: as fast as it goes */
	struct relay_head head;
	__u16 first; /* of the RTP header, as it lies in memory */
	__u16 stamp; /* write the time into each packet */
	__u32 pad2;
};

/* What the generator has done. */
struct relay_done {
	__u64 frames, sent, junk, start_ns, last_ns, due_ns;
	__u32 next_flow, active;
};

/* Where the bare program sends a destination port: the least a relay does. */
struct bare_key {
	__u32 daddr;
	__u16 dport;
	__u16 zero;
};
struct bare_value {
	__u32 port_index; /* in the devmap */
	__u32 packets;
};
