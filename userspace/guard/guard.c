// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/guard_priv.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>

enum {
	CNT_BANNED, CNT_RATE, CNT_FAILURES, CNT_PROBES, CNT_MALFORMED, CNT_UNPROVEN, CNT_BAN_FAILURES, CNT_BAN_PROBES,
	CNT_BAN_MALFORMED, CNT_EMERGENCY, CNT_NOMEM, CNT_FORGOTTEN, CNT_SOURCES, CNT_MAX
};
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_BANNED] = {"dropped-banned", "messages dropped: their source is banned"},
	[CNT_RATE] = {"dropped-rate", "messages dropped: more than security.message-rate from one source"},
	[CNT_FAILURES] = {"failures", "credentials that were wrong"},
	[CNT_PROBES] = {"probes", "requests of strangers for what strangers may not"},
	[CNT_MALFORMED] = {"malformed", "malformed messages"},
	[CNT_UNPROVEN] = {"unproven", "bans not made: the source has not shown to be where it says"},
	[CNT_BAN_FAILURES] = {"bans-failures", "bans for guessing passwords"},
	[CNT_BAN_PROBES] = {"bans-probes", "bans for asking what strangers may not"},
	[CNT_BAN_MALFORMED] = {"bans-malformed", "bans for malformed messages"},
	[CNT_EMERGENCY] = {"emergency", "messages of emergency calls taken in spite of a rule"},
	[CNT_NOMEM] = {"nomem", "messages taken unseen: memory is out"},
	[CNT_FORGOTTEN] = {"sources-forgotten", "sources forgotten to make room for others"},
	[CNT_SOURCES] = {"sources-known", "sources remembered"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("security", counter_defs, counts);
static const struct guard *shown; /* whose sources the counters show */

/* A rule a row: its options, what is counted when it is met with and when it bans. What is over the rate of messages is only dropped: a
 * site behind one address that comes back all at once has done no wrong. */
static const struct {
	const char *name, *rate, *burst;
	unsigned per_minute; /* how often a minute the rate is meant for: it is one of seconds or of minutes */
	int met, bans;
} rules[GUARD_RULES] = {
	[GUARD_MESSAGES] = {"too many messages", "message-rate", "message-burst", 60, -1, -1},
	[GUARD_FAILURES] = {"guessing passwords", "failure-rate", "failure-burst", 1, CNT_FAILURES, CNT_BAN_FAILURES},
	[GUARD_PROBES] = {"probing", "probe-rate", "probe-burst", 1, CNT_PROBES, CNT_BAN_PROBES},
	[GUARD_MALFORMED] = {"malformed messages", "malformed-rate", "malformed-burst", 1, CNT_MALFORMED, CNT_BAN_MALFORMED},
};

static void refresh(struct counter_group *group)
{
	(void)group;
	counts[CNT_SOURCES] = shown ? shown->sources.n[0] + shown->sources.n[1] : 0;
	counts[CNT_FORGOTTEN] = shown ? shown->sources.forgotten : 0;
}

/* --- construction --------------------------------------------------------------------------------------------------- */

static void guard_destroy(void *obj)
{
	struct guard *g = obj;
	if (shown == g)
		shown = NULL;
	sources_fini(&g->sources);
	mem_free(g->trusted);
	mem_deref(g->conf);
}

static int take_trusted(struct guard *g, const struct conf_part *p)
{
	unsigned n = conf_list_count(p, "trusted");
	struct prefix *nets = n ? mem_raw(n * sizeof *nets) : NULL;
	if (n && !nets)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		prefix_parse(&nets[i], slice_str(conf_list_at(p, "trusted", i)));
	mem_free(g->trusted);
	g->trusted = nets;
	g->n_trusted = n;
	return 0;
}

static int take_conf(struct guard *g, const struct conf *conf)
{
	const struct conf_part *p = conf_section(conf, "security");
	int err = take_trusted(g, p);
	if (err)
		return err;
	for (unsigned i = 0; i < GUARD_RULES; i++)
		g->rate[i] = (struct bucket_rate){(uint32_t)conf_int(p, rules[i].rate) * rules[i].per_minute, (uint32_t)conf_int(p, rules[i].burst)};
	g->ban_ms = (uint64_t)conf_int(p, "ban-time");
	g->ban_max_ms = (uint64_t)conf_int(p, "ban-max");
	mem_ref((void *)(uintptr_t)conf);
	mem_deref(g->conf);
	g->conf = (struct conf *)(uintptr_t)conf;
	return 0;
}

int guard_new(struct guard **ret, const struct guard_params *p)
{
	struct guard *g = mem_alloc(sizeof *g, guard_destroy);
	if (!g)
		return -ENOMEM;
	g->p = *p;
	int err = sources_init(&g->sources, (unsigned)conf_int(conf_section(p->conf, "security"), "sources"));
	err = err ? err : take_conf(g, p->conf);
	if (err) {
		mem_deref(g);
		return err;
	}
	counters.refresh = refresh;
	counter_register(&counters);
	shown = g;
	*ret = g;
	return 0;
}

void guard_reconfigure(struct guard *g, const struct conf *conf)
{
	if (take_conf(g, conf))
		log_error("security", "memory is out: the rules stay as they were");
}

unsigned guard_stranger_status(const struct conf *conf)
{
	return strcmp(conf_string(conf_section(conf, "security"), "unknown"), "drop") ? 403 : 0;
}

/* --- who is who ----------------------------------------------------------------------------------------------------- */

bool guard_knows(const struct guard *g, const struct addr *src)
{
	for (unsigned i = 0; i < g->n_trusted; i++)
		if (prefix_has(&g->trusted[i], src))
			return true;
	return g->p.is_peer && g->p.is_peer(g->p.arg, src);
}

static bool is_emergency(const struct guard *g, const struct sip_uri *uri, const struct addr *src)
{
	struct slice service = slice_casestarts(uri->text, SLICE("urn:service:sos")) ? slice_from(uri->text, 15) : SLICE_NONE;
	if (slice_is_set(service) && (!service.len || service.p[0] == '.'))
		return true;
	return g->p.is_emergency && g->p.is_emergency(g->p.arg, uri, src);
}

bool guard_exempt(const struct guard *g, const struct sip_msg *req)
{
	return req->request && is_emergency(g, &req->ruri, &req->src);
}

/* Of the text of a message that a rule would drop: whether it is an INVITE for an emergency call, and whether it begins something. */
static bool begins_emergency(const struct guard *g, const struct addr *src, struct slice text)
{
	struct sip_uri uri;
	struct slice line = slice_line(&text), method = slice_cut(&line, ' ');
	return slice_eq(method, SLICE("INVITE")) && !sip_uri_parse(&uri, slice_cut(&line, ' ')) && is_emergency(g, &uri, src);
}

/* ACK, CANCEL, BYE, PRACK, UPDATE and INFO belong to what began before, and so does every response. */
static bool continues(struct slice text)
{
	static const char *const methods[] = {"ACK ", "CANCEL ", "BYE ", "PRACK ", "UPDATE ", "INFO ", "SIP/2.0 "};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_starts(text, slice_str(methods[i])))
			return true;
	return false;
}

/* An emergency call is taken, and so is what belongs to it, for as long as one may last. */
static bool is_sheltered(const struct guard *g, struct origin *o, const struct addr *src, struct slice text, uint64_t now)
{
	bool begins = begins_emergency(g, src, text);
	if (begins)
		o->sheltered_until = now + 3600000;
	if (!begins && !(o->sheltered_until > now && continues(text)))
		return false;
	counts[CNT_EMERGENCY]++;
	return true;
}

/* --- rules ---------------------------------------------------------------------------------------------------------- */

const char *guard_rule_name(const struct origin *o)
{
	return o->by_operator ? "operator" : rules[o->rule].name;
}

void guard_ban(struct guard *g, struct origin *o, uint64_t ms)
{
	sources_prove(&g->sources, o); /* what is banned is not pushed out by strangers */
	o->banned_until = clock_ms() + ms;
	o->bans++;
}

void guard_unban(struct origin *o)
{
	o->banned_until = 0;
	o->by_operator = false;
	o->bans = 0;
	for (unsigned i = 0; i < SOURCE_BUCKETS; i++)
		o->bucket[i] = (struct bucket){0};
}

/* Each ban of a source lasts twice as long as the one before it. */
static uint64_t ban_time(const struct guard *g, const struct origin *o)
{
	uint64_t ms = g->ban_ms;
	for (unsigned i = 0; i < o->bans && ms < g->ban_max_ms; i++)
		ms *= 2;
	return ms < g->ban_max_ms ? ms : g->ban_max_ms;
}

static void over(struct guard *g, struct origin *o, const struct addr *src, enum guard_rule rule)
{
	char text[ADDR_STR_LEN];
	if (!g->ban_ms || guard_is_banned(o, clock_ms()) || guard_knows(g, src))
		return;
	if (!o->proven) {
		counts[CNT_UNPROVEN]++;
		return;
	}
	uint64_t ms = ban_time(g, o);
	o->rule = (uint8_t)rule;
	o->by_operator = false;
	guard_ban(g, o, ms);
	counts[rules[rule].bans]++;
	log_remote("security", "%s is banned for %llu s: %s", origin_str(o, text), (unsigned long long)(ms / 1000), rules[rule].name);
}

static void met(struct guard *g, const struct addr *src, enum guard_rule rule, bool proves)
{
	struct origin *o = sources_seen(&g->sources, src);
	counts[rules[rule].met]++;
	if (!o)
		return;
	if (proves)
		sources_prove(&g->sources, o);
	if (!bucket_take(&o->bucket[rule], &g->rate[rule], clock_ms()))
		over(g, o, src, rule);
}

bool guard_admits(struct guard *g, const struct addr *src, bool secure, struct slice text)
{
	struct origin *o = sources_seen(&g->sources, src);
	uint64_t now = clock_ms();
	if (!o) {
		counts[CNT_NOMEM]++;
		return true;
	}
	o->messages++;
	if (secure)
		sources_prove(&g->sources, o);
	bool banned = guard_is_banned(o, now);
	if (!banned && bucket_take(&o->bucket[GUARD_MESSAGES], &g->rate[GUARD_MESSAGES], now))
		return true;
	/* An operator's ban is meant; others end for whoever has become known. */
	if ((!banned || !o->by_operator) && guard_knows(g, src))
		return true;
	if (is_sheltered(g, o, src, text, now))
		return true;
	o->dropped++;
	counts[banned ? CNT_BANNED : CNT_RATE]++;
	return false;
}

void guard_proven(struct guard *g, const struct addr *src)
{
	struct origin *o = sources_find(&g->sources, src);
	if (o)
		sources_prove(&g->sources, o);
}

void guard_malformed(struct guard *g, const struct addr *src)
{
	met(g, src, GUARD_MALFORMED, false);
}

void guard_refused_stranger(struct guard *g, const struct addr *src)
{
	met(g, src, GUARD_PROBES, false);
}

void guard_authenticated(struct guard *g, const struct addr *src, bool good, bool here)
{
	struct origin *o;
	if (!good) {
		met(g, src, GUARD_FAILURES, here);
	} else if (here && (o = sources_seen(&g->sources, src))) {
		sources_prove(&g->sources, o);
		o->bucket[GUARD_FAILURES] = (struct bucket){0};
	}
}
