// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip_dress.h"
#include "routing/trunk.h"

#define ANONYMOUS "sip:anonymous@anonymous.invalid" /* RFC 3323 4.1.1.3 */

static const struct trunk_numbers plain = {.plan = {"", "", "", ""}, .from_user = ""};

static const struct trunk_numbers *style(const struct dress *d)
{
	return d->target->trunk ? &d->target->trunk->numbers : &plain;
}

static const char *from_host(const struct dress *d)
{
	return d->target->domain[0] ? d->target->domain : d->own_host;
}

static void put_number(struct buf *out, const struct dress *d, const char *number, const char *host)
{
	const struct trunk_numbers *t = style(d);
	/* RFC 5031: a service is called by its name. */
	if (slice_casestarts(slice_str(number), SLICE("urn:service:"))) {
		buf_str(out, number);
		return;
	}
	number_uri(out, t->uri, &t->plan, slice_str(number), slice_str(host));
}

/* --- who calls ------------------------------------------------------------------------------------------------------ */

/* The caller wants that level of privacy (RFC 3323), and no route knows better. */
static bool asks(const struct dress *d, const char *level)
{
	return d->presentation == PRESENT_AS_SENT && d->invite && headers_privacy(d->invite, level);
}

/* The host hides; a user called "anonymous" at a host that is one only calls itself so. */
static bool hides(const struct dress *d)
{
	if (d->presentation != PRESENT_AS_SENT)
		return d->presentation == PRESENT_RESTRICTED;
	return asks(d, "user") || (d->invite && slice_caseeq(d->invite->from.uri.host, SLICE("anonymous.invalid")));
}

void dress_from(struct buf *uri, struct slice *display, const struct dress *d)
{
	const struct trunk_numbers *t = style(d);
	bool nameless = d->invite && d->presentation == PRESENT_AS_SENT && (hides(d) || slice_caseeq(d->invite->from.uri.user, SLICE("anonymous")));
	*display = slice_str(d->display);
	if (d->presentation == PRESENT_RESTRICTED || asks(d, "user"))
		*display = SLICE("Anonymous");
	else if (d->invite && (slice_empty(*display) || nameless))
		*display = d->invite->from.display;
	if (hides(d))
		buf_str(uri, ANONYMOUS);
	else
		put_number(uri, d, t->caller_out != OUT_FROM && *t->from_user ? t->from_user : d->number, from_host(d));
}

/* RFC 3323 4.1.1.2: nor does Contact tell who does not want to be known. */
void dress_contact(struct buf *user, const struct dress *d)
{
	sip_uri_escape_user(user, hides(d) || asks(d, "header") ? SLICE("anonymous") : slice_str(d->number));
}

void dress_to(struct buf *uri, const struct dress *d)
{
	char peer[ADDR_STR_LEN];
	const char *host = d->target->domain;
	if (!*host)
		host = d->target->kind == TARGET_TRUNK ? addr_host_str(&d->target->dst, peer) : d->own_host;
	put_number(uri, d, d->target->number, host);
}

void dress_way(struct headers_way *way, const struct dress *d)
{
	way->privacy = d->presentation == PRESENT_RESTRICTED ? HEADERS_PRIVACY_ID : d->presentation == PRESENT_ALLOWED ? HEADERS_PRIVACY_NONE
															: HEADERS_PRIVACY_AS_SENT;
	way->identity_elsewhere = d->restyled;
}

static void put_identity(struct buf *out, const struct dress *d, const char *header)
{
	struct slice display = slice_str(d->display);
	if (slice_empty(display) && d->invite)
		display = d->invite->from.display;
	buf_printf(out, "%s: ", header);
	sip_write_display(out, display);
	buf_char(out, '<');
	put_number(out, d, d->number, from_host(d));
	buf_char(out, '>');
}

static bool wants_privacy(const struct dress *d)
{
	return d->presentation == PRESENT_RESTRICTED || (d->presentation == PRESENT_AS_SENT && d->invite && headers_want_privacy(d->invite));
}

/* Whoever may not know who calls is not told so in any other header (RFC 3325 7). */
static void put_caller(struct buf *out, const struct dress *d, bool known)
{
	const struct trunk *t = d->target->trunk;
	enum caller_out where = style(d)->caller_out;
	if ((!d->restyled && !d->line) || !*d->number || !t || (wants_privacy(d) && !t->told))
		return;
	if (where == OUT_P_PREFERRED)
		put_identity(out, d, "P-Preferred-Identity");
	else if (where == OUT_REMOTE_PARTY)
		put_identity(out, d, "Remote-Party-ID");
	else if (known || where == OUT_P_ASSERTED)
		put_identity(out, d, "P-Asserted-Identity");
	else
		return;
	if (where == OUT_REMOTE_PARTY)
		buf_printf(out, ";party=calling;privacy=%s;screen=%s", wants_privacy(d) ? "full" : "off", known ? "yes" : "no");
	buf_str(out, "\r\n");
}

/* --- who has passed it on ------------------------------------------------------------------------------------------- */

static void put_sip(struct buf *out, const char *number, const char *host)
{
	buf_str(out, "<sip:");
	sip_uri_escape_user(out, slice_str(number));
	buf_printf(out, "@%s", host);
}

static bool tells(const struct dress *d, enum trunk_diversion what)
{
	enum trunk_diversion how = d->target->trunk ? d->target->trunk->diversion : DIVERSION_BOTH;
	return d->diversions && d->diversions->n && (how == what || how == DIVERSION_BOTH);
}

void dress_before(struct buf *out, const struct dress *d, bool known)
{
	put_caller(out, d, known);
	if (d->line && hides(d))
		buf_str(out, "Privacy: id\r\n");
	if (!tells(d, DIVERSION_HEADER))
		return;
	/* RFC 5806 4: the last one first. */
	for (unsigned i = d->diversions->n; i--;) {
		buf_str(out, "Diversion: ");
		put_sip(out, d->diversions->d[i].number, d->own_host);
		buf_printf(out, ">;reason=%s;counter=1%s\r\n", d->diversions->d[i].reason, d->diversions->d[i].hidden ? ";privacy=full" : "");
	}
}

/* The index of the last entry that came, so that ours go on below it (RFC 7044 10.3). */
static struct slice last_index(const struct sip_msg *invite)
{
	struct sip_values it = {0};
	struct slice value, last = SLICE_NONE;
	struct sip_nameaddr na;
	while (invite && sip_msg_each(invite, SIP_HDR_HISTORY_INFO, &it, &value))
		if (!sip_nameaddr_parse(&na, value))
			last = sip_param(na.params, SLICE("index"));
	return last;
}

void dress_behind(struct buf *out, const struct dress *d)
{
	struct slice base = last_index(d->invite);
	if (!tells(d, DIVERSION_HISTORY))
		return;
	if (!slice_is_set(base) || base.len > 64) {
		base = SLICE("1");
		buf_str(out, "History-Info: ");
		put_sip(out, d->diversions->d[0].number, d->own_host);
		buf_str(out, ">;index=1\r\n");
	}
	for (unsigned i = 0; i < d->diversions->n; i++) {
		bool last = i + 1 == d->diversions->n;
		buf_str(out, "History-Info: ");
		put_sip(out, last ? d->target->number : d->diversions->d[i + 1].number, d->own_host);
		buf_printf(out, ";cause=%u>;index=" SLICE_FMT, d->diversions->d[i].cause, SLICE_ARG(base));
		for (unsigned k = 0; k <= i; k++)
			buf_str(out, ".1");
		buf_str(out, ";mp=");
		buf_slice(out, base);
		for (unsigned k = 0; k < i; k++)
			buf_str(out, ".1");
		buf_str(out, "\r\n");
	}
}

/* --- who has answered ----------------------------------------------------------------------------------------------- */

void dress_answer(struct buf *out, const struct shown *who, const struct trunk *t, const char *own_host, bool told)
{
	const struct trunk_numbers *n = t ? &t->numbers : &plain;
	char written[sizeof(who->number)];
	bool hidden = who->presentation == PRESENT_RESTRICTED;
	if (hidden)
		buf_str(out, "Privacy: id\r\n");
	if (!*who->number || (hidden && !told) || number_write(&n->plan, n->out, slice_str(who->number), written, sizeof(written)))
		return;
	buf_str(out, "P-Asserted-Identity: ");
	sip_write_display(out, slice_str(who->display));
	buf_char(out, '<');
	number_uri(out, n->uri, &n->plan, slice_str(written), slice_str(own_host));
	buf_str(out, ">\r\n");
}
