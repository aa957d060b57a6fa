// SPDX-License-Identifier: GPL-3.0-or-later
/* AuditEndpoint and AuditConnection (RFC 3435 2.3.10, 2.3.11). */
#include "mediagw/events.h"
#include "mediagw/lookup.h"
#include "mediagw/quality.h"
#include "mediagw/rsip.h"

#define MAX_DATAGRAM 16000
#define MAX_LISTED   200 /* endpoint names that surely fit one response */

static void line(struct buf *b, const char *name, struct slice value)
{
	buf_str(b, name);
	buf_str(b, ": ");
	buf_slice(b, value);
	buf_str(b, "\r\n");
}

static void notified(const struct endpoint *e, const struct gateway *gw, struct buf *b)
{
	const struct mgcp_entities *entities = &(e ? e->notified : gw->notified)->entities;
	line(b, "N", mgcp_entities_text(entities));
}

/* --- endpoints ---------------------------------------------------------------------------------------------------- */

/* `e` is NULL for an endpoint that holds nothing now. */
typedef void (*ep_info_fn)(const struct gateway *gw, const struct endpoint *e, struct buf *b);

/* What the notifier knows; `none` goes for an endpoint that was asked for nothing yet. */
static void ep_asked(const struct endpoint *e, enum mgcp_param_id id, const char *none, struct buf *b)
{
	buf_str(b, mgcp_param_name(id));
	buf_str(b, ": ");
	if (e && e->notifier)
		mgcp_notifier_audit(e->notifier, id, b);
	else
		buf_str(b, none);
	buf_str(b, "\r\n");
}

#define ASKED(fn, id, none)                                                                            \
	static void fn(const struct gateway *gw, const struct endpoint *e, struct buf *b)              \
	{                                                                                              \
		ep_asked(e, id, none, b);                                                              \
	}
ASKED(ep_requested, MGCP_P_REQUESTED_EVENTS, "")
ASKED(ep_request_id, MGCP_P_REQUEST_ID, "0")
ASKED(ep_digits, MGCP_P_DIGIT_MAP, "")
ASKED(ep_signals, MGCP_P_SIGNAL_REQUESTS, "")
ASKED(ep_observed, MGCP_P_OBSERVED_EVENTS, "")
ASKED(ep_detect, MGCP_P_DETECT_EVENTS, "")
ASKED(ep_quarantine, MGCP_P_QUARANTINE, "step,process")

static void ep_states(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	buf_str(b, "ES: ");
	if (e && e->events->states)
		e->events->states(e, b);
	buf_str(b, "\r\n");
}

static void ep_packages(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	buf_str(b, "PL: ");
	mgcp_packages_write(b, e ? e->packages : relay_packages);
	buf_str(b, "\r\n");
}

static void ep_notified(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	notified(e, gw, b);
}

static void ep_conns(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	struct conn *it;
	buf_str(b, "I: ");
	if (e)
		list_foreach(it, &e->conns, link) {
			if (it != container_of(list_first(&e->conns), struct conn, link))
				buf_char(b, ',');
			buf_str(b, it->id);
		}
	buf_str(b, "\r\n");
}

static void ep_method(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	uint32_t delay_s;
	unsigned reason;
	line(b, "RM", slice_str(mgcp_restart_method_name(rsip_audit(gw, e, &delay_s, &reason))));
}

static void ep_delay(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	uint32_t delay_s;
	unsigned reason;
	rsip_audit(gw, e, &delay_s, &reason);
	buf_printf(b, "RD: %u\r\n", delay_s);
}

static void ep_reason(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	uint32_t delay_s;
	unsigned reason;
	rsip_audit(gw, e, &delay_s, &reason);
	buf_printf(b, "E: %03u\r\n", reason);
}

static void ep_datagram(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	buf_printf(b, "MD: %d\r\n", MAX_DATAGRAM);
}

static const struct endpoint_kind *kind_of(const struct endpoint *e)
{
	return e ? e->kind : endpoint_relay;
}

static void ep_bearer(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	line(b, "B", slice_str(epcf_bearer(e)));
}

static void ep_capabilities(const struct gateway *gw, const struct endpoint *e, struct buf *b)
{
	buf_printf(b, "A: %s, v:", kind_of(e)->capabilities);
	for (mgcp_packages p = e ? e->packages : relay_packages; *p; p++)
		buf_printf(b, "%s%s", (*p)->name, p[1] ? ";" : "");
	buf_str(b, "\r\n");
}

static const struct {
	struct slice code;
	ep_info_fn write;
} ep_infos[] = {
	{SLICE("R"), ep_requested},   {SLICE("D"), ep_digits},     {SLICE("S"), ep_signals},  {SLICE("X"), ep_request_id},
	{SLICE("N"), ep_notified},    {SLICE("I"), ep_conns},      {SLICE("O"), ep_observed}, {SLICE("ES"), ep_states},
	{SLICE("T"), ep_detect},      {SLICE("B"), ep_bearer},     {SLICE("Q"), ep_quarantine}, {SLICE("RM"), ep_method},
	{SLICE("RD"), ep_delay},      {SLICE("E"), ep_reason},     {SLICE("PL"), ep_packages}, {SLICE("MD"), ep_datagram},
	{SLICE("A"), ep_capabilities},
};

static uint32_t named(const struct gateway *gw, const struct endpoint_name *name)
{
	const struct endpoint *e;
	uint32_t n = 0;
	list_foreach(e, &gw->endpoints, link)
		n += endpoint_is_named(e, name);
	return n;
}

/* The endpoints there are; other relays exist only as names, and nothing is known of them. ZM: says how many the agent takes at a time and
 * Z: after which one to go on. */
static unsigned list_endpoints(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct slice after = mgcp_param(cmd->msg, MGCP_P_SPECIFIC_ENDPOINT), limit = mgcp_param(cmd->msg, MGCP_P_MAX_ENDPOINTS);
	uint32_t max = MAX_LISTED, place = 0, n = 0;
	bool limited = slice_is_set(limit) && !slice_u32(slice_trim(limit), &max);
	if (slice_is_set(after)) {
		struct endpoint_name last = endpoint_name_parse(gw, slice_cut(&after, '@'));
		if (last.kind != NAME_ONE)
			return 500;
		place = last.place + 1;
	}
	/* By place, so that the next page is found although endpoints come and go in between. */
	for (; place < endpoint_places(gw) && n <= max && n <= MAX_LISTED; place++) {
		const struct endpoint *e = endpoint_find(gw, place);
		if (e && endpoint_is_named(e, &cmd->name) && ++n <= max)
			buf_printf(&a->lines, "Z: %s@" SLICE_FMT "\r\n", e->name, SLICE_ARG(cmd->msg->ep_host));
	}
	if (n > MAX_LISTED && !limited)
		return 533;
	if (limited)
		buf_printf(&a->lines, "ZN: %u\r\n", named(gw, &cmd->name));
	return 200;
}

unsigned verb_auep(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct slice info = mgcp_param(cmd->msg, MGCP_P_REQUESTED_INFO);
	if (cmd->name.kind != NAME_ONE)
		return list_endpoints(gw, cmd, a);
	const struct endpoint *e = endpoint_find(gw, cmd->name.place);
	while (slice_is_set(info)) {
		struct slice code = slice_trim(slice_cut(&info, ','));
		for (size_t i = 0; i < sizeof ep_infos / sizeof ep_infos[0]; i++)
			if (slice_caseeq(ep_infos[i].code, code))
				ep_infos[i].write(gw, e, &a->lines);
	}
	return 200;
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void cx_call(const struct conn *c, struct answer *a)
{
	line(&a->lines, "C", slice_str(c->call));
}

static void cx_notified(const struct conn *c, struct answer *a)
{
	notified(c->ep, c->gw, &a->lines);
}

static void cx_options(const struct conn *c, struct answer *a)
{
	line(&a->lines, "L", slice_str(c->options));
}

static void cx_mode(const struct conn *c, struct answer *a)
{
	line(&a->lines, "M", slice_str(conn_mode_name(c->mode)));
}

static void cx_params(const struct conn *c, struct answer *a)
{
	quality_write(c, &a->lines);
}

/* Two descriptions are the local one first, then after an empty line the remote one (3.3). */
static void cx_local(const struct conn *c, struct answer *a)
{
	buf_slice(&a->sdp, buf_text(&c->local_sdp));
}

static void cx_remote(const struct conn *c, struct answer *a)
{
	if (a->sdp.len)
		buf_str(&a->sdp, "\r\n");
	if (c->remote_sdp)
		buf_slice(&a->sdp, c->remote_sdp->text);
	else
		buf_str(&a->sdp, "v=0\r\n");
}

static const struct {
	struct slice code;
	void (*write)(const struct conn *c, struct answer *a);
} cx_infos[] = {
	{SLICE("C"), cx_call},   {SLICE("N"), cx_notified}, {SLICE("L"), cx_options}, {SLICE("M"), cx_mode},
	{SLICE("P"), cx_params}, {SLICE("LC"), cx_local},   {SLICE("RC"), cx_remote},
};

static bool asked(struct slice info, struct slice code)
{
	while (slice_is_set(info))
		if (slice_caseeq(slice_trim(slice_cut(&info, ',')), code))
			return true;
	return false;
}

unsigned verb_aucx(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct conn *c;
	unsigned code = lookup_conn(gw, cmd, false, &c, a);
	if (code)
		return code;
	/* In the table's order, which puts LC before RC whatever the order asked for. */
	for (size_t i = 0; i < sizeof cx_infos / sizeof cx_infos[0]; i++)
		if (asked(mgcp_param(cmd->msg, MGCP_P_REQUESTED_INFO), cx_infos[i].code))
			cx_infos[i].write(c, a);
	return 200;
}
