// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/udp.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <time.h>
#include <unistd.h>
#include <linux/errqueue.h>

/* A receive buffer holds any UDP datagram with a NUL after it. Only the pages that datagrams touched are ever backed by
 * memory, so 32 of them cost what 32 usual datagrams cost. */
#define BATCH      32
#define SLOT       65536
#define ROUNDS     4 /* batches in one turn, so that timers and other sockets get theirs */
#define MAX_LEN    65507
#define QUEUE_MAX  (512 * 1024) /* bytes queued in one turn before they are sent at once */
#define CTRL_SPACE 128

enum {
	CNT_RX, CNT_RX_BYTES, CNT_RX_TRUNCATED, CNT_RX_ERROR, CNT_TX, CNT_TX_BYTES, CNT_TX_FULL, CNT_TX_REFUSED, CNT_TX_NOMEM,
	CNT_ICMP, CNT_MAX
};

static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_RX] = {"rx", "datagrams received"},
	[CNT_RX_BYTES] = {"rx-bytes", "payload bytes received"},
	[CNT_RX_TRUNCATED] = {"rx-truncated", "datagrams dropped: longer than a datagram may be"},
	[CNT_RX_ERROR] = {"rx-error", "errors of receiving"},
	[CNT_TX] = {"tx", "datagrams sent"},
	[CNT_TX_BYTES] = {"tx-bytes", "payload bytes sent"},
	[CNT_TX_FULL] = {"tx-full", "datagrams dropped: the socket's send buffer was full"},
	[CNT_TX_REFUSED] = {"tx-refused", "datagrams dropped: the kernel refused to send them"},
	[CNT_TX_NOMEM] = {"tx-nomem", "datagrams dropped: no memory to queue them"},
	[CNT_ICMP] = {"icmp", "ICMP errors that came back for datagrams sent"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("udp", counter_defs, counts);

struct queued {
	struct addr src, dst; /* src unset: the kernel's choice */
	size_t at, len;       /* in `out` */
};

/* What recvmmsg() fills, made once; only what it changed is made anew. */
struct batch {
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage from[BATCH];
	char control[BATCH][CTRL_SPACE] __attribute__((aligned(8)));
};

struct udp {
	struct addr local;
	int fd;
	bool any; /* bound to any address: the local one comes with each packet */
	struct loop_watch *watch;
	udp_recv_fn recv;
	udp_error_fn error;
	void *arg;
	struct batch *in;
	char *slots; /* BATCH buffers of SLOT bytes */
	struct loop_deferred flush;
	struct buf out;
	struct queued *queue;
	unsigned queued, queue_cap;
	bool flushing;
	bool stamps; /* the kernel notes when each came */
};

static void udp_destroy(void *obj)
{
	struct udp *u = obj;
	u->error = NULL;
	udp_flush(u);
	loop_defer_cancel(&u->flush);
	mem_deref(u->watch);
	if (u->fd >= 0)
		close(u->fd);
	mem_free(u->in);
	mem_free(u->slots);
	mem_free(u->queue);
	buf_reset(&u->out);
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static int64_t wall_ms(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* `now_ms` is the wall clock's; the kernel noted by the same when it came. A clock that was set in between says nothing. */
static uint32_t waited(int64_t now_ms, const struct cmsghdr *c)
{
	struct timespec then;
	memcpy(&then, CMSG_DATA(c), sizeof then);
	int64_t ms = now_ms - wall_ms(&then);
	return ms < 0 || ms > 60000 ? 0 : (uint32_t)ms;
}

static void read_control(const struct udp *u, struct msghdr *h, int64_t now_ms, struct udp_packet *p)
{
	p->dst = u->local;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			p->dst.v4 = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			p->dst.v6 = info.ipi6_addr;
			p->dst.scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			p->tos = *CMSG_DATA(c);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			p->waited_ms = waited(now_ms, c);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int tclass;
			memcpy(&tclass, CMSG_DATA(c), sizeof tclass);
			p->tos = (uint8_t)tclass;
		}
	}
}

static void deliver(struct udp *u, struct mmsghdr *m, int64_t now_ms)
{
	struct udp_packet p = {.data = m->msg_hdr.msg_iov->iov_base, .len = m->msg_len};
	if (m->msg_hdr.msg_flags & MSG_TRUNC || p.len >= SLOT) {
		counts[CNT_RX_TRUNCATED]++;
		return;
	}
	if (addr_from_sockaddr(&p.src, m->msg_hdr.msg_name))
		return;
	p.data[p.len] = '\0';
	read_control(u, &m->msg_hdr, now_ms, &p);
	counts[CNT_RX]++;
	counts[CNT_RX_BYTES] += p.len;
	u->recv(u->arg, &p);
}

static void make_ready(struct batch *b, int n)
{
	for (int i = 0; i < n; i++)
		b->m[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i], .msg_namelen = sizeof b->from[i], .msg_iov = &b->iov[i],
						  .msg_iovlen = 1, .msg_control = b->control[i], .msg_controllen = CTRL_SPACE};
}

static int make_batch(struct udp *u)
{
	u->slots = mem_raw((size_t)BATCH * SLOT);
	u->in = mem_raw(sizeof *u->in);
	if (!u->slots || !u->in)
		return -ENOMEM;
	for (unsigned i = 0; i < BATCH; i++)
		u->in->iov[i] = (struct iovec){u->slots + (size_t)i * SLOT, SLOT - 1};
	make_ready(u->in, BATCH);
	return 0;
}

/* Receives one batch and delivers it: datagrams read, or negative errno. Stops when a callback gave the socket away. */
static int receive_batch(struct udp *u)
{
	int n = recvmmsg(u->fd, u->in->m, BATCH, MSG_DONTWAIT, NULL);
	struct timespec now = {0};
	if (n < 0)
		return -errno;
	if (u->stamps)
		clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < n && mem_refs(u) > 1; i++)
		deliver(u, &u->in->m[i], wall_ms(&now));
	make_ready(u->in, n);
	return n;
}

/* --- errors that come back ---------------------------------------------------------------------------------------- */

static void report(struct udp *u, const struct addr *dst, int err, struct slice sent)
{
	char to[ADDR_STR_LEN];
	log_debug(NULL, "udp to %s: %s", addr_str(dst, to), strerror(-err));
	if (u->error)
		u->error(u->arg, dst, err, sent);
}

/* The path turns out to be too narrow for what was sent whole (RFC 1191, RFC 8201). */
static bool is_narrow(int err)
{
	return err == EMSGSIZE;
}

/* RFC 3261 18.4: unreachable host, network, port or protocol count; parameter problems, quench and TTL do not. */
static bool is_unreachable(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH || err == ENOPROTOOPT ||
	       err == EHOSTDOWN || err == ENETDOWN || err == EACCES;
}

/* Reads one entry of the error queue (ip(7), IP_RECVERR): false when it is empty. */
static bool read_error(struct udp *u)
{
	char quoted[1500], control[256] __attribute__((aligned(8)));
	struct sockaddr_storage to;
	struct iovec iov = {quoted, sizeof quoted};
	struct msghdr h = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1,
			   .msg_control = control, .msg_controllen = sizeof control};
	struct addr dst;
	ssize_t n = recvmsg(u->fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		struct sock_extended_err e;
		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		if (e.ee_origin == SO_EE_ORIGIN_LOCAL || (!is_unreachable((int)e.ee_errno) && !is_narrow((int)e.ee_errno)))
			continue;
		counts[CNT_ICMP]++;
		if (h.msg_namelen && !addr_from_sockaddr(&dst, (struct sockaddr *)&to))
			report(u, &dst, -(int)e.ee_errno, slice_of(quoted, (size_t)n));
	}
	return true;
}

static void read_errors(struct udp *u)
{
	for (int i = 0; i < BATCH && mem_refs(u) > 1 && read_error(u); i++)
		;
}

static void on_ready(void *arg, int events)
{
	struct udp *u = mem_ref(arg);
	int n = BATCH;
	if (events & UV_PRIORITIZED)
		read_errors(u);
	for (int i = 0; i < ROUNDS && n == BATCH && mem_refs(u) > 1; i++)
		n = receive_batch(u);
	if (n < 0 && n != -EAGAIN && n != -EINTR && !is_unreachable(-n))
		counts[CNT_RX_ERROR]++;
	mem_deref(u);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* The local address to send from, as control data. */
static void put_source(struct msghdr *h, char *control, const struct addr *src)
{
	struct cmsghdr *c = (struct cmsghdr *)control;
	if (!addr_is_set(src) || addr_is_any(src))
		return;
	h->msg_control = control;
	if (src->family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst = src->v4};
		h->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
	} else {
		struct in6_pktinfo info = {.ipi6_addr = src->v6, .ipi6_ifindex = src->scope};
		h->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
	}
}

/* Sends queue[from..], at most a batch: how many left the socket, or negative errno of the first. */
static int send_batch(struct udp *u, unsigned from)
{
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage to[BATCH];
	char control[BATCH][CTRL_SPACE] __attribute__((aligned(8)));
	unsigned n = u->queued - from < BATCH ? u->queued - from : BATCH;
	for (unsigned i = 0; i < n; i++) {
		const struct queued *q = &u->queue[from + i];
		iov[i] = (struct iovec){u->out.p + q->at, q->len};
		m[i].msg_hdr = (struct msghdr){.msg_name = &to[i], .msg_iov = &iov[i], .msg_iovlen = 1};
		m[i].msg_hdr.msg_namelen = addr_to_sockaddr(&q->dst, &to[i]);
		put_source(&m[i].msg_hdr, control[i], &q->src);
	}
	int sent = sendmmsg(u->fd, m, n, MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	for (int i = 0; i < sent; i++)
		counts[CNT_TX_BYTES] += u->queue[from + (unsigned)i].len;
	counts[CNT_TX] += (unsigned)sent;
	return sent;
}

/* The user may queue more when it is told, which moves the queue: it is shown a copy. */
static void refused(struct udp *u, struct queued q, int err)
{
	counts[err == -EAGAIN || err == -ENOBUFS ? CNT_TX_FULL : CNT_TX_REFUSED]++;
	char *text = u->error ? mem_strndup(u->out.p + q.at, q.len) : NULL;
	if (text)
		report(u, &q.dst, err, slice_of(text, q.len));
	mem_free(text);
}

/* A pending ICMP error of an earlier datagram makes the next send fail in its place: the error queue is read, which clears
 * it, and the datagram tried once more. */
void udp_flush(struct udp *u)
{
	unsigned done = 0, tried_again = UINT32_MAX;
	if (u->flushing)
		return;
	u->flushing = true;
	mem_ref(u); /* the user may give the socket away when told of an error */
	loop_defer_cancel(&u->flush);
	while (done < u->queued) {
		int n = send_batch(u, done);
		if (n > 0) {
			done += (unsigned)n;
		} else if (n < 0 && n != -EAGAIN && tried_again != done) {
			tried_again = done;
			while (read_error(u))
				;
		} else {
			refused(u, u->queue[done++], n);
		}
	}
	u->queued = 0;
	u->out.len = 0;
	u->flushing = false;
	mem_deref(u);
}

static void flush_deferred(void *arg)
{
	udp_flush(arg);
}

static int queue_grow(struct udp *u)
{
	unsigned cap = u->queue_cap ? u->queue_cap * 2 : BATCH;
	struct queued *q = mem_regrow(u->queue, cap * sizeof *q);
	if (!q)
		return -ENOMEM;
	u->queue = q;
	u->queue_cap = cap;
	return 0;
}

int udp_send_from(struct udp *u, const struct addr *src, const struct addr *dst, struct slice data)
{
	if (data.len > MAX_LEN)
		return -EMSGSIZE;
	if (dst->family != u->local.family)
		return -EAFNOSUPPORT;
	if (u->out.len + data.len > QUEUE_MAX)
		udp_flush(u);
	size_t at = u->out.len;
	buf_slice(&u->out, data);
	if (u->out.err || (u->queued == u->queue_cap && queue_grow(u))) {
		u->out.err = 0;
		u->out.len = at;
		counts[CNT_TX_NOMEM]++;
		return -ENOMEM;
	}
	u->queue[u->queued++] = (struct queued){.src = src ? *src : (struct addr){0}, .dst = *dst, .at = at, .len = data.len};
	loop_defer(&u->flush, flush_deferred, u);
	return 0;
}

int udp_send(struct udp *u, const struct addr *dst, struct slice data)
{
	return udp_send_from(u, NULL, dst, data);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) ? -errno : 0;
}

static int set_options(struct udp *u, const struct udp_params *p)
{
	bool v6 = u->local.family == AF_INET6;
	int tos = p->dscp << 2, err;
	if (v6)
		err = set_int(u->fd, IPPROTO_IPV6, IPV6_TCLASS, tos) ?: set_int(u->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
		      ?: set_int(u->fd, IPPROTO_IPV6, IPV6_RECVERR, 1) ?: set_int(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, u->any);
	else
		err = set_int(u->fd, IPPROTO_IP, IP_TOS, tos) ?: set_int(u->fd, IPPROTO_IP, IP_RECVTOS, 1)
		      ?: set_int(u->fd, IPPROTO_IP, IP_RECVERR, 1) ?: set_int(u->fd, IPPROTO_IP, IP_PKTINFO, u->any);
	/* Errors then come as "priority" events, which libuv reports without ending the watch. */
	if (!err)
		err = set_int(u->fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	if (!err && u->stamps)
		err = set_int(u->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	/* What the kernel grants of the buffer size is what there is. */
	if (!err && p->rcvbuf && set_int(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, p->rcvbuf))
		set_int(u->fd, SOL_SOCKET, SO_RCVBUF, p->rcvbuf);
	return err;
}

static int bind_new(struct udp *u, const struct addr *local)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(local, &ss);
	u->fd = socket(local->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->fd < 0)
		return -errno;
	if (local->family == AF_INET6 && set_int(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return -errno;
	return bind(u->fd, (struct sockaddr *)&ss, len) ? -errno : 0;
}

int udp_open(struct udp **ret, const struct udp_params *params)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct udp *u = mem_alloc(sizeof *u, udp_destroy);
	if (!u)
		return -ENOMEM;
	u->fd = params->fd;
	u->recv = params->recv;
	u->error = params->error;
	u->stamps = params->stamps;
	u->arg = params->arg;
	int err = make_batch(u);
	if (!err && u->fd < 0)
		err = bind_new(u, &params->local);
	else if (!err && fcntl(u->fd, F_SETFL, O_NONBLOCK))
		err = -errno;
	if (!err && getsockname(u->fd, (struct sockaddr *)&ss, &len))
		err = -errno;
	if (!err)
		err = addr_from_sockaddr(&u->local, (struct sockaddr *)&ss);
	if (err)
		goto out;
	u->any = addr_is_any(&u->local);
	err = set_options(u, params);
	if (!err)
		err = loop_watch(&u->watch, u->fd, UV_READABLE | UV_PRIORITIZED, on_ready, u);
	if (!err)
		counter_register(&counter_group);
out:
	if (err) {
		/* A descriptor handed over stays the caller's when opening fails. */
		if (u->fd == params->fd)
			u->fd = -1;
		mem_deref(u);
	} else {
		*ret = u;
	}
	return err;
}

const struct addr *udp_local(const struct udp *u)
{
	return &u->local;
}

int udp_fd(const struct udp *u)
{
	return u->fd;
}
