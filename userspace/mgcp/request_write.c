// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing lists of events and signals, and walking through those that were observed. */
#include "mgcp/gateway.h"
#include "mgcp/request.h"
#include <errno.h>

static void write_requested(struct buf *out, const struct mgcp_requested *list, unsigned n, bool actions, bool inside);

static void in_parentheses(struct buf *out, struct slice text)
{
	buf_char(out, '(');
	buf_slice(out, text);
	buf_char(out, ')');
}

void mgcp_event_write(struct buf *out, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection, struct slice params)
{
	buf_str(out, package->name);
	buf_char(out, '/');
	buf_str(out, type->name);
	if (slice_is_set(connection)) {
		buf_char(out, '@');
		buf_slice(out, connection);
	}
	if (slice_is_set(params))
		in_parentheses(out, params);
}

void mgcp_signals_write(struct buf *out, const struct mgcp_signal *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_char(out, ',');
		mgcp_event_write(out, list[i].package, list[i].type, list[i].connection, list[i].params);
	}
}

static void comma(struct buf *out, bool *first)
{
	if (!*first)
		buf_char(out, ',');
	*first = false;
}

/* R, S, D in this order, each only when there is some. */
static void write_embedded(struct buf *out, const struct mgcp_script *s)
{
	bool first = true;
	buf_str(out, "E(");
	if (s->n_events || !(s->n_signals || s->map)) {
		comma(out, &first);
		buf_str(out, "R(");
		write_requested(out, s->events, s->n_events, true, true);
		buf_char(out, ')');
	}
	if (s->n_signals) {
		comma(out, &first);
		buf_str(out, "S(");
		mgcp_signals_write(out, s->signals, s->n_signals);
		buf_char(out, ')');
	}
	if (s->map) {
		comma(out, &first);
		buf_char(out, 'D');
		in_parentheses(out, mgcp_digitmap_text(s->map));
	}
	buf_char(out, ')');
}

static void write_actions(struct buf *out, const struct mgcp_requested *r, bool inside)
{
	bool first = true;
	buf_char(out, '(');
	for (unsigned i = 0; i < 6; i++)
		if (r->actions & 1u << i) {
			comma(out, &first);
			buf_char(out, "NADSIK"[i]);
		}
	if (r->actions & MGCP_EMBEDDED && !inside) {
		comma(out, &first);
		write_embedded(out, r->embedded);
	}
	buf_char(out, ')');
}

static void write_requested(struct buf *out, const struct mgcp_requested *list, unsigned n, bool actions, bool inside)
{
	for (unsigned i = 0; i < n; i++) {
		const struct mgcp_requested *r = &list[i];
		if (i)
			buf_char(out, ',');
		buf_str(out, r->package ? r->package->name : "*");
		buf_char(out, '/');
		buf_slice(out, r->name);
		if (slice_is_set(r->connection)) {
			buf_char(out, '@');
			buf_slice(out, r->connection);
		}
		if (actions)
			write_actions(out, r, inside);
		if (slice_is_set(r->params))
			in_parentheses(out, r->params);
	}
}

void mgcp_requested_write(struct buf *out, const struct mgcp_requested *list, unsigned n, bool actions)
{
	write_requested(out, list, n, actions, false);
}

void mgcp_quarantine_write(struct buf *out, const struct mgcp_rqnt *r)
{
	buf_str(out, r->loop ? "loop" : "step");
	buf_str(out, r->discard ? ",discard" : ",process");
}

void mgcp_packages_write(struct buf *out, mgcp_packages list)
{
	for (mgcp_packages p = list; *p; p++)
		buf_printf(out, "%s%s:%u", p == list ? "" : ",", (*p)->name, (*p)->version);
}

/* --- what was observed -------------------------------------------------------------------------------------------- */

void mgcp_observed_start(struct mgcp_observed *o, mgcp_packages packages, struct slice list)
{
	*o = (struct mgcp_observed){.packages = packages, .rest = slice_empty(slice_trim(list)) ? SLICE_NONE : list};
}

/* "D/8295555T": the rest of the digits belong to the same package and place. */
static int next_digit(struct mgcp_observed *o)
{
	o->type = mgcp_event_type_find(o->package, slice_of(o->digits.p, 1));
	o->digits = slice_from(o->digits, 1);
	return o->type ? 1 : -ENOENT;
}

static bool all_digits(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!mgcp_digit_bit(name.p[i]))
			return false;
	return name.len > 1;
}

int mgcp_observed_next(struct mgcp_observed *o)
{
	struct mgcp_event e;
	if (!slice_empty(o->digits))
		return next_digit(o);
	if (!slice_is_set(o->rest))
		return 0;
	if (mgcp_event_parse(&e, mgcp_list_next(&o->rest)) || slice_is_set(e.parameters) || (slice_is_set(e.connection) && !mgcp_conn_id_valid(e.connection)))
		return -EBADMSG;
	o->connection = e.connection;
	o->params = e.actions;
	unsigned code = mgcp_event_lookup(o->packages, e.name, &o->package, &o->type);
	if (!code)
		return 1;
	struct slice name = e.name, prefix = slice_cut(&name, '/');
	if (code != 522 || !all_digits(slice_is_set(name) ? name : e.name))
		return -ENOENT;
	o->package = slice_is_set(name) ? mgcp_package_find(prefix) : o->packages[0];
	o->digits = slice_is_set(name) ? name : e.name;
	return next_digit(o);
}
