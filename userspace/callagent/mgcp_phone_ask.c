// SPDX-License-Identifier: GPL-3.0-or-later
/* What a telephone's endpoint is asked for in each state. While nobody talks the gateway gives dial tone and gathers digits by itself: that is asked for inside
 * the request for the hook (RFC 3435 2.3.3). */
#include "callagent/mgcp_phone.h"
#include "base/timer.h"
#include "callagent/agent.h"
#include "mgcp/caller.h"

#define DIGITS ",D/[0-9*#T](D)"

/* What package BL (RFC 3064 2.3), of telephone systems, has for the signals of package L, where that is not of the same name; NULL: nothing. */
static const char *const pbx_signals[][2] = {
	{"L/mwi", "BL/dl"}, {"L/ot", "BL/ro"}, {"L/osi", "BL/rel"}, {"L/wt", NULL}, {"L/e", NULL}, {"L/vmwi(+)", NULL}, {"L/vmwi(-)", NULL}, {"L/lsa(+)", NULL}, {"L/lsa(-)", NULL},
};

bool phone_is_pbx(const struct mgcp_line *l)
{
	return l->kind == &mgcp_pbx;
}

/* One signal more. */
static void give(const struct mgcp_line *l, struct buf *out, const char *signal)
{
	bool other = phone_is_pbx(l) && slice_starts(slice_str(signal), SLICE("L/"));
	for (size_t i = 0; other && i < sizeof(pbx_signals) / sizeof(pbx_signals[0]); i++)
		if (!strcmp(pbx_signals[i][0], signal)) {
			signal = pbx_signals[i][1];
			other = false;
		}
	if (signal && *signal)
		buf_printf(out, "%s%s%s", out->len ? "," : "", other ? "B" : "", signal);
}

/* The line's own, or its gateway's. */
static const char *digit_map(const struct mgcp_line *l)
{
	const char *own = mgcp_line_text(l, "digit-map");
	const struct conf_part *gw = *own ? NULL : conf_find(l->tel->holder, "gateway", mgcp_line_text(l, "gateway"));
	const char *map = gw ? conf_string(gw, "digit-map") : own;
	return *map ? map : "[0-9*#].T";
}

/* A flash that nobody asks for is not ours: the gateway may pass it to the other party. */
static bool may_flash(const struct mgcp_line *l)
{
	return mgcp_line_flag(l, "flash") || l->held || l->waiting;
}

/* Off hook: dial tone, or the one that says that messages wait, and digits by the map, all without asking us. */
static void write_events(const struct mgcp_line *l, struct buf *out)
{
	const char *p = phone_is_pbx(l) ? "BL" : "L";
	char tone[16];
	struct buf t = buf_fixed(tone, sizeof(tone));
	switch ((enum phone_state)l->state) {
	case PHONE_IDLE:
		give(l, &t, l->messages ? "L/mwi" : "L/dl");
		if (*mgcp_line_text(l, "hotline"))
			buf_printf(out, "%s/hd(N)", p);
		else
			buf_printf(out, "%s/hd(E(R(%s/hu(N)" DIGITS "),S(%s),D(%s)))", p, p, buf_z(&t), digit_map(l));
		break;
	case PHONE_OUT:
	case PHONE_RINGING:
	case PHONE_ON_HOOK:
		buf_printf(out, "%s/hd(N)", p);
		break;
	default:
		buf_printf(out, "%s/hu(N)", p);
		if (may_flash(l))
			buf_printf(out, ",%s/hf(N)", p);
		buf_str(out, l->state == PHONE_DIALLING ? DIGITS : "");
	}
}

/* L/ci(time, number, name): RFC 3660 2.4. */
static void write_caller(const struct mgcp_line *l, const struct mgcp_leg *g, struct buf *out)
{
	struct mgcp_caller c = {.hidden = g->hidden};
	if (phone_is_pbx(l) || !mgcp_line_flag(l, "caller-id"))
		return;
	CDR_SET(c.number, slice_str(g->number));
	CDR_SET(c.name, slice_str(g->display));
	buf_str(out, ",L/ci(");
	mgcp_caller_write(out, &c, (time_t)(clock_utc_ms() / 1000));
	buf_char(out, ')');
}

static void write_ring(const struct mgcp_line *l, struct buf *out)
{
	char ring[8];
	struct buf b = buf_fixed(ring, sizeof(ring));
	buf_printf(&b, "L/%s", phone_is_pbx(l) ? "rg" : l->leg->ring[0] ? l->leg->ring : mgcp_line_text(l, "ring"));
	give(l, out, buf_z(&b));
}

/* The lamp, and the polarity while a call of its user's is answered: they stay as they were told last. */
static void write_lasting(struct mgcp_line *l, struct buf *out)
{
	bool reversed = (l->state == PHONE_TALKING || l->state == PHONE_CONFERS) && l->leg->answered && l->leg->leg.side == SIDE_A && mgcp_line_flag(l, "reversal");
	if (reversed != l->reversed)
		give(l, out, reversed ? "L/lsa(+)" : "L/lsa(-)");
	if (l->state == PHONE_IDLE && l->messages != l->told_messages)
		give(l, out, l->messages ? "L/vmwi(+)" : "L/vmwi(-)");
	if (l->state == PHONE_IDLE)
		l->told_messages = l->messages;
	l->reversed = reversed;
}

static void write_signals(struct mgcp_line *l, struct buf *out, bool first)
{
	switch ((enum phone_state)l->state) {
	case PHONE_RINGING:
		write_ring(l, out);
		if (first)
			write_caller(l, l->leg, out);
		break;
	case PHONE_DIALLING:
		give(l, out, l->messages ? "L/mwi" : "L/dl");
		break;
	case PHONE_CALLING:
	case PHONE_TONE:
		give(l, out, l->tone ? l->tone : "");
		break;
	case PHONE_TALKING:
		give(l, out, first && l->tone ? l->tone : "");
		if (l->waiting)
			give(l, out, "L/wt");
		if (l->waiting && first)
			write_caller(l, l->waiting, out);
		break;
	default:
		break;
	}
	write_lasting(l, out);
}

void phone_ask(struct mgcp_line *l, bool first)
{
	char events[2600], signals[512];
	struct buf r = buf_fixed(events, sizeof(events)), s = buf_fixed(signals, sizeof(signals));
	if (l->state == PHONE_OUT)
		return;
	write_events(l, &r);
	write_signals(l, &s, first);
	const struct mgcp_ask what = {.events = buf_z(&r), .signals = buf_z(&s), .digitmap = l->state == PHONE_DIALLING ? digit_map(l) : NULL, .tag = l->state};
	mgcp_line_ask(l, &what);
}
