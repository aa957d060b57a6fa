// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_media.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/line_signal.h"
#include "mediagw/lines.h"
#include "tdm/kept.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define AGAIN_MS 10000 /* between attempts at a channel that another program has */

/* --- what is heard ------------------------------------------------------------------------------------------------ */

/* What the driver tells that concerns the channel itself, whatever its signalling makes of it. */
static void on_event(struct line *l, enum tdm_event_kind kind)
{
	switch (kind) {
	case TDM_EV_REMOVED:
		tdm_removed(l->channel);
		break;
	case TDM_EV_ALARM:
	case TDM_EV_ALARM_OVER:
		tdm_poll(l->channel->tdm);
		break;
	case TDM_EV_READ_OVERRUN:
	case TDM_EV_WRITE_UNDERRUN:
		tdm_count_slip(l->channel);
		break;
	default:
		break;
	}
}

static void open_failed(struct line *l, int err);

/* The channel cannot be read: its span is gone, or something is wrong with it alone. */
static void lost(struct line *l)
{
	const struct gateway *gw = l->ep->gw;
	const uint32_t place = l->ep->place;
	tdm_poll(l->channel->tdm);
	/* Its span may have come back as another already. */
	const struct endpoint *e = endpoint_find(gw, place);
	if (!e || e->line != l || l->fd < 0)
		return;
	line_close(l);
	open_failed(l, -EIO);
}

static void on_heard(void *arg, const struct heard *h)
{
	struct line *l = arg;
	line_signal_heard(l, h);
	if (h->kind == HEARD_VOICEBAND)
		log_info(l->channel->object, "a modem or fax machine is heard: the call carries data");
	if (h->kind == HEARD_LOST)
		lost(l);
	else if (h->kind == HEARD_EVENT)
		on_event(l, h->event.kind);
}

/* --- open --------------------------------------------------------------------------------------------------------- */

void line_try(struct line *l)
{
	if (!line_open(l) && !line_is_signalled(l) && !l->uses)
		line_close(l);
}

static void try_again(void *arg)
{
	line_try(arg);
}

static void open_failed(struct line *l, int err)
{
	char detail[96];
	if (l->channel->faults & 1u << TDM_FAULT_GONE)
		return; /* it is tried when it is back */
	snprintf(detail, sizeof detail, "%s: %s", l->ep->name, err == -EBUSY ? "another program has it" : strerror(-err));
	alarm_raise(&alarm_channel, l->channel->object, detail);
	tdm_channel_set_fault(l->channel, TDM_FAULT_OPEN, true, detail);
	timer_start(&l->again, AGAIN_MS, try_again, l);
}

static void open_again(struct line *l)
{
	timer_stop(&l->again);
	alarm_clear(&alarm_channel, l->channel->object);
	tdm_channel_set_fault(l->channel, TDM_FAULT_OPEN, false, "it can be opened");
}

/* The canceller that is attached to it, as the bearer wants to hear of it. */
static unsigned tail_of(const struct tdm_channel *c)
{
	const struct tdm_channel_setup *s = &c->tdm->setup->channels[c->number];
	return !*s->canceller ? 0 : s->tail ? s->tail : 1;
}

static int start(struct line *l)
{
	const struct tdm_channel *c = l->channel;
	struct bearer_params p = {
		.driver = c->tdm->driver, .fd = l->fd, .law = line_law(l), .digital = tdm_use_of(c->signalling) == TDM_USE_BEARER, .tail = tail_of(c),
		.heard = on_heard, .arg = l,
	};
	struct span_thread *t;
	int err = lines_thread(c, l->ep->gw->p.fp, &t);
	return err ? err : bearer_start(&l->bearer, t, &p);
}

int line_open(struct line *l)
{
	const struct tdm_channel *c = l->channel;
	if (l->fd >= 0)
		return 0;
	int fd = c->tdm->driver->open(c->number);
	if (fd < 0) {
		open_failed(l, fd);
		return fd;
	}
	l->fd = fd;
	int err = start(l);
	if (err) {
		close(fd);
		l->fd = -1;
		open_failed(l, err);
		return err;
	}
	tdm_hold(c->number, fd);
	open_again(l);
	line_signal_open(l);
	return 0;
}

static void shut(struct line *l)
{
	l->bearer = mem_deref(l->bearer);
	tdm_unhold(l->channel->number);
	close(l->fd);
	l->fd = -1;
}

void line_close(struct line *l)
{
	timer_stop(&l->again);
	if (l->fd < 0)
		return;
	line_signal_close(l);
	shut(l);
}

void line_interrupt(struct line *l)
{
	timer_stop(&l->again);
	if (l->fd < 0)
		return;
	line_signal_interrupt(l);
	shut(l);
}

int line_lend(struct line *l, int *fd)
{
	const char *why;
	if (l->uses || line_begin(l, LINE_TESTED, false, &why))
		return -EBUSY;
	line_interrupt(l);
	int opened = l->channel->tdm->driver->open(l->channel->number);
	if (opened < 0) {
		line_return(l);
		return opened;
	}
	*fd = opened;
	return 0;
}

void line_return(struct line *l)
{
	line_end(l, LINE_TESTED);
	/* While a driver removes a span it still lets channels of it be opened. */
	if (line_is_signalled(l) && !(l->channel->faults & 1u << TDM_FAULT_GONE))
		line_open(l);
}

/* --- connected ---------------------------------------------------------------------------------------------------- */

/* A stream whose peer can be sent nothing goes one way. */
static enum bearer_mode mode_of(const struct conn *c)
{
	static const struct {
		enum conn_mode mode;
		enum bearer_mode bearer;
	} rows[] = {
		{CONN_LOOPBACK, BEARER_LOOPBACK}, {CONN_CONTTEST, BEARER_CONTTEST}, {CONN_NETWLOOP, BEARER_NETWLOOP}, {CONN_NETWTEST, BEARER_NETWTEST},
		{CONN_CONFRNCE, BEARER_CONFRNCE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].mode == c->mode && (c->mode != CONN_CONFRNCE || !c->muted))
			return rows[i].bearer;
	bool sends = c->mode & CONN_SENDONLY && !c->muted, receives = c->mode & CONN_RECVONLY;
	return sends ? receives ? BEARER_SENDRECV : BEARER_SENDONLY : receives ? BEARER_RECVONLY : BEARER_INACTIVE;
}

int line_connect(struct line *l, const struct conn *c)
{
	const struct codecs *k = &c->codecs;
	const struct tdm_channel_setup *s = &l->channel->tdm->setup->channels[l->channel->number];
	struct bearer_connection b = {
		.slot = c->rtp.slot,
		.mode = mode_of(c),
		.format = k->list[0].format,
		.pt = k->list[0].theirs,
		.pt_taken = k->list[0].ours,
		.event_pt = codecs_event_pt(k),
		.event_pt_sent = k->events.theirs == NO_PT ? 0 : k->events.theirs, .flash_sent = k->flash_taken,
		.noise = k->noise.theirs != NO_PT,
		.suppress = k->suppress,
		.echo = k->echo,
		.gain = s->tx_gain / 10.0 + k->gain_db,
		.gain_sent = s->rx_gain / 10.0 - k->gain_db,
		.ptime = k->ptime_ms,
	};
	return bearer_connect(l->bearer, &b);
}

void line_disconnect(struct line *l, const struct conn *c)
{
	if (l->bearer)
		bearer_disconnect(l->bearer, c->rtp.slot);
}

uint32_t line_deliver(const struct line *l)
{
	return l->bearer ? bearer_deliver(l->bearer) : 0;
}

void line_sent(const struct line *l, const struct conn *c, uint64_t *packets, uint64_t *octets)
{
	struct bearer_sent sent;
	if (!l->bearer || !bearer_sent(l->bearer, c->rtp.slot, &sent))
		return;
	*packets = sent.packets;
	*octets = sent.octets;
}

json_t *line_counters(const struct line *l)
{
	uint64_t counted[BEARER_COUNTERS];
	json_t *all = json_object();
	if (!l->bearer)
		return all;
	bearer_read(l->bearer, counted);
	for (unsigned i = 0; i < BEARER_COUNTERS; i++)
		json_object_set_new(all, bearer_defs[i].name, json_integer((json_int_t)counted[i]));
	json_object_set_new(all, "data", json_boolean(bearer_transparent(l->bearer)));
	json_object_set_new(all, "echo-cancelled", json_boolean(bearer_cancels_echo(l->bearer)));
	return all;
}
