/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside the fast path: the slot table, the null engine that receives through sockets, and the kernel side (XDP). */
#pragma once
#include "base/counter.h"
#include "base/loop.h"
#include "base/mem.h"
#include "fastpath/fastpath.h"
#include "tandem/classify.h"
#include "tandem/dtmf.h"
#include "tandem/slot.h"
#include "tandem/stats.h"

struct fp_range {
	struct addr ip;
	uint16_t port_min, port_max;
	uint32_t base;
	int vrf; /* VRF device that the address is in, 0: none; written by the main thread */
};

/* Sockets that serve whole ranges; -1 where they could not be had. Index 0: IPv4, 1: IPv6. */
#define FP_MAX_THREADS 32
struct fp_sockets {
	unsigned threads;
	int steer[FP_MAX_THREADS][2]; /* a thread each receives what sk_lookup steers to it */
	int raw[2];                   /* send with our own headers */
	int old[2 * FP_MAX_THREADS];  /* nothing is steered to these any longer, but packets may wait there */
	unsigned n_old;
};
#define FP_NO_SOCKETS ((struct fp_sockets){.raw = {-1, -1}})

struct fastpath {
	struct fp_range *ranges; /* in the order of their slots; unchanged while open */
	unsigned n_ranges;
	uint16_t *by_ip; /* hash table of ranges by address, index + 1; `by_ip_mask` + 1 places */
	uint32_t by_ip_mask;
	uint32_t n_slots;
	struct tandem_slot *slots; /* mapped: BPF array, or anonymous memory */
	struct fp_null *null;
	struct fp_kernel *kernel; /* NULL: everything in userspace */
	struct fp_kmod *kmod;     /* NULL: the kernel module cannot be used with this table */
	struct fp_hops *hops;     /* NULL without XDP */
	struct fp_handlers handlers;
	void *arg;
	enum fp_want want;
	/* engines.c: */
	json_t *engines;    /* as the privileged side answered: [{"interface","ifindex","device","mode","why"}] */
	json_t *no_kernel;  /* why nothing of the kernel can be used; NULL when it can */
	unsigned n_xdp;     /* interfaces that run XDP */
};

/* --- fastpath.c -------------------------------------------------------------------------------------------------- */
/* Something happened on a stream, whoever forwards it. On the main thread only. */
void fp_event(struct fastpath *fp, const struct tandem_event *ev);

/* --- engines.c: what relays where, and why nothing faster does ---------------------------------------------------- */
/* What runs on each interface now: replaces what was told before, logs what is new, and tells the owner. */
void fp_engines_set(struct fastpath *fp, json_t *rows);
/* Nothing of the kernel can be used. */
void fp_engines_none(struct fastpath *fp, const char *why);
/* Tells the owner that fastpath_engines() has changed. */
void fp_engines_changed(struct fastpath *fp);

/* --- kmod.c: the kernel module ----------------------------------------------------------------------------------- */
enum fp_kmod_state {
	FP_KMOD_OFF,     /* not asked for */
	FP_KMOD_ABSENT,  /* not loaded */
	FP_KMOD_REFUSED, /* loaded, but of no use: another layout, no right to attach, ... */
	FP_KMOD_ATTACHED,
};
/* Looks for the module, follows its coming and going, and has it relay by the table where params->want asks for that. Without one this
 * is no error. */
int fp_kmod_open(struct fp_kmod **ret, struct fastpath *fp, const struct fp_params *params);
enum fp_kmod_state fp_kmod_state(const struct fp_kmod *k);
/* {"interface":"*","mode","why","version"}: the interfaces that run no XDP. A new reference. */
json_t *fp_kmod_row(const struct fp_kmod *k);
/* Has it relay no longer. */
void fp_kmod_detach(struct fp_kmod *k);

/* --- range.c: local addresses, and which slots are theirs ---------------------------------------------------------- */
int fp_ranges_set(struct fastpath *fp, const struct fp_params *params);
/* The range that a slot below fp->n_slots is of. */
const struct fp_range *fp_range_of(const struct fastpath *fp, uint32_t slot);
/* The local addresses as the privileged verbs take them (privileged.h); a new reference. */
json_t *fp_locals_json(const struct fastpath *fp);

/* --- slot.c: the table ------------------------------------------------------------------------------------------- */
/* The local address and port of a slot. */
void fp_slot_local(const struct fastpath *fp, uint32_t slot, struct addr *ret);
static inline bool fp_is_open(const struct tandem_slot *s)
{
	return TANDEM_GET(s->in.flags) & TANDEM_OPEN;
}

/* A copy of a line of a slot while others write it, of words that are whole each. */
static inline void fp_line_get(void *to, const void *line)
{
	uint64_t words[sizeof(struct tandem_in) / sizeof(uint64_t)];
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		words[i] = TANDEM_GET(((const uint64_t *)line)[i]);
	memcpy(to, words, sizeof words);
}

/* A consistent copy of a line; spins while it is written. */
void fp_in_read(const struct tandem_slot *s, struct tandem_in *ret, uint32_t *seq);
void fp_out_read(const struct tandem_slot *s, struct tandem_out *ret);
/* Where the slot's own packets go now; AF_UNSPEC when nowhere. */
void fp_slot_remote(const struct fastpath *fp, uint32_t slot, struct addr *ret);
/* Looks up the next hop for what leaves from `slot` where XDP could not know it. */
void fp_slot_resolve(struct fastpath *fp, uint32_t slot);
/* Looks up all next hops of all slots again: an address is in another VRF. */
void fp_slots_resolve_again(struct fastpath *fp);
/* Frees lines that a process held when it was killed. Nobody but programs of the kernel may be using the table. */
void fp_slots_repair(struct fastpath *fp);
uint64_t fp_now_ns(void);

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
 * says that nothing of it can be had; fp->no_kernel then says why. */
int fp_kernel_open(struct fastpath *fp, const struct fp_params *params, struct fp_sockets *sockets);
/* BPF map id of the slot table, 0 when it cannot be told. */
uint32_t fp_kernel_slots_id(const struct fp_kernel *k);
void fp_kernel_leave(struct fp_kernel *k);
bool fp_kernel_leaves(const struct fp_kernel *k);
/* A request for a privileged verb (privileged.h; `request` is stolen), to tandem-keep or with own privileges. */
int fp_ask(json_t *request, json_t **reply, int *fds, unsigned *n);

/* --- kept.c: the steered sockets across restarts ------------------------------------------------------------------- */
/* Those that tandem-keep handed back, ours to close: fd[thread][0: IPv4, 1: IPv6], n[] of them. */
struct fp_kept {
	int fd[FP_MAX_THREADS][2];
	unsigned n[2];
};
/* What `configured` threads are, 0 being one for each CPU that this process may use. */
unsigned fp_threads_wanted(unsigned configured);
void fp_kept_take(struct fp_kept *k);
/* Whether they are the right number for each family of our addresses. */
bool fp_kept_serves(const struct fp_kept *k, const struct fp_params *p, unsigned threads);
/* They go on being steered to. */
void fp_kept_use(const struct fp_kept *k, unsigned threads, struct fp_sockets *ret);
/* The new ones in ret->steer are kept from now on; the others become ret->old. */
void fp_kept_replace(const struct fp_kept *k, struct fp_sockets *ret);
/* Nobody takes over: nothing is to be kept. */
void fp_kept_forget(void);
void fp_sockets_close_old(struct fp_sockets *s);

/* --- hop.c: next hops -------------------------------------------------------------------------------------------- */
/* An interface that XDP is attached to. */
struct fp_device {
	int ifindex;
	uint32_t key; /* in the device map */
	bool native;
};

/* `table` is the mapped next-hop table; what is in it already is adopted. Follows the kernel's tables from then on. */
int fp_hops_open(struct fp_hops **ret, struct fastpath *fp, struct tandem_hop *table, const struct fp_device *devices, unsigned n);
/* From now on these are the devices; the VRF of our first address may have changed too. */
void fp_hops_devices(struct fp_hops *h, const struct fp_device *devices, unsigned n);
/* Index in the next-hop table for the remote address of a slot, looked up in the kernel when new; TANDEM_NONE when the table is full, or the
 * slot's local address is in a VRF that XDP does not serve. */
uint32_t fp_hop_get(struct fp_hops *h, uint32_t slot, const struct tandem_ip *ip);
/* The kernel has learnt what the path to this address takes. */
void fp_hop_mtu_changed(struct fp_hops *h, const struct tandem_ip *ip);
/* Forgets what no slot points at, some in each of the next loop turns. */
void fp_hops_sweep(struct fp_hops *h);
/* Forgets all, and asks the kernel to keep no neighbour for us any longer: nobody takes over. */
void fp_hops_forget(struct fp_hops *h);
/* TANDEM_HOP_FREE for what is no next hop. */
enum tandem_hop_state fp_hop_state(const struct fp_hops *h, uint32_t hop);

/* --- devices.c: the interfaces that XDP is attached to --------------------------------------------------------------- */
struct fp_devices; /* mem_deref() ends it */
/* Opens fp->hops, and follows interfaces and addresses from then on. `request` and `reply` are those of fastpath-open. */
int fp_devices_open(struct fp_devices **ret, struct fastpath *fp, struct tandem_hop *table, json_t *request, json_t *reply);

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
