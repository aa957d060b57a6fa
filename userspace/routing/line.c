// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/line.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

static const char *const kinds[TEL_KINDS] = {[TEL_ISDN] = "isdn", [TEL_LINE] = "line"}; /* as their sections are called */

static const struct alarm_def alarm_down = {
	.name = "line",
	.severity = ALARM_MAJOR,
	.help = "A group of ISDN channels or a line takes no calls. The detail says what is wrong: the span, its D-channel, the gateway, or the program that serves it.",
	.raise_ms = 2000,
	.clear_ms = 0,
};

const char *tel_kind_name(enum tel_kind kind)
{
	return kinds[kind];
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct tel_line *l = obj;
	mem_deref(l->holder);
}

static uint32_t hash_of(struct slice name)
{
	return slice_hash(name, false);
}

/* At which it is called: of a telephone. Other lines' own numbers are an exchange's. */
static const char *number_of(const struct tel_line *l)
{
	return l->kind == TEL_LINE && !strcmp(conf_string(l->conf, "kind"), "phone") ? conf_string(l->conf, "number") : "";
}

static int add(struct tel_lines *ls, enum tel_kind kind, const struct conf *conf, const struct conf_part *part, const struct tel_lines *old)
{
	struct tel_line *l = mem_alloc(sizeof(*l), destroy);
	if (!l)
		return -ENOMEM;
	l->holder = mem_ref((void *)(uintptr_t)conf);
	l->conf = part;
	l->kind = kind;
	l->name = conf_title(part);
	limits_load(&l->limits, part);
	line_numbers_load(&l->numbers, conf, part);
	causes_load(&l->causes, part);
	memcpy(l->down, "is not served yet", sizeof("is not served yet"));
	const struct tel_line *was = old ? tel_lines_find(old, slice_str(l->name)) : NULL;
	if (was && was->kind == kind) {
		l->drained = was->drained;
		limits_inherit(&l->limits, &was->limits);
		memcpy(l->down, was->down, sizeof(l->down));
	}
	list_append(&ls->all, &l->link);
	hash_insert(&ls->by_name, &l->by_name, hash_of(slice_str(l->name)));
	if (*number_of(l))
		hash_insert(&ls->by_number, &l->by_number, hash_of(slice_str(number_of(l))));
	return 0;
}

int tel_lines_load(struct tel_lines *ls, const struct conf *conf, const struct tel_lines *old)
{
	const struct conf_part *part;
	*ls = (struct tel_lines){0};
	list_init(&ls->all);
	int err = hash_init(&ls->by_name, 16) ?: hash_init(&ls->by_number, 16);
	for (unsigned kind = 0; kind < TEL_KINDS; kind++)
		for (unsigned i = 0; !err && (part = conf_titled(conf, kinds[kind], i)); i++)
			err = add(ls, (enum tel_kind)kind, conf, part, old);
	if (err)
		tel_lines_free(ls);
	return err;
}

static void object_of(const struct tel_line *l, char *out, size_t size)
{
	struct buf b = buf_fixed(out, size);
	buf_printf(&b, "%s %s", kinds[l->kind], l->name);
	buf_z(&b);
}

static void drop_all(struct tel_lines *ls)
{
	struct tel_line *l;
	list_foreach_safe(l, &ls->all, link) {
		list_remove(&l->link);
		hash_remove(&ls->by_name, &l->by_name);
		hash_remove(&ls->by_number, &l->by_number);
		mem_deref(l);
	}
	hash_free(&ls->by_name);
	hash_free(&ls->by_number);
}

void tel_lines_free(struct tel_lines *ls)
{
	if (ls->all.head.next)
		drop_all(ls);
}

void tel_lines_replace(struct tel_lines *ls, struct tel_lines *now)
{
	struct tel_line *l;
	char object[96];
	list_foreach(l, &ls->all, link) {
		object_of(l, object, sizeof(object));
		if (tel_lines_find(now, slice_str(l->name)))
			continue;
		alarm_clear(&alarm_down, object);
		if (l->drained && drained_keep(&ls->kept, l->name, false))
			log_warn(object, "is still known as drained: out of memory");
	}
	drop_all(ls);
	list_foreach_safe(l, &now->all, link) {
		list_remove(&l->link);
		list_append(&ls->all, &l->link);
	}
	ls->by_name = now->by_name;
	ls->by_number = now->by_number;
	now->by_name = now->by_number = (struct hash){0};
}

struct tel_line *tel_lines_find(const struct tel_lines *ls, struct slice name)
{
	struct tel_line *l;
	uint32_t h = hash_of(name);
	if (!ls || !ls->by_name.bucket)
		return NULL;
	hash_foreach_match(l, &ls->by_name, h, by_name)
		if (slice_eq(slice_str(l->name), name))
			return l;
	return NULL;
}

/* --- taken out of use ------------------------------------------------------------------------------------------------ */

static bool mark(void *arg, struct slice name)
{
	struct tel_line *l = tel_lines_find(arg, name);
	if (l)
		l->drained = true;
	return l;
}

int tel_lines_keep(struct tel_lines *ls, struct store *store, unsigned table)
{
	return drained_load(&ls->kept, store, table, mark, ls);
}

int tel_lines_drain(struct tel_lines *ls, struct tel_line *l, bool drained)
{
	if (l->drained != drained)
		log_info(l->name, "%s %s by the operator", kinds[l->kind], drained ? "drained" : "back in use");
	l->drained = drained;
	return drained_keep(&ls->kept, l->name, drained);
}

struct tel_line *tel_lines_called(const struct tel_lines *ls, struct slice number)
{
	struct tel_line *l;
	uint32_t h = hash_of(number);
	hash_foreach_match(l, &ls->by_number, h, by_number)
		if (slice_eq(slice_str(number_of(l)), number))
			return l;
	return NULL;
}

/* --- its state ------------------------------------------------------------------------------------------------------ */

void tel_line_state(struct tel_line *l, const char *down)
{
	char object[96];
	object_of(l, object, sizeof(object));
	if (strcmp(l->down, down ? down : ""))
		log_info(object, "%s -> %s", *l->down ? l->down : "up", down ? down : "up");
	struct buf b = buf_fixed(l->down, sizeof(l->down));
	buf_str(&b, down ? down : "");
	buf_z(&b);
	if (down)
		alarm_raise(&alarm_down, object, down);
	else
		alarm_clear(&alarm_down, object);
}

const char *tel_line_refusal(const struct tel_line *l, const struct lines *lines, unsigned *cause)
{
	*cause = TRUNK_DOWN;
	if (l->drained)
		return "is drained";
	return *l->down ? l->down : limits_refusal(&l->limits, lines, l->name, cause);
}

static const char *state_of(const struct tel_line *l, const struct lines *lines)
{
	if (l->drained)
		return lines_taken(lines, slice_str(l->name)) ? "draining" : "drained";
	return *l->down ? "down" : "up";
}

json_t *tel_line_json(const struct tel_line *l, const struct lines *lines)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "line", l->name, "kind", kinds[l->kind], "state", state_of(l, lines), "why", l->down, "calls",
			 (int)lines_taken(lines, slice_str(l->name)), "max_calls", (int)l->limits.max_calls);
}
