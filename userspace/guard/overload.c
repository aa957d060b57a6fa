// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/overload.h"
#include "base/alarm.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "guard/cpu.h"
#include "guard/sources.h"
#include <errno.h>

#define INTERVAL_MS 100
#define QUIET_MS    2000 /* without requests for that long nothing is left of an overload */
#define ENOUGH      8    /* requests in an interval, for their waiting to say something */
#define FALL        0.5  /* the most that the share changes in an interval, either way */
#define RISE        1.1
#define NEAR        0.75 /* from there on it changes by a part only: calls taken now go on to take time for a while */
#define PART        0.3
#define RESERVE     0.8  /* of what is left above the wanted occupancy, that much may go into refusing */
#define LEAST       0.02 /* it never is less, or it could not be found out that there is room again */

enum class { EMERGENCY, DIALOG, REFRESH, REGISTRATION, CALL, OTHER, CLASSES };

/* Priorities: how much of what must be refused falls on each class, in percent of an equal part. */
static const struct {
	const char *name;
	unsigned part;
} classes[CLASSES] = {
	[EMERGENCY] = {"emergency", 0}, [DIALOG] = {"in-dialog", 0},   [REFRESH] = {"refresh", 25},
	[REGISTRATION] = {"registration", 100}, [CALL] = {"call", 100}, [OTHER] = {"other", 200},
};

enum { CNT_TAKEN, CNT_STALE = CLASSES + CNT_TAKEN + 1, CNT_CEILING, CNT_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_TAKEN] = {"taken", "requests taken"},
	[1 + EMERGENCY] = {"refused-emergency", "emergency calls refused: must stay 0"},
	[1 + DIALOG] = {"refused-in-dialog", "requests within dialogs refused: must stay 0"},
	[1 + REFRESH] = {"refused-refresh", "registrations of registered phones refused with 503"},
	[1 + REGISTRATION] = {"refused-registration", "registrations of others refused with 503"},
	[1 + CALL] = {"refused-call", "calls refused with 503"},
	[1 + OTHER] = {"refused-other", "other requests refused with 503"},
	[CNT_STALE] = {"stale", "requests dropped: they had waited so long that they are being repeated"},
	[CNT_CEILING] = {"ceiling", "calls refused of those: more a second than overload.calls-per-second"},
	[CNT_NOW] = {"loss-now", "percentage of new requests that is refused now"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("overload", counter_defs, counts);

static const struct alarm_def alarm = {
	"overload", ALARM_MAJOR, "More is asked than this machine can do: part of the new calls is refused with 503. Give it more processor, or send it less.",
	1000, 5000,
};

struct overload {
	struct overload_params p;
	struct cpu_meter cpu;
	bool on;
	double wanted;         /* occupancy */
	uint32_t delay_ms, stale_ms;
	unsigned retry_s;
	struct bucket_rate ceiling; /* per_minute 0: none */
	struct bucket calls;
	double admitted, occupancy; /* shares: taken of new requests; of the processor, last measured */
	unsigned owed[CLASSES];     /* hundredths of a request of each class to be refused */
	uint64_t since;             /* beginning of the interval */
	uint32_t arrivals, least_ms;
	uint64_t sum_ms;
};

/* --- construction --------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	(void)obj;
	alarm_clear(&alarm, "tandem-ca");
}

void overload_reconfigure(struct overload *o, const struct conf *conf)
{
	const struct conf_part *p = conf_section(conf, "overload");
	o->on = conf_bool(p, "control");
	o->wanted = (double)conf_int(p, "occupancy") / 100;
	o->delay_ms = (uint32_t)conf_int(p, "delay");
	o->stale_ms = (uint32_t)conf_int(p, "stale");
	o->retry_s = (unsigned)(conf_int(p, "retry-after") / 1000);
	uint32_t rate = (uint32_t)conf_int(p, "calls-per-second");
	o->ceiling = (struct bucket_rate){rate * 60, rate};
}

static double measured(void *arg)
{
	struct overload *o = arg;
	return cpu_occupancy(&o->cpu);
}

int overload_new(struct overload **ret, const struct overload_params *p)
{
	struct overload *o = mem_alloc(sizeof *o, destroy);
	if (!o)
		return -ENOMEM;
	o->p = *p;
	o->admitted = 1;
	overload_reconfigure(o, p->conf);
	counter_register(&counters);
	*ret = o;
	return 0;
}

/* --- the controller ------------------------------------------------------------------------------------------------- */

static unsigned loss_of(const struct overload *o)
{
	return (unsigned)((1 - o->admitted) * 100 + 0.5);
}

static void set_admitted(struct overload *o, double share)
{
	unsigned before = loss_of(o);
	o->admitted = share > 1 ? 1 : share < LEAST ? LEAST : share;
	unsigned loss = loss_of(o);
	counts[CNT_NOW] = loss;
	if (loss == before)
		return;
	if (loss)
		alarm_raise(&alarm, "tandem-ca", "new requests are refused");
	else
		alarm_clear(&alarm, "tandem-ca");
	if (o->p.changed)
		o->p.changed(o->p.arg, loss);
}

/* How many times as busy as wanted: by the processor; by a queue that never emptied, whoever has the processor; and when the first is
 * near and the second grows, by that, for occupancy cannot tell how much more than all is asked. */
static double load_of(const struct overload *o)
{
	/* What refusing takes comes out of the reserve, not out of what the calls have. */
	double wanted = o->wanted + (1 - o->wanted) * RESERVE * (1 - o->admitted);
	double load = o->occupancy / wanted, delay = o->delay_ms;
	if (o->arrivals < ENOUGH)
		return load;
	double queued = o->least_ms / delay, average = (double)o->sum_ms / o->arrivals / delay;
	load = queued > load ? queued : load;
	return load > 0.9 && average > load ? average : load;
}

static void end_interval(struct overload *o, uint64_t now)
{
	o->occupancy = o->p.occupancy ? o->p.occupancy(o->p.arg) : measured(o);
	if (now - o->since > QUIET_MS) {
		set_admitted(o, 1);
	} else {
		double load = load_of(o), change = load > 0 ? 1 / load : RISE;
		if (change > NEAR)
			change = 1 + (change - 1) * PART;
		set_admitted(o, o->admitted * (change < FALL ? FALL : change > RISE ? RISE : change));
	}
	o->since = now;
	o->arrivals = 0;
	o->sum_ms = 0;
	o->least_ms = UINT32_MAX;
}

static void note(struct overload *o, uint32_t waited_ms)
{
	uint64_t now = clock_ms();
	if (now - o->since >= INTERVAL_MS)
		end_interval(o, now);
	o->arrivals++;
	o->sum_ms += waited_ms;
	o->least_ms = waited_ms < o->least_ms ? waited_ms : o->least_ms;
}

/* --- judging -------------------------------------------------------------------------------------------------------- */

static enum class class_of(const struct sip_msg *req, const struct overload_request *r)
{
	if (r->emergency)
		return EMERGENCY;
	if (req->method == SIP_REGISTER)
		return r->registered ? REFRESH : REGISTRATION;
	if (req->to.tag.len || req->method == SIP_CANCEL || req->method == SIP_BYE || req->method == SIP_PRACK)
		return DIALOG;
	return req->method == SIP_INVITE ? CALL : OTHER;
}

/* Evenly: of 100 requests as many as are due, and never two where one would do. */
static bool is_due(struct overload *o, enum class c)
{
	unsigned due = loss_of(o) * classes[c].part / 100;
	o->owed[c] += due > 100 ? 100 : due;
	if (o->owed[c] < 100)
		return false;
	o->owed[c] -= 100;
	return true;
}

static bool is_over_ceiling(struct overload *o, enum class c)
{
	if (c != CALL || !o->ceiling.per_minute || bucket_take(&o->calls, &o->ceiling, clock_ms()))
		return false;
	counts[CNT_CEILING]++;
	return true;
}

enum overload_verdict overload_judge(struct overload *o, const struct sip_msg *req, const struct overload_request *r, unsigned *retry_s)
{
	enum class c = class_of(req, r);
	note(o, r->waited_ms);
	if (o->on && classes[c].part && o->stale_ms && r->waited_ms > o->stale_ms) {
		counts[CNT_STALE]++;
		return OVERLOAD_STALE;
	}
	bool refused = o->on && !r->controlled && is_due(o, c);
	if (!refused && !is_over_ceiling(o, c)) {
		counts[CNT_TAKEN]++;
		return OVERLOAD_TAKE;
	}
	counts[1 + c]++;
	/* Half as long to half as long again, so that they do not come back together. */
	*retry_s = o->retry_s / 2 + (unsigned)(counts[1 + c] * 7 % (o->retry_s + 1));
	*retry_s += !*retry_s;
	return OVERLOAD_REFUSE;
}

/* --- showing -------------------------------------------------------------------------------------------------------- */

static int show(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const struct overload *o = arg;
	json_t *rows = json_array();
	(void)args;
	if (!rows) {
		buf_str(why, "out of memory");
		return -ENOMEM;
	}
	for (unsigned c = 0; c < CLASSES; c++) {
		unsigned loss = loss_of(o) * classes[c].part / 100;
		json_array_append_new(rows, json_pack("{s:s, s:i, s:I, s:i}", "class", classes[c].name, "refused_percent", (int)(loss > 100 ? 100 : loss),
						      "refused", (json_int_t)counts[1 + c], "occupancy_percent", (int)(o->occupancy * 100)));
	}
	*result = rows;
	return 0;
}

const struct ctl_verb overload_verbs[] = {
	{"show overload", "how busy the call agent is, and what is refused for that, by class", show, NULL, NULL},
	{0},
};
