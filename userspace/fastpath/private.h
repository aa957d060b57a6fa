/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside the fast path: the slot table, the null engine that receives through sockets, and the kernel side (XDP). */
#pragma once
#include "base/counter.h"
#include "base/loop.h"
#include "base/mem.h"
#include "fastpath/fastpath.h"
#include "tandem/classify.h"
#include "tandem/slot.h"
#include "tandem/stats.h"

struct fp_range {
	struct addr ip;
	uint16_t port_min, port_max;
	uint32_t base;
};

/* Sockets that serve whole ranges; -1 where they could not be had. Index 0: IPv4, 1: IPv6. */
struct fp_sockets {
	int steer[2]; /* receive everything that sk_lookup steers */
	int raw[2];   /* send with our own headers */
};

struct fastpath {
	struct fp_range *ranges;
	unsigned n_ranges;
	uint32_t n_slots;
	struct tandem_slot *slots; /* mapped: BPF array, or anonymous memory */
	struct fp_null *null;
	struct fp_kernel *kernel; /* NULL: everything in userspace */
	struct fp_hops *hops;     /* NULL without XDP */
	struct fp_handlers handlers;
	void *arg;
	json_t *engines;
};

/* --- slot.c: the table ------------------------------------------------------------------------------------------- */
/* The local address and port of a slot. */
void fp_slot_local(const struct fastpath *fp, uint32_t slot, struct addr *ret);
/* A consistent copy of a line; spins while it is written. */
void fp_in_read(const struct tandem_slot *s, struct tandem_in *ret, uint32_t *seq);
void fp_out_read(const struct tandem_slot *s, struct tandem_out *ret);
/* Where the slot's own packets go now; AF_UNSPEC when nowhere. */
void fp_slot_remote(const struct fastpath *fp, uint32_t slot, struct addr *ret);
/* Looks up the next hop for what leaves from `slot` where XDP could not know it. */
void fp_slot_resolve(struct fastpath *fp, uint32_t slot);
/* Frees lines that a process held when it was killed. Nobody but programs of the kernel may be using the table. */
void fp_slots_repair(struct fastpath *fp);
uint64_t fp_now_ns(void);

/* --- send.c: packets out of local ports -------------------------------------------------------------------------- */
struct fp_packet {
	struct addr src, dst;
	uint8_t tos, hop_limit;
	bool relayed;        /* counted as forwarded once it is sent */
	const uint8_t *data; /* stays valid until fp_sender_flush() */
	size_t len;
};

struct fp_sender;
int fp_sender_open(struct fp_sender **ret, const int raw[2]);
/* Queues a packet; `port_fd` is the local port's own socket, used where there is no raw one. 0 or negative errno. */
int fp_sender_queue(struct fp_sender *s, const struct fp_packet *p, int port_fd);
void fp_sender_flush(struct fp_sender *s);

/* --- null.c ------------------------------------------------------------------------------------------------------ */
int fp_null_open(struct fp_null **ret, struct fastpath *fp, const struct fp_sockets *sockets);
/* Stops receiving; the owner then gives its reference back. */
void fp_null_close(struct fp_null *n);
bool fp_null_steered(const struct fp_null *n, sa_family_t family);
int fp_null_open_port(struct fp_null *n, uint32_t slot);
void fp_null_close_port(struct fp_null *n, uint32_t slot);
int fp_null_send(struct fp_null *n, uint32_t slot, const struct addr *dst, const uint8_t *data, size_t len);
/* Counts packets by reason: the counter group "relay-null". */
extern uint64_t fp_null_counters[TANDEM_REASON_COUNT];
extern const struct counter_def fp_reason_defs[TANDEM_REASON_COUNT];

/* --- kernel.c: the daemon's side of the XDP and sk_lookup programs ----------------------------------------------- */
/* Gets the kernel's part through tandem-keep or with own privileges: maps fp->slots, fills *sockets and fp->engines. An error
 * says that nothing of it can be had; fp->engines then says why. */
int fp_kernel_open(struct fastpath *fp, const struct fp_params *params, struct fp_sockets *sockets);
void fp_kernel_leave(struct fp_kernel *k);
bool fp_kernel_leaves(const struct fp_kernel *k);
/* A request for a privileged verb (privileged.h; `request` is stolen), to tandem-keep or with own privileges. */
int fp_ask(json_t *request, json_t **reply, int *fds, unsigned *n);

/* --- hop.c: next hops -------------------------------------------------------------------------------------------- */
/* An interface that XDP is attached to. */
struct fp_device {
	int ifindex;
	uint32_t key; /* in the device map */
	bool native;
};

/* `table` is the mapped next-hop table; what is in it already is adopted. Follows the kernel's tables from then on. */
int fp_hops_open(struct fp_hops **ret, struct fastpath *fp, struct tandem_hop *table, const struct fp_device *devices, unsigned n);
/* Index in the next-hop table for a remote address, looked up in the kernel when new; TANDEM_NONE when the table is full. */
uint32_t fp_hop_get(struct fp_hops *h, const struct tandem_ip *ip);
/* Forgets what no slot points at. */
void fp_hops_sweep(struct fp_hops *h);
/* Forgets all, and asks the kernel to keep no neighbour for us any longer: nobody takes over. */
void fp_hops_forget(struct fp_hops *h);
/* Which engine forwards what leaves by next hop `hop`, and why it is not a faster one. */
enum fp_engine fp_hop_engine(const struct fp_hops *h, uint32_t hop, const char **why);

static inline void fp_ip(const struct addr *a, struct tandem_ip *ret)
{
	uint8_t bytes[16] = {0};
	if (addr_is_set(a))
		addr_mapped(a, bytes);
	memcpy(ret, bytes, sizeof *ret);
}

static inline void fp_addr(const struct tandem_ip *ip, uint16_t port_be, struct addr *ret)
{
	uint8_t bytes[16];
	memcpy(bytes, ip, sizeof bytes);
	addr_from_mapped(ret, bytes, ntohs(port_be));
}
