// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_media.h"
#include "mediagw/line_service.h"
#include "mediagw/line_signal.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

static void destroy(void *obj)
{
	struct line *l = obj;
	line_end(l, l->uses);
	line_close(l);
	timer_stop(&l->renews);
	mem_deref(l->circuit);
}

int line_new(struct endpoint *e, struct tdm_channel *c)
{
	struct line *l = mem_alloc(sizeof *l, destroy);
	if (!l)
		return -ENOMEM;
	l->ep = e;
	l->channel = c;
	l->fd = -1;
	e->line = l;
	return line_signal_new(l);
}

enum law line_law(const struct line *l)
{
	const struct tdm_channel *c = l->channel;
	bool mulaw = c->law == TDM_LAW_MULAW || (c->law == TDM_LAW_DEFAULT && c->kind == TDM_SPAN_T1);
	return mulaw ? LAW_U : LAW_A;
}

bool line_has_hook(const struct line *l)
{
	enum tdm_use use = tdm_use_of(l->channel->signalling);
	return use == TDM_USE_FXS || use == TDM_USE_FXO;
}

bool line_is_signalled(const struct line *l)
{
	return tdm_use_of(l->channel->signalling) != TDM_USE_BEARER;
}

void line_seen(struct gateway *gw, struct tdm_channel *c)
{
	uint32_t place = endpoint_channel_place(gw, c->number);
	struct endpoint *e = endpoint_find(gw, place);
	char name[TDM_ENDPOINT_MAX];
	tdm_endpoint_name(c, name);
	/* It may be plugged in again as part of another span. */
	if (e && (!tdm_carries_calls(c->signalling) || strcmp(name, e->name) != 0))
		e = mem_deref(e);
	if (!e && tdm_carries_calls(c->signalling) && endpoint_get(gw, place, &e))
		log_error(c->object, "no memory for its endpoint %s", name);
	if (e && c->state != TDM_TESTED && (line_is_signalled(e->line) || c->faults & 1u << TDM_FAULT_OPEN))
		line_try(e->line);
	line_service_changed(gw);
}

void line_spare(struct gateway *gw, struct tdm_channel *c, bool spared)
{
	struct endpoint *e = endpoint_find(gw, endpoint_channel_place(gw, c->number));
	if (!e || !line_is_signalled(e->line))
		return;
	if (spared)
		line_close(e->line);
	else
		line_try(e->line);
}

/* One that is gone is set up when it is back. */
static void on_renew(void *arg)
{
	struct line *l = arg;
	if (l->uses || l->channel->state == TDM_TESTED)
		return;
	l->stale = false;
	if (l->channel->faults & 1u << TDM_FAULT_GONE)
		return;
	line_interrupt(l);
	if (!tdm_channel_configure(l->channel))
		log_info(l->channel->object, "set up as the configuration says now");
	if (line_is_signalled(l))
		line_try(l);
}

void line_renew(struct gateway *gw, const struct tdm_channel *c)
{
	struct endpoint *e = endpoint_find(gw, endpoint_channel_place(gw, c->number));
	if (!e)
		return;
	e->line->stale = true;
	timer_start(&e->line->renews, 0, on_renew, e->line);
}

enum conn_end line_end_reason(const struct tdm_channel *c)
{
	if (c->faults & (1u << TDM_FAULT_GONE | 1u << TDM_FAULT_SPAN | 1u << TDM_FAULT_SIGNALLING))
		return CONN_LOWER_LAYER;
	return c->faults ? CONN_MALFUNCTION : CONN_OUT_OF_SERVICE;
}

void line_changed(struct gateway *gw, struct tdm_channel *c, bool reset)
{
	struct endpoint *e = endpoint_find(gw, endpoint_channel_place(gw, c->number));
	bool goes_on = c->state == TDM_IN_USE || c->state == TDM_DRAINING;
	struct conn *it;
	line_service_changed(gw);
	if (e && e->line->stale)
		timer_start(&e->line->renews, 0, on_renew, e->line);
	if (!e || (goes_on && !reset))
		return;
	list_foreach_safe(it, &e->conns, link)
		conn_end(it, line_end_reason(c));
	if (e->line->uses)
		line_signal_end(e->line);
	line_end(e->line, e->line->uses);
	if (c->faults & 1u << TDM_FAULT_GONE)
		line_close(e->line);
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

/* The response code to what tdm_channel_take() says. */
static unsigned code_of(int err, const char **why)
{
	static const struct {
		int err;
		unsigned code;
		const char *why;
	} rows[] = {
		{-EBUSY, 540, "the channel is in use"},
		{-EIO, 501, "the channel is out of order"},
		{-EACCES, 501, "the channel is out of service: locked, draining, blocked or under test"},
		{-ENOTSUP, 501, "the channel carries no calls"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].err == err) {
			*why = rows[i].why;
			return rows[i].code;
		}
	return 400;
}

unsigned line_begin(struct line *l, enum line_use use, bool incoming, const char **why)
{
	int err = l->uses & LINE_TESTED ? -EBUSY : l->uses ? 0 : tdm_channel_take(l->channel, incoming);
	if (err)
		return code_of(err, why);
	l->uses |= use;
	return 0;
}

void line_end(struct line *l, enum line_use use)
{
	if (!l->uses)
		return;
	l->uses &= ~use;
	if (l->uses)
		return;
	if (!line_is_signalled(l))
		line_close(l);
	tdm_channel_release(l->channel);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

int line_any(struct gateway *gw, const struct endpoint_name *name, struct endpoint **ret)
{
	for (uint32_t place = gw->relays; place < endpoint_places(gw); place++) {
		struct endpoint *e = endpoint_find(gw, place);
		if (e && endpoint_is_named(e, name) && e->line->channel->state == TDM_IN_SERVICE) {
			*ret = e;
			return 0;
		}
	}
	return -EBUSY;
}

/* Who places calls on a bearer channel is who signals them, and knows which are blocked; on other lines a call comes from there when the far end
 * is off hook or rings. */
static bool comes_from_there(const struct line *l)
{
	struct tdm_channel_status status;
	const struct tdm *t = l->channel->tdm;
	return !line_is_signalled(l) ||
	       (!t->driver->channel_read(t->ctl, l->channel->number, &status) && status.off_hook);
}

unsigned line_admit(struct endpoint *e, const char **why)
{
	unsigned code = line_begin(e->line, LINE_CONNECTED, comes_from_there(e->line), why);
	if (code || !line_open(e->line))
		return code;
	line_end(e->line, LINE_CONNECTED);
	*why = "the channel cannot be opened";
	return 501;
}

int line_join(struct endpoint *e, struct conn *c)
{
	int err = line_connect(e->line, c);
	if (!err)
		reports_start(c);
	return err;
}

void line_part(struct endpoint *e, struct conn *c)
{
	reports_stop(c);
	line_disconnect(e->line, c);
}

void line_vacate(struct endpoint *e)
{
	line_end(e->line, LINE_CONNECTED);
}
