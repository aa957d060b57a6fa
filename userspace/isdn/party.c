// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/party.h"
#include <errno.h>

#define MAX_DIVERSIONS 30 /* Q.952 */

struct name {
	const char *name;
	int value;
};

static const struct name types[] = {
	{"unknown", PRI_TON_UNKNOWN},	    {"international", PRI_TON_INTERNATIONAL}, {"national", PRI_TON_NATIONAL}, {"network", PRI_TON_NET_SPECIFIC},
	{"subscriber", PRI_TON_SUBSCRIBER}, {"abbreviated", PRI_TON_ABBREVIATED},     {0},
};

static const struct name plans[] = {
	{"unknown", PRI_NPI_UNKNOWN}, {"isdn", PRI_NPI_E163_E164},   {"data", PRI_NPI_X121}, {"telex", PRI_NPI_F69},
	{"national", PRI_NPI_NATIONAL}, {"private", PRI_NPI_PRIVATE}, {0},
};

static const struct name presentations[] = {
	{"allowed", PRI_PRES_ALLOWED}, {"restricted", PRI_PRES_RESTRICTED}, {"unavailable", PRI_PRES_UNAVAILABLE}, {0},
};

static const struct name screenings[] = {
	{"not-screened", PRI_PRES_USER_NUMBER_UNSCREENED},
	{"passed", PRI_PRES_USER_NUMBER_PASSED_SCREEN},
	{"failed", PRI_PRES_USER_NUMBER_FAILED_SCREEN},
	{"network", PRI_PRES_NETWORK_NUMBER},
	{0},
};

static const struct name reasons[] = {
	{"unknown", PRI_REDIR_UNKNOWN},		       {"busy", PRI_REDIR_FORWARD_ON_BUSY},	      {"no-reply", PRI_REDIR_FORWARD_ON_NO_REPLY},
	{"deflection", PRI_REDIR_DEFLECTION},	       {"out-of-order", PRI_REDIR_DTE_OUT_OF_ORDER}, {"dte", PRI_REDIR_FORWARDED_BY_DTE},
	{"unconditional", PRI_REDIR_UNCONDITIONAL},    {0},
};

static const char *name_of(const struct name *names, int value)
{
	for (const struct name *n = names; n->name; n++)
		if (n->value == value)
			return n->name;
	return names[0].name;
}

/* The value that `key` of `o` names, `absent` without such a key. */
static int value_of(const struct name *names, const json_t *o, const char *what, const char *key, int absent, int *ret, struct buf *why)
{
	const json_t *given = json_object_get(o, key);
	const char *text = json_string_value(given);
	*ret = absent;
	if (!given || json_is_null(given))
		return 0;
	for (const struct name *n = names; text && n->name; n++)
		if (!strcmp(n->name, text)) {
			*ret = n->value;
			return 0;
		}
	buf_printf(why, "%s.%s: expected one of", what, key);
	for (const struct name *n = names; n->name; n++)
		buf_printf(why, "%s %s", n == names ? "" : ",", n->name);
	return -EINVAL;
}

/* --- text ----------------------------------------------------------------------------------------------------------- */

json_t *party_text(const char *text, int char_set)
{
	json_t *s = char_set == PRI_CHAR_SET_ISO10646_UTF_8STRING ? json_string(text) : NULL;
	if (s)
		return s;
	char utf8[2 * 256 + 1];
	struct buf out = buf_fixed(utf8, sizeof(utf8));
	for (const uint8_t *p = (const uint8_t *)text; *p && out.len + 3 < sizeof(utf8); p++) {
		if (*p >= 0x80) {
			buf_char(&out, (char)(0xc0 | *p >> 6));
			buf_char(&out, (char)(0x80 | (*p & 0x3f)));
		} else if (*p >= ' ' && *p != 0x7f) {
			buf_char(&out, (char)*p);
		}
	}
	return json_stringn(out.p, out.len);
}

/* ISO 8859-1, which every switch knows; what it has not is a question mark. Cut to fit. */
static void latin1(const char *utf8, char *out, size_t size)
{
	size_t n = 0;
	for (const uint8_t *p = (const uint8_t *)utf8; *p && n + 1 < size; p++) {
		if ((*p & 0xc0) == 0x80)
			continue;
		out[n++] = (char)(*p < 0x80 ? (*p < ' ' ? '?' : *p) : *p == 0xc2 ? p[1] : *p == 0xc3 ? p[1] + 0x40 : '?');
	}
	out[n] = '\0';
}

/* --- numbers -------------------------------------------------------------------------------------------------------- */

json_t *party_number_json(const char *digits, int plan)
{
	json_t *o = json_object();
	json_object_set_new(o, "number", party_text(digits, PRI_CHAR_SET_ISO8859_1));
	json_object_set_new(o, "type", json_string(name_of(types, plan >> 4 & 7)));
	json_object_set_new(o, "plan", json_string(name_of(plans, plan & 15)));
	return o;
}

static bool is_digits(const char *text)
{
	return !text[strspn(text, "0123456789*#ABCDabcd")];
}

int party_number_read(const json_t *number, const char *what, char *digits, size_t size, int *plan, struct buf *why)
{
	const char *text = json_string_value(json_object_get(number, "number"));
	int type, numbering;
	if (!text || !is_digits(text) || slice_copy(slice_str(text), digits, size)) {
		buf_printf(why, "%s.number: expected at most %zu digits", what, size - 1);
		return -EINVAL;
	}
	int err = value_of(types, number, what, "type", PRI_TON_UNKNOWN, &type, why);
	if (!err)
		err = value_of(plans, number, what, "plan", PRI_NPI_UNKNOWN, &numbering, why);
	if (!err)
		*plan = type << 4 | numbering;
	return err;
}

static void put_presentation(json_t *o, int presentation)
{
	json_object_set_new(o, "presentation", json_string(name_of(presentations, presentation & PRI_PRES_RESTRICTION)));
	json_object_set_new(o, "screening", json_string(name_of(screenings, presentation & PRI_PRES_NUMBER_TYPE)));
}

/* --- parties -------------------------------------------------------------------------------------------------------- */

json_t *party_id_json(const struct pri_party_id *id)
{
	if (!id->number.valid && !(id->name.valid && id->name.str[0]))
		return NULL;
	json_t *o = party_number_json(id->number.valid ? id->number.str : "", id->number.plan);
	put_presentation(o, id->number.valid ? id->number.presentation : id->name.presentation);
	if (id->name.valid && id->name.str[0])
		json_object_set_new(o, "name", party_text(id->name.str, id->name.char_set));
	return o;
}

int party_id_read(const json_t *party, const char *what, struct pri_party_id *ret, struct buf *why)
{
	struct pri_party_id id = {0};
	int presentation, screening;
	if (!party || json_is_null(party)) {
		*ret = id;
		return 0;
	}
	int err = value_of(presentations, party, what, "presentation", PRI_PRES_ALLOWED, &presentation, why);
	if (!err)
		err = value_of(screenings, party, what, "screening", PRI_PRES_USER_NUMBER_UNSCREENED, &screening, why);
	if (!err && json_object_get(party, "number"))
		err = party_number_read(party, what, id.number.str, sizeof(id.number.str), &id.number.plan, why);
	if (err)
		return err;
	const char *name = json_string_value(json_object_get(party, "name"));
	id.number.valid = id.number.str[0] || presentation != PRI_PRES_ALLOWED;
	id.number.presentation = presentation | screening;
	if (name && *name) {
		id.name.valid = 1;
		id.name.presentation = presentation;
		id.name.char_set = PRI_CHAR_SET_ISO8859_1;
		latin1(name, id.name.str, sizeof(id.name.str));
	}
	*ret = id;
	return 0;
}

static json_t *diverted_json(const struct pri_party_id *by, int reason)
{
	json_t *o = party_id_json(by);
	if (o)
		json_object_set_new(o, "reason", json_string(name_of(reasons, reason)));
	return o;
}

json_t *party_redirecting_json(const struct pri_party_redirecting *r)
{
	json_t *o = diverted_json(&r->from, r->reason), *original = o && r->count > 1 ? diverted_json(&r->orig_called, r->orig_reason) : NULL;
	if (!o)
		return NULL;
	json_object_set_new(o, "count", json_integer(r->count > 0 ? r->count : 1));
	if (original)
		json_object_set_new(o, "original", original);
	return o;
}

static int diverted_read(const json_t *by, const char *what, struct pri_party_id *ret, int *reason, struct buf *why)
{
	int err = party_id_read(by, what, ret, why);
	return err ? err : value_of(reasons, by, what, "reason", PRI_REDIR_UNKNOWN, reason, why);
}

int party_redirecting_read(const json_t *redirecting, struct pri_party_redirecting *ret, struct buf *why)
{
	struct pri_party_redirecting r = {0};
	json_int_t count = json_integer_value(json_object_get(redirecting, "count"));
	const json_t *original = json_object_get(redirecting, "original");
	int err = diverted_read(redirecting, "redirecting", &r.from, &r.reason, why);
	r.orig_reason = r.reason;
	if (!err && json_is_object(original))
		err = diverted_read(original, "redirecting.original", &r.orig_called, &r.orig_reason, why);
	if (err)
		return err;
	r.count = count < 1 ? 1 : count > MAX_DIVERSIONS ? MAX_DIVERSIONS : (int)count;
	*ret = r;
	return 0;
}
