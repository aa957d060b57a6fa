// SPDX-License-Identifier: GPL-3.0-or-later
/* Sending from any local port: through a raw socket with headers of our own, so that one socket serves a whole range, in
 * batches; where there is none, through the local port's own socket. */
#include "fastpath/private.h"
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdlib.h>

#define BATCH 64

struct header {
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
	} ip;
	struct udphdr udp;
};

struct queue {
	int fd;
	unsigned n;
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH][3];
	struct header header[BATCH];
	struct sockaddr_storage name[BATCH];
	bool relayed[BATCH];
};

struct fp_sender {
	struct queue queue[2];
};

static size_t build_v4(struct header *h, const struct fp_packet *p)
{
	h->ip.v4 = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = p->tos,
		.tot_len = htons((uint16_t)(sizeof h->ip.v4 + sizeof h->udp + p->len)),
		.frag_off = htons(IP_DF),
		.ttl = p->hop_limit,
		.protocol = IPPROTO_UDP,
		.saddr = p->src.v4.s_addr,
		.daddr = p->dst.v4.s_addr,
	};
	return sizeof h->ip.v4;
}

static size_t build_v6(struct header *h, const struct fp_packet *p)
{
	h->ip.v6 = (struct ip6_hdr){
		.ip6_flow = htonl(6u << 28 | (uint32_t)p->tos << 20),
		.ip6_plen = htons((uint16_t)(sizeof h->udp + p->len)),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = p->hop_limit,
		.ip6_src = p->src.v6,
		.ip6_dst = p->dst.v6,
	};
	return sizeof h->ip.v6;
}

static void build_udp(struct header *h, const struct fp_packet *p)
{
	struct tandem_ip src, dst;
	uint16_t len = htons((uint16_t)(sizeof h->udp + p->len));
	fp_ip(&p->src, &src);
	fp_ip(&p->dst, &dst);
	h->udp = (struct udphdr){.source = htons(p->src.port), .dest = htons(p->dst.port), .len = len};
	uint64_t sum = tandem_csum_ends(p->src.family == AF_INET, &src, &dst, h->udp.source, h->udp.dest) +
		       tandem_csum_pseudo(len) + len + tandem_csum_bytes(p->data, (uint32_t)p->len);
	h->udp.check = (uint16_t)~tandem_csum_fold(sum);
	if (!h->udp.check)
		h->udp.check = 0xffff;
}

static int queue_raw(struct queue *q, const struct fp_packet *p)
{
	unsigned i = q->n;
	struct header *h = &q->header[i];
	size_t ip_len = p->src.family == AF_INET ? build_v4(h, p) : build_v6(h, p);
	build_udp(h, p);
	struct addr to = p->dst;
	to.port = 0; /* a raw IPv6 socket takes a port for a protocol */
	socklen_t name_len = addr_to_sockaddr(&to, &q->name[i]);
	q->iov[i][0] = (struct iovec){&h->ip, ip_len};
	q->iov[i][1] = (struct iovec){&h->udp, sizeof h->udp};
	q->iov[i][2] = (struct iovec){(void *)p->data, p->len};
	q->msg[i] = (struct mmsghdr){
		.msg_hdr = {.msg_name = &q->name[i], .msg_namelen = name_len, .msg_iov = q->iov[i], .msg_iovlen = 3},
	};
	q->relayed[i] = p->relayed;
	q->n++;
	return 0;
}

static void add_int(struct msghdr *m, int level, int type, int value)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof value);
	memcpy(CMSG_DATA(c), &value, sizeof value);
	m->msg_controllen += CMSG_SPACE(sizeof value);
}

static int send_by_port(const struct fp_packet *p, int fd)
{
	_Alignas(struct cmsghdr) char control[2 * CMSG_SPACE(sizeof(int))] = {0};
	struct sockaddr_storage name;
	struct iovec iov = {(void *)p->data, p->len};
	struct msghdr m = {.msg_name = &name, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	m.msg_namelen = addr_to_sockaddr(&p->dst, &name);
	bool v4 = p->src.family == AF_INET;
	add_int(&m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, p->tos);
	add_int(&m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, p->hop_limit);
	if (sendmsg(fd, &m, MSG_DONTWAIT) < 0)
		return -errno;
	fp_null_counters[TANDEM_FORWARDED] += p->relayed;
	return 0;
}

int fp_sender_queue(struct fp_sender *s, const struct fp_packet *p, int port_fd)
{
	struct queue *q = &s->queue[p->src.family == AF_INET6];
	if (p->len > 65535 - sizeof(struct header))
		return -EMSGSIZE;
	if (q->fd < 0)
		return port_fd < 0 ? -ENOTCONN : send_by_port(p, port_fd);
	if (q->n == BATCH)
		fp_sender_flush(s);
	return queue_raw(q, p);
}

static void flush_queue(struct queue *q)
{
	unsigned at = 0;
	while (at < q->n) {
		int sent = sendmmsg(q->fd, q->msg + at, q->n - at, MSG_DONTWAIT);
		for (int i = 0; i < sent; i++)
			fp_null_counters[TANDEM_FORWARDED] += q->relayed[at++];
		if (sent > 0)
			continue;
		if (errno == EINTR)
			continue;
		/* The first one of the rest is refused: it alone is given up. */
		fp_null_counters[errno == EMSGSIZE ? TANDEM_TOO_BIG : TANDEM_SEND_FAILED]++;
		at++;
	}
	q->n = 0;
}

void fp_sender_flush(struct fp_sender *s)
{
	flush_queue(&s->queue[0]);
	flush_queue(&s->queue[1]);
}

int fp_sender_open(struct fp_sender **ret, const int raw[2])
{
	struct fp_sender *s = mem_alloc(sizeof *s, NULL);
	if (!s)
		return -ENOMEM;
	s->queue[0].fd = raw[0];
	s->queue[1].fd = raw[1];
	*ret = s;
	return 0;
}
