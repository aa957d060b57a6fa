// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/digits.h"

#define OFFERED_PT 101 /* localsdp.c, to a peer nothing is known of */

static const char names[] = "0123456789*#ABCD"; /* RFC 4733 table 3 */
#define DIGITS 0x3ffu

/* The stream's telephone-events: those at the clock of its first format, else the first ones. */
static uint8_t described(const struct sdp *s)
{
	const struct sdp_media *m = NULL;
	uint8_t found = 0;
	for (unsigned i = 0; i < s->n_media && !m; i++)
		m = s->media[i].port ? &s->media[i] : NULL;
	for (unsigned i = 0; m && i < m->n_formats; i++) {
		const struct sdp_format *f = &m->formats[i];
		if (!slice_caseeq(f->name, SLICE("telephone-event")))
			continue;
		if (f->clock_hz == m->formats[0].clock_hz)
			return f->pt;
		found = found ? found : f->pt;
	}
	return found;
}

uint8_t digits_payload_type(const struct conn *c)
{
	const struct conn *other = conn_other(c);
	uint8_t pt = 0;
	if (c->secure)
		return 0;
	if (other && other->remote_sdp)
		pt = described(other->remote_sdp);
	if (!pt && c->remote_sdp)
		pt = described(c->remote_sdp);
	return pt || c->remote_sdp || (other && other->remote_sdp) ? pt : OFFERED_PT;
}

char digits_name(uint32_t code)
{
	return code < sizeof names - 1 ? names[code] : '\0';
}

static uint32_t one(char c)
{
	char upper = c >= 'a' && c <= 'd' ? (char)(c - 'a' + 'A') : c;
	const char *at = c ? strchr(names, upper) : NULL;
	return at ? 1u << (at - names) : 0;
}

/* "0-9#*A-D" */
static uint32_t range(struct slice text)
{
	uint32_t set = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint32_t first = one(text.p[i]), last = first;
		if (i + 2 < text.len && text.p[i + 1] == '-') {
			last = one(text.p[i + 2]);
			i += 2;
		}
		if (!first || last < first)
			return 0;
		set |= (last << 1) - first;
	}
	return set;
}

uint32_t digits_set(struct slice name)
{
	if (slice_caseeq(name, SLICE("x")))
		return DIGITS;
	if (slice_eq(name, SLICE("*")))
		return one('*');
	if (slice_caseeq(name, SLICE("all")))
		return (1u << (sizeof names - 1)) - 1;
	if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
		return range(slice_of(name.p + 1, name.len - 2));
	return name.len == 1 ? one(name.p[0]) : 0;
}
