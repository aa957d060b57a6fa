// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_numbers.h"
#include "base/conf.h"
#include <ctype.h>
#include <errno.h>

static const char *own_or(const struct conf_part *section, const struct conf_part *general, const char *option)
{
	const char *text = conf_string(section, option);
	return *text ? text : conf_string(general, option);
}

static struct numbering numbering_of(const struct conf *conf, const struct conf_part *section)
{
	const struct conf_part *sip = conf_section(conf, "sip");
	return (struct numbering){
		.country = own_or(section, sip, "country"),
		.area = own_or(section, sip, "area"),
		.international = own_or(section, sip, "international-prefix"),
		.national = own_or(section, sip, "national-prefix"),
	};
}

void line_numbers_load(struct line_numbers *n, const struct conf *conf, const struct conf_part *section)
{
	*n = (struct line_numbers){
		.plan = numbering_of(conf, section), .in = (enum number_format)conf_int(section, "numbers-in"), .out = (enum number_format)conf_int(section, "numbers-out"),
	};
}

void trunk_numbers_load(struct trunk_numbers *t, const struct conf *conf, const struct conf_part *section)
{
	*t = (struct trunk_numbers){
		.plan = numbering_of(conf, section),
		.in = (enum number_format)conf_int(section, "numbers-in"),
		.out = (enum number_format)conf_int(section, "numbers-out"),
		.uri = (enum number_uri)conf_int(section, "number-uri"),
		.called_in = (enum called_in)conf_int(section, "called-in"),
		.caller_in = (enum caller_in)conf_int(section, "caller-in"),
		.caller_out = (enum caller_out)conf_int(section, "caller-out"),
		.from_user = conf_string(section, "from-user"),
	};
}

int number_of_uri(const struct sip_uri *uri, char *out, size_t size)
{
	if (uri->scheme != SIP_SCHEME_TEL) {
		struct sip_uri plain = *uri;
		struct slice rest = uri->user;
		plain.user = slice_cut(&rest, ';'); /* its parameters are no part of a number (RFC 3966, RFC 4967) */
		int err = sip_uri_user(&plain, out, size);
		return err ? err : *out ? 0 : -ENOENT;
	}
	struct slice digits = uri->text;
	struct buf b = buf_fixed(out, size);
	slice_cut(&digits, ':');
	digits = slice_cut(&digits, ';');
	for (size_t i = 0; i < digits.len; i++)
		if (isalnum((unsigned char)digits.p[i]) || strchr("+*#", digits.p[i]))
			buf_char(&b, digits.p[i]);
	buf_z(&b);
	return b.err ? b.err : b.len ? 0 : -ENOENT;
}

static bool first_value(const struct sip_msg *m, struct slice name, struct sip_nameaddr *ret)
{
	enum sip_hdr_id id = sip_hdr_lookup(name);
	struct sip_values it = {0};
	struct slice value;
	if (id == SIP_HDR_OTHER) {
		const struct sip_hdr *h = sip_msg_named(m, name);
		value = h ? h->value : SLICE_NONE;
	} else if (!sip_msg_each(m, id, &it, &value)) {
		return false;
	}
	return slice_is_set(value) && !sip_nameaddr_parse(ret, value) && !ret->star;
}

int trunk_called(const struct trunk_numbers *t, const struct sip_msg *req, char *out, size_t size)
{
	struct sip_nameaddr na;
	char text[256];
	const struct sip_uri *uri = &req->ruri;
	if (t->called_in == CALLED_TO)
		uri = &req->to.uri;
	else if (t->called_in == CALLED_P_CALLED_PARTY && first_value(req, SLICE("P-Called-Party-ID"), &na))
		uri = &na.uri;
	int err = number_of_uri(uri, text, sizeof(text));
	return err ? err : number_read(&t->plan, t->in, slice_str(text), out, size);
}

void trunk_caller(const struct trunk_numbers *t, const struct sip_msg *req, char *out, size_t size)
{
	static const char *const names[] = {
		[CALLER_P_ASSERTED] = "P-Asserted-Identity", [CALLER_REMOTE_PARTY] = "Remote-Party-ID", [CALLER_DIVERSION] = "Diversion",
	};
	struct sip_nameaddr na;
	char text[256];
	const struct sip_uri *uri = &req->from.uri;
	if (t->caller_in != CALLER_FROM && first_value(req, slice_str(names[t->caller_in]), &na))
		uri = &na.uri;
	if (number_of_uri(uri, text, sizeof(text)) || number_read(&t->plan, t->in, slice_str(text), out, size))
		out[0] = '\0';
}
