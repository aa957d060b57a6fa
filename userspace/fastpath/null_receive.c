// SPDX-License-Identifier: GPL-3.0-or-later
/* Receiving in batches. What a UDP socket hides of a packet's headers comes as control messages. */
#include "fastpath/null.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <sys/mman.h>

/* The largest datagram there is, and the distance between two. Only pages that are written to exist; the odd distance spreads the beginnings, where
 * nearly all packets are, over the processor's caches. */
#define ROOM   65536
#define STRIDE (FP_HEADROOM + ROOM + 4096 + 208)
#define ERRORS_MAX 64 /* read in a row: they are anybody's to cause */

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct fp_batch {
	struct mmsghdr msg[FP_BATCH];
	struct iovec iov[FP_BATCH];
	union name name[FP_BATCH];
	_Alignas(struct cmsghdr) char control[FP_BATCH][CMSG_SPACE(sizeof(struct sockaddr_in6)) + 3 * CMSG_SPACE(sizeof(int))];
	struct fp_arrival arrival[FP_BATCH];
	uint8_t *data;
};

static void prepare(struct fp_batch *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *m = &b->msg[i].msg_hdr;
		m->msg_namelen = sizeof b->name[i];
		m->msg_controllen = sizeof b->control[i];
	}
}

int fp_batch_new(struct fp_batch **ret)
{
	struct fp_batch *b = mem_raw(sizeof *b);
	if (!b)
		return -ENOMEM;
	b->data = mmap(NULL, (size_t)FP_BATCH * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->data == MAP_FAILED) {
		mem_free(b);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < FP_BATCH; i++) {
		b->iov[i] = (struct iovec){b->data + (size_t)i * STRIDE + FP_HEADROOM, ROOM};
		b->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &b->name[i],
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i],
		};
	}
	prepare(b, FP_BATCH);
	*ret = b;
	return 0;
}

void fp_batch_free(struct fp_batch *b)
{
	if (b)
		munmap(b->data, (size_t)FP_BATCH * STRIDE);
	mem_free(b);
}

void fp_receive_prepare(int fd, sa_family_t family, bool errors)
{
	static const struct {
		sa_family_t family;
		int level, option;
	} rows[] = {
		{AF_INET, IPPROTO_IP, IP_RECVTOS},           {AF_INET, IPPROTO_IP, IP_RECVTTL},
		{AF_INET, IPPROTO_IP, IP_RECVORIGDSTADDR},   {AF_INET6, IPPROTO_IPV6, IPV6_RECVTCLASS},
		{AF_INET6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {AF_INET6, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR},
		{AF_INET6, IPPROTO_IPV6, IPV6_RECVFRAGSIZE},
	};
	int on = 1;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].family == family)
			(void)setsockopt(fd, rows[i].level, rows[i].option, &on, sizeof on);
	if (errors)
		(void)setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, family == AF_INET ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on);
}

/* The port in network order; *ip is its address. */
static uint16_t ends_of(const union name *n, struct tandem_ip *ip)
{
	if (n->any.sa_family == AF_INET) {
		*ip = (struct tandem_ip){{0, 0, htonl(0xffff), n->v4.sin_addr.s_addr}};
		return n->v4.sin_port;
	}
	memcpy(ip, &n->v6.sin6_addr, sizeof *ip);
	return n->v6.sin6_port;
}

#define KEY(level, type) ((level) << 16 | (type))

/* Into *dst what the packet was sent to, when that is told. */
static void read_control(struct msghdr *m, struct fp_arrival *a, union name *dst)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const uint8_t *data = CMSG_DATA(c);
		size_t len = c->cmsg_len - CMSG_LEN(0);
		int value = 0;
		switch (KEY(c->cmsg_level, c->cmsg_type)) {
		case KEY(IPPROTO_IP, IP_TOS):
			a->tos = *data;
			break;
		case KEY(IPPROTO_IPV6, IPV6_TCLASS):
			memcpy(&value, data, sizeof value);
			a->tos = (uint8_t)value;
			break;
		case KEY(IPPROTO_IP, IP_TTL):
		case KEY(IPPROTO_IPV6, IPV6_HOPLIMIT):
			memcpy(&value, data, sizeof value);
			a->hop_limit = (uint8_t)value;
			break;
		case KEY(IPPROTO_IPV6, IPV6_RECVFRAGSIZE):
			a->fragmented = true;
			break;
		case KEY(IPPROTO_IP, IP_ORIGDSTADDR):
		case KEY(IPPROTO_IPV6, IPV6_ORIGDSTADDR):
			memcpy(dst, data, len < sizeof *dst ? len : sizeof *dst);
			break;
		}
	}
}

static void on_message(struct fp_worker *w, struct mmsghdr *m, struct fp_arrival *a, uint32_t slot)
{
	*a = (struct fp_arrival){.slot = slot, .data = m->msg_hdr.msg_iov->iov_base, .len = m->msg_len, .hop_limit = 64};
	struct addr local;
	union name dst;
	dst.any.sa_family = AF_UNSPEC;
	read_control(&m->msg_hdr, a, &dst);
	a->src_port = ends_of(m->msg_hdr.msg_name, &a->src);
	if (slot == TANDEM_NONE && (addr_from_sockaddr(&local, &dst.any) || fastpath_slot(w->fp, &local, &a->slot)))
		return fp_worker_refuse(w, NULL, TANDEM_NO_STREAM);
	fp_worker_packet(w, a);
}

/* A router says that a packet of ours is too big: the kernel keeps that in a route's exception and tells nobody, so next hops learn it
 * from here. */
static void on_error(struct fp_worker *w, const union name *to, const struct sock_extended_err *e)
{
	struct tandem_ip ip;
	bool too_big = e->ee_errno == EMSGSIZE && (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6);
	struct fp_message *m = too_big && w->handover ? fp_handover_room(w->handover) : NULL;
	if (!m)
		return;
	uint16_t port = ends_of(to, &ip);
	*m = (struct fp_message){.kind = FP_MESSAGE_MTU, .slot = TANDEM_NONE, .value = e->ee_info};
	fp_addr(&ip, port, &m->peer);
	fp_handover_publish(w->handover);
}

/* ICMP errors about packets from our ports. */
static void read_errors(struct fp_worker *w, int fd)
{
	for (unsigned i = 0; i < ERRORS_MAX; i++) {
		_Alignas(struct cmsghdr) char control[512];
		union name to;
		struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof to, .msg_control = control, .msg_controllen = sizeof control};
		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
				struct sock_extended_err e;
				memcpy(&e, CMSG_DATA(c), sizeof e);
				on_error(w, &to, &e);
			}
	}
}

unsigned fp_worker_receive(struct fp_worker *w, int fd, uint32_t slot)
{
	struct fp_batch *b = w->batch;
	int got = recvmmsg(fd, b->msg, FP_BATCH, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		read_errors(w, fd);
	if (got <= 0)
		return 0;
	w->now_ns = fp_now_ns();
	__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_SEQ_CST); /* before any slot is read: fp_threads_settle() */
	for (int i = 0; i < got && w->null->fp; i++)
		on_message(w, &b->msg[i], &b->arrival[i], slot);
	fp_sender_flush(w->sender);
	__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE);
	prepare(b, (unsigned)got);
	return (unsigned)got;
}
