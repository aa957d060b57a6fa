// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/lines.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include <errno.h>
#include <stdio.h>

struct lines {
	struct tdm *tdm;
	struct gateway *gw;
	struct store *store;
};

static void destroy(void *obj)
{
	struct lines *l = obj;
	mem_deref(l->tdm);
}

/* --- what operators set: in table "lines", by the channel's number ------------------------------------------------ */

struct admin {
	char key[8];
	uint8_t locked, blocked;
};

static void on_admin(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	struct admin a = {.locked = c->locked || c->draining, .blocked = (c->blocks & TDM_BLOCK_HERE) != 0};
	if (!l->store)
		return;
	snprintf(a.key, sizeof a.key, "%u", c->number);
	const uint8_t value[] = {a.locked, a.blocked};
	int err = a.locked || a.blocked ? store_put(l->store, TABLE_LINES, slice_str(a.key), slice_of((const char *)value, sizeof value)) :
					  store_del(l->store, TABLE_LINES, slice_str(a.key));
	if (err) {
		mg_count[MG_STORE_FAILED]++;
		log_error(c->object, "what an operator set would not survive a restart: %s", strerror(-err));
	}
}

static int each_admin(struct slice key, struct slice value, void *arg)
{
	struct tdm_setup *s = arg;
	uint32_t number;
	if (value.len == 2 && !slice_u32(key, &number) && number && number <= TDM_MAX_CHANNELS) {
		s->channels[number].locked = value.p[0] != 0;
		s->channels[number].blocked = value.p[1] != 0;
	}
	return 0;
}

/* --- what happens to channels ------------------------------------------------------------------------------------- */

static void on_seen(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_seen(l->gw, c);
}

static void on_channel(struct tdm_channel *c, enum tdm_state old, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_changed(l->gw, c, false);
}

static void on_reset(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_changed(l->gw, c, true);
}

static const struct tdm_listener listener = {.seen = on_seen, .channel = on_channel, .reset = on_reset, .admin = on_admin};

/* One line each. */
static void tell(struct slice mistakes)
{
	for (struct slice line = slice_line(&mistakes); slice_is_set(line); line = slice_line(&mistakes))
		if (!slice_empty(line))
			log_warn(NULL, "telephone lines: " SLICE_FMT, SLICE_ARG(line));
}

static int load(struct tdm_setup **ret, const struct conf *conf)
{
	struct buf why = buf_growing();
	int err = tdm_setup_load(ret, conf, &why);
	if (!err) {
		alarm_clear(&alarm_lines, "tdm");
	} else if (err != -ENOMEM) {
		struct slice rest = buf_text(&why), first = slice_line(&rest);
		char detail[160];
		slice_copy(slice_of(first.p, first.len < sizeof detail ? first.len : sizeof detail - 1), detail, sizeof detail);
		tell(buf_text(&why));
		alarm_raise(&alarm_lines, "tdm", detail);
		*ret = tdm_setup_new();
		err = *ret ? 0 : -ENOMEM;
	}
	buf_reset(&why);
	return err;
}

int lines_open(struct lines **ret, const struct tdm_driver *driver, const struct conf *conf, struct store *store, bool adopt)
{
	const struct conf_part *section = conf_section(conf, "tdm");
	struct tdm_setup *setup;
	int err = load(&setup, conf);
	if (err)
		return err;
	struct lines *l = mem_alloc(sizeof *l, destroy);
	if (!l)
		err = -ENOMEM;
	if (!err && store)
		err = store_load(store, TABLE_LINES, each_admin, setup);
	if (!err)
		err = tdm_open(&l->tdm, driver, setup, conf_bool(section, "configure"), (uint32_t)conf_int(section, "poll"), &listener, l);
	mem_deref(setup);
	if (err) {
		mem_deref(l);
		return err;
	}
	l->store = store;
	l->tdm->adopt = adopt;
	*ret = l;
	return 0;
}

struct tdm *lines_tdm(const struct lines *l)
{
	return l->tdm;
}

void lines_start(struct lines *l, struct gateway *gw)
{
	l->gw = gw;
	tdm_poll(l->tdm);
}
