// SPDX-License-Identifier: GPL-3.0-or-later
/* The stack: listeners, and what happens to a message that comes in (RFC 3261 8.2, 18.1.2, 18.2.1). */
#include "sip/conn.h"
#include "net/path_mtu.h"
#include "sip/check.h"
#include "sip/malformed.h"
#include "stun/stun.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include <errno.h>
#include <unistd.h>

static const struct counter_def counter_defs[SIP_CNT_MAX] = {
	[SIP_CNT_RX_REQUEST] = {"rx-request", "requests received, retransmissions too"},
	[SIP_CNT_RX_RESPONSE] = {"rx-response", "responses received, retransmissions too"},
	[SIP_CNT_TX_REQUEST] = {"tx-request", "requests sent"},
	[SIP_CNT_TX_RESPONSE] = {"tx-response", "responses sent"},
	[SIP_CNT_TX_RETRANSMIT] = {"tx-retransmit", "messages sent again"},
	[SIP_CNT_RX_RETRANSMIT] = {"rx-retransmit", "retransmissions received and absorbed"},
	[SIP_CNT_KEEPALIVE] = {"keepalive", "keep-alive datagrams of blank lines"},
	[SIP_CNT_STUN] = {"stun", "STUN messages; binding requests of those we know are answered"},
	[SIP_CNT_JUNK] = {"junk", "datagrams dropped: not SIP"},
	[SIP_CNT_MALFORMED_ANSWERED] = {"malformed-answered", "malformed requests answered with an error"},
	[SIP_CNT_MALFORMED_DROPPED] = {"malformed-dropped", "malformed messages dropped: no answer possible"},
	[SIP_CNT_STRAY_RESPONSE] = {"stray-response", "responses dropped: no such transaction"},
	[SIP_CNT_STRAY_ACK] = {"stray-ack", "ACKs dropped: no such call"},
	[SIP_CNT_STRAY_CANCEL] = {"stray-cancel", "CANCELs answered with 481: no such request, or not from whoever sent it"},
	[SIP_CNT_NO_DIALOG] = {"no-dialog", "requests answered with 481: no such dialog"},
	[SIP_CNT_MERGED] = {"merged", "requests answered with 482: the same one came on another path"},
	[SIP_CNT_LOOP] = {"loop", "requests answered with 482: our own request came back"},
	[SIP_CNT_CSEQ_ORDER] = {"cseq-order", "requests answered with 500: CSeq out of order"},
	[SIP_CNT_REFUSED] = {"refused", "requests refused by a rule (405, 415, 420, 483 and the like)"},
	[SIP_CNT_TIMEOUT] = {"timeout", "requests that nobody answered"},
	[SIP_CNT_TRANSPORT_ERROR] = {"transport-error", "requests that could not be delivered"},
	[SIP_CNT_NOMEM] = {"nomem", "messages lost: memory is out"},
	[SIP_CNT_TX_FAILED] = {"tx-failed", "messages that could not be queued for sending"},
	[SIP_CNT_FORK_ENDED] = {"fork-ended", "further 2xx of a forked INVITE, ended with ACK and BYE"},
	[SIP_CNT_GLARE] = {"glare", "offers that crossed (491 sent or received)"},
	[SIP_CNT_ACK_LOST] = {"ack-lost", "final answers to INVITE whose ACK never came"},
	[SIP_CNT_PRACK_LOST] = {"prack-lost", "calls given up because a reliable provisional response was not acknowledged"},
	[SIP_CNT_SESSION_EXPIRED] = {"session-expired", "calls ended because nobody refreshed their session"},
	[SIP_CNT_BUSY] = {"busy", "requests answered with 503 or dropped for want of time"},
	[SIP_CNT_HELD_BACK] = {"held-back", "requests not sent: their server asked for less (RFC 7339)"},
	[SIP_CNT_NO_TCP] = {"no-tcp", "large requests that went by UDP all the same: the peer takes no TCP"},
	[SIP_CNT_TRANSACTIONS_NOW] = {"transactions-now", "transactions alive, those that only absorb repetitions among them"},
};
uint64_t sip_counts[SIP_CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("sip", counter_defs, sip_counts);
static const struct sip_stack *shown; /* whose transactions the counters show: the one opened last */

static void refresh(struct counter_group *g)
{
	sip_counts[SIP_CNT_TRANSACTIONS_NOW] = shown ? sip_stack_transactions(shown) : 0;
}

/* --- random ------------------------------------------------------------------------------------------------------- */

void sip_token(struct sip_stack *s, char out[SIP_TOKEN_LEN])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t b[8];
	random_bytes(b, sizeof b);
	for (int i = 0; i < 8; i++) {
		out[2 * i] = hex[b[i] >> 4];
		out[2 * i + 1] = hex[b[i] & 15];
	}
	out[16] = '\0';
}

uint32_t sip_random(struct sip_stack *s, uint32_t below)
{
	uint32_t v;
	random_bytes(&v, sizeof v);
	return v % below;
}

/* --- listeners ---------------------------------------------------------------------------------------------------- */

static void place_destroy(void *obj)
{
	struct sip_place *p = obj;
	list_remove(&p->link);
	mem_deref(p->udp);
	mem_deref(p->server);
	mem_deref(p->ws);
	mem_deref(p->l.tls);
	mem_free(p->name);
}

static void on_packet(void *arg, const struct udp_packet *p)
{
	struct sip_place *place = arg;
	place->stack->waited_ms = p->waited_ms;
	sip_stack_input(place, &p->src, &p->dst, p->data, p->len);
	place->stack->waited_ms = 0;
}

static void on_error(void *arg, const struct addr *dst, int err, struct slice sent)
{
	struct sip_place *p = arg;
	sip_stack_undelivered(p->stack, dst, err, sent);
}

static int open_udp(struct sip_place *p, const struct sip_listener *l)
{
	const struct udp_params params = {.local = l->local, .fd = l->fd, .dscp = l->dscp, .rcvbuf = 4 << 20, .stamps = true,
					  .recv = on_packet, .error = on_error, .arg = p};
	int err = udp_open(&p->udp, &params);
	if (!err)
		p->l.local = *udp_local(p->udp);
	return err;
}

static int place_open(struct sip_place *p, const struct sip_listener *l)
{
	int err = 0;
	if (!p->stack->wire)
		err = sip_place_reliable(p) ? sip_conn_listen(p) : open_udp(p, l);
	if (err)
		return err;
	p->l.fd = p->udp ? udp_fd(p->udp) : p->server ? stream_server_fd(p->server) : -1;
	if (addr_is_set(&p->l.advertised) && !p->l.advertised.port)
		p->l.advertised.port = p->l.local.port;
	addr_str(&p->l.local, p->local_text);
	addr_str(&p->l.advertised, p->advertised_text);
	return 0;
}

int sip_stack_listen(struct sip_stack *s, const struct sip_listener *l)
{
	struct sip_place *p = mem_alloc(sizeof *p, place_destroy);
	if (!p)
		return -ENOMEM;
	p->stack = s;
	p->l = *l;
	p->l.tls = mem_ref(l->tls);
	p->name = mem_strdup(l->name ? l->name : "");
	p->l.name = p->name;
	int err = p->name ? place_open(p, l) : -ENOMEM;
	if (err)
		mem_deref(p);
	else
		list_append(&s->places, &p->link);
	return err;
}

int sip_stack_serve(const struct sip_listener *l)
{
	struct sip_place *p = sip_place_of(l);
	int err = p->udp || p->server || p->stack->wire ? 0 : sip_conn_listen(p);
	if (!err && p->server)
		p->l.fd = stream_server_fd(p->server);
	return err;
}

struct sip_place *sip_place_of(const struct sip_listener *l)
{
	return container_of((struct sip_listener *)(uintptr_t)l, struct sip_place, l);
}

/* The local address the kernel would send from to `peer`. */
static int kernel_source(struct addr *ret, const struct addr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(peer, &ss);
	int err = 0, fd = socket(peer->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&ss, len))
		err = -errno;
	len = sizeof ss;
	if (!err && getsockname(fd, (struct sockaddr *)&ss, &len))
		err = -errno;
	close(fd);
	return err ? err : addr_from_sockaddr(ret, (struct sockaddr *)&ss);
}

static bool serves(const struct sip_place *p, enum sip_transport transport, const struct addr *peer)
{
	return p->l.transport == transport && p->l.local.family == peer->family;
}

static const struct sip_listener *routed_listener(const struct sip_stack *s, enum sip_transport transport, const struct addr *peer)
{
	const struct sip_place *p, *first = NULL;
	struct addr src;
	unsigned n = 0;
	list_foreach(p, &s->places, link)
		if (serves(p, transport, peer) && !n++)
			first = p;
	if (n < 2 || kernel_source(&src, peer))
		return first ? &first->l : NULL;
	list_foreach(p, &s->places, link)
		if (serves(p, transport, peer) && addr_ip_eq(&p->l.local, &src))
			return &p->l;
	return &first->l;
}

const struct sip_listener *sip_stack_listener(const struct sip_stack *s, const char *name, enum sip_transport transport,
					      const struct addr *peer)
{
	const struct sip_place *p;
	if (!name)
		return routed_listener(s, transport, peer);
	list_foreach(p, &s->places, link)
		if (serves(p, transport, peer) && !strcmp(p->name, name))
			return &p->l;
	return NULL;
}

struct sip_reach sip_stack_reach(const struct sip_stack *s, const char *name)
{
	const struct sip_place *p;
	struct sip_reach reach = {0};
	list_foreach(p, &s->places, link)
		if (!sip_transport_is_ws(p->l.transport) && (!name || !*name || !strcmp(p->name, name)))
			reach.families[p->l.transport] |= p->l.local.family == AF_INET ? SIP_REACH_V4 : SIP_REACH_V6;
	return reach;
}

struct sip_place *sip_place_for(const struct sip_stack *s, const struct sip_listener *l, const struct addr *dst)
{
	if (!l || l->local.family != dst->family)
		l = sip_stack_listener(s, l ? l->name : NULL, l ? l->transport : SIP_UDP, dst);
	return l ? sip_place_of(l) : NULL;
}

const struct addr *sip_listener_seen(const struct sip_listener *l, const struct addr *peer)
{
	if (!addr_is_set(&l->advertised))
		return &l->local;
	for (unsigned i = 0; i < l->n_nets; i++)
		if (prefix_has(&l->nets[i], peer))
			return &l->local;
	return &l->advertised;
}

const char *sip_place_seen(const struct sip_place *p, const struct addr *peer)
{
	return sip_listener_seen(&p->l, peer) == &p->l.local ? p->local_text : p->advertised_text;
}

int sip_listener_fd(const struct sip_listener *l)
{
	return l->fd;
}

/* --- the stack ---------------------------------------------------------------------------------------------------- */

static void stack_destroy(void *obj)
{
	struct sip_stack *s = obj;
	struct sip_strans *st;
	struct sip_ctrans *ct;
	struct sip_place *p;
	if (shown == s)
		shown = NULL;
	sip_waiting_acks_drop(s);
	sip_sessions_close(s);
	sip_subscriptions_close(s);
	hash_foreach(ct, &s->ctrans, by_branch) {
		mem_ref(ct);
		sip_ctrans_end(ct);
		ct->stack = NULL;
		mem_deref(ct);
	}
	hash_foreach(st, &s->strans, by_branch) {
		mem_ref(st);
		sip_strans_end(st);
		st->stack = NULL;
		mem_deref(st);
	}
	sip_conns_close(s);
	list_foreach_safe(p, &s->places, link)
		mem_deref(p);
	hash_free(&s->strans);
	hash_free(&s->ctrans);
	hash_free(&s->ctrans_peers);
	mem_deref(s->no_tcp);
	mem_deref(s->paths);
	hash_free(&s->merged);
	hash_free(&s->dialogs);
	mem_deref(s->params.locator);
	buf_reset(&s->scratch);
	buf_reset(&s->lines);
	sip_oc_fini(&s->oc);
	buf_reset(&s->abilities[0]);
	buf_reset(&s->abilities[1]);
	mem_free(s->server);
}

static const char *const own_methods[] = {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "INFO", NULL};
static const char *const own_extensions[] = {"100rel", "timer", NULL};

static int write_abilities(struct sip_stack *s)
{
	if (!s->params.methods)
		s->params.methods = own_methods;
	if (!s->params.extensions)
		s->params.extensions = own_extensions;
	sip_put_list(&s->abilities[0], "Allow", s->params.methods);
	sip_put_list(&s->abilities[1], "Supported", s->params.extensions);
	return s->abilities[0].err ? s->abilities[0].err : s->abilities[1].err;
}

int sip_stack_open(struct sip_stack **ret, const struct sip_stack_params *params)
{
	struct sip_stack *s = mem_alloc(sizeof *s, stack_destroy);
	if (!s)
		return -ENOMEM;
	s->params = *params;
	if (!s->params.timers.t1)
		s->params.timers = (struct sip_timers){500, 4000, 5000};
	list_init(&s->places);
	list_init(&s->sessions);
	list_init(&s->waiting_acks);
	mem_ref(params->locator);
	list_init(&s->subscribing);
	list_init(&s->subscriptions);
	s->salt = sip_random(s, UINT32_MAX);
	int err = hash_init(&s->strans, 1024) ?: hash_init(&s->ctrans, 1024) ?: hash_init(&s->merged, 1024)
		  ?: hash_init(&s->dialogs, 1024) ?: hash_init(&s->ctrans_peers, 64)
		  ?: sip_dead_new(&s->no_tcp, 1024) ?: sip_paths_new(&s->paths, path_mtu) ?: sip_conns_open(s) ?: sip_oc_init(&s->oc);
	if (!err)
		err = write_abilities(s);
	if (!err && params->server && !(s->server = mem_strdup(params->server)))
		err = -ENOMEM;
	if (err) {
		mem_deref(s);
	} else {
		counter_group.refresh = refresh;
		counter_register(&counter_group);
		sip_malformed_show();
		sip_check_show();
		sip_transport_counters();
		shown = s;
		*ret = s;
	}
	return err;
}

void sip_stack_wire(struct sip_stack *s, sip_wire_fn fn, void *arg)
{
	s->wire = fn;
	s->wire_arg = arg;
}

void sip_stack_trace(struct sip_stack *s, bool on)
{
	s->trace = on;
}

void sip_stack_set_loss(struct sip_stack *s, unsigned loss)
{
	s->oc.loss = loss;
	s->oc.seq = clock_utc_ms();
}

void sip_stack_ask_loss(struct sip_stack *s, bool ask)
{
	s->oc.ask = ask;
}

bool sip_is_loss_controlled(const struct sip_msg *req)
{
	return slice_is_set(sip_param(req->via.params, SLICE("oc")));
}

void sip_stack_watch(struct sip_stack *s, const struct sip_watch *watch)
{
	s->params.watch = *watch;
}

void sip_stack_set_limits(struct sip_stack *s, const struct sip_limits *limits, const struct sip_conn_limits *conns)
{
	s->params.conns = *conns;
	s->params.limits = *limits;
}

size_t sip_stack_transactions(const struct sip_stack *s)
{
	return s->strans.count + s->ctrans.count;
}

/* --- what came in ------------------------------------------------------------------------------------------------- */

/* Keep-alives of phones behind NAT (RFC 5626 3.5.1 in spirit), STUN and what is not SIP at all. */
/* A binding request by which a phone asks whether its way to us is still the same (RFC 5626 4.4.2, RFC 8489). Strangers are not answered. */
static void take_stun(struct sip_place *p, const struct addr *src, const char *data, size_t len)
{
	const struct sip_watch *w = &p->stack->params.watch;
	struct buf *out = &p->stack->scratch;
	struct stun_msg m;
	sip_counts[SIP_CNT_STUN]++;
	if (sip_place_reliable(p) || stun_read(&m, data, len) || m.class != STUN_REQUEST || m.method != STUN_BINDING ||
	    (w->knows && !w->knows(w->arg, src)))
		return;
	out->len = 0;
	stun_write_answer(out, &m, src);
	if (out->err)
		buf_reset(out);
	else if (p->stack->wire)
		p->stack->wire(p->stack->wire_arg, &p->l.local, src, buf_text(out));
	else
		udp_send(p->udp, src, buf_text(out));
}

static bool is_sip(const char *data, size_t len)
{
	size_t blank = 0;
	while (blank < len && strchr("\r\n \t", data[blank])) /* NUL too */
		blank++;
	if (blank == len) {
		sip_counts[SIP_CNT_KEEPALIVE]++;
		return false;
	}
	for (; blank < len && data[blank] > ' ' && data[blank] < 0x7f; blank++)
		;
	if (blank < len && data[blank] == ' ')
		return true;
	sip_counts[SIP_CNT_JUNK]++;
	return false;
}

/* What goes on without a transaction; false when there is no proxy or it will not have it. */
static bool pass_stateless(struct sip_place *p, const struct sip_msg *m)
{
	const struct sip_stack_params *params = &p->stack->params;
	return params->on_stateless && params->on_stateless(params->arg, &p->l, m);
}

static void take_response(struct sip_place *p, struct sip_msg *rsp)
{
	struct sip_stack *s = p->stack;
	struct sip_ctrans *ct = sip_ctrans_find(s, rsp->via.branch, rsp->cseq.method);
	sip_counts[SIP_CNT_RX_RESPONSE]++;
	if (ct)
		sip_oc_heard(&s->oc, &ct->dst, rsp->via.params);
	if (ct)
		sip_ctrans_response(ct, rsp);
	else if (!sip_sessions_answered_again(s, rsp) && !pass_stateless(p, rsp))
		sip_counts[SIP_CNT_STRAY_RESPONSE]++;
}

static void proven(const struct sip_stack *s, const struct addr *src)
{
	if (s->params.watch.proven)
		s->params.watch.proven(s->params.watch.arg, src);
}

/* An ACK belongs to the transaction of a refusal, or to the dialog of a 2xx; one that belongs to nothing is nobody's. */
static void take_ack(struct sip_place *p, const struct sip_msg *ack)
{
	struct sip_stack *s = p->stack;
	struct sip_strans *st = sip_strans_find(s, ack, SIP_INVITE);
	bool ours = st && slice_eq(ack->to.tag, slice_str(st->tag));
	if (st && st->state != STRANS_ACCEPTED)
		sip_strans_ack(st);
	else if (sip_sessions_request(s, NULL, ack))
		ours = true;
	else if (sip_acks_stateless(s, ack) || !pass_stateless(p, ack))
		sip_counts[SIP_CNT_STRAY_ACK]++;
	if (ours)
		proven(s, &ack->src);
}

/* 481; a stranger does not learn whether there is such a call. */
static void refuse_stray(struct sip_strans *st)
{
	if (st->req->stranger)
		sip_refuse_stranger(st);
	else
		sip_reply_once(st, 481, NULL, SLICE_NONE);
}

/* 9.1 says what is the same in both; and where it comes from, since nothing in it was ours to choose: whoever has guessed a branch ends no call. */
static bool cancels(const struct sip_strans *target, const struct sip_msg *cancel)
{
	const struct sip_identity *id = &target->id;
	return slice_eq(id->call_id, cancel->call_id) && slice_eq(id->from_tag, cancel->from.tag) && id->cseq == cancel->cseq.number &&
	       addr_ip_eq(&target->reply_to, &cancel->src);
}

static void take_cancel(struct sip_stack *s, struct sip_strans *st, enum sip_core core)
{
	struct sip_strans *target = sip_strans_find(s, st->req, SIP_METHOD_CANCELLED);
	/* 16.10: what an earlier process forwarded can still be cancelled; whoever gets it answers. */
	if (!target && core == SIP_CORE_PROXY && pass_stateless(st->place, st->req)) {
		sip_strans_end(st);
		return;
	}
	if (!target || !cancels(target, st->req)) {
		sip_counts[SIP_CNT_STRAY_CANCEL]++;
		refuse_stray(st);
		return;
	}
	mem_ref(target);
	/* 9.2: the To tag of both answers should be the same. */
	memcpy(st->tag, target->tag, sizeof st->tag);
	sip_reply(st, 200, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	sip_strans_cancel(target, st->req);
	mem_deref(target);
}

/* Inside a dialog or not: 12.2.2 against 8.2. REGISTER makes no dialogs, whatever its To says. */
static void take_new(struct sip_stack *s, struct sip_strans *st)
{
	const struct sip_msg *req = st->req;
	if (req->to.tag.len && req->method != SIP_REGISTER) {
		if (sip_sessions_request(s, st, req)) {
			proven(s, &req->src);
			return;
		}
		sip_counts[SIP_CNT_NO_DIALOG]++;
		refuse_stray(st);
	} else if (s->params.on_request) {
		s->params.on_request(s->params.arg, st, req);
	} else {
		sip_reply(st, 503, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	}
}

static enum sip_core core_of(const struct sip_place *p, const struct sip_msg *req)
{
	const struct sip_stack_params *params = &p->stack->params;
	return params->core && !sip_sessions_have(p->stack, req) ? params->core(params->arg, &p->l, req) : SIP_CORE_UA;
}

/* The same request on another path, or one of ours that came back: 482 to a user agent (8.2.2.2). A proxy looks for loops itself. */
static bool came_before(const struct sip_stack *s, const struct sip_msg *req)
{
	if (req->method == SIP_CANCEL)
		return false;
	bool merged = sip_strans_is_merged(s, req), loop = !merged && sip_ctrans_is_loop(s, req);
	sip_counts[SIP_CNT_MERGED] += merged;
	sip_counts[SIP_CNT_LOOP] += loop;
	return merged || loop;
}

/* Nothing is made for what there is no time for. */
static bool is_too_busy(struct sip_place *p, const struct sip_msg *req)
{
	const struct sip_watch *w = &p->stack->params.watch;
	char text[48];
	struct buf line = buf_fixed(text, sizeof text);
	int busy = w->busy && req->method != SIP_CANCEL ? w->busy(w->arg, req, p->stack->waited_ms) : 0;
	if (!busy)
		return false;
	sip_counts[SIP_CNT_BUSY]++;
	buf_printf(&line, "Retry-After: %d\r\n", busy);
	if (busy > 0)
		sip_reply_stateless(p, req, 503, NULL, buf_text(&line));
	return true;
}

static void take_request(struct sip_place *p, struct sip_msg *req)
{
	struct sip_stack *s = p->stack;
	struct sip_strans *st;
	sip_counts[SIP_CNT_RX_REQUEST]++;
	if (req->method == SIP_ACK) {
		take_ack(p, req);
		return;
	}
	st = sip_strans_find(s, req, req->method);
	if (st) {
		sip_strans_again(st);
		return;
	}
	if (is_too_busy(p, req))
		return;
	enum sip_core core = core_of(p, req);
	if (core == SIP_CORE_STATELESS) {
		pass_stateless(p, req);
		return;
	}
	bool again = core == SIP_CORE_UA && came_before(s, req);
	if (sip_strans_new(&st, p, req)) {
		sip_counts[SIP_CNT_NOMEM]++;
		return;
	}
	mem_ref(st);
	if (core != SIP_CORE_UA)
		hash_remove(&s->merged, &st->by_call); /* passed on, it may well meet a user agent of ours */
	if (again)
		sip_reply_once(st, 482, NULL, SLICE_NONE);
	else if (req->method == SIP_CANCEL)
		take_cancel(s, st, core);
	else if (core == SIP_CORE_PROXY)
		s->params.on_proxy(s->params.arg, st, req);
	else
		take_new(s, st);
	/* 17.2.1: an INVITE that nobody has answered by now gets its 100. */
	if (st->stack && req->method == SIP_INVITE && !sip_strans_answered(st))
		sip_reply(st, 100, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	mem_deref(st);
}

/* Strangers do not learn what is wrong. */
static void refuse_malformed(struct sip_place *p, const struct sip_msg *m, unsigned status, const char *why)
{
	if (m && m->stranger) {
		status = p->stack->params.watch.stranger_status;
		why = NULL;
	}
	if (m && m->request && m->method != SIP_ACK && status >= 300) {
		sip_counts[SIP_CNT_MALFORMED_ANSWERED]++;
		sip_reply_stateless(p, m, status, why, SLICE_NONE);
	} else {
		sip_counts[SIP_CNT_MALFORMED_DROPPED]++;
	}
}

static void set_origin(struct sip_place *p, struct sip_msg *m, const struct addr *src, const struct addr *dst)
{
	const struct sip_watch *w = &p->stack->params.watch;
	m->src = *src;
	m->dst = *dst;
	m->listener = &p->l;
	m->stranger = m->request && w->knows && !w->knows(w->arg, src);
}

void sip_stack_refuse(struct sip_place *p, struct sip_msg *req, const struct addr *src, const struct addr *dst, unsigned status, const char *why)
{
	set_origin(p, req, src, dst);
	refuse_malformed(p, req, status, why);
}

void sip_stack_input(struct sip_place *p, const struct addr *src, const struct addr *dst, char *data, size_t len)
{
	struct sip_stack *s = p->stack;
	const struct sip_watch *w = &s->params.watch;
	struct sip_msg *m = NULL;
	const char *why = NULL;
	unsigned status = 0;
	if (stun_is(data, len)) {
		take_stun(p, src, data, len);
		return;
	}
	if (!is_sip(data, len))
		return;
	sip_transport_rx[p->l.transport]++;
	if (w->admits && !w->admits(w->arg, src, sip_place_reliable(p), slice_of(data, len)))
		return;
	if (s->trace && s->params.on_trace)
		s->params.on_trace(s->params.arg, false, &p->l, dst, src, slice_of(data, len));
	int err = sip_msg_parse(&m, data, len, &status, &why);
	if (!err && sip_limits_exceeded(&s->params.limits, m, &status, &why))
		err = -EBADMSG;
	if (m)
		set_origin(p, m, src, dst);
	if (err == -ENOMEM) {
		sip_counts[SIP_CNT_NOMEM]++;
	} else if (err) {
		if (w->malformed)
			w->malformed(w->arg, src);
		refuse_malformed(p, m, status, why);
	} else if (m->request) {
		if (slice_is_set(sip_param(m->via.params, SLICE("alias"))))
			sip_conn_alias(p, m);
		take_request(p, m);
	} else {
		take_response(p, m);
	}
	mem_deref(m);
}

/* Without enough of the datagram to tell which request it was, all that wait for `dst` have failed. What a user does when
 * told may end others, so that the walk starts anew after each. */
static void fail_all_to(struct sip_stack *s, const struct addr *dst, int err)
{
	struct sip_ctrans *ct, *found;
	do {
		found = NULL;
		hash_foreach(ct, &s->ctrans, by_branch)
			if (!found && ct->state < CTRANS_PROCEEDING && addr_eq(&ct->dst, dst))
				found = ct;
		if (found)
			sip_ctrans_fail(found, err);
	} while (found);
}

/* RFC 3261 18.4. The quoted datagram's Via and CSeq tell which request it was; a response of ours matches nothing. */
void sip_stack_undelivered(struct sip_stack *s, const struct addr *dst, int err, struct slice sent)
{
	struct sip_via via = {0};
	struct sip_ctrans *ct;
	if (err == -EAGAIN || err == -ENOBUFS || slice_starts(sent, SLICE("SIP/2.0 ")))
		return;
	if (err == -EMSGSIZE)
		sip_path_forget(s->paths, dst);
	struct slice line = slice_line(&sent), method = slice_cut(&line, ' ');
	struct slice value = sip_text_hdr(sent, SLICE("Via"));
	if (!slice_is_set(value) || sip_via_parse(&via, value) || !via.branch.len) {
		if (err != -EMSGSIZE)
			fail_all_to(s, dst, err);
		return;
	}
	ct = sip_ctrans_find(s, via.branch, sip_method_parse(method));
	if (ct && err == -EMSGSIZE)
		sip_ctrans_narrowed(ct);
	else if (ct && ct->state < CTRANS_PROCEEDING && addr_eq(&ct->dst, dst))
		sip_ctrans_fail(ct, err);
}
