// SPDX-License-Identifier: GPL-3.0-or-later
/* The null engine: receives through sockets, judges each packet by its slot with the logic the kernel uses, and sends it on. One
 * socket a family receives the whole range where an sk_lookup program steers it there; otherwise a socket a port. */
#include "fastpath/private.h"
#include <errno.h>
#include <unistd.h>

#define BATCH       64
#define BATCHES_MAX 8 /* in one loop turn: signalling must get its share */
#define BUFFER      2048

#define REASON_DEF(id, reason_name, reason_help) {reason_name, reason_help},
const struct counter_def fp_reason_defs[TANDEM_REASON_COUNT] = {TANDEM_REASONS(REASON_DEF)};
uint64_t fp_null_counters[TANDEM_REASON_COUNT];
static struct counter_group group = COUNTER_GROUP("relay-null", fp_reason_defs, fp_null_counters);

/* A socket and what it serves. */
struct receiver {
	struct fp_null *null;
	struct loop_watch *watch;
	int fd;
	sa_family_t family;
	uint32_t slot; /* TANDEM_NONE: told by each packet's original destination */
	bool owned;    /* the descriptor is ours to close */
};

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage name[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct sockaddr_in6)) + 2 * CMSG_SPACE(sizeof(int))];
	uint8_t data[BATCH][BUFFER];
};

struct fp_null {
	struct fastpath *fp; /* which owns us; NULL once it is closed (perhaps by a handler, while a batch is worked through) */
	struct fp_sender *sender;
	struct receiver *steer[2];
	struct receiver **port; /* by slot, where not steered */
	struct batch *batch;
};

/* What arrived, besides what the logic wants to know. */
struct arrival {
	uint32_t slot;
	struct addr src;
	const uint8_t *data;
	size_t len;
	uint8_t tos, hop_limit;
};

static void refuse(struct tandem_slot *s, enum tandem_reason why)
{
	fp_null_counters[why]++;
	if (s && s->in.flags & TANDEM_OPEN)
		__atomic_fetch_add(&s->policy.refused, 1, __ATOMIC_RELAXED);
}

static int port_fd(const struct fp_null *n, uint32_t slot)
{
	return n->port[slot] ? n->port[slot]->fd : -1;
}

static void changed(struct fp_null *n, uint32_t slot, uint32_t update)
{
	struct fastpath *fp = n->fp;
	fp_slot_resolve(fp, slot);
	if (fp->handlers.event && update & (TANDEM_UP_SOURCE | TANDEM_UP_SSRC))
		fp->handlers.event(fp->arg, slot, tandem_event_of(update), 0);
}

static struct tandem_slot *peer_of(struct fp_null *n, const struct tandem_in *in)
{
	return in->peer < n->fp->n_slots ? &n->fp->slots[in->peer] : NULL;
}

/* Accepted RTP goes on to the joined slot's remote. */
static void forward(struct fp_null *n, const struct arrival *a, const struct tandem_in *in)
{
	struct tandem_slot *s = &n->fp->slots[a->slot];
	struct tandem_out out;
	fp_out_read(s, &out);
	if (!out.family || !out.dst_port)
		return refuse(s, TANDEM_NO_PEER);
	if (a->hop_limit <= 1)
		return refuse(s, TANDEM_HOP_LIMIT);
	if (out.hop == TANDEM_NONE)
		fp_slot_resolve(n->fp, in->peer);
	struct fp_packet p = {
		.tos = (uint8_t)(out.tos | (a->tos & 3)),
		.hop_limit = (uint8_t)(a->hop_limit - 1),
		.relayed = true,
		.data = a->data,
		.len = a->len,
	};
	fp_addr(&out.src, out.src_port, &p.src);
	fp_addr(&out.dst, out.dst_port, &p.dst);
	int err = fp_sender_queue(n->sender, &p, port_fd(n, in->peer));
	if (err)
		fp_null_counters[err == -EMSGSIZE ? TANDEM_TOO_BIG : TANDEM_SEND_FAILED]++;
}

static void on_rtp(struct fp_null *n, const struct arrival *a, struct tandem_packet *p)
{
	struct tandem_slot *s = &n->fp->slots[a->slot];
	struct tandem_in in;
	uint32_t update, seq;
	uint64_t now = fp_now_ns();
	enum tandem_reason why;
	do {
		fp_in_read(s, &in, &seq);
		update = 0;
		if (in.flags & TANDEM_IS_RTCP)
			return refuse(s, TANDEM_RTP_ON_RTCP);
		if (!(in.flags & TANDEM_RECEIVE))
			return refuse(s, TANDEM_DIRECTION);
		why = tandem_judge(&in, &s->policy, s->stats.ext_max, p, now, &update);
	} while (why == TANDEM_FORWARDED && update && !tandem_commit(s, peer_of(n, &in), seq, p, update));
	if (why != TANDEM_FORWARDED)
		return refuse(s, why);
	tandem_stats_rtp(&s->stats, p, in.clock, now, TANDEM_BY_NULL, update & TANDEM_UP_SSRC);
	if (update)
		changed(n, a->slot, update);
	forward(n, a, &in);
}

/* The `in` of the RTP port that an RTCP packet's stream uses: the same one with rtcp-mux, else the port below. */
static const struct tandem_in *rtp_of(struct fp_null *n, uint32_t slot, const struct tandem_in *in, struct tandem_in *copy)
{
	uint32_t seq;
	if (!(in->flags & TANDEM_IS_RTCP))
		return in;
	struct addr local;
	fp_slot_local(n->fp, slot, &local);
	if (!(local.port & 1) || !slot)
		return NULL;
	fp_in_read(&n->fp->slots[slot - 1], copy, &seq);
	return copy->flags & TANDEM_OPEN && !(copy->flags & TANDEM_IS_RTCP) ? copy : NULL;
}

static void on_rtcp(struct fp_null *n, const struct arrival *a, struct tandem_packet *p)
{
	struct fastpath *fp = n->fp;
	struct tandem_slot *s = &fp->slots[a->slot];
	struct tandem_in in, copy;
	uint32_t update, seq;
	do {
		fp_in_read(s, &in, &seq);
		if (!(in.flags & (TANDEM_IS_RTCP | TANDEM_MUX)))
			return refuse(s, TANDEM_RTCP_ON_RTP);
		if (tandem_judge_rtcp(&in, &s->policy, rtp_of(n, a->slot, &in, &copy), p, &update) != TANDEM_RTCP)
			return refuse(s, TANDEM_RTCP_STRANGER);
	} while (update && !tandem_commit(s, peer_of(n, &in), seq, p, update));
	fp_null_counters[TANDEM_RTCP]++;
	if (in.flags & TANDEM_IS_RTCP) {
		s->stats.packets[TANDEM_BY_NULL]++;
		s->stats.bytes += a->len;
		s->stats.last_ns = fp_now_ns();
	}
	if (fp->handlers.rtcp)
		fp->handlers.rtcp(fp->arg, a->slot, &a->src, a->data, a->len);
}

static void on_packet(struct fp_null *n, const struct arrival *a)
{
	struct tandem_slot *s = &n->fp->slots[a->slot];
	if (!(s->in.flags & TANDEM_OPEN))
		return refuse(NULL, TANDEM_NO_STREAM);
	struct tandem_packet p = {.src_port = htons(a->src.port), .len = (uint32_t)a->len};
	fp_ip(&a->src, &p.src);
	switch (tandem_classify(a->len ? a->data[0] : 0, a->len > 1 ? a->data[1] : 0, p.len)) {
	case TANDEM_KIND_RTP: {
		struct tandem_rtp h;
		memcpy(&h, a->data, sizeof h);
		tandem_rtp_load(&p, &h);
		return on_rtp(n, a, &p);
	}
	case TANDEM_KIND_RTCP:
		return on_rtcp(n, a, &p);
	case TANDEM_KIND_STUN:
		return refuse(s, TANDEM_STUN);
	case TANDEM_KIND_DTLS:
		return refuse(s, TANDEM_DTLS);
	case TANDEM_KIND_RUNT:
		return refuse(s, TANDEM_RUNT);
	case TANDEM_KIND_OTHER:
		return refuse(s, TANDEM_JUNK);
	}
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

static void read_control(struct msghdr *m, struct arrival *a, struct addr *dst)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int v = 0;
		if (c->cmsg_len >= CMSG_LEN(sizeof v))
			memcpy(&v, CMSG_DATA(c), sizeof v);
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			a->tos = *CMSG_DATA(c);
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
			a->tos = (uint8_t)v;
		else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
			a->hop_limit = (uint8_t)v;
		else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR) ||
			 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_ORIGDSTADDR)) {
			struct sockaddr_storage ss = {0};
			size_t len = c->cmsg_len - CMSG_LEN(0);
			memcpy(&ss, CMSG_DATA(c), len < sizeof ss ? len : sizeof ss);
			addr_from_sockaddr(dst, (struct sockaddr *)&ss);
		}
	}
}

static void on_message(struct receiver *r, struct mmsghdr *m)
{
	struct fp_null *n = r->null;
	struct arrival a = {.slot = r->slot, .data = m->msg_hdr.msg_iov->iov_base, .len = m->msg_len, .hop_limit = 64};
	struct addr dst = {0};
	read_control(&m->msg_hdr, &a, &dst);
	if (m->msg_hdr.msg_flags & MSG_TRUNC)
		return refuse(NULL, TANDEM_TOO_BIG);
	if (addr_from_sockaddr(&a.src, m->msg_hdr.msg_name))
		return refuse(NULL, TANDEM_STRANGER);
	if (a.slot == TANDEM_NONE && fastpath_slot(n->fp, &dst, &a.slot))
		return refuse(NULL, TANDEM_NO_STREAM);
	on_packet(n, &a);
}

static void prepare(struct batch *b)
{
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){b->data[i], BUFFER};
		b->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &b->name[i],
			.msg_namelen = sizeof b->name[i],
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i],
			.msg_controllen = sizeof b->control[i],
		};
	}
}

static void on_readable(void *arg, int events)
{
	struct receiver *r = mem_ref(arg); /* a handler may close the port */
	struct fp_null *n = mem_ref(r->null);
	for (unsigned round = 0; round < BATCHES_MAX; round++) {
		prepare(n->batch);
		int got = recvmmsg(r->fd, n->batch->msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got && n->fp; i++)
			on_message(r, &n->batch->msg[i]);
		fp_sender_flush(n->sender);
		if (got < BATCH || !r->watch)
			break;
	}
	mem_deref(n);
	mem_deref(r);
}

static void receiver_destroy(void *obj)
{
	struct receiver *r = obj;
	mem_deref(r->watch);
	if (r->owned && r->fd >= 0)
		close(r->fd);
}

/* What a packet's headers said must come with it. */
static void ask_headers(int fd, sa_family_t family)
{
	static const struct {
		sa_family_t family;
		int level, option;
	} rows[] = {
		{AF_INET, IPPROTO_IP, IP_RECVTOS},           {AF_INET, IPPROTO_IP, IP_RECVTTL},
		{AF_INET, IPPROTO_IP, IP_RECVORIGDSTADDR},   {AF_INET6, IPPROTO_IPV6, IPV6_RECVTCLASS},
		{AF_INET6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {AF_INET6, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR},
	};
	int on = 1;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].family == family)
			(void)setsockopt(fd, rows[i].level, rows[i].option, &on, sizeof on);
}

static int receiver_new(struct receiver **ret, struct fp_null *n, int fd, sa_family_t family, uint32_t slot, bool owned)
{
	struct receiver *r = mem_alloc(sizeof *r, receiver_destroy);
	if (!r)
		return -ENOMEM;
	*r = (struct receiver){.null = n, .fd = fd, .family = family, .slot = slot};
	ask_headers(fd, family);
	int err = loop_watch(&r->watch, fd, UV_READABLE, on_readable, r);
	if (err) {
		mem_deref(r);
		return err;
	}
	r->owned = owned;
	*ret = r;
	return 0;
}

static void receiver_close(struct receiver **r)
{
	if (*r)
		(*r)->watch = mem_deref((*r)->watch);
	*r = mem_deref(*r);
}

bool fp_null_steered(const struct fp_null *n, sa_family_t family)
{
	return n->steer[family == AF_INET6] != NULL;
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
	int err = bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss)) ? -errno : 0;
	if (!err)
		err = receiver_new(&n->port[slot], n, fd, local.family, slot, true);
	if (err)
		close(fd);
	return err;
}

void fp_null_close_port(struct fp_null *n, uint32_t slot)
{
	receiver_close(&n->port[slot]);
}

int fp_null_send(struct fp_null *n, uint32_t slot, const struct addr *dst, const uint8_t *data, size_t len)
{
	struct fp_packet p = {.dst = *dst, .tos = n->fp->slots[slot].policy.tos, .hop_limit = 64, .data = data, .len = len};
	fp_slot_local(n->fp, slot, &p.src);
	int err = fp_sender_queue(n->sender, &p, port_fd(n, slot));
	fp_sender_flush(n->sender);
	return err;
}

void fp_null_close(struct fp_null *n)
{
	receiver_close(&n->steer[0]);
	receiver_close(&n->steer[1]);
	for (uint32_t i = 0; n->port && i < n->fp->n_slots; i++)
		receiver_close(&n->port[i]);
	n->fp = NULL;
}

static void null_destroy(void *obj)
{
	struct fp_null *n = obj;
	if (n->fp)
		fp_null_close(n);
	mem_deref(n->port);
	mem_free(n->batch);
	mem_deref(n->sender);
}

int fp_null_open(struct fp_null **ret, struct fastpath *fp, const struct fp_sockets *sockets)
{
	struct fp_null *n = mem_alloc(sizeof *n, null_destroy);
	if (!n)
		return -ENOMEM;
	int err = -ENOMEM;
	n->fp = fp;
	n->batch = mem_raw(sizeof *n->batch);
	n->port = mem_alloc((fp->n_slots + 1) * sizeof *n->port, NULL);
	if (!n->batch || !n->port)
		goto out;
	err = fp_sender_open(&n->sender, sockets->raw);
	for (int i = 0; !err && i < 2; i++)
		if (sockets->steer[i] >= 0)
			err = receiver_new(&n->steer[i], n, sockets->steer[i], i ? AF_INET6 : AF_INET, TANDEM_NONE, false);
	counter_register(&group);
out:
	if (err)
		mem_deref(n);
	else
		*ret = n;
	return err;
}
