// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/codecs.h"

#define EVENTS_PT 101
#define CLEAR_PT  97
#define PTIME_MS  20 /* RFC 3551 4.5 */
#define PTIME_MIN 5
#define PTIME_MAX 60

/* By what names SDP knows them, with the payload types everybody uses. */
static const struct {
	struct slice name;
	uint8_t pt;
} formats[] = {
	[PLAYOUT_PCMU] = {SLICE("PCMU"), 0},   [PLAYOUT_PCMA] = {SLICE("PCMA"), 8},
	[PLAYOUT_CLEAR] = {SLICE("CLEARMODE"), CLEAR_PT}, [PLAYOUT_NOISE] = {SLICE("CN"), 13},
	[PLAYOUT_EVENT] = {SLICE("telephone-event"), EVENTS_PT},
};

static const struct codec none = {.ours = NO_PT, .theirs = NO_PT};

static struct codec usual(enum playout_format f)
{
	return (struct codec){f, formats[f].pt, formats[f].pt};
}

void codecs_init(struct codecs *c, bool hook)
{
	*c = (struct codecs){.events = none, .noise = none, .flash = hook, .ptime_ms = PTIME_MS, .echo = true};
}

/* --- what may be spoken: in order of preference ------------------------------------------------------------------- */

static void add(struct codecs *c, enum playout_format f)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->list[i].format == f)
			return;
	c->list[c->n++] = usual(f);
}

/* Those of a:, in its order. */
static void approve_named(struct codecs *c, const struct options *o)
{
	struct slice list = o->codecs;
	while (slice_is_set(list)) {
		struct slice name = slice_trim(slice_cut(&list, ';'));
		for (enum playout_format f = PLAYOUT_PCMU; f <= PLAYOUT_CLEAR; f++)
			if (slice_caseeq(name, formats[f].name))
				add(c, f);
	}
}

/* Our own, when the call agent leaves it to us: without conversion where that can be. Data goes before voice for a peer who puts it there. */
static void approve_own(struct codecs *c, enum law law, const struct sdp_media *m)
{
	bool data = m && m->n_formats && slice_caseeq(m->formats[0].name, formats[PLAYOUT_CLEAR].name);
	if (data)
		add(c, PLAYOUT_CLEAR);
	add(c, law == LAW_A ? PLAYOUT_PCMA : PLAYOUT_PCMU);
	add(c, law == LAW_A ? PLAYOUT_PCMU : PLAYOUT_PCMA);
}

/* --- what the peer can -------------------------------------------------------------------------------------------- */

static const struct sdp_format *described(const struct sdp_media *m, enum playout_format f)
{
	for (unsigned i = 0; i < m->n_formats; i++)
		if (slice_caseeq(m->formats[i].name, formats[f].name) && m->formats[i].clock_hz == 8000)
			return &m->formats[i];
	return NULL;
}

static struct codec agreed(const struct codecs *c, const struct sdp_media *m, enum playout_format f)
{
	const struct sdp_format *d = described(m, f);
	if (!d)
		return none;
	return (struct codec){f, c->offered ? formats[f].pt : d->pt, d->pt};
}

/* Whether an event is one of those that the peer takes: numbers and ranges (RFC 4733 2.4.1), 0 to 15 when it says none. */
static bool takes_event(const struct sdp_format *d, uint32_t event)
{
	struct slice list = d && slice_is_set(d->fmtp) ? d->fmtp : SLICE("0-15");
	while (d && slice_is_set(list)) {
		struct slice to = slice_trim(slice_cut(&list, ',')), from = slice_cut(&to, '-');
		uint32_t first, last;
		if (!slice_u32(slice_trim(from), &first) && !slice_u32(slice_is_set(to) ? slice_trim(to) : slice_trim(from), &last) && first <= event && event <= last)
			return true;
	}
	return false;
}

static void agree(struct codecs *c, const struct sdp_media *m)
{
	unsigned n = 0;
	for (unsigned i = 0; i < c->n; i++) {
		struct codec k = agreed(c, m, c->list[i].format);
		if (k.theirs != NO_PT)
			c->list[n++] = k;
	}
	c->n = n;
	c->events = agreed(c, m, PLAYOUT_EVENT);
	c->flash_taken = takes_event(described(m, PLAYOUT_EVENT), EVENT_FLASH);
	c->noise = agreed(c, m, PLAYOUT_NOISE);
}

/* --- selection ---------------------------------------------------------------------------------------------------- */

static unsigned packet_time(const struct codecs *c, const struct options *o, const struct sdp_media *m)
{
	if (o->ptime_min > PTIME_MAX || (o->ptime_max && o->ptime_max < PTIME_MIN))
		return 0;
	if (o->ptime_min)
		return o->ptime_min > PTIME_MS ? o->ptime_min : o->ptime_max < PTIME_MS ? o->ptime_max : PTIME_MS;
	if (m && m->ptime_ms >= PTIME_MIN && m->ptime_ms <= PTIME_MAX)
		return m->ptime_ms;
	return c->ptime_ms;
}

static void switches(struct codecs *c, const struct options *o)
{
	if (o->echo)
		c->echo = o->echo == OPTION_ON;
	if (o->silence)
		c->suppress = o->silence == OPTION_ON;
	if (o->has_gain)
		c->gain_db = o->gain_db;
}

unsigned codecs_select(struct codecs *c, enum law law, const struct options *o, const struct sdp_media *m, const char **why)
{
	struct codecs k = *c;
	*why = "packet times of 5 to 60 ms are supported";
	k.ptime_ms = packet_time(c, o, m);
	if (!k.ptime_ms)
		return 535;
	switches(&k, o);
	/* What was agreed on holds until the call agent or the peer says otherwise. */
	if (m || slice_is_set(o->codecs) || !k.n) {
		k.n = 0;
		if (slice_is_set(o->codecs))
			approve_named(&k, o);
		else
			approve_own(&k, law, m);
		k.events = usual(PLAYOUT_EVENT);
		k.noise = usual(PLAYOUT_NOISE);
		k.flash_taken = false;
		if (m)
			agree(&k, m);
		else
			k.offered = true;
	}
	*why = "a telephone channel speaks G.711, or CLEARMODE where that is asked for";
	if (!k.n)
		return 534;
	/* Data is not listened to. */
	if (k.list[0].format == PLAYOUT_CLEAR && k.n == 1)
		k.events = k.noise = none;
	*c = k;
	*why = NULL;
	return 0;
}

/* --- our description ---------------------------------------------------------------------------------------------- */

static void format_number(struct buf *b, const struct codec *k)
{
	if (k->ours != NO_PT)
		buf_printf(b, " %u", k->ours);
}

static void format_map(struct buf *b, const struct codec *k)
{
	if (k->ours != NO_PT)
		buf_printf(b, "a=rtpmap:%u " SLICE_FMT "/8000\r\n", k->ours, SLICE_ARG(formats[k->format].name));
}

void codecs_write(const struct codecs *c, struct buf *b)
{
	const struct codec *const others[] = {&c->noise, &c->events};
	for (unsigned i = 0; i < c->n; i++)
		format_number(b, &c->list[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		format_number(b, others[i]);
	buf_str(b, "\r\n");
	for (unsigned i = 0; i < c->n; i++)
		format_map(b, &c->list[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		format_map(b, others[i]);
	if (c->events.ours != NO_PT)
		buf_printf(b, "a=fmtp:%u 0-%d\r\n", c->events.ours, c->flash ? EVENT_FLASH : 15);
	buf_printf(b, "a=ptime:%u\r\n", c->ptime_ms);
}

const char *codecs_name(const struct codecs *c)
{
	return c->n ? formats[c->list[0].format].name.p : "";
}
