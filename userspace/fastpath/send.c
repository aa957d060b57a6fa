// SPDX-License-Identifier: GPL-3.0-or-later
/* Sending from any local port: through a raw socket with headers of our own, so that one socket serves a whole range, in
 * batches; where there is none, through the local port's own socket. */
#include "fastpath/null.h"
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#define BATCH    64
#define PATHS    64
#define PATH_NS  1000000000u /* so long a path's MTU is believed: the kernel may have learnt of another one */
#define ASSUMED4 576         /* every path takes so much; where one does not after all, sending fails and the kernel is asked */
#define ASSUMED6 1280

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
	struct iovec iov[BATCH][2];
	uint8_t header[BATCH][FP_HEADROOM];
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))]; /* where a VRF is to be named */
	struct fp_packet packet[BATCH];
};

/* What a path takes, as the kernel said. */
struct path {
	struct tandem_ip dst;
	int vrf;
	uint32_t mtu;
	uint64_t until_ns;
};

struct fp_sender {
	struct queue queue[2]; /* IPv4, IPv6 */
	struct fp_worker *worker;
	uint32_t id; /* of the next packet that may be fragmented */
	struct path path[PATHS];
};

static struct queue *queue_of(struct fp_sender *s, uint8_t family)
{
	return &s->queue[family == 6];
}

static void sent(struct fp_sender *s, const struct fp_packet *p)
{
	if (p->arrival)
		fp_bump(&s->worker->counters[TANDEM_FORWARDED]);
}

static uint32_t header_len(uint8_t family)
{
	return family == 4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
}

/* `fragment`: its flags and offset. The kernel fills in the checksum. */
static struct iphdr header_v4(const struct fp_packet *p, size_t payload, uint16_t id, uint16_t fragment)
{
	return (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = p->tos,
		.tot_len = htons((uint16_t)(sizeof(struct iphdr) + payload)),
		.id = htons(id),
		.frag_off = htons(fragment),
		.ttl = p->hop_limit,
		.protocol = IPPROTO_UDP,
		.saddr = p->src.w[3],
		.daddr = p->dst.w[3],
	};
}

static struct ip6_hdr header_v6(const struct fp_packet *p, size_t payload, uint8_t next)
{
	struct ip6_hdr h = {
		.ip6_flow = htonl(6u << 28 | (uint32_t)p->tos << 20),
		.ip6_plen = htons((uint16_t)payload),
		.ip6_nxt = next,
		.ip6_hlim = p->hop_limit,
	};
	memcpy(&h.ip6_src, &p->src, sizeof h.ip6_src);
	memcpy(&h.ip6_dst, &p->dst, sizeof h.ip6_dst);
	return h;
}

static struct udphdr header_udp(const struct fp_packet *p)
{
	uint16_t len = htons((uint16_t)(sizeof(struct udphdr) + p->len));
	uint64_t sum = tandem_csum_ends(p->family == 4, &p->src, &p->dst, p->src_port, p->dst_port) + tandem_csum_pseudo(len) + len +
		       tandem_csum_bytes(p->data, (uint32_t)p->len);
	uint16_t check = (uint16_t)~tandem_csum_fold(sum);
	return (struct udphdr){.source = p->src_port, .dest = p->dst_port, .len = len, .check = check ? check : 0xffff};
}

/* 0 would have the kernel choose one, at a price. */
static uint16_t next_id(struct fp_sender *s)
{
	return (uint16_t)(s->id++ % 0xffff + 1);
}

/* Both headers, into their length's bytes at `to`. */
static void write_headers(struct fp_sender *s, const struct fp_packet *p, uint8_t *to)
{
	struct udphdr udp = header_udp(p);
	if (p->family == 4) {
		struct iphdr ip = header_v4(p, sizeof udp + p->len, p->whole ? 0 : next_id(s), p->whole ? IP_DF : 0);
		memcpy(to, &ip, sizeof ip);
	} else {
		struct ip6_hdr ip = header_v6(p, sizeof udp + p->len, IPPROTO_UDP);
		memcpy(to, &ip, sizeof ip);
	}
	memcpy(to + header_len(p->family), &udp, sizeof udp);
}

/* A raw IPv6 socket takes a port for a protocol: none is given. */
static socklen_t write_name(void *to, uint8_t family, const struct tandem_ip *dst)
{
	if (family == 4) {
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = dst->w[3]};
		memcpy(to, &v4, sizeof v4);
		return sizeof v4;
	}
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	memcpy(&v6.sin6_addr, dst, sizeof *dst);
	memcpy(to, &v6, sizeof v6);
	return sizeof v6;
}

static void add_control(struct msghdr *m, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);
	*c = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
	memcpy(CMSG_DATA(c), value, len);
	m->msg_controllen += CMSG_SPACE(len);
}

/* Packets leave by the routes of the VRF that their local address is in. */
static void add_vrf(struct msghdr *m, void *control, uint8_t family, int vrf)
{
	struct in_pktinfo v4 = {.ipi_ifindex = vrf};
	struct in6_pktinfo v6 = {.ipi6_ifindex = (unsigned)vrf};
	if (!vrf)
		return;
	m->msg_control = control;
	if (family == 4)
		add_control(m, IPPROTO_IP, IP_PKTINFO, &v4, sizeof v4);
	else
		add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof v6);
}

int fp_sender_queue(struct fp_sender *s, const struct fp_packet *p)
{
	struct queue *q = queue_of(s, p->family);
	size_t len = header_len(p->family) + sizeof(struct udphdr);
	if (q->fd < 0)
		return -ENOTCONN;
	if (p->len > 65535 - len)
		return -EMSGSIZE;
	if (q->n == BATCH)
		fp_sender_flush(s);
	unsigned i = q->n++;
	struct iovec *iov = q->iov[i];
	uint8_t *headers = p->headroom ? p->data - len : q->header[i];
	write_headers(s, p, headers);
	iov[0] = (struct iovec){headers, p->headroom ? len + p->len : len};
	iov[1] = (struct iovec){p->data, p->len};
	struct msghdr *m = &q->msg[i].msg_hdr;
	m->msg_name = &q->name[i];
	m->msg_namelen = write_name(&q->name[i], p->family, &p->dst);
	m->msg_iov = iov;
	m->msg_iovlen = p->headroom ? 1 : 2;
	m->msg_controllen = 0;
	add_vrf(m, q->control[i], p->family, p->vrf);
	q->packet[i] = *p;
	return 0;
}

/* --- by the port's own socket -------------------------------------------------------------------------------------- */

static void add_int(struct msghdr *m, int level, int type, int value)
{
	add_control(m, level, type, &value, sizeof value);
}

int fp_sender_by_port(struct fp_sender *s, const struct fp_packet *p, int port_fd)
{
	_Alignas(struct cmsghdr) char control[2 * CMSG_SPACE(sizeof(int))] = {0};
	struct sockaddr_storage name;
	struct addr dst;
	struct iovec iov = {p->data, p->len};
	struct msghdr m = {.msg_name = &name, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	fp_addr(&p->dst, p->dst_port, &dst);
	m.msg_namelen = addr_to_sockaddr(&dst, &name);
	bool v4 = p->family == 4;
	add_int(&m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, p->tos);
	add_int(&m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, p->hop_limit);
	if (sendmsg(port_fd, &m, MSG_DONTWAIT) < 0)
		return -errno;
	sent(s, p);
	return 0;
}

/* --- path MTU ------------------------------------------------------------------------------------------------------ */

static struct path *path_of(struct fp_sender *s, const struct tandem_ip *dst)
{
	return &s->path[tandem_near_index(dst) % PATHS];
}

/* The kernel tells for a connected socket what it knows of the path: the route's MTU, or what routers have told it. */
static uint32_t ask_mtu(const struct fp_packet *p)
{
	bool v6 = p->family == 6;
	struct sockaddr_storage name;
	struct addr dst;
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mtu = 0;
	fp_addr(&p->dst, p->dst_port, &dst);
	socklen_t name_len = addr_to_sockaddr(&dst, &name), len = sizeof mtu;
	if (fd >= 0 && p->vrf)
		(void)setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &p->vrf, sizeof p->vrf);
	if (fd < 0 || connect(fd, (struct sockaddr *)&name, name_len) ||
	    getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len))
		mtu = 0;
	if (fd >= 0)
		close(fd);
	return mtu > 0 ? (uint32_t)mtu : UINT32_MAX;
}

static uint32_t path_mtu(struct fp_sender *s, const struct fp_packet *p)
{
	struct path *path = path_of(s, &p->dst);
	uint64_t now = fp_now_ns();
	if (now >= path->until_ns || path->vrf != p->vrf || !tandem_ip_eq(&path->dst, &p->dst))
		*path = (struct path){p->dst, p->vrf, ask_mtu(p), now + PATH_NS};
	return path->mtu;
}

uint32_t fp_sender_mtu(struct fp_sender *s, const struct fp_packet *p)
{
	size_t size = header_len(p->family) + sizeof(struct udphdr) + p->len;
	return size <= (p->family == 4 ? ASSUMED4 : ASSUMED6) ? UINT32_MAX : path_mtu(s, p);
}

/* --- fragments ----------------------------------------------------------------------------------------------------- */

struct fragment {
	uint8_t header[FP_HEADROOM];
	struct iovec iov[3];
};

/* RFC 791 2.3, RFC 8200 4.5. `off` is where the fragment's bytes begin in the UDP datagram. */
static size_t write_fragment_header(const struct fp_packet *p, uint8_t *to, uint32_t id, size_t off, size_t len, bool more)
{
	if (p->family == 4) {
		struct iphdr ip = header_v4(p, len, (uint16_t)id, (uint16_t)(off / 8 | (more ? IP_MF : 0)));
		memcpy(to, &ip, sizeof ip);
		return sizeof ip;
	}
	struct ip6_frag f = {.ip6f_nxt = IPPROTO_UDP, .ip6f_offlg = htons((uint16_t)(off | more)), .ip6f_ident = htonl(id)};
	struct ip6_hdr ip = header_v6(p, sizeof f + len, IPPROTO_FRAGMENT);
	memcpy(to, &ip, sizeof ip);
	memcpy(to + sizeof ip, &f, sizeof f);
	return sizeof ip + sizeof f;
}

static int send_all(int fd, struct mmsghdr *msg, unsigned n)
{
	for (unsigned at = 0; at < n;) {
		int sent = sendmmsg(fd, msg + at, n - at, MSG_DONTWAIT);
		if (sent <= 0 && errno != EINTR)
			return -errno;
		at += sent > 0 ? (unsigned)sent : 0;
	}
	return 0;
}

int fp_sender_fragments(struct fp_sender *s, const struct fp_packet *p, uint32_t mtu)
{
	struct queue *q = queue_of(s, p->family);
	size_t total = sizeof(struct udphdr) + p->len, overhead = header_len(p->family) + (p->family == 6 ? sizeof(struct ip6_frag) : 0);
	size_t piece = mtu > overhead ? (mtu - overhead) & ~(size_t)7 : 0;
	size_t most = 65535 - (p->family == 4 ? sizeof(struct iphdr) : 0); /* IPv6 does not count its header */
	if (q->fd < 0 || piece < sizeof(struct udphdr) || total > most)
		return q->fd < 0 ? -ENOTCONN : -EMSGSIZE;
	fp_sender_flush(s);
	struct udphdr udp = header_udp(p);
	struct sockaddr_storage name;
	socklen_t name_len = write_name(&name, p->family, &p->dst);
	uint32_t id = p->family == 4 ? next_id(s) : s->id++;
	int err = 0;
	for (size_t off = 0; !err && off < total;) {
		struct fragment f[16];
		struct mmsghdr msg[16];
		_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		unsigned n = 0;
		for (; n < 16 && off < total; n++) {
			size_t len = total - off < piece ? total - off : piece, iov = 1;
			f[n].iov[0] = (struct iovec){f[n].header, write_fragment_header(p, f[n].header, id, off, len, off + len < total)};
			if (!off)
				f[n].iov[iov++] = (struct iovec){&udp, sizeof udp};
			size_t skip = off ? off - sizeof udp : 0;
			f[n].iov[iov++] = (struct iovec){p->data + skip, off ? len : len - sizeof udp};
			msg[n].msg_hdr = (struct msghdr){.msg_name = &name, .msg_namelen = name_len, .msg_iov = f[n].iov, .msg_iovlen = iov};
			add_vrf(&msg[n].msg_hdr, control, p->family, p->vrf);
			off += len;
		}
		err = send_all(q->fd, msg, n);
	}
	if (!err)
		sent(s, p);
	return err;
}

int fp_sender_bare(struct fp_sender *s, uint8_t family, int vrf, const struct tandem_ip *dst, void *packet, size_t len)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct sockaddr_storage name;
	struct iovec iov = {packet, len};
	struct msghdr m = {.msg_name = &name, .msg_namelen = write_name(&name, family, dst), .msg_iov = &iov, .msg_iovlen = 1};
	int fd = queue_of(s, family)->fd;
	add_vrf(&m, control, family, vrf);
	return fd < 0 ? -ENOTCONN : sendmsg(fd, &m, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* --- the queue goes out ---------------------------------------------------------------------------------------------- */

static void not_sent(struct fp_sender *s, const struct fp_packet *p, int err)
{
	fp_bump(&s->worker->counters[err == -EMSGSIZE ? TANDEM_TOO_BIG : TANDEM_SEND_FAILED]);
}

/* The kernel knows a smaller MTU than we did. */
static void does_not_fit(struct fp_sender *s, const struct fp_packet *p)
{
	*path_of(s, &p->dst) = (struct path){0};
	uint32_t mtu = path_mtu(s, p);
	int err = 0;
	if (header_len(p->family) + sizeof(struct udphdr) + p->len <= mtu)
		err = -EMSGSIZE; /* and another one the next moment */
	else if (p->arrival)
		fp_worker_too_big(s->worker, p, mtu);
	else
		err = fp_sender_fragments(s, p, mtu);
	if (err)
		not_sent(s, p, err);
}

static void flush_queue(struct fp_sender *s, struct queue *q)
{
	unsigned n = q->n;
	q->n = 0;
	for (unsigned at = 0; at < n;) {
		int done = sendmmsg(q->fd, q->msg + at, n - at, MSG_DONTWAIT);
		for (int i = 0; i < done; i++)
			sent(s, &q->packet[at++]);
		if (done > 0 || errno == EINTR)
			continue;
		/* The first one of the rest is refused: it alone is given up. */
		if (errno == EMSGSIZE)
			does_not_fit(s, &q->packet[at++]);
		else
			not_sent(s, &q->packet[at++], -errno);
	}
}

void fp_sender_flush(struct fp_sender *s)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->queue[i].n)
			flush_queue(s, &s->queue[i]);
}

bool fp_sender_raw(const struct fp_sender *s, uint8_t family)
{
	return s->queue[family == 6].fd >= 0;
}

int fp_sender_open(struct fp_sender **ret, const int raw[2], struct fp_worker *w)
{
	struct fp_sender *s = mem_alloc(sizeof *s, NULL);
	if (!s)
		return -ENOMEM;
	s->queue[0].fd = raw[0];
	s->queue[1].fd = raw[1];
	s->worker = w;
	(void)!getrandom(&s->id, sizeof s->id, GRND_NONBLOCK);
	*ret = s;
	return 0;
}
