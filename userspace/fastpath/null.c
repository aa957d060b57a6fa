// SPDX-License-Identifier: GPL-3.0-or-later
/* The null engine: receives through sockets, judges each packet by its slot with the logic the kernel uses, and sends it on. One
 * socket a thread and family receives the whole range where an sk_lookup program steers it there; otherwise a socket a port. Here: how it is
 * opened and closed, ports with a socket of their own, and what threads hand over. */
#include "fastpath/null.h"
#include <errno.h>
#include <unistd.h>

#define BATCHES_MAX 8 /* in one loop turn: signalling must get its share */

#define REASON_DEF(id, reason_name, reason_help) {reason_name, reason_help},
const struct counter_def fp_reason_defs[TANDEM_REASON_COUNT] = {TANDEM_REASONS(REASON_DEF)};
uint64_t fp_null_counters[TANDEM_REASON_COUNT];

/* --- counters ------------------------------------------------------------------------------------------------------ */

enum { CNT_LOST, CNT_MAX };
static const struct counter_def thread_defs[CNT_MAX] = {
	[CNT_LOST] = {"lost", "RTCP packets and events that a media thread could not hand over, because the main loop was too busy"},
};
static uint64_t thread_counters[CNT_MAX];

static struct list open_engines;                       /* struct fp_null */
static uint64_t closed[TANDEM_REASON_COUNT], closed_lost; /* what those counted that are closed */

uint64_t fp_worker_count(const struct fp_worker *w, uint64_t *sum)
{
	for (unsigned i = 0; i < TANDEM_REASON_COUNT; i++)
		sum[i] += __atomic_load_n(&w->counters[i], __ATOMIC_RELAXED);
	return __atomic_load_n(&w->lost, __ATOMIC_RELAXED);
}

void fp_worker_closed(const struct fp_worker *w)
{
	closed_lost += fp_worker_count(w, closed);
}

static uint64_t count(const struct fp_null *n, uint64_t *sum)
{
	uint64_t lost = fp_worker_count(&n->main, sum);
	fp_outlets_count(n, sum);
	return lost + (n->threads ? fp_threads_count(n->threads, sum) : 0);
}

static void refresh(struct counter_group *g)
{
	struct fp_null *n;
	memcpy(fp_null_counters, closed, sizeof closed);
	thread_counters[CNT_LOST] = closed_lost;
	list_foreach(n, &open_engines, link)
		thread_counters[CNT_LOST] += count(n, fp_null_counters);
}

static struct counter_group group = COUNTER_GROUP("relay-null", fp_reason_defs, fp_null_counters);
static struct counter_group thread_group = COUNTER_GROUP("relay-threads", thread_defs, thread_counters);

static void show_counters(struct fp_null *n)
{
	list_append(&open_engines, &n->link);
	group.refresh = thread_group.refresh = refresh;
	counter_register(&group);
	counter_register(&thread_group);
}

/* --- workers ------------------------------------------------------------------------------------------------------- */

int fp_worker_init(struct fp_worker *w, struct fp_null *n, const int raw[2])
{
	w->null = n;
	w->fp = n->fp;
	int err = fp_batch_new(&w->batch);
	return err ? err : fp_sender_open(&w->sender, raw, w);
}

void fp_worker_free(struct fp_worker *w)
{
	w->handover = mem_deref(w->handover);
	w->sender = mem_deref(w->sender);
	fp_batch_free(w->batch);
	w->batch = NULL;
}

/* --- what threads hand over ---------------------------------------------------------------------------------------- */

static void on_event(struct fastpath *fp, const struct fp_message *m)
{
	struct tandem_event ev = {.slot = m->slot, .kind = m->value, .value = m->more};
	fp_event(fp, &ev);
}

static void on_resolve(struct fastpath *fp, const struct fp_message *m)
{
	fp_slot_resolve(fp, m->slot);
}

static void on_rtcp(struct fastpath *fp, const struct fp_message *m)
{
	fp_null_rtcp(fp->null, m->slot, &m->peer, m->data, m->len);
}

static void on_mtu(struct fastpath *fp, const struct fp_message *m)
{
	struct tandem_ip ip;
	fp_ip(&m->peer, &ip);
	if (fp->hops)
		fp_hop_mtu_changed(fp->hops, &ip);
}

void fp_null_message(struct fp_null *n, const struct fp_message *m)
{
	static void (*const kinds[])(struct fastpath *fp, const struct fp_message *m) = {
		[FP_MESSAGE_EVENT] = on_event,
		[FP_MESSAGE_RESOLVE] = on_resolve,
		[FP_MESSAGE_RTCP] = on_rtcp,
		[FP_MESSAGE_MTU] = on_mtu,
	};
	kinds[m->kind](n->fp, m);
}

/* --- ports with a socket of their own ------------------------------------------------------------------------------ */

struct receiver {
	struct fp_null *null;
	struct loop_watch *watch;
	int fd;
	uint32_t slot;
};

static void on_readable(void *arg, int events)
{
	struct receiver *r = mem_ref(arg); /* a handler may close the port */
	struct fp_null *n = mem_ref(r->null);
	for (unsigned round = 0; round < BATCHES_MAX && r->watch; round++)
		if (fp_worker_receive(&n->main, r->fd, r->slot) < FP_BATCH)
			break;
	mem_deref(n);
	mem_deref(r);
}

static void receiver_destroy(void *obj)
{
	struct receiver *r = obj;
	mem_deref(r->watch);
	if (r->fd >= 0)
		close(r->fd);
}

/* Takes the descriptor in any case. */
static int receiver_new(struct receiver **ret, struct fp_null *n, int fd, sa_family_t family, uint32_t slot)
{
	struct receiver *r = mem_alloc(sizeof *r, receiver_destroy);
	if (!r) {
		close(fd);
		return -ENOMEM;
	}
	*r = (struct receiver){.null = n, .fd = fd, .slot = slot};
	fp_receive_prepare(fd, family, false);
	int err = loop_watch(&r->watch, fd, UV_READABLE, on_readable, r);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}

static void receiver_close(struct receiver **r)
{
	if (*r)
		(*r)->watch = mem_deref((*r)->watch);
	*r = mem_deref(*r);
}

int fp_null_port_fd(const struct fp_null *n, uint32_t slot)
{
	return slot < n->fp->n_slots && n->port[slot] ? n->port[slot]->fd : -1;
}

bool fp_null_steered(const struct fp_null *n, sa_family_t family)
{
	return n->steered[family == AF_INET6];
}

int fp_null_open_port(struct fp_null *n, uint32_t slot)
{
	struct addr local;
	struct sockaddr_storage ss;
	fp_slot_local(n->fp, slot, &local);
	if (fp_null_steered(n, local.family) || n->port[slot])
		return 0;
	int fd = socket(local.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	if (fd < 0)
		return -errno;
	if (local.family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss))) {
		int err = -errno;
		close(fd);
		return err;
	}
	return receiver_new(&n->port[slot], n, fd, local.family, slot);
}

void fp_null_close_port(struct fp_null *n, uint32_t slot)
{
	receiver_close(&n->port[slot]);
}

/* --- the daemon's own packets ---------------------------------------------------------------------------------------- */

int fp_null_send(struct fp_null *n, uint32_t slot, const struct addr *dst, const uint8_t *data, size_t len)
{
	struct fp_packet p = {.dst_port = htons(dst->port), .family = dst->family == AF_INET ? 4 : 6, .data = (uint8_t *)data, .len = len};
	fp_ip(dst, &p.dst);
	int err = fp_worker_send(&n->main, &p, slot);
	fp_sender_flush(n->main.sender);
	return err;
}

void fastpath_settle(struct fastpath *fp)
{
	if (fp->null->threads)
		fp_threads_settle(fp->null->threads);
}

/* --- opening and closing --------------------------------------------------------------------------------------------- */

void fp_null_close(struct fp_null *n)
{
	if (n->threads)
		fp_threads_close(n->threads);
	closed_lost += count(n, closed);
	list_remove(&n->link);
	n->threads = mem_deref(n->threads);
	for (uint32_t i = 0; n->port && i < n->fp->n_slots; i++)
		receiver_close(&n->port[i]);
	n->fp = NULL;
}

static void null_destroy(void *obj)
{
	struct fp_null *n = obj;
	if (n->fp)
		fp_null_close(n);
	fp_worker_free(&n->main);
	mem_deref(n->port);
	mem_deref(n->asked);
}

static int open_parts(struct fp_null *n, const struct fp_sockets *sockets)
{
	n->port = mem_alloc((n->fp->n_slots + 1) * sizeof *n->port, NULL);
	n->asked = mem_alloc((n->fp->n_slots + 1) * sizeof *n->asked, NULL);
	if (!n->port || !n->asked)
		return -ENOMEM;
	int err = fp_worker_init(&n->main, n, sockets->raw);
	if (!err && sockets->threads)
		err = fp_threads_open(&n->threads, n, sockets);
	return err;
}

int fp_null_open(struct fp_null **ret, struct fastpath *fp, const struct fp_sockets *sockets)
{
	struct fp_null *n = mem_alloc(sizeof *n, null_destroy);
	if (!n)
		return -ENOMEM;
	n->fp = fp;
	memcpy(n->raw, sockets->raw, sizeof n->raw);
	for (unsigned i = 0; i < 2; i++)
		n->steered[i] = sockets->threads && sockets->steer[0][i] >= 0;
	show_counters(n);
	int err = open_parts(n, sockets);
	if (err)
		mem_deref(n);
	else
		*ret = n;
	return err;
}
