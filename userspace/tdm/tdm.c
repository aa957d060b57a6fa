// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/tdm.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <unistd.h>

/* All span numbers are looked at on each so manyth poll, and when the driver's count of spans changed. */
#define RESCAN 5
/* For a second after it has told of a removal DAHDI shows the span as if nothing were: whoever opened a channel then would be left with nothing. */
#define LEAVING_MS 1200

static const struct alarm_def no_driver = {"tdm-driver", ALARM_CRITICAL, "Lines are configured, and DAHDI is not there. Is its module loaded, and /dev/dahdi/ctl ours?", 0, 0};

static void tdm_destroy(void *obj)
{
	struct tdm *t = obj;
	timer_stop(&t->timer);
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		mem_deref(t->spans[n]);
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		mem_deref(t->channels[n]);
	mem_deref(t->setup);
	if (t->ctl >= 0)
		close(t->ctl);
}

int tdm_open(struct tdm **ret, const struct tdm_driver *driver, struct tdm_setup *setup, bool configure, uint32_t poll_ms,
	     const struct tdm_listener *listener, void *arg)
{
	struct tdm *t = mem_alloc(sizeof(*t), tdm_destroy);
	if (!t)
		return -ENOMEM;
	t->driver = driver;
	t->setup = mem_ref(setup);
	t->configure = configure;
	t->poll_ms = poll_ms;
	t->listener = listener;
	t->arg = arg;
	t->ctl = -1;
	*ret = t;
	return 0;
}

static bool wants_lines(const struct tdm_setup *s)
{
	bool wanted = s->n_dynamics > 0;
	for (unsigned n = 1; n <= TDM_MAX_SPANS && !wanted; n++)
		wanted = s->spans[n].set;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS && !wanted; n++)
		wanted = s->channels[n].set;
	return wanted;
}

/* Whether there is a driver. */
static bool has_driver(struct tdm *t)
{
	if (t->ctl < 0)
		t->ctl = t->driver->open(0);
	if (t->ctl >= 0)
		alarm_clear(&no_driver, t->driver->name);
	else if (wants_lines(t->setup))
		alarm_raise(&no_driver, t->driver->name, t->ctl == -ENOENT ? "DAHDI is not there: no " TDM_CTL_DEVICE : strerror(-t->ctl));
	return t->ctl >= 0;
}

/* What the driver says of a span: -ENXIO also of one that it still shows, and takes away. */
static int see(struct tdm *t, unsigned number, struct tdm_span_status *ret)
{
	int err = t->driver->span_read(t->ctl, number, ret);
	if (err || clock_ms() >= t->leaving[number])
		t->leaving[number] = 0;
	return t->leaving[number] ? -ENXIO : err;
}

static void look_at(struct tdm *t, unsigned number, unsigned *total)
{
	struct tdm_span_status status;
	struct tdm_span *s = t->spans[number];
	int err = see(t, number, &status);
	if (!err) {
		*total = status.total_spans;
		if (s)
			tdm_span_update(s, &status);
		else if ((err = tdm_span_new(t, &status)))
			log_error(NULL, "span %u: %s", number, strerror(-err));
	} else if (s) {
		tdm_span_end(s);
	}
}

static void look_at_known(struct tdm *t, unsigned *total)
{
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		if (t->spans[n] || t->leaving[n])
			look_at(t, n, total);
}

static void look_at_all(struct tdm *t, unsigned *total)
{
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		look_at(t, n, total);
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		if (!t->scan && !t->spans[n] && t->setup->spans[n].set)
			tdm_span_absent(n, "never seen");
}

static void on_poll(void *arg)
{
	tdm_poll(arg);
}

void tdm_poll(struct tdm *t)
{
	unsigned total = 0;
	if (has_driver(t)) {
		if (t->configure && t->scan % RESCAN == 0)
			tdm_dynamic_configure(t);
		if (t->scan % RESCAN)
			look_at_known(t, &total);
		if (t->scan % RESCAN == 0 || total != t->n_spans)
			look_at_all(t, &total);
		tdm_timing_check(t);
		t->scan++;
	}
	timer_start(&t->timer, t->poll_ms, on_poll, t);
}

void tdm_removed(struct tdm_channel *c)
{
	struct tdm *t = c->tdm;
	struct tdm_span *s = tdm_span(t, c->span);
	if (!s)
		return;
	t->leaving[c->span] = clock_ms() + LEAVING_MS;
	tdm_span_end(s);
	tdm_timing_check(t);
}

struct tdm_span *tdm_span(const struct tdm *t, unsigned number)
{
	return number <= TDM_MAX_SPANS ? t->spans[number] : NULL;
}

struct tdm_channel *tdm_channel(const struct tdm *t, unsigned number)
{
	return number <= TDM_MAX_CHANNELS ? t->channels[number] : NULL;
}

struct tdm_channel *tdm_channel_at(const struct tdm *t, unsigned span, unsigned position)
{
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		struct tdm_channel *c = t->channels[n];
		if (c && c->span == span && c->position == position)
			return c;
	}
	return NULL;
}

void tdm_count_slip(struct tdm_channel *c)
{
	struct tdm_span *s = tdm_span(c->tdm, c->span);
	if (s)
		s->values[TDM_SLIPS]++;
}
