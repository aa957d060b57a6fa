// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_pair.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "mediagw/line_media.h"
#include "mediagw/lines.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK     160 /* octets: 20 ms */
#define AHEAD     2   /* blocks that are sent before anything has come, so that sending never starves */
#define KEPT      (8 * BLOCK)
#define SILENT_MS 3000 /* without an octet: the channel is dead */

struct end {
	struct line_pair *pair;
	enum loop_side side;
	uint32_t place;
	char name[TDM_ENDPOINT_MAX];
	const struct tdm_driver *driver;
	int fd;
	enum law law;
	struct loop_watch *watch;
	uint8_t in[KEPT];
	size_t n;
};

struct line_pair {
	struct line_pair_params p;
	struct loop_test *test;
	struct end end[LOOP_SIDES];
	struct timer silent;
	struct timer told;
};

static struct line *line_at(const struct end *e)
{
	const struct endpoint *ep = e->fd < 0 ? NULL : endpoint_find(e->pair->p.gw, e->place);
	return ep ? ep->line : NULL;
}

/* The line, as long as it is lent: it may have been taken away, or be gone. */
static struct line *line_of(const struct end *e)
{
	struct line *l = line_at(e);
	return l && l->uses & LINE_TESTED ? l : NULL;
}

/* One that was taken away is to be open again, too. */
static void give_back(struct end *e)
{
	struct line *l = line_at(e);
	e->watch = mem_deref(e->watch);
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	e->n = 0;
	if (l)
		line_return(l);
}

static void destroy(void *obj)
{
	struct line_pair *p = obj;
	timer_stop(&p->silent);
	timer_stop(&p->told);
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		give_back(&p->end[i]);
	mem_deref(p->test);
}

static void tell(void *arg)
{
	struct line_pair *p = arg;
	p->p.over(p->p.arg);
}

/* Nothing is read or written any more; the owner is told when nothing of ours is being run. */
static void stop(struct line_pair *p)
{
	timer_stop(&p->silent);
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		p->end[i].watch = mem_deref(p->end[i].watch);
	timer_start(&p->told, 0, tell, p);
}

static void lost(struct line_pair *p, const char *why)
{
	loop_test_abort(p->test, why);
	stop(p);
}

void line_pair_abort(struct line_pair *p, const char *why)
{
	lost(p, why);
}

static void on_silence(void *arg)
{
	lost(arg, "nothing comes from the channel");
}

static int on_hook(void *arg, enum loop_side side, enum tdm_hook what)
{
	const struct line_pair *p = arg;
	const struct end *e = &p->end[side];
	if (!p->p.channel[side])
		return p->p.signal(p->p.arg, side, what);
	int err = e->driver->hook(e->fd, what);
	log_debug(e->name, "test call: hook %d: %s", what, err ? strerror(-err) : "done");
	/* Caller ID is heard between rings. */
	return err || what != TDM_RING ? err : e->driver->onhook_voice(e->fd, 10000) == -ENOMEM ? -ENOMEM : 0;
}

/* The next call may come there as soon as this one is cleared. */
static void on_measured(void *arg)
{
	struct line_pair *p = arg;
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		if (!p->p.channel[i])
			give_back(&p->end[i]);
}

/* --- octets ------------------------------------------------------------------------------------------------------- */

/* What has no room in the driver's buffers is lost: a slip. */
static void say(struct end *e, const uint8_t *octets)
{
	ssize_t n = e->fd < 0 ? BLOCK : write(e->fd, octets, BLOCK);
	if (n != BLOCK && errno != TDM_EVENT_WAITS)
		loop_test_event(e->pair->test, e->side, TDM_EV_WRITE_UNDERRUN);
}

/* Of one that is not there yet, or no more, silence is heard. */
static bool is_ready(struct end *e)
{
	if (e->fd < 0)
		memset(e->in, law_idle[e->law], BLOCK);
	return e->fd < 0 || e->n >= BLOCK;
}

static void run_blocks(struct line_pair *p)
{
	uint8_t out[LOOP_SIDES][BLOCK];
	while (is_ready(&p->end[LOOP_CALLER]) && is_ready(&p->end[LOOP_CALLED]) && !loop_test_over(p->test)) {
		timer_start(&p->silent, SILENT_MS, on_silence, p);
		loop_test_block(p->test, (const uint8_t *const[]){p->end[LOOP_CALLER].in, p->end[LOOP_CALLED].in}, (uint8_t *const[]){out[LOOP_CALLER], out[LOOP_CALLED]}, BLOCK);
		for (unsigned i = 0; i < LOOP_SIDES; i++) {
			struct end *e = &p->end[i];
			say(e, out[i]);
			if (e->fd < 0)
				continue;
			e->n -= BLOCK;
			memmove(e->in, e->in + BLOCK, e->n);
		}
	}
}

/* Nobody else hears of it while the channel is lent. */
static void removed(const struct end *e)
{
	const struct line *l = line_of(e);
	if (l)
		tdm_removed(l->channel);
}

static bool take_events(struct end *e)
{
	struct tdm_event event;
	while (!e->driver->event(e->fd, &event) && event.kind != TDM_NO_EVENT) {
		log_debug(e->name, "test call: %s", tdm_event_names[event.kind]);
		if (event.kind == TDM_EV_REMOVED) {
			removed(e);
			return false;
		}
		loop_test_event(e->pair->test, e->side, event.kind);
	}
	return true;
}

/* False when the channel is lost. */
static bool receive(struct end *e)
{
	if (e->n == KEPT) { /* the other one says nothing */
		loop_test_event(e->pair->test, e->side, TDM_EV_READ_OVERRUN);
		e->n = 0;
	}
	ssize_t n = read(e->fd, e->in + e->n, KEPT - e->n < BLOCK ? KEPT - e->n : BLOCK);
	if (n > 0)
		e->n += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR && errno != TDM_EVENT_WAITS))
		return false;
	return n > 0 || errno != TDM_EVENT_WAITS || take_events(e);
}

static void check_over(struct line_pair *p)
{
	if (loop_test_over(p->test) && !timer_running(&p->told))
		stop(p);
}

static void on_ready(void *arg, int events)
{
	struct end *e = arg;
	struct line_pair *p = e->pair;
	if (!line_of(e)) {
		lost(p, "the channel was taken away");
		return;
	}
	if (!receive(e)) {
		lost(p, "the channel is lost");
		return;
	}
	run_blocks(p);
	check_over(p);
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

static int prepare(struct end *e)
{
	static const struct tdm_buffers buffers = {.count = 8, .bytes = BLOCK};
	const struct line *l = line_of(e);
	uint8_t idle[BLOCK];
	int err = e->driver->buffers(e->fd, &buffers);
	if (!err && tdm_use_of(l->channel->signalling) == TDM_USE_BEARER)
		err = e->driver->audio(e->fd, true);
	if (!err)
		err = e->driver->flush(e->fd, TDM_FLUSH_READ | TDM_FLUSH_WRITE | TDM_FLUSH_EVENTS);
	memset(idle, law_idle[e->law], sizeof idle);
	for (unsigned i = 0; !err && i < AHEAD; i++)
		err = write(e->fd, idle, BLOCK) < 0 && errno != TDM_EVENT_WAITS ? -errno : 0;
	return err ? err : loop_watch(&e->watch, e->fd, UV_READABLE | UV_PRIORITIZED, on_ready, e);
}

static int lend(struct end *e, unsigned channel)
{
	struct gateway *gw = e->pair->p.gw;
	e->place = endpoint_channel_place(gw, channel);
	const struct endpoint *ep = endpoint_find(gw, e->place);
	if (!ep || !ep->line)
		return -ENOENT;
	e->driver = gw->p.tdm->driver;
	snprintf(e->name, sizeof e->name, "%s", ep->name);
	return line_lend(ep->line, &e->fd);
}

static enum digit_kind digits_of(const struct circuit_settings *s)
{
	return s->address == ADDRESS_TONES || s->address == ADDRESS_PULSES ? DIGIT_DTMF : DIGIT_MF;
}

/* What the test has to know of one, and of the exchange at its other end. */
static void describe(struct loop_end *ret, const struct line *l)
{
	const struct circuit_settings *s = lines_settings(l->channel);
	enum tdm_signalling signalling = l->channel->signalling;
	enum tdm_use use = tdm_use_of(signalling);
	*ret = (struct loop_end){
		.use = use, .law = line_law(l), .digits = use == TDM_USE_EM ? digits_of(s) : DIGIT_DTMF, .immediate = s->immediate, .acknowledges = s->address == ADDRESS_FEATURE_D,
		.ground_start = signalling == TDM_FXSGS,
		.tells_caller = s->caller_id != TELLS_NOBODY, .caller_by_digits = s->caller_id == TELLS_DTMF,
		.modem = s->caller_id == TELLS_V23 ? CALLER_ID_V23 : CALLER_ID_BELL,
		.tells_answer = use == TDM_USE_EM || (use == TDM_USE_FXO && s->answer == ANSWER_REVERSAL),
		.tells_end = use != TDM_USE_FXO || signalling == TDM_FXSGS || signalling == TDM_FXSKS, .dial_tone_ms = s->dial_tone_ms,
	};
	slice_copy(slice_str(s->country), ret->country, sizeof ret->country);
}

/* 0, or -ENOTSUP for numbers that are dialled by pulses: the test makes tones. */
static int lend_one(struct line_pair *p, enum loop_side side, struct loop_end *ret)
{
	struct end *e = &p->end[side];
	*ret = (struct loop_end){.use = TDM_USE_BEARER, .law = LAW_A, .tells_caller = true, .tells_answer = true, .tells_end = true};
	int err = p->p.channel[side] ? lend(e, p->p.channel[side]) : 0;
	const struct line *l = line_of(e);
	if (err || !l)
		return err;
	describe(ret, l);
	e->law = ret->law;
	bool pulses = ret->use == TDM_USE_EM && lines_settings(l->channel)->address == ADDRESS_PULSES;
	return pulses && p->p.number && *p->p.number ? -ENOTSUP : 0;
}

int line_pair_begin(struct line_pair **ret, const struct line_pair_params *params)
{
	struct line_pair *p = mem_alloc(sizeof *p, destroy);
	struct loop_params test = {.number = params->number, .caller = params->caller, .hook = on_hook, .measured = on_measured, .arg = p};
	int err = 0;
	if (!p)
		return -ENOMEM;
	p->p = *params;
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		p->end[i] = (struct end){.pair = p, .side = i, .fd = -1};
	for (unsigned i = 0; i < LOOP_SIDES && !err; i++)
		err = lend_one(p, i, &test.end[i]);
	memcpy(test.bound, params->bound, sizeof test.bound);
	if (!err)
		err = loop_test_new(&p->test, &test);
	for (unsigned i = 0; i < LOOP_SIDES && !err; i++)
		err = params->channel[i] ? prepare(&p->end[i]) : 0;
	if (err) {
		mem_deref(p);
		return err;
	}
	timer_start(&p->silent, SILENT_MS, on_silence, p);
	*ret = p;
	return 0;
}

int line_pair_join(struct line_pair *p, enum loop_side side, unsigned channel)
{
	struct end *e = &p->end[side];
	int err = loop_test_over(p->test) ? -ECANCELED : lend(e, channel);
	const struct line *l = line_of(e);
	if (!err && !l)
		err = -ENOENT;
	if (!err) {
		e->law = line_law(l);
		loop_test_law(p->test, side, e->law);
		err = prepare(e);
	}
	if (err)
		give_back(e);
	return err;
}

void line_pair_caller(struct line_pair *p, const char *number)
{
	loop_test_caller(p->test, number);
}

void line_pair_event(struct line_pair *p, enum loop_side side, enum tdm_event_kind kind)
{
	loop_test_event(p->test, side, kind);
	check_over(p);
}

void line_pair_give_up(struct line_pair *p, enum loop_check c, const char *why)
{
	loop_test_give_up(p->test, c, why);
	check_over(p);
}

void line_pair_cleared(struct line_pair *p, enum loop_side side, const char *why)
{
	loop_test_cleared(p->test, side, why);
	check_over(p);
}

const struct loop_test *line_pair_test(const struct line_pair *p)
{
	return p->test;
}
