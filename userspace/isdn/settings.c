// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/settings.h"
#include "tdm/signalling.h"
#include <errno.h>
#include <libpri.h>

/* In the order of the choices of isdn.switch. */
static const struct isdn_switch switches[] = {
	{"euroisdn", PRI_SWITCH_EUROISDN_E1, false},
	{"euroisdn-t1", PRI_SWITCH_EUROISDN_T1, false},
	{"ni2", PRI_SWITCH_NI2, true},
	{"dms100", PRI_SWITCH_DMS100, true},
	{"5ess", PRI_SWITCH_LUCENT5E, true},
	{"4ess", PRI_SWITCH_ATT4ESS, true},
	{"ni1", PRI_SWITCH_NI1, true},
	{"qsig", PRI_SWITCH_QSIG, false},
};

const struct isdn_pri_timer_def isdn_pri_timer_defs[ISDN_PRI_TIMERS] = {
	{"t200", PRI_TIMER_T200}, {"t203", PRI_TIMER_T203}, {"n200", PRI_TIMER_N200}, {"t303", PRI_TIMER_T303}, {"t305", PRI_TIMER_T305},
	{"t308", PRI_TIMER_T308}, {"t309", PRI_TIMER_T309}, {"t313", PRI_TIMER_T313}, {"t316", PRI_TIMER_T316}, {"n316", PRI_TIMER_N316},
};

static const char *const timer_options[ISDN_TIMERS] = {
	[ISDN_T301] = "t301", [ISDN_T302] = "t302", [ISDN_T304] = "t304", [ISDN_T306] = "t306", [ISDN_T310] = "t310",
};

/* A list of numbers up to `max`: how many, or -EINVAL. */
static int read_numbers(const struct conf_part *p, const char *option, unsigned *out, unsigned room, unsigned max, struct buf *why)
{
	unsigned n = conf_list_count(p, option);
	for (unsigned i = 0; i < n && i < room; i++) {
		uint32_t number;
		if (slice_u32(slice_str(conf_list_at(p, option, i)), &number) || !number || number > max) {
			buf_printf(why, "%s: isdn.%s: expected DAHDI's numbers, 1 to %u\n", conf_where(p), option, max);
			return -EINVAL;
		}
		out[i] = number;
	}
	if (n > room) {
		buf_printf(why, "%s: isdn.%s: expected at most %u of them\n", conf_where(p), option, room);
		return -EINVAL;
	}
	return (int)n;
}

int isdn_settings_read(struct isdn_settings *ret, const struct conf_part *p, struct buf *why)
{
	struct isdn_settings s = {
		.name = conf_title(p),
		.type = &switches[conf_int(p, "switch")],
		.network = conf_int(p, "side"),
		.overlap_send = conf_bool(p, "overlap-send"),
		.setup_digits = (unsigned)conf_int(p, "setup-digits"),
		.overlap_receive = conf_bool(p, "overlap-receive"),
		.exclusive = conf_bool(p, "exclusive"),
		.restart = conf_bool(p, "restart"),
		.logical = conf_int(p, "channel-numbers"),
		.audit_ms = (uint32_t)conf_int(p, "audit"),
	};
	static const enum isdn_order orders[] = {ISDN_ASCENDING, ISDN_ASCENDING, ISDN_DESCENDING, ISDN_ROUND_ROBIN};
	int n_spans = read_numbers(p, "spans", s.spans, ISDN_MAX_INTERFACES, TDM_MAX_SPANS, why);
	int n_dchannels = read_numbers(p, "d-channels", s.dchannels, ISDN_MAX_DCHANNELS, TDM_MAX_CHANNELS, why);
	if (n_spans < 0 || n_dchannels < 0)
		return -EINVAL;
	s.n_spans = (unsigned)n_spans;
	s.n_dchannels = (unsigned)n_dchannels;
	/* auto: the two sides begin at opposite ends, so that they seldom want the same channel at once. */
	s.order = conf_int(p, "order") || s.network ? orders[conf_int(p, "order")] : ISDN_DESCENDING;
	for (unsigned i = 0; i < ISDN_TIMERS; i++)
		s.timers[i] = (uint32_t)conf_int(p, timer_options[i]);
	for (unsigned i = 0; i < ISDN_PRI_TIMERS; i++)
		s.pri_timers[i] = (int)conf_int(p, isdn_pri_timer_defs[i].option);
	*ret = s;
	return 0;
}

bool isdn_settings_alike(const struct isdn_settings *was, const struct isdn_settings *now)
{
	return !strcmp(was->name, now->name) && was->type == now->type && was->network == now->network && was->n_spans == now->n_spans &&
	       was->n_dchannels == now->n_dchannels && !memcmp(was->spans, now->spans, sizeof(was->spans)) &&
	       !memcmp(was->dchannels, now->dchannels, sizeof(was->dchannels));
}

int isdn_pri_timer(const struct isdn_settings *s, int timer)
{
	for (unsigned i = 0; i < ISDN_PRI_TIMERS; i++)
		if (isdn_pri_timer_defs[i].timer == timer)
			return s->pri_timers[i];
	return 0;
}
