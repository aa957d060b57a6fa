// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk.h"
#include "base/log.h"
#include "base/alarm.h"
#include "base/mem.h"
#include "routing/headers.h"
#include "routing/trunk_index.h"
#include "routing/trunk_locate.h"
#include "routing/trunk_probe.h"
#include "routing/trunk_register.h"
#include "sip/stack.h"
#include <errno.h>
#include <stdlib.h>

/* How long a peer that let a call go unanswered is tried last, when nothing better is known of it. */
#define AVOID_MS 30000

static const struct alarm_def alarm_down = {
	.name = "trunk",
	.severity = ALARM_MAJOR,
	.help = "A trunk takes no calls: its peers do not answer, or refuse its registration. The detail says which; the other side or the way to it is to blame, "
		"or the trunk's addresses or password are wrong.",
	.raise_ms = 0,
	.clear_ms = 0,
};

/* --- its state ------------------------------------------------------------------------------------------ */

static bool is_down(const struct trunk *t)
{
	for (unsigned i = 0; i < t->n_peers; i++)
		if (!t->peer[i].down)
			return false;
	return true;
}

bool trunk_unreachable(const struct trunk *t)
{
	return is_down(t) || (t->registration && !trunk_register_good(t->registration));
}

static void clear_alarm(const struct trunk *t)
{
	char object[80];
	struct buf b = buf_fixed(object, sizeof(object));
	buf_printf(&b, "trunk %s", t->name);
	alarm_clear(&alarm_down, buf_z(&b));
}

static void check_alarm(const struct trunk *t, const char *why)
{
	char object[80];
	struct buf b = buf_fixed(object, sizeof(object));
	buf_printf(&b, "trunk %s", t->name);
	if (trunk_unreachable(t))
		alarm_raise(&alarm_down, buf_z(&b), why);
	else
		clear_alarm(t);
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct trunk *t = obj;
	mem_deref(t->probe);
	mem_deref(t->registration);
	mem_deref(t->locate);
	mem_deref(t->table);
	mem_free(t->place);
	mem_deref(t->holder);
}

static int load_peers(struct trunk *t)
{
	int err = sip_transport_parse(&t->transport, slice_str(conf_string(t->conf, "transport")));
	for (unsigned i = 0; !err && i < conf_list_count(t->conf, "peer") && i < TRUNK_PEERS; i++) {
		err = addr_parse(&t->peer[i].addr, slice_str(conf_list_at(t->conf, "peer", i)), sip_transports[t->transport].port);
		t->peer[i].transport = t->transport;
		t->n_peers += !err;
	}
	for (unsigned i = 0; !err && i < conf_list_count(t->conf, "networks") && i < TRUNK_NETWORKS; i++) {
		err = prefix_parse(&t->networks[i], slice_str(conf_list_at(t->conf, "networks", i)));
		t->n_networks += !err;
	}
	return err;
}

static void keep_known(struct trunk *t, const struct trunk_peer *known, unsigned n)
{
	for (unsigned i = 0; i < t->n_peers; i++) {
		for (unsigned k = 0; k < n; k++)
			if (addr_eq(&t->peer[i].addr, &known[k].addr) && t->peer[i].transport == known[k].transport)
				t->peer[i] = known[k];
		/* Nobody would ever say that it is up again. */
		t->peer[i].down &= conf_int(t->conf, "probe-interval") > 0;
	}
}

static void inherit(struct trunk *t, const struct trunk *was)
{
	t->drained = was->drained;
	limits_inherit(&t->limits, &was->limits);
	if (!t->n_peers && t->transport == was->transport && conf_same_value(t->conf, was->conf, "domain")) {
		t->n_peers = was->n_peers;
		memcpy(t->peer, was->peer, sizeof(t->peer));
	}
	keep_known(t, was->peer, was->n_peers);
}

static int trunk_new(struct trunk **ret, const struct conf *conf, const struct conf_part *part)
{
	struct trunk *t = mem_alloc(sizeof(*t), destroy);
	if (!t)
		return -ENOMEM;
	t->holder = mem_ref((void *)(uintptr_t)conf);
	t->conf = part;
	t->name = conf_title(part);
	t->certificate = conf_string(part, "certificate");
	t->login = (struct digest_login){
		.user = slice_str(conf_string(part, "auth-user")), .password = slice_str(conf_string(part, "password")), .realm = slice_str(conf_string(part, "auth-realm")),
	};
	limits_load(&t->limits, part);
	t->believed = conf_bool(part, "believe-identity");
	t->told = conf_bool(part, "tell-identity");
	t->diversion = (enum trunk_diversion)conf_int(part, "diversion");
	for (; t->n_codecs < TRUNK_CODECS && t->n_codecs < conf_list_count(part, "codecs"); t->n_codecs++)
		t->codec[t->n_codecs] = conf_list_at(part, "codecs", t->n_codecs);
	trunk_numbers_load(&t->numbers, conf, part);
	int err = load_peers(t);
	t->place = mem_raw(trunk_index_places(t->n_peers ? t->n_peers : TRUNK_PEERS, t->n_networks) * sizeof(*t->place));
	if (!err)
		err = t->place ? header_table_new(&t->table, part) : -ENOMEM;
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}

static void add(struct trunks *ts, struct trunk *t)
{
	list_append(&ts->all, &t->link);
	if (*t->certificate)
		list_append(&ts->certified, &t->by_certificate);
	trunk_index_add(ts->index, t);
}

int trunks_load(struct trunks *ts, const struct conf *conf, const struct trunks *old)
{
	const struct conf_part *part;
	struct trunk *t;
	*ts = (struct trunks){0};
	list_init(&ts->all);
	list_init(&ts->certified);
	list_init(&ts->leaving);
	int err = trunk_index_new(&ts->index);
	for (unsigned i = 0; !err && (part = conf_titled(conf, "trunk", i)); i++) {
		err = trunk_new(&t, conf, part);
		if (err)
			break;
		const struct trunk *was = old ? trunks_find(old, slice_str(t->name)) : NULL;
		if (was)
			inherit(t, was);
		add(ts, t);
	}
	if (err)
		trunks_free(ts);
	return err;
}

static void drop_all(struct trunks *ts)
{
	struct trunk *t;
	list_foreach_safe(t, &ts->all, link) {
		list_remove(&t->link);
		list_remove(&t->by_certificate);
		trunk_index_remove(t);
		mem_deref(t);
	}
	ts->index = mem_deref(ts->index);
}

void trunks_free(struct trunks *ts)
{
	struct trunk *t;
	drop_all(ts);
	list_foreach_safe(t, &ts->leaving, link)
		trunk_left(t);
}

/* --- what goes on by itself ----------------------------------------------------------------------------------------- */

static void stop(struct trunk *t)
{
	if (t->registration)
		trunk_register_leave(t->registration);
	t->registration = mem_deref(t->registration);
	t->probe = mem_deref(t->probe);
	t->locate = mem_deref(t->locate);
}

/* One that is gone stays until its registrar has heard of that. */
static void see_off(struct trunks *ts, struct trunk *t)
{
	t->probe = mem_deref(t->probe);
	t->locate = mem_deref(t->locate);
	if (!t->registration || !trunk_register_leave(t->registration)) {
		t->registration = mem_deref(t->registration);
		return;
	}
	list_remove(&t->link);
	list_remove(&t->by_certificate);
	trunk_index_remove(t);
	list_append(&ts->leaving, &t->link);
}

static void hand_over(struct trunk *was, struct trunk *now)
{
	if (trunk_locate_continues(was->locate, now)) {
		now->locate = was->locate;
		was->locate = NULL;
	}
	if (trunk_register_continues(was->registration, now)) {
		now->registration = was->registration;
		was->registration = NULL;
	}
	if (trunk_probe_continues(was->probe, now)) {
		now->probe = was->probe;
		was->probe = NULL;
	}
}

void trunks_replace(struct trunks *ts, struct trunks *now)
{
	struct trunk *t;
	list_foreach_safe(t, &ts->all, link) {
		struct trunk *same = trunks_find(now, slice_str(t->name));
		if (same)
			hand_over(t, same);
		else
			trunks_forget(ts, t);
		if (!same || !trunk_unreachable(same))
			clear_alarm(t);
		see_off(ts, t);
	}
	drop_all(ts);
	list_foreach_safe(t, &now->all, link) {
		list_remove(&t->link);
		list_append(&ts->all, &t->link);
	}
	list_foreach_safe(t, &now->certified, by_certificate) {
		list_remove(&t->by_certificate);
		list_append(&ts->certified, &t->by_certificate);
	}
	ts->index = now->index;
	now->index = NULL;
}

int trunks_start(struct trunks *ts, struct sip_stack *stack, struct sip_locator *locator)
{
	struct trunk *t;
	uint32_t later_ms = 0;
	int err = 0;
	list_foreach(t, &ts->all, link) {
		const bool had_registration = t->registration, had_probe = t->probe;
		if (!err && !t->locate)
			err = trunk_locate_new(&t->locate, stack, locator, t);
		if (!err && !had_registration)
			err = trunk_register_new(&t->registration, stack, t, later_ms);
		if (!err && !had_probe)
			err = trunk_probe_new(&t->probe, stack, t, later_ms);
		/* A thousand of them a second. */
		later_ms += (t->registration && !had_registration) || (t->probe && !had_probe);
	}
	return err;
}

void trunks_disconnected(struct trunks *ts, enum sip_transport transport, const struct addr *peer)
{
	struct trunk *t;
	list_foreach(t, &ts->all, link)
		if (t->registration)
			trunk_register_lost(t->registration, transport, peer);
}

void trunks_stop(struct trunks *ts)
{
	struct trunk *t;
	list_foreach(t, &ts->all, link)
		stop(t);
	list_foreach_safe(t, &ts->leaving, link)
		trunk_left(t);
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

struct trunk *trunks_find(const struct trunks *ts, struct slice name)
{
	return trunk_index_name(ts->index, name);
}

struct trunk *trunks_by_login(const struct trunks *ts, struct slice user)
{
	return user.len ? trunk_index_login(ts->index, user) : NULL;
}

struct trunk *trunks_by_address(const struct trunks *ts, const struct addr *src, bool *exact)
{
	return trunk_index_address(ts->index, src, exact);
}

struct trunk *trunks_by_certificate(const struct trunks *ts, const struct sip_msg *req)
{
	struct trunk *t;
	if (!req->listener || !sip_transports[req->listener->transport].secure)
		return NULL;
	list_foreach(t, &ts->certified, by_certificate)
		if (sip_msg_verified(req, slice_str(t->certificate)))
			return t;
	return NULL;
}

/* Where the sender of a request listens, when it is where it came from. */
static struct addr sent_by(const struct sip_msg *req)
{
	struct addr a = req->src, host;
	if (req->listener && sip_transports[req->listener->transport].reliable && !addr_parse_ip(&host, req->via.host) && addr_ip_eq(&host, &a))
		a.port = req->via.port ? req->via.port : sip_transports[req->listener->transport].port;
	return a;
}

struct trunk *trunks_by_sender(const struct trunks *ts, const struct sip_msg *req, bool *exact)
{
	struct addr at = sent_by(req);
	struct trunk *t = trunks_by_certificate(ts, req);
	if (!t) {
		t = trunks_by_address(ts, &req->src, exact);
		return t && *exact ? t : trunks_by_address(ts, &at, exact);
	}
	*exact = true;
	return t;
}

bool trunks_know(const struct trunks *ts, const struct sip_stack *stack, const struct addr *src)
{
	const struct trunk *t;
	bool exact;
	if (trunks_by_address(ts, src, &exact))
		return true;
	list_foreach(t, &ts->certified, by_certificate)
		if (stack && sip_stack_verified(stack, src, slice_str(t->certificate)))
			return true;
	return false;
}

/* --- whether a call can go there ------------------------------------------------------------------------------------ */

const char *trunk_state(const struct trunk *t, const struct lines *lines)
{
	if (t->drained)
		return lines_taken(lines, slice_str(t->name)) ? "draining" : "drained";
	if (is_down(t))
		return "down";
	return t->registration && !trunk_register_good(t->registration) ? "unregistered" : "up";
}

const char *trunk_refusal(const struct trunk *t, const struct lines *lines, unsigned *cause)
{
	*cause = TRUNK_DOWN;
	if (t->drained)
		return "the trunk is drained";
	if (is_down(t))
		return "the trunk is down";
	if (t->registration && !trunk_register_good(t->registration))
		return "the trunk is not registered";
	return limits_refusal(&t->limits, lines, t->name, cause);
}

bool trunk_admit(struct trunk *t)
{
	return limits_admit(&t->limits);
}

unsigned trunk_order(const struct trunk *t, unsigned order[TRUNK_PEERS])
{
	unsigned n = 0;
	for (int avoided = 0; avoided < 2; avoided++)
		for (unsigned i = 0; i < t->n_peers; i++)
			if (!t->peer[i].down && (t->peer[i].avoid_until > clock_ms()) == (bool)avoided)
				order[n++] = i;
	return n;
}

void trunk_heard(struct trunk *t, const struct addr *peer, bool heard)
{
	for (unsigned i = 0; i < t->n_peers; i++)
		if (addr_eq(&t->peer[i].addr, peer))
			t->peer[i].avoid_until = heard ? 0 : clock_ms() + AVOID_MS;
}

bool trunk_fails_over(const struct trunk *t, unsigned status, unsigned cause)
{
	return limits_fails_over(&t->limits, status, cause);
}

/* --- what is heard of it -------------------------------------------------------------------------------------------- */

void trunk_probed(struct trunk *t, const struct addr *peer, bool answered, const char *why)
{
	char text[ADDR_STR_LEN];
	unsigned down_at = (unsigned)conf_int(t->conf, "probe-failures"), up_at = (unsigned)conf_int(t->conf, "probe-successes");
	for (unsigned i = 0; i < t->n_peers; i++) {
		struct trunk_peer *p = &t->peer[i];
		if (!addr_eq(&p->addr, peer))
			continue;
		p->failures = answered ? 0 : p->failures + 1;
		p->successes = answered ? p->successes + 1 : 0;
		bool down = p->down ? p->successes < up_at : p->failures >= down_at;
		if (down != p->down)
			log_warn(t->name, "peer %s: %s -> %s: %s", addr_str(&p->addr, text), p->down ? "down" : "up", down ? "down" : "up", why);
		p->down = down;
	}
	check_alarm(t, why);
}

void trunk_told(struct trunk *t, const char *why)
{
	/* Before it is known what the registrar says, nothing is wrong. */
	if (t->registration)
		check_alarm(t, why);
}

void trunk_left(struct trunk *t)
{
	list_remove(&t->link);
	mem_deref(t);
}

void trunk_set_peers(struct trunk *t, const struct trunk_peer *peer, unsigned n)
{
	struct trunk_peer was[TRUNK_PEERS];
	unsigned n_was = t->n_peers;
	memcpy(was, t->peer, sizeof(was));
	memcpy(t->peer, peer, n * sizeof(*peer));
	t->n_peers = n;
	keep_known(t, was, n_was);
	trunk_index_move(t);
	check_alarm(t, "its addresses are known");
}

json_t *trunk_json(const struct trunk *t, const struct lines *lines)
{
	json_t *peers = json_array();
	for (unsigned i = 0; i < t->n_peers; i++) {
		char text[ADDR_STR_LEN];
		json_array_append_new(peers, json_sprintf("%s %s", addr_str(&t->peer[i].addr, text),
							  t->peer[i].down ? "down" : t->peer[i].avoid_until > clock_ms() ? "avoided" : "up"));
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:s, s:s}", "trunk", t->name, "state", trunk_state(t, lines), "registration",
			 t->registration ? trunk_register_state(t->registration) : "", "calls", (int)lines_taken(lines, slice_str(t->name)),
			 "max_calls", (int)t->limits.max_calls, "peers", peers, "service_route", t->registration ? trunk_register_route(t->registration) : "",
			 "identities", t->registration ? trunk_register_identities(t->registration) : "");
}
