// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include "mediagw/line_trial.h"
#include "tdm/verb.h"
#include <errno.h>
#include <math.h>

#define OBJECT_LEN         140
#define NETWORK_SEIZES_MS  20000
#define NETWORK_ANSWERS_MS 10000

struct line_tests {
	struct gateway *gw;
	struct conf *conf;
	struct line_test_params p; /* of what runs, or ran last; its slices are of then */
	char number[64], caller[64];
	struct loop_bound bound[LOOP_CHECKS];
	char object[OBJECT_LEN]; /* "span 1 to span 2" */
	struct tdm_target from, to;
	bool failed, busy;  /* busy: channels that were not free were met */
	unsigned at, pairs; /* places done; pairs tested */
	struct line_trial *trial;
	json_t *rows;
	char detail[400]; /* what has failed first; while no pair was tested, why the last one was not */
	struct timer next;
};

static void destroy(void *obj)
{
	struct line_tests *t = obj;
	timer_stop(&t->next);
	if (t->gw->tests == t)
		t->gw->tests = NULL;
	mem_deref(t->trial);
	mem_deref(t->conf);
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

/* Milliseconds are whole where there are thousands. */
static void put(struct buf *b, double value)
{
	buf_printf(b, fabs(value) >= 1000 ? "%.0f" : "%.4g", value);
}

static void bound_text(struct buf *b, const struct loop_bound *bound, const char *unit)
{
	if (isinf(bound->max))
		buf_str(b, "at least ");
	put(b, bound->min);
	if (!isinf(bound->max) && bound->min != bound->max) {
		buf_str(b, " to ");
		put(b, bound->max);
	}
	buf_printf(b, " %s", unit);
}

/* It is not made: those lines have no such thing, in words; a test that came to an end before has none. */
static void note_absence(struct line_tests *t, const struct line_trial *p, enum loop_check c, const char *why)
{
	if (*why)
		json_array_append_new(t->rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", line_trial_name(p, LOOP_CALLER), "to", line_trial_name(p, LOOP_CALLED), "check",
							 loop_checks[c].name, "measured", "", "bound", "", "result", "n/a", "why", why));
}

static void note(struct line_tests *t, const struct line_trial *p)
{
	for (unsigned c = 0; c < LOOP_CHECKS; c++) {
		const struct loop_result *r = line_trial_result(p, c);
		char measured[40] = "", bound[60];
		struct buf m = buf_fixed(measured, sizeof measured), b = buf_fixed(bound, sizeof bound);
		if (r->verdict == LOOP_NOT_MADE) {
			note_absence(t, p, c, r->why);
			continue;
		}
		if (!*r->why) {
			put(&m, r->value);
			buf_printf(&m, " %s", loop_checks[c].unit);
			buf_z(&m);
		}
		bound_text(&b, &t->bound[c], loop_checks[c].unit);
		buf_z(&b);
		json_array_append_new(t->rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", line_trial_name(p, LOOP_CALLER), "to", line_trial_name(p, LOOP_CALLED),
							 "check", loop_checks[c].name, "measured", measured, "bound", bound, "result",
							 r->verdict == LOOP_PASSED ? "ok" : "failed", "why", r->why));
		if (r->verdict == LOOP_PASSED || t->failed)
			continue;
		t->failed = true;
		snprintf(t->detail, sizeof t->detail, "%s to %s: %s: %s%s%s", line_trial_name(p, LOOP_CALLER), line_trial_name(p, LOOP_CALLED), loop_checks[c].name,
			 *r->why ? r->why : measured, *r->why ? "" : ", not ", *r->why ? "" : bound);
	}
	t->pairs++;
}

static void finish(struct line_tests *t, enum line_test_end how)
{
	t->failed = how != LINE_TEST_PASSED;
	if (!t->failed)
		t->detail[0] = '\0';
	log_info(t->object, "line test: %u pair%s, %s", t->pairs, t->pairs == 1 ? "" : "s", t->failed ? t->detail : "all is well");
	if (t->p.over)
		t->p.over(t->p.arg, how, t->detail);
}

/* Why two channels were not tested, while none were. */
static void say_why(struct line_tests *t, const struct tdm_channel *a, const struct tdm_channel *b, int err)
{
	const struct tdm_channel *busy = a->state != TDM_IN_SERVICE ? a : b->state != TDM_IN_SERVICE ? b : NULL;
	char from[TDM_ENDPOINT_MAX], to[TDM_ENDPOINT_MAX];
	tdm_endpoint_name(a, from);
	tdm_endpoint_name(b, to);
	if (err == -EBUSY && busy)
		snprintf(t->detail, sizeof t->detail, "no pair of free channels: %s is %s", busy == a ? from : to, tdm_state_names[busy->state]);
	else if (err == -ENOTSUP)
		snprintf(t->detail, sizeof t->detail, "no pair of channels that call one another: %s and %s do not", from, to);
	else if (err == -EDESTADDRREQ)
		snprintf(t->detail, sizeof t->detail, "only a network joins %s and %s: number NUMBER, or a section line-test of these two, says what leads from the one to the other", from, to);
	else if (err == -EINVAL)
		snprintf(t->detail, sizeof t->detail, "%s cannot be dialled on %s", t->number, from);
	else
		snprintf(t->detail, sizeof t->detail, "no pair of channels: %s and %s: %s", from, to, strerror(-err));
	log_debug(t->object, "%s", t->detail);
}

static void on_over(void *arg);

static void try_pair(struct line_tests *t, const struct tdm_channel *a, const struct tdm_channel *b)
{
	const struct line_trial_params p = {
		.gw = t->gw, .conf = t->conf, .channel = {a, b}, .to = &t->to, .number = t->number, .caller = t->caller, .bound = t->bound, .over = on_over, .arg = t,
	};
	int err = line_trial_begin(&t->trial, &p);
	if (err && !t->pairs)
		say_why(t, a, b, err);
	t->busy |= err == -EBUSY;
}

static void conclude(struct line_tests *t)
{
	if (t->pairs)
		finish(t, t->failed ? LINE_TEST_FAILED : LINE_TEST_PASSED);
	else
		finish(t, t->busy ? LINE_TEST_BUSY : LINE_TEST_FAILED);
}

/* The next pair that can be tested. */
static void go_on(void *arg)
{
	struct line_tests *t = arg;
	const struct tdm *tdm = t->gw->p.tdm;
	while (!t->trial && (t->p.all || !t->pairs)) {
		const struct tdm_channel *a = channel_at(tdm, &t->from, t->at), *b = channel_at(tdm, &t->to, t->at);
		if (!a || !b)
			break;
		t->at++;
		try_pair(t, a, b);
	}
	if (!t->trial)
		conclude(t);
}

static void on_over(void *arg)
{
	struct line_tests *t = arg;
	if (!line_trial_was_busy(t->trial)) {
		note(t, t->trial);
	} else {
		t->busy = true;
		snprintf(t->detail, sizeof t->detail, "no pair of free channels: %s: %s", line_trial_name(t->trial, LOOP_CALLER),
			 line_trial_result(t->trial, LOOP_SEIZURE)->why);
	}
	t->trial = mem_deref(t->trial);
	timer_start(&t->next, 0, go_on, t);
}

static bool is_running(const struct line_tests *t)
{
	return t->trial || timer_running(&t->next);
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

static bool is_target(const struct tdm *tdm, const char *text, const struct tdm_target *t)
{
	struct tdm_target other;
	struct buf ignored = buf_growing();
	int err = target_of(tdm, slice_str(text), &other, &ignored);
	buf_reset(&ignored);
	return !err && other.span == t->span && other.group == t->group && other.channel == t->channel && !memcmp(&other.endpoint, &t->endpoint, sizeof other.endpoint);
}

/* What the configuration says of a test of these two, NULL: nothing. */
static const struct conf_part *section_of(const struct line_tests *t)
{
	const struct tdm *tdm = t->gw->p.tdm;
	const struct conf_part *s;
	for (unsigned i = 0; (s = conf_titled(t->conf, "line-test", i)); i++)
		if (is_target(tdm, conf_string(s, "from"), &t->from) && is_target(tdm, conf_string(s, "to"), &t->to))
			return s;
	return NULL;
}

void line_test_bounds(struct loop_bound ret[LOOP_CHECKS], const struct conf_part *s)
{
	loop_bounds(ret);
	if (!s)
		return;
	for (unsigned c = LOOP_LEVEL_FORTH; c <= LOOP_LEVEL_BACK; c++)
		ret[c] = (struct loop_bound){-(double)conf_int(s, "loss-max"), (double)conf_int(s, "gain-max")};
	for (unsigned c = LOOP_DELAY_FORTH; c <= LOOP_DELAY_BACK; c++)
		ret[c].max = (double)conf_int(s, "delay-max");
	for (unsigned c = LOOP_ECHO_CALLER; c <= LOOP_ECHO_CALLED; c++)
		ret[c].min = (double)conf_int(s, "echo-return-min");
	ret[LOOP_SLIPS].max = (double)conf_int(s, "slips-max");
}

/* A network takes its time. */
static void choose_bounds(struct line_tests *t, const struct loop_bound *given, const struct conf_part *s)
{
	if (given)
		memcpy(t->bound, given, sizeof t->bound);
	else
		line_test_bounds(t->bound, s);
	if (*t->number) {
		t->bound[LOOP_SEIZURE].max = NETWORK_SEIZES_MS;
		t->bound[LOOP_ANSWER].max = NETWORK_ANSWERS_MS;
	}
}

static bool is_for_help(const struct conf *conf, const char *number)
{
	const struct conf_part *s;
	for (unsigned i = 0; (s = conf_titled(conf, "site", i)); i++)
		for (unsigned k = 0; k < conf_list_count(s, "emergency"); k++)
			if (!strcmp(number, conf_list_at(s, "emergency", k)))
				return true;
	return false;
}

static int choose_numbers(struct line_tests *t, const struct line_test_params *p, const struct conf_part *s, struct buf *why)
{
	struct slice number = slice_empty(p->number) && s ? slice_str(conf_string(s, "number")) : p->number;
	struct slice caller = slice_empty(p->caller) && s ? slice_str(conf_string(s, "caller")) : p->caller;
	int err = slice_copy(number, t->number, sizeof t->number) ?: slice_copy(caller, t->caller, sizeof t->caller);
	if (!err && !is_for_help(t->conf, t->number))
		return 0;
	buf_str(why, err ? "the number is too long" : "that is a number for help, which no test calls");
	return -EINVAL;
}

static void begin(struct line_tests *t, const struct line_test_params *p)
{
	t->p = *p;
	t->failed = t->busy = false;
	t->at = t->pairs = 0;
	snprintf(t->detail, sizeof t->detail, "no pair of channels that carry calls");
	snprintf(t->object, sizeof t->object, SLICE_FMT " to " SLICE_FMT, SLICE_ARG(p->from), SLICE_ARG(p->to));
	json_decref(t->rows);
	t->rows = json_array();
	timer_start(&t->next, 0, go_on, t);
}

int line_tests_begin(struct line_tests *t, const struct line_test_params *p, struct buf *why)
{
	struct tdm_target from = {0}, to = {0};
	if (!t->gw->p.tdm) {
		buf_str(why, "this machine has no telephone channels");
		return -ENOENT;
	}
	if (is_running(t)) {
		buf_str(why, "another test runs");
		return -EBUSY;
	}
	int err = target_of(t->gw->p.tdm, p->from, &from, why) ?: target_of(t->gw->p.tdm, p->to, &to, why);
	if (err)
		return err;
	t->from = from;
	t->to = to;
	const struct conf_part *s = section_of(t);
	err = choose_numbers(t, p, s, why);
	if (err)
		return err;
	choose_bounds(t, p->bound, s);
	begin(t, p);
	return 0;
}

void line_tests_forget(struct line_tests *t, const void *arg)
{
	if (t->p.arg == arg)
		t->p.over = NULL;
}

json_t *line_tests_json(const struct line_tests *t)
{
	struct buf running = buf_growing();
	if (t->trial)
		buf_printf(&running, "%s to %s: %s", line_trial_name(t->trial, LOOP_CALLER), line_trial_name(t->trial, LOOP_CALLED), line_trial_phase(t->trial));
	else if (is_running(t))
		buf_str(&running, t->object);
	json_t *now = running.len ? json_string(buf_z(&running)) : json_null();
	buf_reset(&running);
	return json_pack("{s:o, s:o, s:s, s:i}", "running", now, "rows", t->rows ? json_incref(t->rows) : json_array(), "result",
			 t->failed ? t->detail : "", "pairs", (int)t->pairs);
}

void line_tests_configure(struct line_tests *t, const struct conf *conf)
{
	mem_deref(t->conf);
	t->conf = mem_ref((void *)(uintptr_t)conf);
}

int line_tests_open(struct line_tests **ret, struct gateway *gw, const struct conf *conf)
{
	struct line_tests *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->gw = gw;
	line_tests_configure(t, conf);
	gw->tests = *ret = t;
	return 0;
}
