// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/verb.h"
#include "tdm/endpoint.h"
#include <errno.h>

static int maintain(struct tdm_span *s, enum tdm_maintenance what, bool looped)
{
	int err = s->tdm->driver->maintain(s->tdm->ctl, s->now.number, what);
	if (!err) {
		s->looped = looped;
		tdm_poll(s->tdm);
	}
	return err;
}

static int loop_span(struct tdm_span *s)
{
	return maintain(s, TDM_LOOP_LINE, true);
}

static int unloop_span(struct tdm_span *s)
{
	return maintain(s, TDM_NORMAL, false);
}

const struct tdm_verb tdm_verbs[] = {
	{"lock", "Takes it out of service at once; calls on it end.", tdm_channel_lock, NULL},
	{"unlock", "Puts it back into service.", tdm_channel_unlock, NULL},
	{"drain", "Takes no new calls, and locks it when its call is over.", tdm_channel_drain, NULL},
	{"block", "Begins no calls on it; those that come in are taken.", tdm_channel_block, NULL},
	{"unblock", "Ends block.", tdm_channel_unblock, NULL},
	{"reset", "Ends its call, loop and test, and puts it into the state it has without.", tdm_channel_reset, NULL},
	{"loop", "Sends back what comes in, for a test of the far end.", tdm_channel_loop, loop_span},
	{"unloop", "Ends loop.", tdm_channel_unloop, unloop_span},
	{"bert", "Begins a bit error rate test: the sequence of O.152 is sent, and what comes back compared.", tdm_channel_bert, NULL},
	{"unbert", "Ends bert.", tdm_channel_unbert, NULL},
	{0},
};

int tdm_target_parse(const struct tdm *t, struct slice text, struct tdm_target *ret)
{
	struct slice name = slice_trim(text), kind = slice_cut(&name, ' ');
	uint32_t n;
	*ret = (struct tdm_target){0};
	if (!slice_is_set(name))
		return tdm_endpoint_parse(kind, &ret->endpoint) ? -ENOENT : 0;
	name = slice_trim(name);
	if (slice_eq(kind, SLICE("group"))) {
		while (ret->group < t->setup->n_groups)
			if (slice_eq(name, slice_str(t->setup->groups[ret->group++].name)))
				return 0;
		return -ENOENT;
	}
	if (slice_u32(name, &n) || !n)
		return -ENOENT;
	if (slice_eq(kind, SLICE("span")))
		ret->span = tdm_span(t, n) ? n : 0;
	else if (slice_eq(kind, SLICE("channel")))
		ret->channel = tdm_channel(t, n) ? n : 0;
	return ret->span || ret->channel ? 0 : -ENOENT;
}

bool tdm_target_has(const struct tdm *t, const struct tdm_target *target, const struct tdm_channel *c)
{
	if (!c || !tdm_carries_calls(c->signalling))
		return false;
	if (target->span)
		return c->span == target->span;
	if (target->group) {
		const struct tdm_group_setup *g = &t->setup->groups[target->group - 1];
		return t->setup->channels[c->number].group == target->group || g->spans[c->span / 8] & 1 << c->span % 8;
	}
	if (target->channel)
		return c->number == target->channel;
	return tdm_endpoint_matches(&target->endpoint, c);
}

/* Why a channel refused, in words. */
static const char *why_not(const struct tdm_channel *c, int err)
{
	switch (err) {
	case -EBUSY:
		return c->used ? "it has a call" : c->loop >= 0 ? "it is looped" : c->tester ? "it is being tested" : "another program has it";
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "it is not there";
	default:
		return strerror(-err);
	}
}

static int do_channels(struct tdm *t, const struct tdm_verb *v, const struct tdm_target *target, struct slice text, struct buf *told)
{
	unsigned done = 0, failed = 0;
	int first = 0;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		if (!tdm_target_has(t, target, t->channels[n]))
			continue;
		int err = v->channel(t->channels[n]);
		done += !err;
		failed += err != 0;
		if (err && !first) {
			buf_printf(told, "channel %u: %s; ", n, why_not(t->channels[n], err));
			first = err;
		}
	}
	if (!done && !failed) {
		buf_printf(told, SLICE_FMT ": no channel that carries calls\n", SLICE_ARG(text));
		return -ENOENT;
	}
	buf_printf(told, "%s: %u channel%s done, %u failed\n", v->name, done, done == 1 ? "" : "s", failed);
	return first;
}

static const struct tdm_verb *find_verb(struct slice name)
{
	for (const struct tdm_verb *v = tdm_verbs; v->name; v++)
		if (slice_eq(name, slice_str(v->name)))
			return v;
	return NULL;
}

int tdm_do(struct tdm *t, struct slice verb, struct slice target, struct buf *told)
{
	const struct tdm_verb *v = find_verb(verb);
	struct tdm_target what;
	if (!v) {
		buf_printf(told, "no verb " SLICE_FMT "\n", SLICE_ARG(verb));
		return -EINVAL;
	}
	int err = tdm_target_parse(t, target, &what);
	if (err) {
		buf_printf(told, SLICE_FMT ": no such span, group, channel or endpoint\n", SLICE_ARG(target));
		return err;
	}
	if (!what.span || !v->span)
		return do_channels(t, v, &what, target, told);
	err = v->span(tdm_span(t, what.span));
	buf_printf(told, "%s: span %u: %s\n", v->name, what.span, err ? strerror(-err) : "done");
	return err;
}
