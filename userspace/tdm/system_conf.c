// SPDX-License-Identifier: GPL-2.0-or-later
/* DAHDI's system.conf: lines "keyword = value", # begins a remark, keywords in any case. What belongs to radio channels is passed over. What dahdi_cfg
 * takes is taken. */
#include "tdm/setup.h"
#include <errno.h>
#include <stdarg.h>

struct reader {
	struct tdm_setup *s;
	const char *path;
	unsigned line;
	struct buf *why;
	bool failed;
	uint16_t said[TDM_MAX_CHANNELS + 1]; /* the line that a channel's signalling is in */
};

struct keyword {
	const char *name;
	void (*read)(struct reader *r, const struct keyword *k, struct slice value);
	int arg;
	bool bundled; /* the channels of one line become one, with the first as their master */
};

static void __attribute__((format(printf, 2, 3))) expected(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	r->failed = true;
	buf_printf(r->why, "%s:%u: ", r->path, r->line);
	va_start(ap, fmt);
	buf_vprintf(r->why, fmt, ap);
	va_end(ap);
	buf_char(r->why, '\n');
}

static struct slice next_word(struct slice *rest)
{
	return slice_trim(slice_cut(rest, ','));
}

/* A number of the list: 0, or -EINVAL and said. */
static int next_number(struct reader *r, struct slice *rest, const char *what, unsigned min, unsigned max, unsigned *ret)
{
	uint32_t n;
	if (slice_u32(next_word(rest), &n) || n < min || n > max) {
		expected(r, "expected %s, %u to %u", what, min, max);
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

/* --- span=NUMBER,TIMING,BUILD-OUT,FRAMING,CODING[,crc4][,yellow][,term][,nt|te] ---------------------------------------------- */

static int span_flag(struct tdm_span_setup *span, struct slice word)
{
	if (slice_caseeq(word, SLICE("crc4")))
		span->crc4 = true;
	else if (slice_caseeq(word, SLICE("yellow")))
		span->yellow = true;
	else if (slice_caseeq(word, SLICE("term")))
		span->terminate = true;
	else if (slice_caseeq(word, SLICE("nt")))
		span->nt = true;
	else if (slice_caseeq(word, SLICE("te")))
		span->nt = false;
	else
		return -EINVAL;
	return 0;
}

static void read_span(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_span_setup span = {.set = true};
	unsigned number, timing, build_out;
	if (next_number(r, &value, "the number of a span", 1, TDM_MAX_SPANS, &number) ||
	    next_number(r, &value, "a timing priority", 0, 255, &timing) || next_number(r, &value, "a line build-out", 0, 7, &build_out))
		return;
	span.timing = timing;
	span.build_out = build_out;
	struct slice framing = next_word(&value), coding = next_word(&value);
	if (slice_caseeq(framing, SLICE("sf")) || slice_caseeq(framing, SLICE("superframe")))
		framing = SLICE("d4");
	span.framing = tdm_name_find(tdm_framing_names, TDM_FRAMINGS, framing);
	span.coding = tdm_name_find(tdm_coding_names, TDM_CODINGS, coding);
	if (!span.framing) {
		expected(r, "expected a framing: d4, esf, cas or ccs");
		return;
	}
	if (!span.coding) {
		expected(r, "expected a coding: ami, b8zs or hdb3");
		return;
	}
	while (slice_is_set(value))
		if (span_flag(&span, next_word(&value))) {
			expected(r, "expected crc4, yellow, term, nt or te after the coding");
			return;
		}
	if (r->s->spans[number].set)
		expected(r, "span %u: expected only once", number);
	else
		r->s->spans[number] = span;
}

/* --- dynamic=DRIVER,ADDRESS,CHANNELS,TIMING; an address may have commas (loc: "1:0") ------------------------------------------------- */

static void read_dynamic(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_setup *s = r->s;
	struct tdm_dynamic_setup d = {0};
	unsigned timing;
	struct slice driver = next_word(&value), address = next_word(&value);
	if (slice_empty(driver) || slice_copy(driver, d.driver, sizeof(d.driver)))
		expected(r, "expected the name of a driver, such as eth or loc");
	else if (slice_empty(address) || slice_copy(address, d.address, sizeof(d.address)))
		expected(r, "expected an address of at most %zu characters", sizeof(d.address) - 1);
	else if (next_number(r, &value, "a number of channels", 1, 256, &d.channels) ||
		 next_number(r, &value, "a timing priority", 0, 255, &timing))
		return;
	else if (slice_is_set(value))
		expected(r, "expected the line to end after the timing");
	else if (s->n_dynamics == TDM_MAX_DYNAMIC)
		expected(r, "expected at most %d dynamic spans", TDM_MAX_DYNAMIC);
	else {
		d.timing = timing;
		s->dynamics[s->n_dynamics++] = d;
	}
}

/* --- SIGNALLING=CHANNELS[:REST] ------------------------------------------------------------------------------------------------------ */

/* What follows the colon: idle bits, the first channel to join to, the name of a device. 0, or -EINVAL and said. */
static int read_rest(struct reader *r, struct tdm_channel_setup *c, struct slice rest)
{
	uint32_t n;
	rest = slice_trim(rest);
	switch (c->signalling) {
	case TDM_CAS:
		if (!tdm_bits_parse(rest, &c->idle_bits))
			return 0;
		expected(r, "expected the idle bits A, B, C and D after the channels, such as :1101");
		return -EINVAL;
	case TDM_NETHDLC:
		if (!slice_copy(rest, c->device, sizeof(c->device)))
			return 0;
		expected(r, "expected the name of a device of at most %zu characters after the channels", sizeof(c->device) - 1);
		return -EINVAL;
	case TDM_DACS:
	case TDM_DACSRBS:
		if (!slice_u32(rest, &n) && n >= 1 && n <= TDM_MAX_CHANNELS) {
			c->dacs = n;
			return 0;
		}
		expected(r, "expected the channel to join to after the channels, such as :48");
		return -EINVAL;
	default:
		return 0;
	}
}

/* That nothing has been said of a channel yet: 0, or -EINVAL and said. */
static int is_new(struct reader *r, unsigned n)
{
	if (n <= TDM_MAX_CHANNELS && !r->said[n])
		return 0;
	if (n > TDM_MAX_CHANNELS)
		expected(r, "expected channels to join to up to %d", TDM_MAX_CHANNELS);
	else
		expected(r, "channel %u: expected only once, it is %s since line %u", n, tdm_signalling_defs[r->s->channels[n].signalling].name, r->said[n]);
	return -EINVAL;
}

/* 0, or -EINVAL and said. */
static int read_list(struct reader *r, struct tdm_channels *set, struct slice list)
{
	const char *wrong = tdm_channels_parse(set, list);
	if (!wrong)
		return 0;
	expected(r, "expected %s", wrong);
	return -EINVAL;
}

static void read_channels(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_channel_setup like = {.signalling = k->arg, .set = true};
	struct tdm_channels set = {0};
	struct slice list = slice_cut(&value, ':');
	if (read_list(r, &set, list) || read_rest(r, &like, value))
		return;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		if (!tdm_channels_have(&set, n))
			continue;
		if (is_new(r, n) || (like.dacs && is_new(r, like.dacs)))
			return;
		r->said[n] = r->line;
		if (like.dacs)
			r->said[like.dacs] = r->line;
		if (!k->bundled)
			like.master = 0;
		tdm_channel_say(r->s, n, &like);
	}
}

/* --- the others ---------------------------------------------------------------------------------------------------------------------- */

static void read_law(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_channels set = {0};
	if (read_list(r, &set, value))
		return;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		if (tdm_channels_have(&set, n))
			r->s->channels[n].law = k->arg;
}

static void read_56k(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_channels set = {0};
	if (read_list(r, &set, value))
		return;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		r->s->channels[n].kbit56 |= tdm_channels_have(&set, n);
}

static void read_canceller(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_channels set = {0};
	struct slice name = next_word(&value);
	char canceller[sizeof(r->s->channels[0].canceller)] = "";
	const char *wrong = slice_is_set(value) ? tdm_channels_parse(&set, value) : "channels after the name";
	if (slice_empty(name) || slice_copy(name, canceller, sizeof(canceller))) {
		expected(r, "expected the name of an echo canceller, such as mg2");
		return;
	}
	if (wrong) {
		expected(r, "expected %s", wrong);
		return;
	}
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		if (tdm_channels_have(&set, n))
			memcpy(r->s->channels[n].canceller, canceller, sizeof(canceller));
}

static void read_zone(struct reader *r, const struct keyword *k, struct slice value)
{
	struct tdm_setup *s = r->s;
	char zone[sizeof(s->default_zone)] = "";
	if (slice_empty(value) || slice_copy(value, zone, sizeof(zone)))
		expected(r, "expected the name of a tone zone, such as us");
	else
		memcpy(s->default_zone, zone, sizeof(zone));
}

static void pass_over(struct reader *r, const struct keyword *k, struct slice value)
{
}

static const struct keyword keywords[] = {
	{"span", read_span, 0, false},
	{"dynamic", read_dynamic, 0, false},
	{"unused", read_channels, TDM_UNUSED, false},
	{"fxsls", read_channels, TDM_FXSLS, false},
	{"fxsgs", read_channels, TDM_FXSGS, false},
	{"fxsks", read_channels, TDM_FXSKS, false},
	{"fxols", read_channels, TDM_FXOLS, false},
	{"fxogs", read_channels, TDM_FXOGS, false},
	{"fxoks", read_channels, TDM_FXOKS, false},
	{"e&m", read_channels, TDM_EM, false},
	{"e&me1", read_channels, TDM_EM_E1, false},
	{"cas", read_channels, TDM_CAS, false},
	{"user", read_channels, TDM_CAS, false},
	{"bchan", read_channels, TDM_BCHAN, false},
	{"indclear", read_channels, TDM_BCHAN, false},
	{"inclear", read_channels, TDM_BCHAN, false},
	{"clear", read_channels, TDM_CLEAR, true},
	{"dchan", read_channels, TDM_DCHAN, false},
	{"fcshdlc", read_channels, TDM_DCHAN, true},
	{"hardhdlc", read_channels, TDM_HARDHDLC, false},
	{"rawhdlc", read_channels, TDM_RAWHDLC, true},
	{"nethdlc", read_channels, TDM_NETHDLC, true},
	{"mtp2", read_channels, TDM_MTP2, false},
	{"dacs", read_channels, TDM_DACS, false},
	{"dacsrbs", read_channels, TDM_DACSRBS, false},
	{"alaw", read_law, TDM_LAW_ALAW, false},
	{"mulaw", read_law, TDM_LAW_MULAW, false},
	{"deflaw", read_law, TDM_LAW_DEFAULT, false},
	{"echocanceller", read_canceller, 0, false},
	{"56k", read_56k, 0, false},
	{"defaultzone", read_zone, 0, false},
	{"loadzone", pass_over, 0, false}, /* no tone is the driver's */
	{"sf", pass_over, 0, false},
	{"ctcss", pass_over, 0, false},
	{"dcsrx", pass_over, 0, false},
	{"rxdcs", pass_over, 0, false},
	{"tx", pass_over, 0, false},
	{"debouncetime", pass_over, 0, false},
	{"bursttime", pass_over, 0, false},
	{"exttone", pass_over, 0, false},
	{"invertcor", pass_over, 0, false},
	{"corthresh", pass_over, 0, false},
	{"rxgain", pass_over, 0, false},
	{"txgain", pass_over, 0, false},
	{"deemp", pass_over, 0, false},
	{"preemp", pass_over, 0, false},
	{"channel", pass_over, 0, false},
	{"channels", pass_over, 0, false},
};

static void read_line(struct reader *r, struct slice line)
{
	struct slice value = slice_trim(slice_cut(&line, '#'));
	if (slice_empty(value))
		return;
	struct slice name = slice_trim(slice_cut(&value, '='));
	if (!slice_is_set(value)) {
		expected(r, "expected keyword=value");
		return;
	}
	value = slice_trim(value);
	if (!slice_empty(value) && value.p[value.len - 1] == ',') /* which dahdi_cfg overlooks */
		value.len--;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (slice_caseeq(name, slice_str(keywords[i].name))) {
			keywords[i].read(r, &keywords[i], value);
			return;
		}
	expected(r, "expected a keyword such as span, bchan or fxoks, not \"" SLICE_FMT "\"", SLICE_ARG(name));
}

int tdm_system_conf(struct tdm_setup *s, const char *path, struct slice text, struct buf *why)
{
	struct reader r = {.s = s, .path = path, .why = why};
	for (struct slice line = slice_line(&text); slice_is_set(line); line = slice_line(&text)) {
		r.line++;
		read_line(&r, line);
	}
	return r.failed ? -EINVAL : why->err;
}
