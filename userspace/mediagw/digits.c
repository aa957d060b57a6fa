// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/digits.h"

#define OFFERED_PT 101 /* localsdp.c, to a peer nothing is known of */

static const char names[] = "0123456789*#ABCD"; /* RFC 4733 table 3 */

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
