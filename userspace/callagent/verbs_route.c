// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/verbs_route.h"
#include "base/mem.h"
#include "callagent/dial.h"
#include "callagent/emergency_call.h"
#include "callagent/message_waiting.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

#define HEADERS_MAX 32

static int no_memory(struct buf *why)
{
	buf_str(why, "out of memory");
	return -ENOMEM;
}

/* --- trunks --------------------------------------------------------------------------------------------------------- */

static int show_trunks(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const struct trunk *t;
	json_t *list = json_array();
	if (!list)
		return no_memory(why);
	list_foreach(t, &a->trunks.all, link)
		json_array_append_new(list, trunk_json(t, &a->calls.lines));
	*result = list;
	return 0;
}

static int show_lines(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const struct tel_line *l;
	json_t *list = json_array();
	if (!list)
		return no_memory(why);
	list_foreach(l, &a->tel_lines.all, link)
		json_array_append_new(list, tel_line_json(l, &a->calls.lines));
	*result = list;
	return 0;
}

static int drain(struct agent *a, json_t *args, bool drained, json_t **result, struct buf *why)
{
	const char *name = json_string_value(json_object_get(args, "trunk"));
	struct trunk *t = name ? trunks_find(&a->trunks, slice_str(name)) : NULL;
	struct tel_line *l = name ? tel_lines_find(&a->tel_lines, slice_str(name)) : NULL;
	if (!t && !l) {
		buf_str(why, name ? "no such trunk or line" : "trunk: expected the name of a trunk or line");
		return name ? -ENOENT : -EINVAL;
	}
	int err = t ? trunks_drain(&a->trunks, t, drained) : tel_lines_drain(&a->tel_lines, l, drained);
	if (err)
		return no_memory(why);
	*result = t ? trunk_json(t, &a->calls.lines) : tel_line_json(l, &a->calls.lines);
	return 0;
}

static int trunk_drain_verb(void *arg, json_t *args, json_t **result, struct buf *why)
{
	return drain(arg, args, true, result, why);
}

static int trunk_undrain_verb(void *arg, json_t *args, json_t **result, struct buf *why)
{
	return drain(arg, args, false, result, why);
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static int line_messages(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const char *name = json_string_value(json_object_get(args, "line")), *waiting = json_string_value(json_object_get(args, "waiting"));
	struct mgcp_line *l = name ? mgcp_lines_find(&a->mgcp_lines, slice_str(name)) : NULL;
	bool on = waiting && !strcmp(waiting, "on");
	if (!l || !waiting || (!on && strcmp(waiting, "off"))) {
		buf_str(why, !name ? "line: expected the name of a line" : !l ? "no such line" : "waiting: expected on or off");
		return name && !l ? -ENOENT : -EINVAL;
	}
	message_waiting_set(l, on);
	*result = tel_line_json(l->tel, &a->calls.lines);
	return 0;
}

/* --- route test ------------------------------------------------------------------------------------------------------ */

/* "2026-01-05T10:30" on the clocks of sip.time-zone, or seconds since 1970. */
static int read_time(const struct agent *a, const char *text, int64_t *ret)
{
	struct tm tm = {0};
	uint64_t s;
	struct tz *tz;
	if (!slice_u64(slice_str(text), INT64_MAX, &s)) {
		*ret = (int64_t)s;
		return 0;
	}
	const char *end = strptime(text, "%Y-%m-%dT%H:%M", &tm);
	if (!end || *end)
		return -EINVAL;
	int err = tz_load(&tz, conf_string(conf_section(a->conf, "sip"), "time-zone"));
	if (err)
		return err;
	int64_t local = timegm(&tm);
	*ret = local - tz_offset(tz, local - tz_offset(tz, local));
	mem_deref(tz);
	return 0;
}

static void on_said(void *arg, const char *what, const char *name, bool taken, const char *why)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:b, s:s}", "step", what, "name", name, "taken", taken, "why", why ? why : ""));
}

static json_t *target_json(const struct attempt *t, unsigned i, unsigned rank)
{
	char dst[ADDR_STR_LEN];
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "attempt", (int)rank + 1, "target", t->target[i].name, "number", t->target[i].number,
			 "uri", t->target[i].uri, "address", t->target[i].kind == TARGET_LINE ? "" : addr_str(&t->target[i].dst, dst), "caller", t->caller->number,
			 "first_response_ms", (int)t->first_ms, "answer_ms", (int)t->answer_ms);
}

/* The plan of a call that nobody takes: every attempt there would be. */
static json_t *walk(struct plan *p)
{
	json_t *attempts = json_array();
	struct attempt t;
	for (unsigned rank = 0; rank < 64 && !plan_next(p, &t); rank++) {
		for (unsigned i = 0; i < t.n; i++)
			json_array_append_new(attempts, target_json(&t, i, rank));
		plan_failed(p, 503, 0);
	}
	return attempts;
}

/* Who calls: a trunk by name or address, a line by name, a user by name or number. */
static bool find_source(const struct agent *a, const char *name, struct source *from, struct shown *caller)
{
	struct trunk *t = trunks_find(&a->trunks, slice_str(name));
	struct tel_line *l = tel_lines_find(&a->tel_lines, slice_str(name));
	const struct user *u = t || l ? NULL : auth_user(registrar_auth(a->registrar), name);
	struct addr at;
	bool exact = true;
	if (!t && !l && !u && !addr_parse(&at, slice_str(name), 5060))
		t = trunks_by_address(&a->trunks, &at, &exact);
	if (t)
		source_of_trunk(from, t, exact);
	else if (l)
		source_of_line(from, l);
	else if (u)
		source_of_user(from, u);
	if (u)
		CDR_SET(caller->number, slice_str(name));
	return t || l || u;
}

static const char *text_of(json_t *args, const char *name)
{
	const char *text = json_string_value(json_object_get(args, name));
	return text && *text ? text : NULL;
}

/* A number as the source writes it. */
static int read_number(const struct source *from, const char *text, char *out, size_t size)
{
	const struct trunk_numbers *n = from->trunk ? &from->trunk->numbers : NULL;
	const struct line_numbers *k = from->line ? &from->line->numbers : NULL;
	if (k)
		return number_read(&k->plan, k->in, slice_str(text), out, size);
	return n ? number_read(&n->plan, n->in, slice_str(text), out, size) : slice_copy(slice_str(text), out, size);
}

static unsigned read_headers(json_t *args, const char **lines)
{
	const json_t *list = json_object_get(args, "headers");
	unsigned n = 0;
	for (size_t i = 0; i < json_array_size(list) && n < HEADERS_MAX; i++)
		if (json_is_string(json_array_get(list, i)))
			lines[n++] = json_string_value(json_array_get(list, i));
	return n;
}

static int route_test(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const char *name = text_of(args, "from"), *called = text_of(args, "to"), *at = text_of(args, "time"), *number = text_of(args, "caller");
	const char *lines[HEADERS_MAX], *words = NULL;
	char dialled[sizeof(((struct shown *)NULL)->number)];
	struct source from = {0};
	struct shown caller = {0};
	struct plan *p;
	unsigned cause;
	struct query q = {.from = &from, .called = dialled, .caller = caller.number, .utc = (int64_t)(clock_utc_ms() / 1000), .lines = lines};
	if (!name || !called) {
		buf_str(why, "from, to: expected a user or trunk, and a number");
		return -EINVAL;
	}
	if (!find_source(a, name, &from, &caller)) {
		buf_printf(why, "from: expected the name of a user, trunk or line, or the address of a trunk, not \"%s\"", name);
		return -ENOENT;
	}
	if (read_number(&from, called, dialled, sizeof(dialled)) || (number && read_number(&from, number, caller.number, sizeof(caller.number)))) {
		buf_str(why, "to, caller: expected shorter numbers");
		return -EINVAL;
	}
	if (at && read_time(a, at, &q.utc)) {
		buf_printf(why, "time: expected one such as 2026-01-05T10:30, not \"%s\"", at);
		return -EINVAL;
	}
	q.n_lines = read_headers(args, lines);
	json_t *steps = json_array();
	struct plan_params params = dial_plan_params(a, true);
	params.said = on_said;
	params.arg = steps;
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP, .user = slice_str(called), .text = slice_str(called)};
	if (slice_casestarts(slice_str(called), SLICE("urn:")))
		uri.scheme = SIP_SCHEME_OTHER;
	const struct emergency e = emergency_of(a->conf, &uri, from.kind == TARGET_USER ? user_conf(auth_user(registrar_auth(a->registrar), from.name)) : NULL, from.address);
	int err = !steps ? -ENOMEM : e.kind ? plan_new_emergency(&p, &params, &q, &caller, &e) : plan_new(&p, &params, &q, true, &caller);
	if (err) {
		json_decref(steps);
		return no_memory(why);
	}
	json_t *attempts = walk(p);
	unsigned status = plan_outcome(p, &cause, &words);
	*result = json_pack("{s:o, s:o, s:i, s:i, s:s}", "steps", steps, "attempts", attempts, "status", (int)status, "cause", (int)cause, "words",
			    status && words ? words : "");
	mem_deref(p);
	return *result ? 0 : no_memory(why);
}

const struct ctl_verb route_verbs[] = {
	{"show trunks", "trunks, their state and their calls", show_trunks, NULL, NULL},
	{"show lines", "groups of ISDN channels and lines, their state and their calls", show_lines, NULL, NULL},
	{"messages", "tells the user of a line that messages wait, or do no more", line_messages, "line=NAME waiting=on|off", NULL},
	{"trunk drain", "no new calls over a trunk or line, either way; those that are there go on", trunk_drain_verb, "trunk=NAME", NULL},
	{"trunk undrain", "a trunk or line takes calls again", trunk_undrain_verb, "trunk=NAME", NULL},
	{"route test", "what would become of a call, and why", route_test, "from=NAME to=NUMBER caller=NUMBER time=TIME headers=[...]", NULL},
	{0},
};
