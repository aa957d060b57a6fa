// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "tdm/tdm.h"
#include <errno.h>
#include <stdio.h>

/* A failure is declared when its defect has lasted for 2.5 s and over when it has been gone for 10 s (RFC 4805 3.4.4, T1.231). */
#define RAISE_MS 2500
#define CLEAR_MS 10000

static const struct alarm_def alarms[TDM_DEFECTS] = {
	[TDM_LOS] = {"span-los", ALARM_MAJOR, "Loss of signal: nothing comes in. Look at the cable and the far end.", RAISE_MS, CLEAR_MS},
	[TDM_LOF] = {"span-lof", ALARM_MAJOR, "Loss of frame: what comes in has no frames. Compare framing and coding with the far end's.", RAISE_MS, CLEAR_MS},
	[TDM_LOMF] = {"span-lomf", ALARM_MAJOR, "Loss of multiframe: compare crc4 and framing with the far end's.", RAISE_MS, CLEAR_MS},
	[TDM_AIS] = {"span-ais", ALARM_MAJOR, "All ones come in (blue alarm): something beyond the far end failed.", RAISE_MS, CLEAR_MS},
	[TDM_RAI] = {"span-rai", ALARM_MAJOR, "The far end does not hear us (yellow alarm). Look at the cable out.", RAISE_MS, CLEAR_MS},
	[TDM_LOOPED] = {"span-looped", ALARM_WARNING, "The span is in loopback and carries no calls.", 0, 0},
};

static const struct alarm_def absent = {"span-absent", ALARM_MAJOR, "A span that is configured, or was there, is not there. Look at the card and its driver.", 0, 0};

static const struct counter_def counter_defs[TDM_COUNTERS] = {
	[TDM_CRC] = {"crc", "frames whose check sum was wrong (CRC-4 or CRC-6)"},
	[TDM_BPV] = {"bpv", "bipolar violations"},
	[TDM_EBIT] = {"e-bit", "frames that the far end found wrong (E bits)"},
	[TDM_FAS] = {"fas", "wrong frame alignment words"},
	[TDM_FRAME_ERRORS] = {"frame-errors", "framing errors"},
	[TDM_CODE_VIOLATIONS] = {"code-violations", "line code violations"},
	[TDM_BIT_ERRORS] = {"bit-errors", "wrong bits in a test of the span"},
	[TDM_ERRORED_SECONDS] = {"errored-seconds", "seconds with an error"},
	[TDM_IRQ_MISSES] = {"irq-misses", "interrupts of the card that came too late"},
	[TDM_SLIPS] = {"slips", "blocks of samples lost or repeated between the line's clock and ours"},
	[TDM_TAKEN] = {"calls", "calls on its channels"},
};

static void each_channel(struct tdm_span *s, enum tdm_fault fault, bool on, const char *why)
{
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		struct tdm_channel *c = s->tdm->channels[n];
		if (c && c->span == s->now.number)
			tdm_channel_set_fault(c, fault, on, why);
	}
}

enum tdm_law tdm_law_of(const struct tdm *t, const struct tdm_channel_status *status)
{
	enum tdm_law configured = t->setup->channels[status->number].law;
	return configured ? configured : status->law;
}

/* What the driver says of a channel of a span that appeared. */
static int adopt_channel(struct tdm_span *s, const struct tdm_channel_status *status)
{
	struct tdm_channel *c = tdm_channel(s->tdm, status->number);
	if (!c)
		c = tdm_channel_new(s->tdm, status);
	if (!c)
		return -ENOMEM;
	c->span = status->span;
	c->position = status->position;
	c->kind = s->now.kind;
	c->signalling = status->signalling;
	c->law = tdm_law_of(s->tdm, status);
	tdm_channel_set_fault(c, TDM_FAULT_GONE, false, "it is there");
	return 0;
}

static int find_channels(struct tdm_span *s)
{
	struct tdm *t = s->tdm;
	unsigned found = 0;
	int err = 0;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS && found < s->now.channels && !err; n++) {
		struct tdm_channel_status status;
		if (t->driver->channel_read(t->ctl, n, &status) || status.span != s->now.number)
			continue;
		found++;
		err = adopt_channel(s, &status);
	}
	return err;
}

/* The owner is told what there is now. */
static void show_channels(const struct tdm_span *s)
{
	const struct tdm *t = s->tdm;
	for (unsigned n = 1; t->listener && t->listener->seen && n <= TDM_MAX_CHANNELS; n++)
		if (t->channels[n] && t->channels[n]->span == s->now.number)
			t->listener->seen(t->channels[n], t->arg);
}

static void span_destroy(void *obj)
{
	struct tdm_span *s = obj;
	counter_unregister(&s->counters);
}

int tdm_span_new(struct tdm *t, const struct tdm_span_status *status)
{
	struct tdm_span *s = mem_alloc(sizeof(*s), span_destroy);
	if (!s)
		return -ENOMEM;
	s->tdm = t;
	s->now = *status;
	memcpy(s->seen, status->errors, sizeof(s->seen));
	snprintf(s->object, sizeof(s->object), "span %u", status->number);
	snprintf(s->counters_name, sizeof(s->counters_name), "span-%u", status->number);
	s->counters = (struct counter_group)COUNTER_GROUP(s->counters_name, counter_defs, s->values);
	int err = find_channels(s);
	if (err) {
		mem_deref(s);
		return err;
	}
	counter_register(&s->counters);
	t->spans[status->number] = s;
	t->n_spans++;
	log_info(s->object, "%s, %u channels: %s %s", tdm_span_kind_names[status->kind], status->channels, status->name, status->description);
	alarm_clear(&absent, s->object);
	if (!t->configure)
		tdm_span_verify(s);
	else if (t->adopt && !t->scan && tdm_span_was_set_up(s))
		tdm_span_resume(s);
	else
		tdm_span_configure(s);
	tdm_span_update(s, status);
	show_channels(s);
	return 0;
}

void tdm_span_absent(unsigned number, const char *detail)
{
	char object[16];
	snprintf(object, sizeof(object), "span %u", number);
	alarm_raise(&absent, object, detail);
}

void tdm_span_end(struct tdm_span *s)
{
	struct tdm *t = s->tdm;
	log_warn(s->object, "gone");
	each_channel(s, TDM_FAULT_GONE, true, "its span is gone");
	each_channel(s, TDM_FAULT_SPAN, false, "its span is gone");
	for (unsigned i = 0; i < TDM_DEFECTS; i++)
		alarm_clear(&alarms[i], s->object);
	tdm_span_absent(s->now.number, s->now.description);
	t->spans[s->now.number] = NULL;
	t->n_spans--;
	mem_deref(s);
}

/* The driver's counters start anew when they are reset. */
static void count(struct tdm_span *s, const uint32_t now[TDM_ERRORS])
{
	for (unsigned i = 0; i < TDM_ERRORS; i++) {
		s->values[TDM_COUNT_ERRORS + i] += now[i] >= s->seen[i] ? now[i] - s->seen[i] : now[i];
		s->seen[i] = now[i];
	}
}

static bool judge(struct tdm_span *s)
{
	bool failed = false;
	for (unsigned i = 0; i < TDM_DEFECTS; i++) {
		if (s->now.defects & 1u << i || (i == TDM_LOOPED && s->looped))
			alarm_raise(&alarms[i], s->object, s->now.description);
		else
			alarm_clear(&alarms[i], s->object);
		failed |= alarm_is_on(&alarms[i], s->object);
	}
	return failed;
}

void tdm_span_update(struct tdm_span *s, const struct tdm_span_status *status)
{
	s->now = *status;
	s->scan = s->tdm->scan;
	count(s, status->errors);
	bool failed = judge(s);
	if (failed != s->failed) {
		s->failed = failed;
		log_warn(s->object, failed ? "out of service" : "in service again");
		each_channel(s, TDM_FAULT_SPAN, failed, failed ? "its span has an alarm" : "its span is well again");
	}
}
