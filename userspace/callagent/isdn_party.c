// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/isdn_party.h"
#include "sip/msg.h"
#include <errno.h>

#define COUNT_MAX 30 /* diversions of a call, Q.952 */

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

/* --- numbers -------------------------------------------------------------------------------------------------------- */

static json_t *typed(const char *digits, const char *type)
{
	return json_pack("{s:s, s:s, s:s}", "number", digits, "type", type, "plan", "isdn");
}

static bool can_be_dialled(const char *number)
{
	return *number && !number[strspn(number, "0123456789*#")];
}

/* RFC 3398 12.2: a number of the country that the line is in is a national one. */
static json_t *write_e164(const struct tel_line *l, const char *e164)
{
	const char *country = l->numbers.plan.country;
	size_t n = strlen(country);
	if (!can_be_dialled(e164 + 1))
		return NULL;
	return n && !strncmp(e164 + 1, country, n) ? typed(e164 + 1 + n, "national") : typed(e164 + 1, "international");
}

json_t *isdn_number_write(const struct tel_line *l, const char *number)
{
	char text[128];
	bool is_typed = conf_int(l->conf, "number-type") == 0;
	if (is_typed && !number_read(&l->numbers.plan, NUMBER_NATIONAL, slice_str(number), text, sizeof(text)) && text[0] == '+')
		return write_e164(l, text);
	if (number_write(&l->numbers.plan, l->numbers.out, slice_str(number), text, sizeof(text)))
		return NULL;
	const char *digits = text[0] == '+' ? text + 1 : text;
	return can_be_dialled(digits) ? typed(digits, "unknown") : NULL;
}

static bool goes_on(const json_t *shorter, const json_t *longer, char digit)
{
	const char *was = text_of(shorter, "number"), *now = text_of(longer, "number");
	size_t n = strlen(was);
	return !strncmp(was, now, n) && now[n] == digit && !now[n + 1] && !strcmp(text_of(shorter, "type"), text_of(longer, "type"));
}

bool isdn_number_grows(const struct tel_line *l, const char *number)
{
	json_t *shorter = isdn_number_write(l, number);
	bool grows = shorter;
	for (char digit = '0'; grows && digit <= '9'; digit++) {
		char more[128];
		struct buf b = buf_fixed(more, sizeof(more));
		buf_printf(&b, "%s%c", number, digit);
		json_t *longer = b.err ? NULL : isdn_number_write(l, buf_z(&b));
		grows = longer && goes_on(shorter, longer, digit);
		json_decref(longer);
	}
	json_decref(shorter);
	return grows;
}

static int join(char *out, size_t size, const char *a, const char *b, const char *c)
{
	struct buf buf = buf_fixed(out, size);
	buf_printf(&buf, "+%s%s%s", a, b, c);
	buf_z(&buf);
	return buf.err ? -ENOSPC : 0;
}

/* RFC 3398 12.1. */
int isdn_number_read(const struct tel_line *l, const json_t *number, char *out, size_t size)
{
	const struct numbering *plan = &l->numbers.plan;
	const char *digits = text_of(number, "number"), *type = text_of(number, "type"), *scheme = text_of(number, "plan");
	bool e164 = !strcmp(scheme, "isdn") || !strcmp(scheme, "unknown") || !*scheme;
	if (!*digits || !e164)
		return slice_copy(slice_str(digits), out, size) ? -ENOSPC : 0;
	if (!strcmp(type, "international"))
		return join(out, size, "", "", digits);
	if (!strcmp(type, "national") && *plan->country)
		return join(out, size, plan->country, "", digits);
	if (!strcmp(type, "subscriber") && *plan->country && *plan->area)
		return join(out, size, plan->country, plan->area, digits);
	return number_read(plan, l->numbers.in, slice_str(digits), out, size);
}

/* --- who calls ------------------------------------------------------------------------------------------------------ */

static bool is_hidden(const json_t *party)
{
	return !strcmp(text_of(party, "presentation"), "restricted");
}

int isdn_party_read(const struct tel_line *l, const json_t *party, struct shown *ret)
{
	*ret = (struct shown){.presentation = PRESENT_AS_SENT};
	int err = isdn_number_read(l, party, ret->number, sizeof(ret->number));
	if (!err && slice_copy(slice_str(text_of(party, "name")), ret->display, sizeof(ret->display)))
		ret->display[0] = '\0';
	/* Private, or not available due to interworking: nobody to be named. */
	if (is_hidden(party) || !*ret->number)
		ret->presentation = PRESENT_RESTRICTED;
	return err;
}

json_t *isdn_party_write(const struct tel_line *l, const char *number, const char *name, bool restricted, enum isdn_screening screening)
{
	static const char *const screenings[] = {[ISDN_NOT_SCREENED] = "not-screened", [ISDN_PASSED] = "passed", [ISDN_NETWORK] = "network"};
	bool told = !restricted || conf_bool(l->conf, "tell-identity");
	json_t *o = told && *number ? isdn_number_write(l, number) : NULL;
	bool has_number = o != NULL;
	if (!o)
		o = json_object();
	const char *presentation = restricted ? "restricted" : has_number ? "allowed" : "unavailable";
	if (o)
		json_object_set_new(o, "presentation", json_string(presentation));
	if (o)
		json_object_set_new(o, "screening", json_string(screenings[has_number ? screening : ISDN_NETWORK]));
	if (o && told && *name && !restricted)
		json_object_set_new(o, "name", json_string(name));
	return o;
}

/* --- who has passed it on -------------------------------------------------------------------------------------------- */

/* Reasons in the words of the protocol (Q.952), of Diversion (RFC 5806 5), and of History-Info (RFC 4458): a row each, of several the first is written. */
static const struct {
	const char *isdn, *sip;
	unsigned cause;
} reasons[] = {
	{"busy", "user-busy", 486},         {"no-reply", "no-answer", 408},   {"unconditional", "unconditional", 302}, {"deflection", "deflection", 480},
	{"out-of-order", "out-of-service", 503}, {"out-of-order", "unavailable", 503}, {"deflection", "deflection", 487}, {"dte", "follow-me", 302},
	{"unknown", "unknown", 404},
};
#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

static int add_diversion(const struct tel_line *l, const json_t *by, struct diversions *ret)
{
	struct diversion *d = &ret->d[ret->n];
	size_t i = 0;
	int err = by ? isdn_number_read(l, by, d->number, sizeof(d->number)) : -ENOENT;
	if (err || !*d->number)
		return err == -ENOENT ? 0 : err;
	while (i + 1 < N_REASONS && strcmp(reasons[i].isdn, text_of(by, "reason")))
		i++;
	d->reason = reasons[i].sip;
	d->cause = reasons[i].cause;
	d->hidden = is_hidden(by);
	ret->n++;
	return 0;
}

int isdn_redirecting_read(const struct tel_line *l, const json_t *redirecting, struct diversions *ret)
{
	ret->n = 0;
	return add_diversion(l, json_object_get(redirecting, "original"), ret) ?: add_diversion(l, redirecting, ret);
}

/* Somebody who has passed the call on. */
struct redirecting {
	char number[128], name[128];
	const char *reason;
	bool hidden;
};

/* What stands of them in a message, or is known here. */
struct redirected {
	struct redirecting last, first;
	unsigned named, count; /* those who are told of; all, as is told */
};

/* RFC 5806 4: the first value is the last one who did. */
static bool find_diversion(struct redirected *r, const struct sip_msg *invite)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr na;
	uint32_t n;
	while (sip_msg_each(invite, SIP_HDR_DIVERSION, &it, &value)) {
		struct redirecting by = {.reason = reasons[N_REASONS - 1].isdn};
		if (sip_nameaddr_parse(&na, value) || na.star)
			continue;
		bool counted = !slice_u32(sip_param(na.params, SLICE("counter")), &n) && n;
		r->count += counted && n < COUNT_MAX ? n : 1;
		if (number_of_uri(&na.uri, by.number, sizeof(by.number)))
			continue;
		for (size_t k = 0; k < N_REASONS; k++)
			if (slice_caseeq(sip_param(na.params, SLICE("reason")), slice_str(reasons[k].sip)))
				by.reason = reasons[k].isdn;
		by.hidden = slice_is_set(sip_param(na.params, SLICE("privacy"))) && !slice_caseeq(sip_param(na.params, SLICE("privacy")), SLICE("off"));
		sip_display_text(na.display, by.name, sizeof(by.name));
		r->first = by;
		if (!r->named++)
			r->last = by;
	}
	return r->named;
}

/* RFC 7044, RFC 4458: an entry with a cause was passed on by the entry before it. */
static bool find_history(struct redirected *r, const struct sip_msg *invite)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr na;
	char before[128] = "";
	uint32_t cause;
	while (sip_msg_each(invite, SIP_HDR_HISTORY_INFO, &it, &value)) {
		if (sip_nameaddr_parse(&na, value) || na.star)
			continue;
		for (size_t k = 0; *before && !slice_u32(sip_param(na.uri.params, SLICE("cause")), &cause) && k < N_REASONS; k++)
			if (reasons[k].cause == cause) {
				r->last.reason = reasons[k].isdn;
				memcpy(r->last.number, before, sizeof(before));
				r->count++;
				if (!r->named++)
					r->first = r->last;
				break;
			}
		if (number_of_uri(&na.uri, before, sizeof(before)))
			before[0] = '\0';
	}
	return r->named;
}

static const char *isdn_reason(const char *sip)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (!strcmp(reasons[i].sip, sip))
			return reasons[i].isdn;
	return "unknown";
}

/* Those who did here come after those of the message. */
static void take_ours(struct redirected *r, const struct diversions *d)
{
	for (unsigned i = 0; i < d->n; i++) {
		r->last = (struct redirecting){.reason = isdn_reason(d->d[i].reason), .hidden = d->d[i].hidden};
		memcpy(r->last.number, d->d[i].number, sizeof(r->last.number));
		if (!r->named++)
			r->first = r->last;
	}
	r->count += d->n;
}

static json_t *redirecting_json(const struct tel_line *l, const struct redirecting *by)
{
	json_t *o = isdn_number_write(l, by->number);
	json_t *more = json_pack("{s:s, s:s}", "presentation", by->hidden ? "restricted" : "allowed", "reason", by->reason);
	if (o && more)
		json_object_update(o, more);
	if (o && *by->name && !by->hidden)
		json_object_set_new(o, "name", json_string(by->name));
	json_decref(more);
	return o;
}

json_t *isdn_redirecting_write(const struct tel_line *l, const struct diversions *d, const struct sip_msg *invite)
{
	struct redirected r = {0};
	bool found = invite && (find_diversion(&r, invite) || find_history(&r, invite));
	if (d && d->n)
		take_ours(&r, d);
	else if (!found)
		return NULL;
	json_t *o = redirecting_json(l, &r.last), *first = o && r.named > 1 ? redirecting_json(l, &r.first) : NULL;
	if (o)
		json_object_set_new(o, "count", json_integer(r.count < COUNT_MAX ? r.count : COUNT_MAX));
	if (first)
		json_object_set_new(o, "original", first);
	return o;
}
