// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/progress.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>

#define STEADY_MS 1800 /* so long a tone without cadence lasts at least, and longer than any step that sounds alike */
#define TOLERANCE 15  /* percent of a step */
#define EDGE_MS   20  /* and what the detector's blocks add */
#define CLOSE_HZ  30  /* frequencies that the detector does not tell apart */
#define SURE      12000 /* samples for which a cadence is to be heard: some begin as others do */
#define OVER      8000  /* samples for which it is not: then it has ended */

static const struct {
	enum tone_signal signal, told;
} heeded[] = {
	{TONE_DIAL, TONE_DIAL}, {TONE_RINGBACK, TONE_RINGBACK}, {TONE_BUSY, TONE_BUSY}, {TONE_REORDER, TONE_REORDER}, {TONE_CONGESTION, TONE_REORDER},
};

#define HEEDED (sizeof heeded / sizeof *heeded)

struct progress {
	progress_fn heard;
	void *arg;
	int told;      /* signal; negative: none */
	int heard_now, candidate;    /* the same; what it may become */
	size_t for_samples, silence; /* since it is the candidate; since nothing is heard */
	super_tone_rx_descriptor_t *tones;
	super_tone_rx_state_t *rx;
	unsigned count;
	struct tone tone[HEEDED];
	enum tone_signal of[HEEDED]; /* by the detector's number of a tone */
};

static void tell(struct progress *p, int signal)
{
	if (signal == p->told)
		return;
	if (p->told >= 0)
		p->heard(p->arg, (enum tone_signal)p->told, false);
	p->told = signal;
	if (signal >= 0)
		p->heard(p->arg, (enum tone_signal)signal, true);
}

/* Of two tones that say so one may begin as the other does: Spain's congestion begins as its busy tone. */
static bool ends_calls(int signal)
{
	return signal == TONE_BUSY || signal == TONE_REORDER;
}

static void on_tone(void *arg, int code, int level, int delay)
{
	struct progress *p = arg;
	int signal = code >= 0 && (unsigned)code < p->count ? (int)p->of[code] : -1;
	p->silence = 0;
	p->heard_now = signal;
	if (signal < 0 || signal == p->candidate)
		return;
	if (!ends_calls(signal) || !ends_calls(p->candidate))
		p->for_samples = 0;
	p->candidate = signal;
}

/* Time has passed: a candidate becomes sure, or what was sure has ended. */
static void judge(struct progress *p, size_t n)
{
	p->for_samples += n;
	p->silence = p->heard_now < 0 ? p->silence + n : 0;
	if (p->silence >= OVER) {
		p->candidate = -1;
		tell(p, -1);
	}
	bool goes_on = ends_calls(p->told) && ends_calls(p->candidate);
	if (p->candidate >= 0 && p->heard_now == p->candidate && !goes_on && (p->candidate == TONE_DIAL || p->for_samples >= SURE))
		tell(p, p->candidate);
}

static void destroy(void *obj)
{
	struct progress *p = obj;
	if (p->rx)
		super_tone_rx_free(p->rx);
	if (p->tones)
		super_tone_rx_free_descriptor(p->tones);
}

static bool same(const struct tone *a, const struct tone *b)
{
	return a->count - a->again == b->count - b->again &&
	       !memcmp(a->step + a->again, b->step + b->again, (a->count - a->again) * sizeof *a->step);
}

static int slack_of(int ms)
{
	return ms * TOLERANCE / 100 + EDGE_MS;
}

/* How long dial tone is heard before it is sure that this is no step of another tone. */
static int steady_of(struct slice country, const struct tone *dial)
{
	int longest = STEADY_MS;
	for (unsigned i = 0; i < HEEDED; i++) {
		struct tone t;
		if (tone_of(&t, country, heeded[i].signal))
			continue;
		for (unsigned step = t.again; step < t.count; step++) {
			int ms = (int)t.step[step].length / 8;
			if (!memcmp(t.step[step].hz, dial->step[0].hz, sizeof dial->step[0].hz) && ms + slack_of(ms) > longest)
				longest = ms + slack_of(ms);
		}
	}
	return longest;
}

static void describe(struct progress *p, const struct tone *t, int steady)
{
	int id = super_tone_rx_add_tone(p->tones);
	for (unsigned i = t->again; i < t->count; i++) {
		const struct tone_step *s = &t->step[i];
		int ms = (int)s->length / 8;
		bool close = s->hz[1] && abs(s->hz[1] - s->hz[0]) < CLOSE_HZ;
		int first = close ? (s->hz[0] + s->hz[1]) / 2 : s->hz[0], second = close ? 0 : s->hz[1];
		super_tone_rx_add_element(p->tones, id, first, second, ms ? ms - slack_of(ms) : steady, ms ? ms + slack_of(ms) : 0);
	}
}

static int listen_for(struct progress *p, struct slice country, enum tone_signal signal, enum tone_signal told)
{
	struct tone *t = &p->tone[p->count];
	int rc = tone_of(t, country, signal);
	if (rc)
		return rc;
	for (unsigned i = 0; i < p->count; i++)
		if (same(t, &p->tone[i]))
			return 0;
	p->of[p->count++] = told;
	describe(p, t, steady_of(country, t));
	return 0;
}

int progress_new(struct progress **ret, struct slice country, progress_fn heard, void *arg)
{
	int rc = -ENOMEM;
	struct progress *p = mem_alloc(sizeof *p, destroy);
	if (!p)
		return -ENOMEM;
	p->heard = heard;
	p->arg = arg;
	p->told = p->heard_now = p->candidate = -1;
	p->tones = super_tone_rx_make_descriptor(NULL);
	if (!p->tones)
		goto out;
	for (unsigned i = 0; i < HEEDED; i++) {
		rc = listen_for(p, country, heeded[i].signal, heeded[i].told);
		if (rc)
			goto out;
	}
	p->rx = super_tone_rx_init(NULL, p->tones, on_tone, p);
	rc = p->rx ? 0 : -ENOMEM;
out:
	if (rc)
		mem_deref(p);
	else
		*ret = p;
	return rc;
}

/* spandsp takes as much as makes a block at a time. */
void progress_hear(struct progress *p, const int16_t *linear, size_t n)
{
	judge(p, n);
	while (n) {
		int taken = super_tone_rx(p->rx, linear, (int)n);
		if (taken <= 0)
			return;
		linear += taken;
		n -= (size_t)taken;
	}
}
