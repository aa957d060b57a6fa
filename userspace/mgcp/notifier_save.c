// SPDX-License-Identifier: GPL-3.0-or-later
/* What an endpoint was asked for outlives the gateway's process. The record is text: the state, what is observed and what is in
 * quarantine in a line each, then a request that asks for all that holds now. */
#include "base/mem.h"
#include "mgcp/notifier_internal.h"
#include <errno.h>

static const struct slice states[] = {
	[MGCP_OBSERVING] = SLICE("observing"), [MGCP_NOTIFYING] = SLICE("notifying"), [MGCP_LOCKSTEP] = SLICE("lockstep")};

static void line(const struct mgcp_notifier *n, struct buf *out, enum mgcp_param_id id)
{
	buf_str(out, mgcp_param_name(id));
	buf_str(out, ": ");
	mgcp_notifier_audit(n, id, out);
	buf_char(out, '\n');
}

static void save_events(struct buf *out, const struct events *list)
{
	events_write(out, list);
	buf_char(out, '\n');
}

/* Brief signals do not outlive the process that gave them. */
static void save_signals(const struct mgcp_notifier *n, struct buf *out)
{
	struct active *a;
	bool first = true;
	buf_str(out, "S: ");
	list_foreach(a, &n->signals, link) {
		if (a->signal->type->signal == MGCP_BRIEF)
			continue;
		if (!first)
			buf_char(out, ',');
		first = false;
		mgcp_signals_write(out, a->signal, 1);
	}
	buf_char(out, '\n');
}

void mgcp_notifier_save(const struct mgcp_notifier *n, struct buf *out)
{
	buf_slice(out, states[n->state]);
	buf_char(out, '\n');
	save_events(out, &n->observed);
	save_events(out, &n->quarantine);
	line(n, out, MGCP_P_REQUEST_ID);
	line(n, out, MGCP_P_QUARANTINE);
	line(n, out, MGCP_P_REQUESTED_EVENTS);
	line(n, out, MGCP_P_DIGIT_MAP);
	if (n->detect)
		line(n, out, MGCP_P_DETECT_EVENTS);
	save_signals(n, out);
}

static int load_state(struct slice text, enum mgcp_notifier_state *ret)
{
	for (unsigned i = 0; i < sizeof states / sizeof *states; i++)
		if (slice_eq(states[i], text)) {
			*ret = i;
			return 0;
		}
	return -EBADMSG;
}

static int load_events(struct events *list, mgcp_packages packages, struct slice text)
{
	struct mgcp_observed o;
	int err;
	mgcp_observed_start(&o, packages, text);
	for (list->n = 0; (err = mgcp_observed_next(&o)) == 1; list->n++) {
		struct seen *e = &list->at[list->n];
		if (list->n == EVENTS_MAX)
			return -EBADMSG;
		*e = (struct seen){.package = o.package, .type = o.type, .has_params = slice_is_set(o.params)};
		if (slice_copy(o.connection, e->connection, sizeof e->connection) || slice_copy(o.params, e->params, sizeof e->params))
			return -EBADMSG;
	}
	return err ? -EBADMSG : 0;
}

static int load_request(struct mgcp_rqnt **ret, mgcp_packages packages, struct slice lines)
{
	struct buf text = buf_growing();
	struct mgcp_msg m;
	const char *why;
	unsigned code;
	mgcp_write_command(&text, MGCP_RQNT, 1, "endpoint@gateway");
	buf_slice(&text, lines);
	struct slice rest = buf_text(&text);
	int err = text.err;
	if (!err && mgcp_parse(&m, &rest, &code))
		err = -EBADMSG;
	if (!err) {
		code = mgcp_rqnt_parse(ret, &m, packages, SLICE_NONE, &why);
		err = code == 403 ? -ENOMEM : code ? -EBADMSG : 0;
	}
	buf_reset(&text);
	return err;
}

/* The digits so far are dialled once more. */
static void redial(struct mgcp_notifier *n)
{
	for (unsigned i = 0; i < n->observed.n && n->state == MGCP_OBSERVING; i++) {
		const struct seen *e = &n->observed.at[i];
		const struct mgcp_requested *r = mgcp_notifier_requested(n, e->package, e->type, seen_at(e));
		if (r && r->actions & MGCP_BY_DIGITMAP)
			dialling_add(n, e->type);
	}
}

struct lists {
	struct events observed, quarantine;
};

int mgcp_notifier_load(struct mgcp_notifier *n, struct slice text)
{
	struct lists *events = mem_alloc(sizeof *events, NULL);
	struct slice state_text = slice_line(&text), observed = slice_line(&text), quarantine = slice_line(&text);
	enum mgcp_notifier_state state = MGCP_OBSERVING;
	struct mgcp_rqnt *r = NULL;
	struct list fresh;
	int err = events ? load_state(state_text, &state) : -ENOMEM;
	if (!err)
		err = load_events(&events->observed, n->packages, observed);
	if (!err)
		err = load_events(&events->quarantine, n->packages, quarantine);
	if (!err)
		err = load_request(&r, n->packages, text);
	if (!err)
		err = signals_prepare(n, r->script, r, &fresh);
	if (!err) {
		n->observed = events->observed;
		n->quarantine = events->quarantine;
		n->state = state;
		/* Whoever was to be told of the answer is gone. */
		n->lost = state == MGCP_NOTIFYING;
		n->running = true;
		request_replace(n, r, &fresh);
		redial(n);
		n->running = false;
	}
	mem_deref(r);
	mem_deref(events);
	return err;
}
