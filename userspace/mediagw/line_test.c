// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include "mediagw/line_pair.h"
#include "tdm/verb.h"
#include <errno.h>
#include <math.h>

#define BUSY_AGAIN_MS 60000 /* a test that is due waits so long for one that runs */
#define OBJECT_LEN    100

/* One section of the configuration. */
struct planned {
	struct link link;
	struct line_tests *tests;
	char name[64], from[64], to[64];
	bool all;
	uint64_t every_ms;
	struct loop_bound bound[LOOP_CHECKS];
	struct timer timer;
};

struct line_tests {
	struct gateway *gw;
	struct list planned;
	struct loop_bound bound[LOOP_CHECKS]; /* of what runs */
	char object[OBJECT_LEN];              /* "span 1 to span 2" */
	struct tdm_target from, to;
	bool all, failed;
	unsigned at, pairs; /* places done; pairs tested */
	struct line_pair *pair;
	json_t *rows;
	char detail[400];
	struct timer next;
};

static void planned_destroy(void *obj)
{
	struct planned *p = obj;
	timer_stop(&p->timer);
	list_remove(&p->link);
}

static void forget_planned(struct line_tests *t)
{
	struct planned *p;
	list_foreach_safe(p, &t->planned, link)
		mem_deref(p);
}

static void destroy(void *obj)
{
	struct line_tests *t = obj;
	forget_planned(t);
	timer_stop(&t->next);
	if (t->gw->tests == t)
		t->gw->tests = NULL;
	mem_deref(t->pair);
	json_decref(t->rows);
}

/* --- pairs -------------------------------------------------------------------------------------------------------- */

/* The `n`th channel of a target, from 0; NULL: there are not so many. */
static struct tdm_channel *channel_at(const struct tdm *tdm, const struct tdm_target *target, unsigned n)
{
	for (unsigned i = 1; i <= TDM_MAX_CHANNELS; i++)
		if (tdm_target_has(tdm, target, tdm->channels[i]) && !n--)
			return tdm->channels[i];
	return NULL;
}

static void put(char *dst, size_t size, double value, const char *unit)
{
	snprintf(dst, size, "%.4g%s%s", value, *unit ? " " : "", unit);
}

static void bound_text(char *dst, size_t size, const struct loop_bound *b, const char *unit)
{
	if (isinf(b->max))
		snprintf(dst, size, "at least %.4g %s", b->min, unit);
	else if (b->min == b->max)
		snprintf(dst, size, "%.4g %s", b->min, unit);
	else
		snprintf(dst, size, "%.4g to %.4g %s", b->min, b->max, unit);
}

static void note(struct line_tests *t, const struct line_pair *p)
{
	for (unsigned c = 0; c < LOOP_CHECKS; c++) {
		const struct loop_result *r = loop_test_result(line_pair_test(p), c);
		char measured[40] = "", bound[60];
		if (r->verdict == LOOP_NOT_MADE)
			continue;
		if (!*r->why)
			put(measured, sizeof measured, r->value, loop_checks[c].unit);
		bound_text(bound, sizeof bound, &t->bound[c], loop_checks[c].unit);
		json_array_append_new(t->rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", line_pair_name(p, LOOP_CALLER), "to", line_pair_name(p, LOOP_CALLED),
							 "check", loop_checks[c].name, "measured", measured, "bound", bound, "result",
							 r->verdict == LOOP_PASSED ? "ok" : "failed", "why", r->why));
		if (r->verdict == LOOP_FAILED && !t->failed) {
			t->failed = true;
			snprintf(t->detail, sizeof t->detail, "%s to %s: %s %s%s, not %s", line_pair_name(p, LOOP_CALLER), line_pair_name(p, LOOP_CALLED),
				 loop_checks[c].name, measured, r->why, bound);
		}
	}
	t->pairs++;
}

static void finished(struct line_tests *t)
{
	if (!t->pairs) {
		t->failed = true;
		snprintf(t->detail, sizeof t->detail, "no pair of free channels of the same kind");
	}
	if (t->failed)
		alarm_raise(&alarm_line_test, t->object, t->detail);
	else
		alarm_clear(&alarm_line_test, t->object);
	log_info(t->object, "line test: %u pair%s, %s", t->pairs, t->pairs == 1 ? "" : "s", t->failed ? t->detail : "all is well");
	t->at = 0;
}

static void on_over(void *arg);

/* The next pair that can be tested. */
static void go_on(void *arg)
{
	struct line_tests *t = arg;
	const struct tdm *tdm = t->gw->p.tdm;
	while (!t->pair && (t->all || !t->pairs)) {
		const struct tdm_channel *a = channel_at(tdm, &t->from, t->at), *b = channel_at(tdm, &t->to, t->at);
		if (!a || !b)
			break;
		t->at++;
		int err = a == b ? -EINVAL : line_pair_begin(&t->pair, t->gw, a->number, b->number, t->bound, on_over, t);
		if (err)
			log_debug(t->object, "channels %u and %u are not tested: %s", a->number, b->number, strerror(-err));
	}
	if (!t->pair)
		finished(t);
}

static void on_over(void *arg)
{
	struct line_tests *t = arg;
	note(t, t->pair);
	t->pair = mem_deref(t->pair);
	timer_start(&t->next, 0, go_on, t);
}

static bool is_running(const struct line_tests *t)
{
	return t->pair || timer_running(&t->next);
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

/* "1" is "span 1". */
static int target_of(const struct tdm *tdm, struct slice text, struct tdm_target *ret, struct buf *why)
{
	char mem[64];
	struct buf full = buf_fixed(mem, sizeof mem);
	uint32_t n;
	if (!slice_u32(text, &n))
		buf_str(&full, "span ");
	buf_slice(&full, text);
	int err = full.err ? -ENOENT : tdm_target_parse(tdm, buf_text(&full), ret);
	if (err)
		buf_printf(why, "%.*s: no such span, group, channel or endpoint", (int)text.len, text.p);
	return err;
}

static int begin(struct line_tests *t, struct slice from, struct slice to, bool all, const struct loop_bound *bound, struct buf *why)
{
	struct tdm_target a, b;
	if (!t->gw->p.tdm) {
		buf_str(why, "this machine has no telephone channels");
		return -ENOENT;
	}
	if (is_running(t)) {
		buf_str(why, "another test runs");
		return -EBUSY;
	}
	int err = target_of(t->gw->p.tdm, from, &a, why);
	if (!err)
		err = target_of(t->gw->p.tdm, to, &b, why);
	if (err)
		return err;
	t->from = a;
	t->to = b;
	t->all = all;
	t->failed = false;
	t->at = t->pairs = 0;
	memcpy(t->bound, bound, sizeof t->bound);
	snprintf(t->object, sizeof t->object, SLICE_FMT " to " SLICE_FMT, SLICE_ARG(from), SLICE_ARG(to));
	json_decref(t->rows);
	t->rows = json_array();
	timer_start(&t->next, 0, go_on, t);
	return 0;
}

int line_tests_begin(struct line_tests *t, struct slice from, struct slice to, bool all, struct buf *why)
{
	struct loop_bound bound[LOOP_CHECKS];
	loop_bounds(bound);
	return begin(t, from, to, all, bound, why);
}

json_t *line_tests_json(const struct line_tests *t)
{
	struct buf running = buf_growing();
	if (t->pair)
		buf_printf(&running, "%s to %s: %s", line_pair_name(t->pair, LOOP_CALLER), line_pair_name(t->pair, LOOP_CALLED), loop_test_phase(line_pair_test(t->pair)));
	else if (is_running(t))
		buf_str(&running, t->object);
	json_t *now = running.len ? json_string(buf_z(&running)) : json_null();
	buf_reset(&running);
	return json_pack("{s:o, s:o, s:s, s:i}", "running", now, "rows", t->rows ? json_incref(t->rows) : json_array(), "result",
			 t->failed ? t->detail : "", "pairs", (int)t->pairs);
}

/* --- as planned --------------------------------------------------------------------------------------------------- */

static void due(void *arg)
{
	struct planned *p = arg;
	struct buf why = buf_growing();
	int err = begin(p->tests, slice_str(p->from), slice_str(p->to), p->all, p->bound, &why);
	if (err && err != -EBUSY)
		alarm_raise(&alarm_line_test, p->name, buf_z(&why));
	else if (!err)
		alarm_clear(&alarm_line_test, p->name);
	buf_reset(&why);
	timer_start(&p->timer, err == -EBUSY && p->every_ms > BUSY_AGAIN_MS ? BUSY_AGAIN_MS : p->every_ms, due, p);
}

/* The bounds that an operator may have otherwise. */
static void read_bounds(struct planned *p, const struct conf_part *s)
{
	loop_bounds(p->bound);
	for (unsigned c = LOOP_LEVEL_FORTH; c <= LOOP_LEVEL_BACK; c++)
		p->bound[c] = (struct loop_bound){-(double)conf_int(s, "loss-max"), (double)conf_int(s, "gain-max")};
	for (unsigned c = LOOP_DELAY_FORTH; c <= LOOP_DELAY_BACK; c++)
		p->bound[c].max = (double)conf_int(s, "delay-max");
	for (unsigned c = LOOP_ECHO_CALLER; c <= LOOP_ECHO_CALLED; c++)
		p->bound[c].min = (double)conf_int(s, "echo-return-min");
	p->bound[LOOP_SLIPS].max = (double)conf_int(s, "slips-max");
}

static int plan(struct line_tests *t, const struct conf_part *s)
{
	struct planned *p = mem_alloc(sizeof *p, planned_destroy);
	if (!p)
		return -ENOMEM;
	p->tests = t;
	p->all = conf_bool(s, "all");
	p->every_ms = (uint64_t)conf_int(s, "every");
	snprintf(p->name, sizeof p->name, "%s", conf_title(s));
	snprintf(p->from, sizeof p->from, "%s", conf_string(s, "from"));
	snprintf(p->to, sizeof p->to, "%s", conf_string(s, "to"));
	read_bounds(p, s);
	list_append(&t->planned, &p->link);
	timer_start(&p->timer, p->every_ms, due, p);
	return 0;
}

int line_tests_reload(struct line_tests *t, const struct conf *conf)
{
	const struct conf_part *s;
	int err = 0;
	forget_planned(t);
	for (unsigned i = 0; !err && (s = conf_titled(conf, "line-test", i)); i++)
		err = plan(t, s);
	return err;
}

int line_tests_open(struct line_tests **ret, struct gateway *gw, const struct conf *conf)
{
	struct line_tests *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->gw = gw;
	list_init(&t->planned);
	int err = line_tests_reload(t, conf);
	if (err)
		mem_deref(t);
	else
		gw->tests = *ret = t;
	return err;
}
