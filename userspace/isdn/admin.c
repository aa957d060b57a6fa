// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/admin.h"
#include "base/ctl_link.h"
#include "base/mem.h"
#include "tdm/channel.h"
#include <errno.h>
#include <string.h>

#define RETRY_MS 1000

struct admin {
	struct isdn *isdn;
	struct ctl_link *link;
};

/* By the states of tandem-mg's channels. */
static const struct {
	bool unusable; /* it gives the channel to no call */
	bool locked;   /* for an operator wants it so: the far end is to know */
	bool says;     /* whether calls may begin here; else that is as it was */
	bool blocked;  /* they may not */
} meanings[TDM_STATES] = {
	[TDM_IN_SERVICE] = {.says = true},
	[TDM_BLOCKED] = {.says = true, .blocked = true},
	[TDM_DRAINING] = {.unusable = true, .locked = true},
	[TDM_LOCKED] = {.unusable = true, .locked = true},
	[TDM_TESTED] = {.unusable = true},
	[TDM_OUT_OF_ORDER] = {.unusable = true},
};

static int state_of(const json_t *row, enum tdm_state *ret)
{
	const char *name = json_string_value(json_object_get(row, "state"));
	for (unsigned s = 0; name && s < TDM_STATES; s++)
		if (!strcmp(name, tdm_state_names[s])) {
			*ret = s;
			return 0;
		}
	return -EINVAL;
}

void admin_channel(struct isdn *isdn, const json_t *row)
{
	const char *endpoint = json_string_value(json_object_get(row, "endpoint"));
	struct bchannel *b = endpoint ? bchannel_find(isdn, endpoint) : NULL;
	enum tdm_state s;
	if (!b || state_of(row, &s))
		return;
	if (meanings[s].says)
		b->blocked = meanings[s].blocked;
	bchannel_set_fault(b, BCHANNEL_GATEWAY, meanings[s].unusable, tdm_state_names[s]);
	if (b->locked != meanings[s].locked) {
		b->locked = meanings[s].locked;
		bchannel_service(b, !b->locked);
	}
}

/* --- the connection ------------------------------------------------------------------------------------------------- */

static void on_channels(void *arg, const json_t *result, const char *why)
{
	struct admin *a = arg;
	json_t *row;
	size_t i;
	json_array_foreach(result, i, row)
		admin_channel(a->isdn, row);
}

void admin_barred(struct admin *a, const struct bchannel *b)
{
	if (ctl_link_is_up(a->link))
		ctl_link_ask(a->link, "channel blocked", json_pack("{s:s, s:b}", "endpoint", b->endpoint, "on", b->barred), NULL, NULL);
}

static void tell_barred(struct admin *a, struct group *g)
{
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++)
			if (g->interfaces[i].channels[n])
				admin_barred(a, g->interfaces[i].channels[n]);
}

/* It may have been told otherwise by an earlier process of ours, or not at all. */
void admin_refresh(struct admin *a)
{
	struct group *g;
	list_foreach(g, &a->isdn->groups, link)
		tell_barred(a, g);
	ctl_link_ask(a->link, "show channels", NULL, on_channels, a);
}

static void on_up(void *arg)
{
	struct admin *a = arg;
	ctl_link_ask(a->link, "subscribe", json_pack("{s:s}", "topic", "channels"), NULL, NULL);
	admin_refresh(a);
}

/* What it said holds until it is back and says otherwise. */
static void on_down(void *arg, const char *why)
{
}

static void on_event(void *arg, const char *topic, const json_t *event, unsigned dropped)
{
	struct admin *a = arg;
	if (dropped)
		admin_refresh(a);
	if (event)
		admin_channel(a->isdn, event);
}

static void destroy(void *obj)
{
	struct admin *a = obj;
	mem_deref(a->link);
}

int admin_open(struct admin **ret, struct isdn *isdn, const char *path)
{
	static const struct ctl_link_handlers handlers = {.up = on_up, .down = on_down, .event = on_event};
	struct admin *a = mem_alloc(sizeof(*a), destroy);
	if (!a)
		return -ENOMEM;
	a->isdn = isdn;
	int err = ctl_link_open(&a->link, path, RETRY_MS, &handlers, a);
	if (err)
		mem_deref(a);
	else
		*ret = a;
	return err;
}
