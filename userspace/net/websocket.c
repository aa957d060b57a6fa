// SPDX-License-Identifier: GPL-3.0-or-later
/* One libwebsockets context on our loop and as long as it, a virtual host for each struct websocket, a wsi for each connection. The library shakes hands, joins
 * fragments' frames, answers pings and closes; it owns the sockets. We choose who may come in, put fragments together, and queue. */
#include "net/websocket.h"
#include "base/counter.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <unistd.h>

#define CLOSE_MS   1000
#define ORIGIN_MAX 256

enum { CNT_OPENED, CNT_RX, CNT_TX, CNT_NO_HANDSHAKE, CNT_VERSION, CNT_NO_PROTOCOL, CNT_ORIGIN, CNT_TOO_LONG, CNT_OVERFLOW, CNT_PLAIN_HTTP, CNT_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_OPENED] = {"opened", "connections that became WebSockets"},
	[CNT_RX] = {"rx-message", "messages received"},
	[CNT_TX] = {"tx-message", "messages sent"},
	[CNT_NO_HANDSHAKE] = {"no-handshake", "connections that never became WebSockets"},
	[CNT_VERSION] = {"version", "handshakes refused: another version of the protocol"},
	[CNT_NO_PROTOCOL] = {"no-protocol", "handshakes refused: the subprotocol was not offered"},
	[CNT_ORIGIN] = {"origin", "handshakes refused: pages of this origin may not connect"},
	[CNT_TOO_LONG] = {"too-long", "connections ended: a message was too long"},
	[CNT_OVERFLOW] = {"overflow", "connections ended: the peer does not read what is sent to it"},
	[CNT_PLAIN_HTTP] = {"plain-http", "requests for pages, answered with 426"},
	[CNT_NOW] = {"now", "connections that there are"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("websocket", counter_defs, counts);

struct websocket {
	struct websocket_params params;
	struct lws_vhost *vhost;
	struct lws_protocols protocols[2];
	char name[32];
};

/* A message to be sent; libwebsockets writes its header in front of it. */
struct outgoing {
	struct link link;
	size_t len;
	bool text;
	unsigned char room[];
};

struct ws_conn {
	struct websocket *ws;
	struct lws *wsi; /* NULL: over, or not begun */
	const struct stream_handlers *h;
	void *arg;
	struct tls_conn *tls; /* what it has shown; NULL: plain, or not open */
	struct buf in;
	struct list out;
	size_t queued, queue_max;
	struct timer patience;
	bool open, ending, stuck;
	int err; /* what it ends with, and why */
	const char *why;
	uint64_t rx, tx;
};

static struct lws_context *context;
static unsigned users;
static struct loop_deferred ending; /* of the context: nobody uses it any more */

/* --- the library ---------------------------------------------------------------------------------------------------------------- */

static void on_log(int level, const char *line)
{
	if (level & LLL_ERR)
		log_warn("websocket", "%.*s", (int)strcspn(line, "\n"), line);
	else
		log_debug("websocket", "%.*s", (int)strcspn(line, "\n"), line);
}

static int context_use(void)
{
	void *loops[] = {loop_uv()};
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8,
		.foreign_loops = loops,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
	};
	if (!context) {
		lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
		context = lws_create_context(&info);
		counter_register(&counter_group);
	}
	if (!context || link_in_list(&ending.link))
		return -EIO;
	users++;
	return 0;
}

static void on_loop_closed(void *arg)
{
	lws_context_destroy(context);
	context = NULL;
}

/* The library ends in two steps: between them the loop closes what it had there. */
static void context_leave(void)
{
	if (--users)
		return;
	lws_context_destroy(context);
	loop_at_close(&ending, on_loop_closed, NULL);
}

/* --- one connection ------------------------------------------------------------------------------------------------------------- */

static void drop_queue(struct ws_conn *c)
{
	struct outgoing *o;
	list_foreach_safe(o, &c->out, link) {
		list_remove(&o->link);
		mem_free(o);
	}
	c->queued = 0;
}

/* The library lets go of it in its own time; it does not know us any more. */
static void part(struct ws_conn *c)
{
	if (!c->wsi)
		return;
	lws_set_opaque_user_data(c->wsi, NULL);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	lws_cancel_service(context); /* else it would look at its timers only when something comes */
	c->wsi = NULL;
	counts[CNT_NOW]--;
}

static void conn_destroy(void *obj)
{
	struct ws_conn *c = obj;
	timer_stop(&c->patience);
	part(c);
	drop_queue(c);
	buf_reset(&c->in);
	mem_deref(c->tls);
	mem_deref(c->ws);
}

static const char no_handshake[] = "no WebSocket handshake";

static void finish(struct ws_conn *c)
{
	timer_stop(&c->patience);
	part(c);
	counts[CNT_NO_HANDSHAKE] += !c->open;
	c->h->closed(c->arg, c->err ? c->err : c->open ? 0 : -ECONNRESET, c->why ? c->why : c->open ? "the peer ended it, or did what RFC 6455 does not allow" : no_handshake);
}

static void on_impatient(void *arg)
{
	struct ws_conn *c = mem_ref(arg);
	if (!c->err && !c->ending) {
		c->err = -ETIMEDOUT;
		c->why = "no WebSocket handshake in time";
	}
	finish(c);
	mem_deref(c);
}

/* Ends it from the loop, since its user is at work on it. */
static int doom(struct ws_conn *c, int err, const char *why)
{
	c->err = err;
	c->why = why;
	timer_start(&c->patience, 0, on_impatient, c);
	return err;
}

static void tell_stuck(struct ws_conn *c, bool stuck)
{
	if (c->stuck == stuck)
		return;
	c->stuck = stuck;
	if (c->h->stuck)
		c->h->stuck(c->arg, stuck);
}

/* --- what the library tells -------------------------------------------------------------------------------------------------------- */

static int refuse(struct lws *wsi, unsigned counter, unsigned status)
{
	counts[counter]++;
	lws_return_http_status(wsi, status, NULL);
	return 1;
}

static int put(struct lws *wsi, const char *name, const char *value, unsigned char **at, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value, (int)strlen(value), at, end);
}

/* RFC 6455 4.4 and RFC 9110 15.5.22: which version there is, and of what. */
static int ask_to_upgrade(struct lws *wsi, unsigned counter)
{
	unsigned char head[LWS_PRE + 256], *at = head + LWS_PRE, *end = head + sizeof head - 1;
	counts[counter]++;
	/* It is closed in any case. */
	(void)(lws_add_http_header_status(wsi, 426, &at, end) || put(wsi, "upgrade:", "websocket", &at, end) || put(wsi, "connection:", "Upgrade", &at, end) ||
	       put(wsi, "sec-websocket-version:", "13", &at, end) || lws_add_http_header_content_length(wsi, 0, &at, end) ||
	       lws_finalize_write_http_header(wsi, head + LWS_PRE, &at, end));
	return 1;
}

static bool is_welcome(const struct websocket *w, struct lws *wsi)
{
	char origin[ORIGIN_MAX];
	int n = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);
	if (!n || !w->params.origins || !w->params.origins[0])
		return true;
	if (lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) < 0)
		return false;
	for (const char *const *o = w->params.origins; *o; o++)
		if (slice_caseeq(slice_str(*o), slice_str(origin)))
			return true;
	return false;
}

static int on_request(struct ws_conn *c, struct lws *wsi)
{
	char version[4] = "";
	if (lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_VERSION) < 0 || strcmp(version, "13"))
		return ask_to_upgrade(wsi, CNT_VERSION);
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL))
		return refuse(wsi, CNT_NO_PROTOCOL, 400);
	return is_welcome(c->ws, wsi) ? 0 : refuse(wsi, CNT_ORIGIN, 403);
}

static int on_established(struct ws_conn *c)
{
	int err = c->ws->params.tls ? tls_look(&c->tls, c->ws->params.tls, lws_get_ssl(c->wsi)) : 0;
	if (err)
		return -1;
	c->open = true;
	counts[CNT_OPENED]++;
	timer_stop(&c->patience);
	c->h->open(c->arg);
	return 0;
}

static int too_long(struct ws_conn *c)
{
	counts[CNT_TOO_LONG]++;
	c->err = -EMSGSIZE;
	c->why = "message too long";
	c->ending = true;
	timer_start(&c->patience, CLOSE_MS, on_impatient, c);
	lws_close_reason(c->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
	return -1;
}

/* A piece of a message: of a frame, or of one of its fragments. */
static int on_piece(struct ws_conn *c, const void *data, size_t len)
{
	if (c->ending)
		return 0;
	if (c->in.len + len > c->ws->params.message_max)
		return too_long(c);
	buf_add(&c->in, data, len);
	if (!lws_is_final_fragment(c->wsi) || lws_remaining_packet_payload(c->wsi))
		return 0;
	struct buf whole = c->in;
	c->in = buf_growing();
	buf_z(&whole);
	if (!whole.err) {
		counts[CNT_RX]++;
		c->rx += whole.len;
		c->h->recv(c->arg, whole.p, whole.len);
	}
	int err = whole.err;
	buf_reset(&whole);
	return err ? -1 : 0;
}

/* RFC 6455 5.5.1: a close frame, which the peer answers. Not from where it may be written: the library closes without one there. */
static int on_bye(struct ws_conn *c)
{
	if (!c->ending || c->err)
		return 0;
	lws_close_reason(c->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
	return -1;
}

static int on_writable(struct ws_conn *c)
{
	struct link *first = list_first(&c->out);
	if (first && !c->err) {
		struct outgoing *o = container_of(first, struct outgoing, link);
		int n = lws_write(c->wsi, o->room + LWS_PRE, o->len, o->text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
		list_remove(&o->link);
		c->queued -= o->len;
		c->tx += o->len;
		counts[CNT_TX]++;
		mem_free(o);
		if (n < 0)
			return -1;
		if (!list_empty(&c->out) || c->ending)
			lws_callback_on_writable(c->wsi);
		tell_stuck(c, !list_empty(&c->out) && lws_send_pipe_choked(c->wsi));
		return 0;
	}
	if (c->ending)
		lws_set_timer_usecs(c->wsi, 1);
	return 0;
}

static int on_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
		const struct websocket *w = lws_vhost_user(lws_get_vhost(wsi));
		tls_serve(w->params.tls, user);
		return 0;
	}
	struct ws_conn *c = wsi ? mem_ref(lws_get_opaque_user_data(wsi)) : NULL;
	int err = 0;
	if (!c)
		return reason == LWS_CALLBACK_HTTP ? -1 : 0;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		ask_to_upgrade(wsi, CNT_PLAIN_HTTP);
		err = -1;
		break;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		err = on_request(c, wsi);
		break;
	case LWS_CALLBACK_ESTABLISHED:
		err = on_established(c);
		break;
	case LWS_CALLBACK_RECEIVE:
		err = on_piece(c, in, len);
		break;
	case LWS_CALLBACK_TIMER:
		err = on_bye(c);
		break;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		err = on_writable(c);
		break;
	case LWS_CALLBACK_WSI_DESTROY:
		if (c->wsi) {
			c->wsi = NULL;
			counts[CNT_NOW]--;
			finish(c);
		}
		break;
	default:
		break;
	}
	mem_deref(c);
	return err;
}

/* --- the interface ------------------------------------------------------------------------------------------------------------------ */

int ws_adopt(struct ws_conn **ret, int fd, const struct stream_params *p)
{
	struct ws_conn *c = mem_alloc(sizeof *c, conn_destroy);
	if (!c)
		return -ENOMEM;
	list_init(&c->out);
	c->ws = mem_ref(p->ws);
	c->h = p->h;
	c->arg = p->arg;
	c->queue_max = p->queue_max;
	/* The library closes what it could not take: a copy, since the descriptor is the caller's then. */
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0) {
		mem_deref(c);
		return -errno;
	}
	const lws_adopt_desc_t desc = {
		.vh = c->ws->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | (c->ws->params.tls ? LWS_ADOPT_ALLOW_SSL : 0),
		.fd = {.sockfd = own},
	};
	c->wsi = lws_adopt_descriptor_vhost_via_info(&desc);
	if (!c->wsi && !c->ws->params.tls) {
		mem_deref(c);
		return -ENOMEM;
	}
	close(fd);
	*ret = c;
	if (!c->wsi) { /* it begins with TLS at once: what the peer has sent by now may have been wrong */
		doom(c, -ECONNRESET, no_handshake);
		return 0;
	}
	lws_set_opaque_user_data(c->wsi, c);
	counts[CNT_NOW]++;
	timer_start(&c->patience, p->handshake_ms, on_impatient, c);
	return 0;
}

/* RFC 3629. RFC 7118 4.2.1: what is no UTF-8 has to go as binary. */
static bool is_utf8(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.len;
	while (p < end) {
		unsigned more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : 4;
		if (more == 4 || (size_t)(end - p) <= more)
			return false;
		if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (p++; more; more--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

int ws_send(struct ws_conn *c, struct slice message)
{
	if (!c->wsi || c->ending || c->err || !c->open)
		return -ENOTCONN;
	if (c->queued + message.len > c->queue_max) {
		counts[CNT_OVERFLOW]++;
		return doom(c, -ENOBUFS, "the peer does not read");
	}
	struct outgoing *o = mem_raw(sizeof *o + LWS_PRE + message.len);
	if (!o)
		return doom(c, -ENOMEM, "out of memory");
	*o = (struct outgoing){.len = message.len, .text = is_utf8(message)};
	memcpy(o->room + LWS_PRE, message.p, message.len);
	list_append(&c->out, &o->link);
	c->queued += message.len;
	lws_callback_on_writable(c->wsi);
	return 0;
}

void ws_end(struct ws_conn *c)
{
	if (c->ending || !c->wsi)
		return;
	c->ending = true;
	if (!c->open) {
		doom(c, -ECONNABORTED, "ended");
		return;
	}
	timer_start(&c->patience, CLOSE_MS, on_impatient, c);
	lws_callback_on_writable(c->wsi);
}

const struct tls_conn *ws_tls(const struct ws_conn *c)
{
	return c->tls;
}

size_t ws_queued(const struct ws_conn *c)
{
	return c->queued;
}

uint64_t ws_rx_bytes(const struct ws_conn *c)
{
	return c->rx;
}

uint64_t ws_tx_bytes(const struct ws_conn *c)
{
	return c->tx;
}

static void websocket_destroy(void *obj)
{
	struct websocket *w = obj;
	context_leave(); /* the virtual host goes with the context: nobody can come in by it any more */
	mem_deref(w->params.tls);
}

int websocket_new(struct websocket **ret, const struct websocket_params *p)
{
	static unsigned serial;
	int err = context_use();
	if (err)
		return err;
	struct websocket *w = mem_alloc(sizeof *w, websocket_destroy);
	if (!w) {
		context_leave();
		return -ENOMEM;
	}
	w->params = *p;
	mem_ref(p->tls);
	w->protocols[0] = (struct lws_protocols){.name = p->protocol, .callback = on_callback};
	struct buf name = buf_fixed(w->name, sizeof w->name);
	buf_printf(&name, "%s-%u", p->protocol, serial++);
	const struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.vhost_name = buf_z(&name),
		.protocols = w->protocols,
		.user = w,
		.options = p->tls ? LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
	};
	w->vhost = lws_create_vhost(context, &info);
	if (!w->vhost) {
		mem_deref(w);
		return -EIO;
	}
	*ret = w;
	return 0;
}
