// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading messages (RFC 3435 3.2 and appendix A). Lines end in CRLF or LF; extra white space is tolerated, as the appendix asks. */
#include "mgcp/internal.h"
#include <ctype.h>
#include <errno.h>

static struct slice word(struct slice *s)
{
	size_t i = 0, n = 0;
	while (i < s->len && (s->p[i] == ' ' || s->p[i] == '\t'))
		i++;
	*s = slice_from(*s, i);
	while (n < s->len && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	struct slice w = slice_of(s->p, n);
	*s = slice_from(*s, n);
	return w;
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

/* RFC 3435 3.2.1.2: 1 to 999999999 */
static uint32_t transaction_id(struct slice s)
{
	uint64_t v;
	return s.len <= 9 && !slice_u64(s, 999999999, &v) ? (uint32_t)v : 0;
}

/* Cuts one message off: up to a line of a single dot (3.5.5), which goes too. Empty lines before it are skipped. */
static struct slice next_message(struct slice *text)
{
	while (text->len && (text->p[0] == '\r' || text->p[0] == '\n'))
		*text = slice_from(*text, 1);
	struct slice all = *text;
	for (struct slice rest = all; !slice_empty(rest);) {
		const char *at = rest.p;
		if (*at != '.') {
			slice_cut(&rest, '\n');
			continue;
		}
		if (slice_trim(slice_line(&rest)).len == 1) {
			*text = rest;
			return slice_of(all.p, (size_t)(at - all.p));
		}
	}
	*text = slice_from(all, all.len);
	return all;
}

/* RFC 3435 3.2.1.3; the domain is checked by whom it concerns. */
static unsigned read_endpoint(struct mgcp_msg *m, struct slice text)
{
	ptrdiff_t at = slice_find(text, '@');
	m->endpoint = text;
	if (at < 1 || (size_t)at + 1 >= text.len)
		return 500;
	m->ep_local = slice_of(text.p, (size_t)at);
	m->ep_host = slice_from(text, (size_t)at + 1);
	return m->ep_host.len > 255 + 6 ? 500 : 0;
}

static unsigned read_command_line(struct mgcp_msg *m, struct slice line)
{
	m->command = true;
	m->verb_text = word(&line);
	m->verb = mgcp_verb_parse(m->verb_text);
	/* What is no verb at all is not answered. */
	if (slice_empty(m->verb_text) || !isalpha((unsigned char)m->verb_text.p[0]))
		return 510;
	m->tid = transaction_id(word(&line));
	if (!m->tid || m->verb_text.len != 4)
		return 510;
	struct slice endpoint = word(&line);
	m->version = slice_trim(line);
	struct slice rest = m->version, name = word(&rest), number = word(&rest);
	if (!slice_caseeq(name, SLICE("MGCP")) || slice_empty(number))
		return 510;
	/* 1.x is read as far as we know it (3.2.1.4). */
	if (!slice_starts(number, SLICE("1.")))
		return 528;
	return read_endpoint(m, endpoint);
}

static unsigned read_response_line(struct mgcp_msg *m, struct slice line)
{
	uint64_t code;
	if (slice_u64(word(&line), 999, &code))
		return 510;
	m->code = (unsigned)code;
	m->tid = transaction_id(word(&line));
	m->comment = slice_trim(line);
	return m->tid ? 0 : 510;
}

static unsigned read_param(struct mgcp_msg *m, struct slice line)
{
	ptrdiff_t colon = slice_find(line, ':');
	if (colon < 1 || m->n_params == MGCP_MAX_PARAMS)
		return 510;
	struct mgcp_param *p = &m->params[m->n_params++];
	p->name = slice_trim(slice_of(line.p, (size_t)colon));
	p->value = slice_trim(slice_from(line, (size_t)colon + 1));
	p->id = mgcp_param_parse(p->name);
	if (!m->first[p->id])
		m->first[p->id] = (uint8_t)m->n_params;
	/* 3.2.2: X+ extensions are mandatory, X- ones may be ignored. */
	return m->command && p->id == MGCP_P_OTHER && slice_casestarts(p->name, SLICE("X+")) ? 511 : 0;
}

/* What follows the empty line; in responses a second description after another one (the second connection's). */
static void read_descriptions(struct mgcp_msg *m, struct slice text)
{
	struct slice all = text;
	for (bool first = true; !m->command && !slice_empty(text); first = false) {
		const char *at = text.p;
		struct slice line = slice_line(&text);
		if (first || !slice_empty(line) || !slice_casestarts(text, SLICE("v=")))
			continue;
		m->sdp[0] = slice_of(all.p, (size_t)(at - all.p));
		m->sdp[1] = text;
		return;
	}
	if (!slice_empty(slice_trim(all)))
		m->sdp[0] = all;
}

static unsigned read_message(struct mgcp_msg *m, struct slice text)
{
	struct slice first = slice_line(&text), rest = first;
	if (slice_empty(slice_trim(first)))
		return 510;
	struct slice start = word(&rest);
	unsigned code = start.len == 3 && is_digits(start) ? read_response_line(m, first) : read_command_line(m, first);
	while (!code && !slice_empty(text)) {
		struct slice line = slice_line(&text);
		if (slice_empty(slice_trim(line))) {
			read_descriptions(m, text);
			return 0;
		}
		code = read_param(m, line);
	}
	return code;
}

int mgcp_parse(struct mgcp_msg *ret, struct slice *text, unsigned *code)
{
	struct slice message = next_message(text);
	/* The params array is big and only its first entries count. */
	memset(ret, 0, offsetof(struct mgcp_msg, params));
	ret->n_params = 0;
	ret->sdp[0] = ret->sdp[1] = SLICE_NONE;
	*code = message.len && memchr(message.p, '\0', message.len) ? 510 : read_message(ret, message);
	if (*code && !ret->tid)
		*code = 0;
	else if (!*code)
		return 0;
	return -EBADMSG;
}

struct slice mgcp_param(const struct mgcp_msg *m, enum mgcp_param_id id)
{
	return m->first[id] ? m->params[m->first[id] - 1].value : SLICE_NONE;
}

struct slice mgcp_option(struct slice list, struct slice name, char sep)
{
	while (slice_is_set(list)) {
		struct slice value = slice_trim(slice_cut(&list, ','));
		struct slice key = slice_cut(&value, sep);
		if (slice_caseeq(slice_trim(key), name))
			return slice_is_set(value) ? slice_trim(value) : slice_of(slice_end(key), 0);
	}
	return SLICE_NONE;
}
