// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/channel.h"
#include "base/log.h"
#include "base/mem.h"
#include "tdm/tdm.h"
#include "tdm/tester.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const char *const tdm_state_names[TDM_STATES] = {
	[TDM_IN_SERVICE] = "in-service", [TDM_IN_USE] = "in-use",   [TDM_DRAINING] = "draining",         [TDM_BLOCKED] = "blocked",
	[TDM_TESTED] = "tested",         [TDM_LOCKED] = "locked", [TDM_OUT_OF_ORDER] = "out-of-order",
};

const char *const tdm_fault_names[TDM_FAULTS] = {
	[TDM_FAULT_GONE] = "gone",
	[TDM_FAULT_SPAN] = "span-alarm",
	[TDM_FAULT_SETUP] = "set-up",
	[TDM_FAULT_OPEN] = "used-by-another",
	[TDM_FAULT_SIGNALLING] = "signalling-down",
};

static void channel_destroy(void *obj)
{
	struct tdm_channel *c = obj;
	mem_deref(c->tester);
	if (c->loop >= 0)
		close(c->loop);
}

struct tdm_channel *tdm_channel_new(struct tdm *t, const struct tdm_channel_status *status)
{
	struct tdm_channel *c = mem_alloc(sizeof(*c), channel_destroy);
	if (!c)
		return NULL;
	c->tdm = t;
	c->number = status->number;
	c->loop = -1;
	c->locked = t->setup->channels[c->number].locked;
	c->blocks = t->setup->channels[c->number].blocked ? TDM_BLOCK_HERE : 0;
	c->state = TDM_OUT_OF_ORDER;
	c->faults = 1u << TDM_FAULT_GONE; /* until its span says otherwise */
	snprintf(c->object, sizeof(c->object), "channel %u", c->number);
	t->channels[c->number] = c;
	return c;
}

/* An alarm of its span ends no call that is signalled elsewhere: who signals decides, and may wait for the line to come back (Q.931 5.8.9). */
static bool is_out_of_order(const struct tdm_channel *c)
{
	bool waits = c->used && tdm_use_of(c->signalling) == TDM_USE_BEARER;
	return c->faults & ~(waits ? 1u << TDM_FAULT_SPAN : 0);
}

static enum tdm_state state_of(const struct tdm_channel *c)
{
	if (is_out_of_order(c))
		return TDM_OUT_OF_ORDER;
	if (c->locked)
		return TDM_LOCKED;
	if (c->loop >= 0 || c->tester)
		return TDM_TESTED;
	if (c->used)
		return c->draining ? TDM_DRAINING : TDM_IN_USE;
	return c->blocks ? TDM_BLOCKED : TDM_IN_SERVICE;
}

/* What bears on the state has changed. */
static void changed_at(enum log_level level, struct tdm_channel *c, const char *why)
{
	if (c->draining && !c->used) {
		c->draining = false;
		c->locked = true;
	}
	enum tdm_state old = c->state, now = state_of(c);
	if (old == now)
		return;
	log_at(level, c->object, "%s, was %s: %s", tdm_state_names[now], tdm_state_names[old], why);
	c->state = now;
	const struct tdm_listener *l = c->tdm->listener;
	if (l && l->channel)
		l->channel(c, old, c->tdm->arg);
}

static void changed(struct tdm_channel *c, const char *why)
{
	changed_at(LOG_LEVEL_INFO, c, why);
}

/* The same, by an operator. */
static int ordered(struct tdm_channel *c, const char *why)
{
	const struct tdm_listener *l = c->tdm->listener;
	changed(c, why);
	if (l && l->admin)
		l->admin(c, c->tdm->arg);
	return 0;
}

int tdm_channel_take(struct tdm_channel *c, bool incoming)
{
	if (!tdm_carries_calls(c->signalling))
		return -ENOTSUP;
	if (c->used)
		return -EBUSY;
	if (c->state == TDM_OUT_OF_ORDER)
		return -EIO;
	if (c->state != TDM_IN_SERVICE && !(c->state == TDM_BLOCKED && incoming))
		return -EACCES;
	c->used = true;
	struct tdm_span *s = tdm_span(c->tdm, c->span);
	if (s)
		s->values[TDM_TAKEN]++;
	changed(c, incoming ? "a call from there" : "a call from here");
	return 0;
}

void tdm_channel_release(struct tdm_channel *c)
{
	c->used = false;
	c->owner = NULL;
	changed(c, "its call is over");
}

void tdm_channel_set_fault(struct tdm_channel *c, enum tdm_fault fault, bool on, const char *why)
{
	c->faults = on ? c->faults | 1u << fault : c->faults & ~(1u << fault);
	/* What befalls a whole span is told once, of it. */
	changed_at(fault == TDM_FAULT_SPAN || fault == TDM_FAULT_GONE ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, c, why);
}

void tdm_channel_set_blocked_there(struct tdm_channel *c, bool on)
{
	c->blocks = on ? c->blocks | TDM_BLOCK_THERE : c->blocks & ~TDM_BLOCK_THERE;
	changed(c, on ? "the far end blocks it" : "the far end unblocks it");
}

int tdm_channel_lock(struct tdm_channel *c)
{
	c->locked = true;
	c->draining = false;
	return ordered(c, "locked by an operator");
}

int tdm_channel_unlock(struct tdm_channel *c)
{
	c->locked = c->draining = false;
	return ordered(c, "unlocked by an operator");
}

int tdm_channel_drain(struct tdm_channel *c)
{
	c->draining = !c->locked;
	return ordered(c, "drained by an operator");
}

int tdm_channel_block(struct tdm_channel *c)
{
	c->blocks |= TDM_BLOCK_HERE;
	return ordered(c, "blocked by an operator");
}

int tdm_channel_unblock(struct tdm_channel *c)
{
	c->blocks &= ~TDM_BLOCK_HERE;
	return ordered(c, "unblocked by an operator");
}

int tdm_channel_reset(struct tdm_channel *c)
{
	const struct tdm_listener *l = c->tdm->listener;
	tdm_channel_unloop(c);
	tdm_channel_unbert(c);
	if (l && l->reset)
		l->reset(c, c->tdm->arg);
	tdm_channel_set_fault(c, TDM_FAULT_OPEN, false, "reset by an operator");
	return 0;
}

static void lend(struct tdm_channel *c, bool lent)
{
	const struct tdm_listener *l = c->tdm->listener;
	if (l && l->lend)
		l->lend(c, lent, c->tdm->arg);
}

static int open_looped(struct tdm_channel *c)
{
	const struct tdm_driver *d = c->tdm->driver;
	int fd = d->open(c->number);
	int err = fd < 0 ? fd : d->loop(fd, true);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

int tdm_channel_loop(struct tdm_channel *c)
{
	if (c->used || c->loop >= 0 || c->tester)
		return -EBUSY;
	lend(c, true);
	int fd = open_looped(c);
	if (fd < 0) {
		lend(c, false);
		return fd;
	}
	c->loop = fd;
	changed(c, "looped by an operator");
	return 0;
}

int tdm_channel_unloop(struct tdm_channel *c)
{
	if (c->loop < 0)
		return 0;
	c->tdm->driver->loop(c->loop, false);
	close(c->loop);
	c->loop = -1;
	changed(c, "its loop is ended");
	lend(c, false);
	return 0;
}

int tdm_channel_bert(struct tdm_channel *c)
{
	if (c->used || c->loop >= 0 || c->tester)
		return -EBUSY;
	lend(c, true);
	int err = tdm_tester_start(&c->tester, c);
	if (err)
		lend(c, false);
	else
		changed(c, "a bit error rate test begins");
	return err;
}

int tdm_channel_unbert(struct tdm_channel *c)
{
	if (!c->tester)
		return 0;
	const struct tdm_bert *b = tdm_tester_result(c->tester);
	log_info(c->object, "bit error rate test: %llu of %llu bits wrong, %u times lost", (unsigned long long)b->errors, (unsigned long long)b->bits, b->losses);
	c->tester = mem_deref(c->tester);
	changed(c, "its bit error rate test is over");
	lend(c, false);
	return 0;
}
