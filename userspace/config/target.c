// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/target.h"
#include <ctype.h>

static const char *parse_block(struct dest *d, struct slice how)
{
	uint32_t n;
	d->kind = DEST_BLOCK;
	if (!slice_is_set(how))
		return NULL;
	if (slice_casestarts(how, SLICE("cause="))) {
		if (slice_u32(slice_from(how, 6), &n) || n < 1 || n > 127)
			return "block:cause=N with a Q.850 cause";
		d->cause = n;
		return NULL;
	}
	if (slice_u32(how, &n) || n < 400 || n > 699)
		return "block:N with a status of 400 to 699";
	d->status = n;
	return NULL;
}

const struct dest_section config_dest_sections[] = {
	{"user", DEST_USER}, {"trunk", DEST_TRUNK}, {"group", DEST_GROUP}, {"hunt", DEST_HUNT}, {"isdn", DEST_LINE}, {"line", DEST_LINE}, {0},
};

const char *config_dest(struct dest *ret, const char *text, const struct conf *conf)
{
	struct dest d = {0};
	struct slice rest = slice_str(text), word = slice_cut(&rest, ':');
	const char *wrong = NULL;
	if (slice_eq(word, SLICE("block"))) {
		wrong = parse_block(&d, rest);
	} else if (slice_is_set(rest) && slice_eq(word, SLICE("number"))) {
		d.kind = DEST_NUMBER;
		wrong = slice_empty(rest) || slice_copy(rest, d.name, sizeof(d.name)) ? "number:N with a number" : NULL;
	} else if (slice_is_set(rest) && slice_eq(word, SLICE("enum"))) {
		d.kind = DEST_ENUM;
		wrong = slice_empty(rest) || slice_copy(rest, d.name, sizeof(d.name)) ? "enum:DOMAIN, such as enum:e164.arpa" : NULL;
	} else {
		const struct dest_section *s = config_dest_sections;
		while (s->section && !conf_find(conf, s->section, text))
			s++;
		if (!s->section)
			return "the name of a user, trunk, group, hunt group, isdn or line section, number:N, enum:DOMAIN, or block";
		d.kind = s->kind;
		if (slice_copy(slice_str(text), d.name, sizeof(d.name)))
			return "a shorter name";
	}
	if (!wrong)
		*ret = d;
	return wrong;
}

const char *config_group_member(struct group_member *ret, const char *text)
{
	static const char expected[] = "the name of a trunk, isdn or line section, then maybe priority=N and weight=N";
	struct slice rest = slice_trim(slice_str(text)), name = slice_cut(&rest, ' ');
	struct group_member m = {.weight = 1};
	if (slice_empty(name) || slice_copy(name, m.trunk, sizeof(m.trunk)))
		return expected;
	while (slice_is_set(rest)) {
		struct slice value = slice_cut(&rest, ' '), key = slice_cut(&value, '=');
		uint16_t n;
		if (slice_empty(key) && !slice_is_set(value))
			continue;
		if (!slice_is_set(value) || slice_u16(value, &n))
			return expected;
		if (slice_eq(key, SLICE("priority")))
			m.priority = n;
		else if (slice_eq(key, SLICE("weight")))
			m.weight = n;
		else
			return expected;
	}
	*ret = m;
	return NULL;
}

const char *config_cause_row(const char *text, uint16_t *from, uint16_t *to)
{
	struct slice rest = slice_str(text), left = slice_trim(slice_cut(&rest, '='));
	if (!slice_is_set(rest) || slice_u16(left, from) || slice_u16(slice_trim(rest), to))
		return "a number, = and what stands for it, such as \"17=486\"";
	return NULL;
}

/* What makes the message, the dialog or its way: the stack's own business. */
static const char *const stack_headers[] = {
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route", "Max-Forwards", "Content-Length", "Content-Type", "Content-Encoding",
	"Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate", "Require", "Proxy-Require", "Supported", "Unsupported", "Allow",
	"RAck", "RSeq", "Session-Expires", "Min-SE", "Replaces", "MIME-Version",
};

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("-.!%*_+`'~", s.p[i]))
			return false;
	return s.len > 0;
}

static const char *check_name(struct slice name)
{
	if (!is_token(name))
		return "the name of a header field";
	for (size_t i = 0; i < sizeof(stack_headers) / sizeof(stack_headers[0]); i++)
		if (slice_caseeq(name, slice_str(stack_headers[i])))
			return "a header field that is not SIP's own business";
	return NULL;
}

const char *config_header_name(const char *text)
{
	return check_name(slice_str(text));
}

const char *config_header_line(const char *text)
{
	struct slice value = slice_str(text), name = slice_trim(slice_cut(&value, ':'));
	if (!slice_is_set(value))
		return "\"Name: value\"";
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] < ' ' && value.p[i] != '\t')
			return "a value on one line";
	return check_name(name);
}
