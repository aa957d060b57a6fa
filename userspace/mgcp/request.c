// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading requests. The request owns its text and its scripts; a script owns its rows and the scripts inside of them. */
#include "mgcp/request.h"
#include "base/mem.h"
#include "mgcp/gateway.h"
#include <ctype.h>

#define LIST_MAX 64 /* events or signals of one list */

/* What goes for all of one request. */
struct reading {
	mgcp_packages packages;
	struct slice current;
	bool loop, inside;
	const char **why;
};

static unsigned fail(const struct reading *in, unsigned code, const char *why)
{
	*in->why = why;
	return code;
}

static unsigned no_memory(const struct reading *in)
{
	return fail(in, 403, "memory is out");
}

static unsigned script_parse(struct mgcp_script **ret, const struct reading *in, struct slice events, struct slice signals, struct slice map);

/* An array for the elements of a list: zeroed; NULL and *n 0 for an empty one. */
static unsigned rows_for(const struct reading *in, struct slice list, size_t size, void *ret, unsigned *n)
{
	unsigned elements = 0;
	while (slice_is_set(list) && !slice_empty(slice_trim(list))) {
		mgcp_list_next(&list);
		elements++;
	}
	*n = 0;
	*(void **)ret = NULL;
	if (elements > LIST_MAX)
		return fail(in, 502, "too many events or signals in one list");
	if (!elements)
		return 0;
	*(void **)ret = mem_alloc(elements * size, NULL);
	return *(void **)ret ? 0 : no_memory(in);
}

/* "$" is the connection of this command and stays that one (2.1.7). */
static unsigned connection_parse(const struct reading *in, struct slice text, struct slice *ret)
{
	*ret = text;
	if (!slice_is_set(text) || slice_eq(text, SLICE("*")) || mgcp_conn_id_valid(text))
		return 0;
	if (!slice_eq(text, SLICE("$")))
		return fail(in, 515, "a connection identifier has 1 to 32 hexadecimal digits");
	*ret = in->current;
	return slice_is_set(in->current) ? 0 : fail(in, 515, "there is no current connection");
}

static unsigned params_count(struct slice params)
{
	unsigned n = 0;
	while (slice_is_set(params) && !slice_empty(slice_trim(params))) {
		mgcp_list_next(&params);
		n++;
	}
	return n;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static const struct {
	char letter;
	enum mgcp_action action;
	unsigned with; /* what it can be combined with: the table of 2.3.3 */
} actions[] = {
	{'N', MGCP_NOTIFY, MGCP_SWAP | MGCP_KEEP_SIGNALS | MGCP_EMBEDDED},
	{'A', MGCP_ACCUMULATE, MGCP_SWAP | MGCP_KEEP_SIGNALS | MGCP_EMBEDDED},
	{'D', MGCP_BY_DIGITMAP, MGCP_KEEP_SIGNALS},
	{'S', MGCP_SWAP, MGCP_NOTIFY | MGCP_ACCUMULATE | MGCP_IGNORE},
	{'I', MGCP_IGNORE, MGCP_SWAP | MGCP_KEEP_SIGNALS},
	{'K', MGCP_KEEP_SIGNALS, MGCP_NOTIFY | MGCP_ACCUMULATE | MGCP_BY_DIGITMAP | MGCP_EMBEDDED | MGCP_IGNORE},
	{'E', MGCP_EMBEDDED, MGCP_NOTIFY | MGCP_ACCUMULATE | MGCP_KEEP_SIGNALS},
};

/* "R(...),S(...),D(...)", in any order (3.2.2.16). */
static unsigned embedded_parse(struct mgcp_script **ret, const struct reading *in, struct slice text)
{
	struct slice parts[3] = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
	struct reading deeper = *in;
	deeper.inside = true;
	if (in->inside)
		return fail(in, 523, "one level of embedded requests is taken");
	while (slice_is_set(text)) {
		struct mgcp_event part;
		if (mgcp_event_parse(&part, mgcp_list_next(&text)) || part.name.len != 1 || slice_is_set(part.connection) || slice_is_set(part.parameters) ||
		    !slice_is_set(part.actions))
			return fail(in, 510, "an embedded request is R(...), S(...), D(...)");
		const char *at = strchr("RSD", toupper((unsigned char)part.name.p[0]));
		if (!at || slice_is_set(parts[at - "RSD"]))
			return fail(in, 510, "an embedded request is R(...), S(...), D(...)");
		parts[at - "RSD"] = part.actions;
	}
	return script_parse(ret, &deeper, parts[0], parts[1], parts[2]);
}

static unsigned action_parse(struct mgcp_requested *r, const struct reading *in, struct slice text)
{
	struct mgcp_event e;
	if (mgcp_event_parse(&e, text) || e.name.len != 1)
		return fail(in, 523, "an action is one of N, A, D, S, I, K, E");
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (actions[i].letter != toupper((unsigned char)e.name.p[0]))
			continue;
		if (r->actions & ~actions[i].with)
			return fail(in, 523, "the actions cannot be combined");
		if ((actions[i].action == MGCP_EMBEDDED) != slice_is_set(e.actions))
			return fail(in, 523, "E and only E takes a request");
		r->actions |= actions[i].action;
		return actions[i].action == MGCP_EMBEDDED ? embedded_parse(&r->embedded, in, e.actions) : 0;
	}
	return fail(in, 523, "an action is one of N, A, D, S, I, K, E");
}

static unsigned actions_parse(struct mgcp_requested *r, const struct reading *in, struct slice list)
{
	unsigned code = 0;
	if (!slice_is_set(list))
		r->actions = MGCP_NOTIFY;
	while (slice_is_set(list) && !code)
		code = action_parse(r, in, mgcp_list_next(&list));
	if (!code && r->actions & MGCP_NOTIFY && r->actions & MGCP_EMBEDDED && !in->loop)
		return fail(in, 523, "N with E needs Q: loop");
	return code;
}

/* "[0-9*#T]", "x": digits of a package that has some. */
static unsigned digits_parse(struct mgcp_requested *r, const struct reading *in)
{
	struct slice text = r->name;
	unsigned code = mgcp_digit_set(&text, &r->digits);
	if (code || !slice_empty(text))
		return fail(in, code ? code : 510, "the range of digits cannot be read");
	if (r->package && !mgcp_event_type_find(r->package, SLICE("0")))
		return fail(in, 522, "the package has no digits");
	return 0;
}

/* Whether any of the packages has such an event; "all" is in each. */
static bool somewhere(const struct reading *in, struct slice name)
{
	bool found = slice_caseeq(name, SLICE("all"));
	for (mgcp_packages p = in->packages; *p && !found; p++)
		found = mgcp_event_type_find(*p, name);
	return found;
}

/* Which event, or which group. */
static unsigned event_name_parse(struct mgcp_requested *r, const struct reading *in, struct slice text)
{
	struct slice name = text, prefix = slice_cut(&name, '/');
	bool any = slice_is_set(name) && slice_eq(prefix, SLICE("*"));
	r->name = slice_is_set(name) ? name : text;
	r->package = any ? NULL : slice_is_set(name) ? mgcp_package_find(prefix) : in->packages[0];
	if (!any && (!r->package || !mgcp_packages_have(in->packages, r->package)))
		return fail(in, 518, "the endpoint does not have that package");
	if (slice_starts(r->name, SLICE("[")) || slice_caseeq(r->name, SLICE("x")))
		return digits_parse(r, in);
	if (any)
		return somewhere(in, r->name) ? 0 : fail(in, 522, "there is no such event");
	if (slice_caseeq(r->name, SLICE("all")))
		return 0;
	r->type = mgcp_event_type_find(r->package, r->name);
	if (!r->type)
		return fail(in, 522, "there is no such event");
	return r->type->event & MGCP_DETECTED ? 0 : fail(in, 512, "it is a signal and no event");
}

static bool same_event(const struct mgcp_requested *a, const struct mgcp_requested *b)
{
	bool group = !a->type && !b->type && !a->digits == !b->digits && (a->digits ? a->digits & b->digits : slice_caseeq(a->name, b->name));
	return a->package == b->package && a->type == b->type && (a->type || group) && slice_is_set(a->connection) == slice_is_set(b->connection) &&
	       slice_caseeq(a->connection, b->connection);
}

static unsigned requested_parse(struct mgcp_requested *r, const struct reading *in, struct slice text, bool detect)
{
	struct mgcp_event e;
	if (mgcp_event_parse(&e, text))
		return fail(in, 510, "the list of events cannot be read");
	unsigned code = event_name_parse(r, in, e.name);
	if (!code)
		code = connection_parse(in, e.connection, &r->connection);
	if (!code && slice_is_set(r->connection) && r->type && !(r->type->event & MGCP_ON_CONNECTION))
		code = fail(in, 512, "the event cannot be detected on a connection");
	r->params = detect ? e.actions : e.parameters;
	unsigned n = params_count(r->params);
	if (!code && r->type && !detect && (n < r->type->event_params[0] || n > r->type->event_params[1]))
		code = fail(in, 538, "the event does not take these parameters");
	if (detect)
		r->actions = MGCP_IGNORE;
	else if (!code)
		code = actions_parse(r, in, e.actions);
	return code;
}

/* *n counts what has to be freed, also when it fails. */
static unsigned events_parse(struct mgcp_requested **ret, unsigned *n, const struct reading *in, struct slice list, bool detect)
{
	unsigned code = rows_for(in, list, sizeof **ret, ret, n);
	while (!code && slice_is_set(list) && !slice_empty(slice_trim(list))) {
		struct mgcp_requested *r = &(*ret)[(*n)++];
		code = requested_parse(r, in, mgcp_list_next(&list), detect);
		for (unsigned i = 0; i + 1 < *n && !code; i++)
			if (same_event(&(*ret)[i], r))
				code = fail(in, 510, "an event is asked for twice");
	}
	return code;
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

static unsigned timeout_parse(struct mgcp_signal *s, const struct reading *in, struct slice value)
{
	if (slice_starts(value, SLICE("(")) && value.p[value.len - 1] == ')')
		value = slice_of(value.p + 1, value.len - 2);
	else if (slice_starts(value, SLICE("=")))
		value = slice_from(value, 1);
	if (!mgcp_signal_takes_timeout(s->package, s->type) || slice_u32(slice_trim(value), &s->timeout_ms))
		return fail(in, 538, "the time-out is not a number of milliseconds, or not for this signal");
	return 0;
}

/* "+", "-" and "to" go by the kind of signal; the others are counted (3.2.2.4). */
static unsigned signal_params_parse(struct mgcp_signal *s, const struct reading *in)
{
	unsigned n = 0, code = 0;
	bool repeats = false;
	for (struct slice rest = s->params, one; !code && slice_is_set(rest) && !slice_empty(slice_trim(rest));) {
		one = mgcp_list_next(&rest);
		bool sign = slice_eq(one, SLICE("+")) || slice_eq(one, SLICE("-"));
		if (sign && s->type->signal != MGCP_ON_OFF)
			return fail(in, 538, "only on/off signals are turned on and off");
		if (sign)
			s->off = one.p[0] == '-';
		else if (slice_casestarts(one, SLICE("to=")) || slice_casestarts(one, SLICE("to(")))
			code = timeout_parse(s, in, slice_from(one, 2));
		else
			n++;
		/* RFC 3660 2.4: so many rings, whatever time they take. */
		repeats |= slice_casestarts(one, SLICE("rep="));
	}
	if (!code && (n < s->type->signal_params[0] || n > s->type->signal_params[1]))
		code = fail(in, 538, "the signal does not take these parameters");
	s->timeout_ms = repeats ? 0 : s->timeout_ms;
	return code;
}

static unsigned signal_parse(struct mgcp_signal *s, const struct reading *in, struct slice text)
{
	struct mgcp_event e;
	if (mgcp_event_parse(&e, text) || slice_is_set(e.parameters))
		return fail(in, 510, "the list of signals cannot be read");
	unsigned code = mgcp_event_lookup(in->packages, e.name, &s->package, &s->type);
	if (code)
		return fail(in, code, code == 518 ? "the endpoint does not have that package" : "there is no such signal");
	if (!s->type->signal)
		return fail(in, 513, "it is an event and no signal");
	if (s->type->alias && slice_is_set(e.actions) && !slice_is_set(e.connection)) {
		s->type = mgcp_event_type_find(s->package, slice_str(s->type->alias));
		e.connection = mgcp_list_next(&e.actions);
	}
	code = connection_parse(in, e.connection, &s->connection);
	if (!code && slice_is_set(s->connection) && !s->type->signal_on_connection)
		code = fail(in, 513, "the signal cannot be given on a connection");
	s->params = e.actions;
	s->timeout_ms = s->type->timeout_ms;
	return code ? code : signal_params_parse(s, in);
}

bool mgcp_signal_same(const struct mgcp_signal *a, const struct mgcp_signal *b)
{
	return a->package == b->package && a->type == b->type && slice_is_set(a->connection) == slice_is_set(b->connection) &&
	       slice_caseeq(a->connection, b->connection);
}

static unsigned signals_parse(struct mgcp_signal **ret, unsigned *n, const struct reading *in, struct slice list)
{
	unsigned code = rows_for(in, list, sizeof **ret, ret, n);
	while (!code && slice_is_set(list) && !slice_empty(slice_trim(list))) {
		struct mgcp_signal *s = &(*ret)[(*n)++];
		code = signal_parse(s, in, mgcp_list_next(&list));
		for (unsigned i = 0; i + 1 < *n && !code; i++)
			if (mgcp_signal_same(&(*ret)[i], s))
				code = fail(in, 510, "a signal is asked for twice");
	}
	return code;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void script_destroy(void *obj)
{
	struct mgcp_script *s = obj;
	for (unsigned i = 0; i < s->n_events; i++)
		mem_deref(s->events[i].embedded);
	mem_deref(s->events);
	mem_deref(s->signals);
	mem_deref(s->map);
}

static unsigned script_parse(struct mgcp_script **ret, const struct reading *in, struct slice events, struct slice signals, struct slice map)
{
	struct mgcp_script *s = mem_alloc(sizeof *s, script_destroy);
	if (!s)
		return no_memory(in);
	unsigned code = events_parse(&s->events, &s->n_events, in, events, false);
	if (!code)
		code = signals_parse(&s->signals, &s->n_signals, in, signals);
	if (!code && !slice_empty(slice_trim(map)))
		code = mgcp_digitmap_new(&s->map, map, in->why);
	if (code)
		mem_deref(s);
	else
		*ret = s;
	return code;
}

/* 3.2.2.14 */
static unsigned quarantine_parse(struct mgcp_rqnt *r, const struct reading *in, struct slice list)
{
	while (slice_is_set(list)) {
		struct slice word = slice_trim(slice_cut(&list, ','));
		if (slice_caseeq(word, SLICE("loop")))
			r->loop = true;
		else if (slice_caseeq(word, SLICE("discard")))
			r->discard = true;
		else if (!slice_caseeq(word, SLICE("step")) && !slice_caseeq(word, SLICE("process")))
			return fail(in, 508, "quarantine handling is step or loop, process or discard");
	}
	return 0;
}

static unsigned id_parse(struct mgcp_rqnt *r, const struct reading *in, struct slice id)
{
	if (slice_empty(id) || slice_copy(id, r->id, sizeof r->id))
		return fail(in, 510, "a request identifier has 1 to 32 characters");
	for (size_t i = 0; i < id.len; i++)
		if (!isalnum((unsigned char)id.p[i]))
			return fail(in, 510, "a request identifier is hexadecimal");
	return 0;
}

static void rqnt_destroy(void *obj)
{
	struct mgcp_rqnt *r = obj;
	mem_deref(r->script);
	mem_deref(r->detect);
	mem_free(r->text);
}

/* Appends to the request's text, which has room for it. */
static struct slice keep(struct mgcp_rqnt *r, size_t *used, struct slice s)
{
	if (!slice_is_set(s))
		return SLICE_NONE;
	memcpy(r->text + *used, s.len ? s.p : "", s.len);
	*used += s.len;
	return slice_of(r->text + *used - s.len, s.len);
}

static unsigned read_lines(struct mgcp_rqnt *r, struct reading *in, const struct mgcp_msg *cmd)
{
	struct slice events = mgcp_param(cmd, MGCP_P_REQUESTED_EVENTS), signals = mgcp_param(cmd, MGCP_P_SIGNAL_REQUESTS);
	struct slice detect = mgcp_param(cmd, MGCP_P_DETECT_EVENTS);
	size_t used = 0;
	r->text = mem_raw(events.len + signals.len + detect.len + in->current.len + 1);
	if (!r->text)
		return no_memory(in);
	in->current = keep(r, &used, in->current);
	unsigned code = id_parse(r, in, slice_trim(mgcp_param(cmd, MGCP_P_REQUEST_ID)));
	if (!code)
		code = quarantine_parse(r, in, mgcp_param(cmd, MGCP_P_QUARANTINE));
	in->loop = r->loop;
	r->detects = slice_is_set(detect);
	if (!code)
		code = events_parse(&r->detect, &r->n_detect, in, keep(r, &used, detect), true);
	events = keep(r, &used, events);
	signals = keep(r, &used, signals);
	if (!code)
		code = script_parse(&r->script, in, events, signals, mgcp_param(cmd, MGCP_P_DIGIT_MAP));
	return code;
}

unsigned mgcp_rqnt_parse(struct mgcp_rqnt **ret, const struct mgcp_msg *cmd, mgcp_packages packages, struct slice current, const char **why)
{
	struct reading in = {.packages = packages, .current = current, .why = why};
	struct mgcp_rqnt *r = mem_alloc(sizeof *r, rqnt_destroy);
	if (!r)
		return no_memory(&in);
	unsigned code = read_lines(r, &in, cmd);
	if (code)
		mem_deref(r);
	else
		*ret = r;
	return code;
}

struct mgcp_rqnt *mgcp_rqnt_none(void)
{
	struct mgcp_rqnt *r = mem_alloc(sizeof *r, rqnt_destroy);
	if (!r)
		return NULL;
	r->id[0] = '0';
	r->script = mem_alloc(sizeof *r->script, script_destroy);
	return r->script ? r : mem_deref(r);
}

/* What is asked for on no connection is seen wherever it happens: RFC 3660 says so of each event that connections have. */
bool mgcp_requested_matches(const struct mgcp_requested *r, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection)
{
	if (slice_is_set(r->connection) && (!slice_is_set(connection) || (!slice_eq(r->connection, SLICE("*")) && !slice_caseeq(r->connection, connection))))
		return false;
	if (r->package && r->package != package)
		return false;
	if (r->digits)
		return type->event & MGCP_DIGIT && mgcp_digit_bit(type->name[0]) & r->digits;
	return r->type ? r->type == type : slice_caseeq(r->name, SLICE("all")) || slice_caseeq(r->name, slice_str(type->name));
}
