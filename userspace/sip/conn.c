// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/conn.h"
#include "sip/frame.h"
#include "sip/parse.h"
#include "base/counter.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/websocket.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE_MAX 65535 /* when no limit is configured */

enum { CNT_ACCEPTED, CNT_MADE, CNT_REFUSED_TOTAL, CNT_REFUSED_SOURCE, CNT_PING, CNT_BAD_FRAME, CNT_SLOW, CNT_IDLE, CNT_ADOPTED, CNT_REUSED, CNT_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_ACCEPTED] = {"accepted", "connections taken from peers"},
	[CNT_MADE] = {"made", "connections made to peers"},
	[CNT_REFUSED_TOTAL] = {"refused-total", "connections refused: there are as many as there may be"},
	[CNT_REFUSED_SOURCE] = {"refused-source", "connections refused: their source has as many as it may"},
	[CNT_PING] = {"pings", "keep-alives answered (RFC 5626 4.4.1)"},
	[CNT_BAD_FRAME] = {"bad-frame", "connections ended: what came is no SIP, has no or a wrong Content-Length, or is too long"},
	[CNT_SLOW] = {"slow", "connections ended: no message came in time, or it was not finished in time"},
	[CNT_IDLE] = {"idle", "connections ended: nothing came for too long"},
	[CNT_ADOPTED] = {"adopted", "connections of an earlier process that go on"},
	[CNT_REUSED] = {"reused", "messages sent over a connection that the peer made and gave leave to reuse (RFC 5923)"},
	[CNT_NOW] = {"now", "connections that there are"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("connections", counter_defs, counts);

/* How many connections one address has made; of IPv6 64 bits of it, which is what one subscriber has. */
struct sip_source {
	struct hash_link link;
	struct addr ip;
	unsigned n;
};

static const struct stream_handlers handlers;

/* --- the table ---------------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct addr *a)
{
	return addr_hash(a);
}

static struct sip_conn *find_alias(const struct sip_place *p, const struct addr *peer)
{
	struct sip_conn *c;
	hash_foreach_match(c, &p->stack->conn_aliases, hash_of(peer), by_alias)
		if (c->place == p && addr_eq(&c->alias, peer))
			return c;
	return NULL;
}

static struct sip_conn *find_peer(const struct sip_place *p, const struct addr *peer)
{
	struct sip_conn *c;
	hash_foreach_match(c, &p->stack->conn_peers, hash_of(peer), by_peer)
		if (c->place == p && addr_eq(&c->peer, peer))
			return c;
	return NULL;
}

struct sip_conn *sip_conn_find(const struct sip_place *p, const struct addr *peer)
{
	struct sip_conn *c = find_peer(p, peer);
	return c ? c : find_alias(p, peer);
}

static struct sip_source *source_of(struct sip_stack *s, const struct addr *peer)
{
	struct addr ip = *peer;
	struct sip_source *src;
	ip.port = 0;
	if (ip.family == AF_INET6)
		memset(ip.bytes + 8, 0, 8);
	hash_foreach_match(src, &s->conn_sources, hash_of(&ip), link)
		if (addr_eq(&src->ip, &ip))
			return src;
	src = mem_alloc(sizeof *src, NULL);
	if (src) {
		src->ip = ip;
		hash_insert(&s->conn_sources, &src->link, hash_of(&ip));
	}
	return src;
}

static void source_leave(struct sip_stack *s, struct sip_source *src)
{
	if (!src || --src->n)
		return;
	hash_remove(&s->conn_sources, &src->link);
	mem_deref(src);
}

/* --- what tandem-keep holds ---------------------------------------------------------------------------------------------------- */

static void let_go(struct sip_conn *c)
{
	if (c->held[0])
		fdstore_remove(c->held);
	c->held[0] = '\0';
}

/* A connection outlives this process when it is plain and nothing of it is in this process: no handshake, nothing half sent. */
static void hold(struct sip_conn *c)
{
	if (c->held[0] || c->place->l.transport != SIP_TCP || !c->heard || c->ending || stream_queued(c->stream))
		return;
	snprintf(c->held, sizeof c->held, "c%x", c->place->stack->conn_serial++);
	if (fdstore_put(c->held, stream_fd(c->stream)))
		c->held[0] = '\0';
}

/* --- life ---------------------------------------------------------------------------------------------------------------------- */

static void unlist(struct sip_conn *c)
{
	struct sip_stack *s = c->place->stack;
	hash_remove(&s->conn_peers, &c->by_peer);
	hash_remove(&s->conn_aliases, &c->by_alias);
}

static void conn_destroy(void *obj)
{
	struct sip_conn *c = obj;
	timer_stop(&c->patience);
	timer_stop(&c->ping);
	mem_deref(c->stream);
	if (!c->place)
		return;
	unlist(c);
	list_remove(&c->link);
	source_leave(c->place->stack, c->source);
	if (c->counted) {
		c->place->stack->n_conns--;
		counts[CNT_NOW]--;
	}
}

static void tell_end(const struct sip_conn *c, const char *why)
{
	char object[ADDR_STR_LEN + 32], peer[ADDR_STR_LEN];
	snprintf(object, sizeof object, "%s connection %s", sip_transports[c->place->l.transport].name, addr_str(&c->peer, peer));
	log_at(c->open ? LOG_LEVEL_INFO : LOG_LEVEL_REMOTE, object, "ended: %s", why);
}

/* What was given to it is still sent. */
void sip_conn_fail(struct sip_conn *c, const char *why)
{
	if (c->ending)
		return;
	tell_end(c, why);
	c->ending = true;
	timer_stop(&c->ping);
	unlist(c);
	let_go(c);
	stream_end(c->stream);
}

static void end(struct sip_conn *c, unsigned counter, const char *why)
{
	counts[counter] += !c->ending;
	sip_conn_fail(c, why);
}

/* How long nothing may come between messages; 0: for ever. */
static uint32_t idle_ms(const struct sip_conn *c)
{
	uint32_t ms = c->place->stack->params.conns.idle_ms;
	return c->flow_ms && (!ms || c->flow_ms < ms) ? c->flow_ms : ms;
}

static void on_impatient(void *arg)
{
	struct sip_conn *c = arg;
	bool waits = !c->heard || c->begun;
	uint64_t now = clock_ms(), due = c->last + idle_ms(c);
	if (waits)
		due = (c->begun ? c->begun : c->since) + c->place->stack->params.conns.receive_ms;
	else if (!idle_ms(c))
		return;
	if (now < due)
		timer_start(&c->patience, due - now, on_impatient, c);
	else if (c->begun)
		end(c, CNT_SLOW, "a message was not finished in time");
	else if (!c->heard)
		end(c, CNT_SLOW, "no message came in time");
	else
		end(c, CNT_IDLE, c->flow_ms ? "its flow was not kept alive" : "idle");
}

/* The sooner time may have become the one that counts. */
static void watch(struct sip_conn *c)
{
	uint64_t ms = c->heard && !c->begun ? idle_ms(c) : c->place->stack->params.conns.receive_ms;
	if (ms && (!timer_running(&c->patience) || c->patience.due > clock_ms() + ms))
		timer_start(&c->patience, ms, on_impatient, c);
}

static struct sip_conn *conn_new(struct sip_place *p, const struct addr *peer, bool accepted)
{
	struct sip_stack *s = p->stack;
	struct sip_conn *c = mem_alloc(sizeof *c, conn_destroy);
	if (!c)
		return NULL;
	c->place = p;
	c->peer = *peer;
	c->accepted = accepted;
	c->since = c->last = clock_ms();
	list_append(&s->conns, &c->link);
	return c;
}

/* It counts from when its stream is there. */
static void enlist(struct sip_conn *c)
{
	struct sip_stack *s = c->place->stack;
	hash_insert(&s->conn_peers, &c->by_peer, hash_of(&c->peer));
	c->counted = true;
	s->n_conns++;
	counts[CNT_NOW]++;
}

static struct stream_params stream_params(struct sip_conn *c)
{
	const struct sip_conn_limits *l = &c->place->stack->params.conns;
	return (struct stream_params){.h = &handlers, .arg = c, .tls = c->place->l.tls, .ws = c->place->ws, .queue_max = l->queue, .handshake_ms = l->receive_ms,
				      .dscp = c->place->l.dscp};
}

/* --- what comes ---------------------------------------------------------------------------------------------------------------- */

static void on_open(void *arg)
{
	struct sip_conn *c = arg;
	c->open = true;
	c->heard |= !c->accepted; /* who was called need not begin */
	c->since = clock_ms();
	watch(c);
	sip_conn_keep_alive(c);
}

static size_t message_max(const struct sip_stack *s)
{
	return s->params.limits.message ? s->params.limits.message : MESSAGE_MAX;
}

/* 18.3: nobody knows where the next message begins. A request whose header is whole is told. */
static void refuse(struct sip_conn *c, const struct sip_frame *f)
{
	struct sip_msg *m = NULL;
	unsigned status;
	const char *why;
	if (f->status && slice_is_set(f->header))
		(void)sip_msg_parse(&m, f->header.p, f->header.len, &status, &why);
	if (m && m->request)
		sip_stack_refuse(c->place, m, &c->peer, stream_local(c->stream), f->status, f->why);
	mem_deref(m);
	end(c, CNT_BAD_FRAME, f->why);
}

/* RFC 5626 4.4.1: two line ends are answered with one. */
static void take_line_end(struct sip_conn *c)
{
	if (sip_conn_is_pong(c) || ++c->line_ends < 2)
		return;
	c->line_ends = 0;
	counts[CNT_PING]++;
	stream_send(c->stream, SLICE("\r\n"));
}

static void take_message(struct sip_conn *c, char *data, size_t len)
{
	c->line_ends = 0;
	c->heard = true;
	sip_stack_input(c->place, &c->peer, stream_local(c->stream), data, len);
}

/* RFC 7118 4.2: each WebSocket message is one SIP message, or a keep-alive (RFC 5626 4.4.1). */
static size_t on_whole(struct sip_conn *c, char *data, size_t len)
{
	c->last = clock_ms();
	for (size_t i = 0; i < len && (data[i] == '\r' || data[i] == '\n'); i += 2)
		take_line_end(c);
	if (len && data[0] != '\r' && data[0] != '\n')
		take_message(c, data, len);
	if (mem_refs(c) > 1 && !c->ending)
		watch(c);
	return len;
}

static size_t on_recv(void *arg, char *data, size_t len)
{
	struct sip_conn *c = mem_ref(arg);
	size_t max = message_max(c->place->stack), at = 0;
	bool more = true;
	if (sip_transport_is_ws(c->place->l.transport)) {
		on_whole(c, data, len);
		mem_deref(c);
		return len;
	}
	c->last = clock_ms();
	while (more && !c->ending && mem_refs(c) > 1) {
		struct sip_frame f = sip_frame(slice_of(data + at, len - at), max);
		if (f.kind == SIP_FRAME_CRLF)
			take_line_end(c);
		else if (f.kind == SIP_FRAME_MESSAGE)
			take_message(c, data + at, f.len);
		else if (f.kind == SIP_FRAME_BAD)
			refuse(c, &f);
		more = f.kind != SIP_FRAME_MORE;
		at += more && f.kind != SIP_FRAME_BAD ? f.len : 0;
	}
	if (mem_refs(c) > 1 && !c->ending) {
		c->begun = at == len ? 0 : c->begun && !at ? c->begun : c->last;
		watch(c);
		hold(c);
	} else {
		at = len;
	}
	mem_deref(c);
	return at;
}

static void on_closed(void *arg, int err, const char *why)
{
	struct sip_conn *c = arg;
	struct sip_place *p = c->place;
	struct addr peer = c->peer, alias = c->alias;
	bool open = c->open, made = !c->accepted;
	if (!c->ending)
		tell_end(c, why);
	let_go(c);
	c->stream = mem_deref(c->stream);
	mem_deref(c);
	if (open && made && p->stack->params.on_disconnected)
		p->stack->params.on_disconnected(p->stack->params.arg, &p->l, &peer);
	sip_ctrans_disconnected(p, &peer, err, open);
	if (addr_is_set(&alias))
		sip_ctrans_disconnected(p, &alias, err, open);
}

/* What is half sent dies with this process, and the connection with it. */
static void on_stuck(void *arg, bool stuck)
{
	struct sip_conn *c = arg;
	if (stuck)
		let_go(c);
	else
		hold(c);
}

static const struct stream_handlers handlers = {.open = on_open, .recv = on_recv, .closed = on_closed, .stuck = on_stuck};

/* --- taking and making them ---------------------------------------------------------------------------------------------------- */

static int adopt(struct sip_place *p, int fd, const struct addr *peer, bool accepted, struct sip_conn **ret)
{
	struct sip_conn *c = conn_new(p, peer, accepted);
	struct sip_source *src = c && accepted ? source_of(p->stack, peer) : NULL;
	if (!c || (accepted && !src)) {
		mem_deref(c);
		return -ENOMEM;
	}
	c->source = src;
	if (src)
		src->n++;
	struct stream_params params = stream_params(c);
	int err = stream_adopt(&c->stream, fd, &params);
	if (err) {
		mem_deref(c);
		return err;
	}
	enlist(c);
	if (ret)
		*ret = c;
	return 0;
}

static bool is_over(const struct sip_stack *s, unsigned now, unsigned max, unsigned counter, const struct addr *peer)
{
	char text[ADDR_STR_LEN];
	if (!max || now < max)
		return false;
	if (!(counts[counter]++ % 1000))
		log_remote(NULL, "connection from %s refused: %s", addr_str(peer, text), counter_defs[counter].help);
	return true;
}

static void on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct sip_place *p = arg;
	struct sip_stack *s = p->stack;
	const struct sip_conn_limits *l = &s->params.conns;
	struct sip_source *src = source_of(s, peer);
	bool refused = !src || is_over(s, s->n_conns, l->total, CNT_REFUSED_TOTAL, peer) || is_over(s, src->n, l->per_source, CNT_REFUSED_SOURCE, peer);
	if (src)
		src->n++;
	if (refused || adopt(p, fd, peer, true, NULL))
		close(fd);
	else
		counts[CNT_ACCEPTED]++;
	source_leave(s, src);
}

int sip_conn_listen(struct sip_place *p)
{
	const struct stream_server_params params = {.local = p->l.local, .fd = p->l.fd, .accepted = on_accepted, .arg = p};
	if (p->l.tls && !tls_can_serve(p->l.tls))
		return 0;
	const struct websocket_params ws = {.protocol = "sip", .tls = p->l.tls, .origins = p->l.origins, .message_max = message_max(p->stack)};
	int err = sip_transport_is_ws(p->l.transport) && !p->ws ? websocket_new(&p->ws, &ws) : 0;
	if (err)
		return err;
	err = stream_listen(&p->server, &params);
	if (!err)
		p->l.local = *stream_server_local(p->server);
	return err;
}

/* Whom a message of ours is addressed to, by host name: its first Route, or its Request-URI; a response's Via. */
static void addressee(struct slice text, char *out, size_t size)
{
	struct slice first = text, line = slice_line(&first), value;
	struct sip_nameaddr route;
	struct sip_via via;
	struct sip_uri uri;
	slice_cut(&line, ' ');
	*out = '\0';
	if (slice_starts(text, SLICE("SIP/2.0 "))) {
		if (!sip_via_parse(&via, sip_text_hdr(first, SLICE("Via"))))
			slice_copy(via.host, out, size);
	} else if ((value = sip_text_hdr(first, SLICE("Route"))).len && !sip_nameaddr_parse(&route, sip_cut(&value, ','))) {
		slice_copy(route.uri.host, out, size);
	} else if (!sip_uri_parse(&uri, slice_cut(&line, ' '))) {
		slice_copy(uri.host, out, size);
	}
}

static int make(struct sip_place *p, const struct addr *dst, struct slice text, struct sip_conn **ret)
{
	struct sip_conn *c;
	char name[256];
	if (sip_transport_is_ws(p->l.transport))
		return -ENOTCONN; /* RFC 7118 5: the client makes it */
	if (p->stack->params.conns.total && p->stack->n_conns >= p->stack->params.conns.total)
		return -EMFILE;
	c = conn_new(p, dst, false);
	if (!c)
		return -ENOMEM;
	struct stream_params params = stream_params(c);
	addressee(text, name, sizeof name);
	if (!*name)
		addr_ip_str(dst, name);
	params.name = name;
	int err = stream_connect(&c->stream, &p->l.local, dst, &params);
	if (err) {
		mem_deref(c);
		return err;
	}
	enlist(c);
	counts[CNT_MADE]++;
	*ret = c;
	return 0;
}

/* RFC 5923 8.2: what is sent over an alias is for somebody whom the peer has proved to be. */
static bool carries_back(const struct sip_conn *c, struct slice text)
{
	char name[256];
	addressee(text, name, sizeof name);
	return !c->place->l.tls || (stream_tls(c->stream) && tls_peer_is(stream_tls(c->stream), slice_str(name)));
}

/* Answers, and requests of dialogs: where those lead was said over a connection like this one. */
static bool is_continued(struct slice text)
{
	struct sip_nameaddr to;
	return slice_starts(text, SLICE("SIP/2.0 ")) || (!sip_nameaddr_parse(&to, sip_text_hdr(slice_from(text, 1), SLICE("To"))) && to.tag.len);
}

/* RFC 5923 8.1: a name that DNS has led to the address of somebody else is not his because he is connected. */
static bool carries_on(const struct sip_conn *c, struct slice text)
{
	char name[256];
	struct addr ip;
	if (c->accepted || !stream_tls(c->stream) || is_continued(text))
		return true;
	addressee(text, name, sizeof name);
	return !*name || !addr_parse_ip(&ip, slice_str(name)) || tls_is_for(stream_tls(c->stream), slice_str(name));
}

/* The connection that `text` may go over, NULL: none yet. */
static struct sip_conn *find_for(const struct sip_place *p, const struct addr *dst, struct slice text)
{
	struct sip_conn *c;
	hash_foreach_match(c, &p->stack->conn_peers, hash_of(dst), by_peer)
		if (c->place == p && addr_eq(&c->peer, dst) && carries_on(c, text))
			return c;
	c = find_alias(p, dst);
	return c && carries_back(c, text) ? c : NULL;
}

bool sip_conn_carries(const struct sip_place *p, const struct addr *dst, struct slice text)
{
	return find_for(p, dst, text) != NULL;
}

int sip_conn_send(struct sip_place *p, const struct addr *dst, struct slice text)
{
	struct sip_conn *c = find_for(p, dst, text);
	counts[CNT_REUSED] += c && !addr_eq(&c->peer, dst);
	int err = c ? 0 : make(p, dst, text, &c);
	return err ? err : stream_send(c->stream, text);
}

/* RFC 5923 9.2: over TLS its certificate must be for the name in its Via; without TLS it takes somebody above us to believe it. */
static bool may_be_reused(const struct sip_conn *c, const struct sip_msg *req, const struct addr *listens)
{
	const struct sip_watch *w = &c->place->stack->params.watch;
	struct addr host;
	if (c->place->l.tls)
		return sip_msg_verified(req, req->via.host);
	return !addr_parse_ip(&host, req->via.host) && addr_ip_eq(&host, listens) && w->reuses && w->reuses(w->arg, listens);
}

void sip_conn_alias(struct sip_place *p, const struct sip_msg *req)
{
	struct sip_conn *c = sip_place_reliable(p) && !sip_transport_is_ws(p->l.transport) ? find_peer(p, &req->src) : NULL;
	struct addr listens = req->src;
	listens.port = req->via.port ? req->via.port : sip_transports[p->l.transport].port;
	if (!c || !c->accepted || addr_is_set(&c->alias) || !may_be_reused(c, req, &listens))
		return;
	c->alias = listens;
	hash_insert(&c->place->stack->conn_aliases, &c->by_alias, hash_of(&c->alias));
}

/* --- the stack's --------------------------------------------------------------------------------------------------------------- */

int sip_conns_open(struct sip_stack *s)
{
	list_init(&s->conns);
	counter_register(&counter_group);
	return hash_init(&s->conn_peers, 64) ?: hash_init(&s->conn_aliases, 64) ?: hash_init(&s->conn_sources, 64);
}

void sip_conns_close(struct sip_stack *s)
{
	struct sip_conn *c;
	list_foreach_safe(c, &s->conns, link)
		mem_deref(c);
	hash_free(&s->conn_peers);
	hash_free(&s->conn_aliases);
	hash_free(&s->conn_sources);
}

/* The place that a connection of an earlier process belongs to: it was taken at the address, or made from its IP. */
static struct sip_place *home_of(const struct sip_stack *s, const struct addr *local, bool *accepted)
{
	struct sip_place *p, *made = NULL;
	list_foreach(p, &s->places, link) {
		if (p->l.transport != SIP_TCP || !addr_ip_eq(&p->l.local, local))
			continue;
		*accepted = p->l.local.port == local->port;
		if (*accepted)
			return p;
		made = made ? made : p;
	}
	return made;
}

static int readopt(struct sip_stack *s, int fd, const char *name)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr local, peer;
	struct sip_conn *c;
	bool accepted = false;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) || addr_from_sockaddr(&local, (struct sockaddr *)&ss))
		return -EBADF;
	len = sizeof ss;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) || addr_from_sockaddr(&peer, (struct sockaddr *)&ss))
		return -ENOTCONN;
	struct sip_place *p = home_of(s, &local, &accepted);
	int err = p ? adopt(p, fd, &peer, accepted, &c) : -EADDRNOTAVAIL;
	if (err)
		return err;
	c->heard = true;
	snprintf(c->held, sizeof c->held, "%s", name);
	counts[CNT_ADOPTED]++;
	return 0;
}

void sip_stack_adopt(struct sip_stack *s)
{
	const char *waiting;
	while ((waiting = fdstore_waiting_like("c"))) {
		char name[16] = "";
		unsigned serial;
		if (slice_copy(slice_str(waiting), name, sizeof name) || sscanf(name, "c%x", &serial) != 1)
			return;
		int fd = fdstore_take(name);
		if (serial >= s->conn_serial)
			s->conn_serial = serial + 1;
		if (fd < 0 || !readopt(s, fd, name))
			continue;
		close(fd);
		fdstore_remove(name);
	}
}

static int tell(const struct sip_conn *c, int (*fn)(void *arg, const struct sip_conn_info *c), void *arg)
{
	const struct tls_conn *tls = stream_tls(c->stream);
	const struct sip_conn_info info = {
		.listener = &c->place->l,
		.local = stream_local(c->stream),
		.peer = &c->peer,
		.state = c->ending ? "ending" : c->open ? "open" : "opening",
		.accepted = c->accepted,
		.age_ms = clock_ms() - c->since,
		.idle_ms = clock_ms() - c->last,
		.rx_bytes = stream_rx_bytes(c->stream),
		.tx_bytes = stream_tx_bytes(c->stream),
		.queued = stream_queued(c->stream),
		.tls = tls && c->open ? tls_version(tls) : "",
		.names = tls ? tls_peer_names(tls) : "",
	};
	return fn(arg, &info);
}

int sip_conns_each(const struct sip_stack *s, int (*fn)(void *arg, const struct sip_conn_info *c), void *arg)
{
	const struct sip_conn *c;
	int err = 0;
	list_foreach(c, &s->conns, link)
		if (!err)
			err = tell(c, fn, arg);
	return err;
}

void sip_msg_expect(const struct sip_msg *m, uint32_t ms)
{
	struct sip_conn *c = m->listener ? find_peer(sip_place_of(m->listener), &m->src) : NULL;
	if (!c)
		return;
	c->flow_ms = ms;
	watch(c);
}

bool sip_msg_verified(const struct sip_msg *m, struct slice name)
{
	const struct sip_conn *c = m->listener ? sip_conn_find(sip_place_of(m->listener), &m->src) : NULL;
	const struct tls_conn *tls = c ? stream_tls(c->stream) : NULL;
	return tls && tls_peer_is(tls, name);
}

bool sip_stack_verified(const struct sip_stack *s, const struct addr *src, struct slice name)
{
	const struct sip_conn *c;
	hash_foreach_match(c, &s->conn_peers, hash_of(src), by_peer)
		if (addr_eq(&c->peer, src) && stream_tls(c->stream) && tls_peer_is(stream_tls(c->stream), name))
			return true;
	return false;
}
