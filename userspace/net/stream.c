// SPDX-License-Identifier: GPL-3.0-or-later
/* Connections: CONNECTING -> HANDSHAKE -> OPEN -> ENDING -> CLOSED. What is received is looked at before it is taken from the kernel (MSG_PEEK), and
 * the kernel reports a connection as readable only when it has more than what was left there (SO_RCVLOWAT). */
#include "net/stream.h"
#include "net/websocket.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define END_MS        1000
#define LATE_MAX      (256 << 10) /* bytes */
#define USER_TIMEOUT  32000 /* 64*T1: what was sent and is not acknowledged for so long has not arrived */
#define KEEPALIVE_S   60
#define ROUNDS        8 /* reads in one turn, so that others get theirs */

enum { CNT_OPENED, CNT_ACCEPTED, CNT_CLOSED, CNT_FAILED, CNT_RX_BYTES, CNT_TX_BYTES, CNT_STUCK, CNT_OVERFLOW, CNT_TLS_FAILED, CNT_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_OPENED] = {"connected", "connections that we made"},
	[CNT_ACCEPTED] = {"accepted", "connections that peers made"},
	[CNT_CLOSED] = {"closed", "connections that ended in order"},
	[CNT_FAILED] = {"failed", "connections that could not be made, or broke"},
	[CNT_RX_BYTES] = {"rx-bytes", "bytes received, without those of TLS itself"},
	[CNT_TX_BYTES] = {"tx-bytes", "bytes sent, without those of TLS itself"},
	[CNT_STUCK] = {"stuck", "times that a peer did not take what was sent at once"},
	[CNT_OVERFLOW] = {"overflow", "connections ended: the peer does not read what is sent to it"},
	[CNT_TLS_FAILED] = {"tls-failed", "TLS handshakes that failed"},
	[CNT_NOW] = {"now", "connections that there are"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("stream", counter_defs, counts);

enum state { CONNECTING, HANDSHAKE, OPEN, ENDING, CLOSED };
static const char *const state_names[] = {"connecting", "handshake", "open", "ending", "closed"};

struct stream {
	enum state state;
	struct addr local, peer;
	int fd;
	struct loop_watch *watch;
	struct tls_conn *tls;
	struct ws_conn *ws; /* then all below is its affair */
	const struct stream_handlers *h;
	void *arg;
	struct buf out, in; /* in: of TLS, what was not taken */
	size_t sent;        /* of out */
	size_t left;        /* plain: bytes that were looked at and not taken */
	size_t queue_max;
	int doomed;         /* what it will end with at the end of this turn */
	bool stuck;
	struct loop_deferred turn; /* what is to do at the end of this one */
	struct timer patience;
	uint64_t rx, tx;
	size_t late; /* received while ending */
};

/* One for all: nothing stays in it between two callbacks. */
static char room[STREAM_ROOM];

/* --- the end ---------------------------------------------------------------------------------------------------------------- */

static void set_state(struct stream *s, enum state now, const char *why)
{
	char peer[ADDR_STR_LEN];
	log_debug("stream", "%s: %s -> %s (%s)", addr_str(&s->peer, peer), state_names[s->state], state_names[now], why);
	s->state = now;
}

static void shut(struct stream *s)
{
	loop_defer_cancel(&s->turn);
	timer_stop(&s->patience);
	s->watch = mem_deref(s->watch);
	if (s->fd >= 0) {
		close(s->fd);
		counts[CNT_NOW]--;
	}
	s->fd = -1;
	buf_reset(&s->out);
	buf_reset(&s->in);
}

static void stream_destroy(void *obj)
{
	struct stream *s = obj;
	if (s->state == OPEN && s->tls)
		tls_bye(s->tls);
	shut(s);
	mem_deref(s->tls);
	mem_deref(s->ws);
}

static void finish(struct stream *s, int err, const char *why)
{
	if (s->state == CLOSED)
		return;
	bool early = s->state <= HANDSHAKE;
	mem_ref(s);
	counts[err || early ? CNT_FAILED : CNT_CLOSED]++;
	counts[CNT_TLS_FAILED] += s->state == HANDSHAKE;
	if (s->state == OPEN && s->tls)
		tls_bye(s->tls);
	set_state(s, CLOSED, why);
	shut(s);
	s->h->closed(s->arg, err ? err : early ? -ECONNRESET : 0, why);
	mem_deref(s);
}

static void on_impatient(void *arg)
{
	struct stream *s = arg;
	if (s->state == ENDING)
		finish(s, 0, "ended");
	else
		finish(s, -ETIMEDOUT, s->state == CONNECTING ? "no connection in time" : "no TLS handshake in time");
}

/* --- sending ------------------------------------------------------------------------------------------------------------------ */

static void watch_for(struct stream *s)
{
	bool out = s->state == CONNECTING || (s->state == HANDSHAKE && tls_wants_write(s->tls)) || (s->state >= OPEN && s->out.len);
	loop_watch_set(s->watch, UV_READABLE | (out ? UV_WRITABLE : 0));
}

static void tell_stuck(struct stream *s, bool stuck)
{
	if (s->stuck == stuck)
		return;
	s->stuck = stuck;
	counts[CNT_STUCK] += stuck;
	if (s->h->stuck && s->state == OPEN)
		s->h->stuck(s->arg, stuck);
}

static ssize_t put(struct stream *s, const char *data, size_t len)
{
	if (s->tls)
		return tls_write(s->tls, data, len);
	ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static const char *words(const struct stream *s, int err)
{
	return s->tls && *tls_why(s->tls) ? tls_why(s->tls) : strerror(-err);
}

static void half_close(struct stream *s)
{
	if (s->tls)
		tls_bye(s->tls);
	shutdown(s->fd, SHUT_WR);
}

static void flush(struct stream *s)
{
	bool had = s->out.len > 0;
	while (s->sent < s->out.len) {
		ssize_t n = put(s, s->out.p + s->sent, s->out.len - s->sent);
		if (n == -EAGAIN || n == -EINTR)
			break;
		if (n < 0) {
			finish(s, (int)n, words(s, (int)n));
			return;
		}
		s->sent += (size_t)n;
		s->tx += (uint64_t)n;
		counts[CNT_TX_BYTES] += (uint64_t)n;
	}
	if (s->sent == s->out.len) {
		buf_reset(&s->out);
		s->sent = 0;
		if (s->state == ENDING && had)
			half_close(s);
	}
	watch_for(s);
	tell_stuck(s, s->out.len > 0);
}

static void on_turn_end(void *arg);

static int doom(struct stream *s, int err)
{
	s->doomed = err;
	loop_defer(&s->turn, on_turn_end, s);
	return err;
}

int stream_send(struct stream *s, struct slice data)
{
	if (s->ws)
		return ws_send(s->ws, data);
	if (s->state >= ENDING || s->doomed)
		return -ENOTCONN;
	if (s->out.len - s->sent + data.len > s->queue_max)
		return doom(s, -ENOBUFS);
	buf_slice(&s->out, data);
	if (s->out.err)
		return doom(s, -ENOMEM);
	if (s->state == OPEN)
		loop_defer(&s->turn, on_turn_end, s);
	return 0;
}

void stream_end(struct stream *s)
{
	if (s->ws)
		ws_end(s->ws);
	if (s->state >= ENDING)
		return;
	if (s->state != OPEN) {
		doom(s, -ECONNABORTED);
		return;
	}
	set_state(s, ENDING, "asked to");
	timer_start(&s->patience, END_MS, on_impatient, s);
	if (s->out.len)
		loop_defer(&s->turn, on_turn_end, s);
	else
		half_close(s);
}

/* --- receiving ---------------------------------------------------------------------------------------------------------------- */

/* Its user has given it away: only who works on it now still holds it. */
static bool is_over(const struct stream *s)
{
	return s->state == CLOSED || mem_refs(s) == 1;
}

static void took(struct stream *s, size_t n)
{
	s->rx += n;
	counts[CNT_RX_BYTES] += n;
	if (s->state != ENDING)
		return;
	/* What is under way is let come, so that no reset overtakes what was sent last; who goes on for ever reads nothing either. */
	s->late += n;
	if (s->late > LATE_MAX)
		finish(s, 0, "ended");
}

static bool peer_has_ended(const struct stream *s)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;
	return !getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state != TCP_ESTABLISHED;
}

static void leave(struct stream *s, size_t left)
{
	if (left == s->left)
		return;
	int low = left < STREAM_ROOM ? (int)left + 1 : STREAM_ROOM;
	s->left = left;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
}

/* Whether there may be more to read. */
static bool receive_plain(struct stream *s)
{
	ssize_t n = recv(s->fd, room, sizeof room, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		if (!n)
			finish(s, 0, "the peer ended it");
		else if (errno != EAGAIN && errno != EINTR)
			finish(s, -errno, strerror(errno));
		return false;
	}
	size_t taken = s->state == OPEN ? s->h->recv(s->arg, room, (size_t)n) : (size_t)n;
	if (is_over(s))
		return false;
	if (taken && recv(s->fd, room, taken, MSG_TRUNC | MSG_DONTWAIT) < 0)
		return false;
	took(s, taken);
	if (is_over(s))
		return false;
	size_t left = (size_t)n - taken;
	if (!taken && left == s->left && peer_has_ended(s)) {
		finish(s, 0, "the peer ended it within a message");
		return false;
	}
	leave(s, left);
	return taken && (size_t)n == sizeof room;
}

static size_t give_tls(struct stream *s, char *data, size_t len)
{
	return s->state == OPEN ? s->h->recv(s->arg, data, len) : len;
}

/* What was left of earlier records comes first. */
static void deliver_tls(struct stream *s, size_t n)
{
	struct slice all = slice_of(room, n);
	if (s->in.len) {
		buf_add(&s->in, room, n);
		all = buf_text(&s->in);
	}
	if (s->in.err) {
		finish(s, -ENOMEM, strerror(ENOMEM));
		return;
	}
	size_t taken = give_tls(s, (char *)(uintptr_t)all.p, all.len);
	took(s, n);
	if (is_over(s))
		return;
	size_t left = all.len - taken;
	if (!left) {
		buf_reset(&s->in);
	} else if (all.p == room) {
		buf_add(&s->in, room + taken, left);
	} else {
		memmove(s->in.p, s->in.p + taken, left);
		s->in.len = left;
	}
}

static bool receive_tls(struct stream *s)
{
	ssize_t n = s->in.len >= sizeof room ? -EMSGSIZE : tls_read(s->tls, room, sizeof room - s->in.len);
	if (n > 0) {
		deliver_tls(s, (size_t)n);
		return true;
	}
	if (!n)
		finish(s, 0, s->in.len ? "the peer ended it within a message" : "the peer ended it");
	else if (n != -EAGAIN)
		finish(s, (int)n, n == -EMSGSIZE ? "message too long" : words(s, (int)n));
	return false;
}

static void receive(struct stream *s)
{
	bool more = true;
	for (unsigned i = 0; i < ROUNDS && more && !is_over(s); i++)
		more = s->tls ? receive_tls(s) : receive_plain(s);
}

/* --- opening ------------------------------------------------------------------------------------------------------------------ */

static void opened(struct stream *s)
{
	set_state(s, OPEN, "ready");
	timer_stop(&s->patience);
	s->h->open(s->arg);
	if (!is_over(s) && s->state == OPEN)
		flush(s);
}

static void handshake(struct stream *s)
{
	int err = s->tls ? tls_handshake(s->tls) : 0;
	if (!err)
		opened(s);
	else if (err == -EAGAIN)
		watch_for(s);
	else
		finish(s, err, words(s, err));
}

static void connected(struct stream *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int err = 0;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
		finish(s, err ? -err : -errno, strerror(err ? err : errno));
		return;
	}
	len = sizeof ss;
	if (!getsockname(s->fd, (struct sockaddr *)&ss, &len))
		addr_from_sockaddr(&s->local, (struct sockaddr *)&ss);
	counts[CNT_OPENED]++;
	set_state(s, HANDSHAKE, "connected");
	handshake(s);
}

static void on_ready(void *arg, int events)
{
	struct stream *s = mem_ref(arg);
	if (s->state == CONNECTING) {
		connected(s);
	} else if (s->state == HANDSHAKE) {
		handshake(s);
	} else {
		if (s->out.len && (s->state == OPEN || s->state == ENDING))
			flush(s);
		receive(s);
	}
	mem_deref(s);
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) ? -errno : 0;
}

/* A peer that vanishes is noticed by what it does not acknowledge, or when idle by TCP's own keep-alive. */
static void set_options(int fd, sa_family_t family, uint8_t dscp)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S / 4);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT);
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
	else
		set_int(fd, IPPROTO_IP, IP_TOS, dscp << 2);
}

static int stream_new(struct stream **ret, int fd, const struct stream_params *p)
{
	struct stream *s = mem_alloc(sizeof *s, stream_destroy);
	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->h = p->h;
	s->arg = p->arg;
	s->queue_max = p->queue_max;
	int err = 0;
	if (p->tls)
		err = p->name ? tls_connect(&s->tls, p->tls, fd, p->name) : tls_accept(&s->tls, p->tls, fd);
	if (!err)
		err = loop_watch(&s->watch, fd, UV_READABLE, on_ready, s);
	if (err) {
		mem_deref(s);
		return err;
	}
	s->fd = fd;
	timer_start(&s->patience, p->handshake_ms, on_impatient, s);
	counter_register(&counter_group);
	counts[CNT_NOW]++;
	*ret = s;
	return 0;
}

/* What was sent leaves; what cannot go on ends; a connection handed over begins, so that nothing is called back before its user has it. */
static void on_turn_end(void *arg)
{
	struct stream *s = mem_ref(arg);
	if (s->doomed) {
		counts[CNT_OVERFLOW] += s->doomed == -ENOBUFS;
		finish(s, s->doomed, s->doomed == -ENOBUFS ? "the peer does not read" : strerror(-s->doomed));
	} else if (s->state == HANDSHAKE) {
		handshake(s);
	} else if (s->state == OPEN || s->state == ENDING) {
		flush(s);
	}
	mem_deref(s);
}

/* Both ends of a connected descriptor. */
static int ends_of(int fd, struct addr *local, struct addr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	int err = getpeername(fd, (struct sockaddr *)&ss, &len) ? -errno : addr_from_sockaddr(peer, (struct sockaddr *)&ss);
	len = sizeof ss;
	if (!err)
		err = getsockname(fd, (struct sockaddr *)&ss, &len) ? -errno : addr_from_sockaddr(local, (struct sockaddr *)&ss);
	return err;
}

static int websocket_stream_new(struct stream **ret, int fd, const struct stream_params *p)
{
	struct stream *s = mem_alloc(sizeof *s, stream_destroy);
	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->state = ENDING; /* nothing here is done for it */
	int err = ws_adopt(&s->ws, fd, p);
	if (err)
		mem_deref(s);
	else
		*ret = s;
	return err;
}

int stream_adopt(struct stream **ret, int fd, const struct stream_params *p)
{
	struct addr local, peer;
	struct stream *s;
	int err = ends_of(fd, &local, &peer);
	if (!err && fcntl(fd, F_SETFL, O_NONBLOCK))
		err = -errno;
	if (!err)
		set_options(fd, peer.family, p->dscp);
	if (!err)
		err = p->ws ? websocket_stream_new(&s, fd, p) : stream_new(&s, fd, p);
	if (err)
		return err;
	s->local = local;
	s->peer = peer;
	counts[CNT_ACCEPTED]++;
	if (!s->ws) {
		s->state = HANDSHAKE;
		loop_defer(&s->turn, on_turn_end, s);
	}
	*ret = s;
	return 0;
}

static int begin_connect(int fd, const struct addr *local, const struct addr *peer)
{
	struct sockaddr_storage ss;
	struct addr from = *local;
	socklen_t len;
	from.port = 0;
	set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	len = addr_to_sockaddr(&from, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len))
		return -errno;
	len = addr_to_sockaddr(peer, &ss);
	return connect(fd, (struct sockaddr *)&ss, len) && errno != EINPROGRESS ? -errno : 0;
}

int stream_connect(struct stream **ret, const struct addr *local, const struct addr *peer, const struct stream_params *p)
{
	struct stream *s;
	int fd = socket(peer->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	set_options(fd, peer->family, p->dscp);
	int err = stream_new(&s, fd, p);
	if (err) {
		close(fd);
		return err;
	}
	s->local = *local;
	s->peer = *peer;
	s->state = CONNECTING;
	err = begin_connect(fd, local, peer);
	if (err)
		doom(s, err);
	else
		watch_for(s);
	*ret = s;
	return 0;
}

/* --- what there is to know ------------------------------------------------------------------------------------------------------ */

const struct addr *stream_local(const struct stream *s)
{
	return &s->local;
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}

size_t stream_queued(const struct stream *s)
{
	return s->ws ? ws_queued(s->ws) : s->out.len - s->sent;
}

uint64_t stream_rx_bytes(const struct stream *s)
{
	return s->ws ? ws_rx_bytes(s->ws) : s->rx;
}

uint64_t stream_tx_bytes(const struct stream *s)
{
	return s->ws ? ws_tx_bytes(s->ws) : s->tx;
}

const struct tls_conn *stream_tls(const struct stream *s)
{
	return s->ws ? ws_tls(s->ws) : s->tls;
}
