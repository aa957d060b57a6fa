// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/lines_private.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/resident.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include "tdm/show.h"
#include <errno.h>
#include <stdio.h>

static void destroy(void *obj)
{
	struct lines *l = obj;
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		mem_deref(l->threads[n]);
	mem_deref(l->tdm);
	mem_deref(l->circuits);
}

/* Its span's thread, or one that is made: from the first on nothing may have to be read from a disk before a line is served. */
static int open_thread(struct lines *l, struct fastpath *fp, unsigned span)
{
	int err = resident_program();
	if (err)
		log_info(NULL, "telephone lines: the program may be paged out: %s", strerror(-err));
	return span_thread_open(&l->threads[span], fp, span);
}

int lines_thread(const struct tdm_channel *c, struct fastpath *fp, struct span_thread **ret)
{
	struct lines *l = c->tdm->arg;
	int err = l->threads[c->span] ? 0 : open_thread(l, fp, c->span);
	if (!err)
		*ret = l->threads[c->span];
	return err;
}

const struct circuit_settings *lines_settings(const struct tdm_channel *c)
{
	const struct lines *l = c->tdm->arg;
	return &l->circuits->of[c->number];
}

/* --- what operators set: in table "lines", by the channel's number ------------------------------------------------ */

enum admin_bit { ADMIN_LOCKED = 1, ADMIN_DRAINING = 2, ADMIN_BLOCKED = 4 };

static void on_admin(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	char key[8], bits = 0;
	if (!l->store)
		return;
	bits |= c->locked ? ADMIN_LOCKED : c->draining ? ADMIN_DRAINING : 0;
	bits |= c->blocks & TDM_BLOCK_HERE ? ADMIN_BLOCKED : 0;
	snprintf(key, sizeof key, "%u", c->number);
	int err = bits ? store_put(l->store, TABLE_LINES, slice_str(key), slice_of(&bits, 1)) : store_del(l->store, TABLE_LINES, slice_str(key));
	if (err) {
		mg_count[MG_STORE_FAILED]++;
		log_error(c->object, "what an operator set would not survive a restart: %s", strerror(-err));
	}
}

struct reading {
	struct lines *lines;
	struct tdm_setup *setup;
};

static int each_admin(struct slice key, struct slice value, void *arg)
{
	struct reading *r = arg;
	uint32_t n;
	if (value.len != 1 || slice_u32(key, &n) || !n || n > TDM_MAX_CHANNELS)
		return 0;
	r->setup->channels[n].locked = value.p[0] & ADMIN_LOCKED;
	r->setup->channels[n].blocked = value.p[0] & ADMIN_BLOCKED;
	if (value.p[0] & ADMIN_DRAINING)
		r->lines->draining.bits[n / 8] |= (uint8_t)(1u << n % 8);
	return 0;
}

/* --- what happens to channels ------------------------------------------------------------------------------------- */

static void on_seen(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_seen(l->gw, c);
}

/* Who signals the channel elsewhere has to know whether it can be used. */
static void publish(const struct tdm_channel *c)
{
	if (daemon_ctl() && ctl_wanted(daemon_ctl(), "channels"))
		ctl_publish(daemon_ctl(), "channels", tdm_channel_json(c));
}

static void on_channel(struct tdm_channel *c, enum tdm_state old, void *arg)
{
	struct lines *l = arg;
	publish(c);
	if (l->gw)
		line_changed(l->gw, c, false);
}

static void on_reset(struct tdm_channel *c, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_changed(l->gw, c, true);
}

static void on_lend(struct tdm_channel *c, bool lent, void *arg)
{
	struct lines *l = arg;
	if (l->gw)
		line_spare(l->gw, c, lent);
}

static const struct tdm_listener listener = {.lend = on_lend, .seen = on_seen, .channel = on_channel, .reset = on_reset, .admin = on_admin};

/* One line each. */
static void tell(struct slice mistakes)
{
	for (struct slice line = slice_line(&mistakes); slice_is_set(line); line = slice_line(&mistakes))
		if (!slice_empty(line))
			log_warn(NULL, "telephone lines: " SLICE_FMT, SLICE_ARG(line));
}

static void alarm(struct buf *why)
{
	struct slice rest = buf_text(why), first = slice_line(&rest);
	char detail[160];
	slice_copy(slice_of(first.p, first.len < sizeof detail ? first.len : sizeof detail - 1), detail, sizeof detail);
	tell(buf_text(why));
	alarm_raise(&alarm_lines, "tdm", detail);
}

/* Of a set-up with a mistake nothing is used; of what is said about signalling, what is right. */
static int load(struct tdm_setup **setup, struct circuit_table **circuits, const struct conf *conf)
{
	struct buf why = buf_growing();
	int wrong = tdm_setup_load(setup, conf, &why), err = 0;
	if (wrong)
		*setup = wrong == -ENOMEM ? NULL : tdm_setup_new();
	if (*setup)
		err = circuit_table_read(circuits, conf, (*setup)->default_zone, &why);
	wrong |= err;
	if (!*setup || err == -ENOMEM)
		err = -ENOMEM;
	else if (wrong)
		alarm(&why);
	else
		alarm_clear(&alarm_lines, "tdm");
	buf_reset(&why);
	if (err == -ENOMEM)
		*setup = mem_deref(*setup);
	return err == -ENOMEM ? err : 0;
}

int lines_open(struct lines **ret, const struct tdm_driver *driver, const struct conf *conf, struct store *store, bool adopt)
{
	const struct conf_part *section = conf_section(conf, "tdm");
	struct tdm_setup *setup = NULL;
	struct lines *l = mem_alloc(sizeof *l, destroy);
	int err = l ? load(&setup, &l->circuits, conf) : -ENOMEM;
	if (!err && store)
		err = store_load(store, TABLE_LINES, each_admin, &(struct reading){l, setup});
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

void lines_adopted(struct lines *l)
{
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		if (tdm_channels_have(&l->draining, n) && tdm_channel(l->tdm, n))
			tdm_channel_drain(tdm_channel(l->tdm, n));
}
