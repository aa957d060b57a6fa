// SPDX-License-Identifier: GPL-3.0-or-later
/* What operators see and do about sources. */
#include "guard/guard_priv.h"
#include "base/timer.h"
#include <errno.h>

static json_t *row_of(const struct origin *o, uint64_t now)
{
	char text[ADDR_STR_LEN];
	bool banned = guard_is_banned(o, now);
	return json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I}", "source", origin_str(o, text), "proven", o->proven, "why",
			 banned ? guard_rule_name(o) : "", "left_ms", (json_int_t)(banned ? o->banned_until - now : 0), "bans",
			 (json_int_t)o->bans, "messages", (json_int_t)o->messages, "dropped", (json_int_t)o->dropped, "seen_ms",
			 (json_int_t)(now - o->seen_at));
}

enum { ROWS_MAX = 1000 };

/* The latest first; of sources no more than an operator can read. */
static int show(const struct guard *g, bool bans, json_t **result, struct buf *why)
{
	uint64_t now = clock_ms();
	json_t *rows = json_array();
	if (!rows) {
		buf_str(why, "out of memory");
		return -ENOMEM;
	}
	for (int share = 1; share >= 0; share--) {
		const struct list *l = &g->sources.share[share];
		for (const struct link *k = l->head.prev; k != &l->head; k = k->prev) {
			const struct origin *o = container_of(k, struct origin, order);
			if (bans ? !guard_is_banned(o, now) : json_array_size(rows) == ROWS_MAX)
				continue;
			json_array_append_new(rows, row_of(o, now));
		}
	}
	*result = rows;
	return 0;
}

static int show_bans(void *arg, json_t *args, json_t **result, struct buf *why)
{
	(void)args;
	return show(arg, true, result, why);
}

static int show_sources(void *arg, json_t *args, json_t **result, struct buf *why)
{
	(void)args;
	return show(arg, false, result, why);
}

static int address_of(json_t *args, struct addr *ret, struct buf *why)
{
	const char *text = json_string_value(json_object_get(args, "address"));
	struct slice ip = slice_str(text), rest = ip;
	ip = slice_cut(&rest, '/'); /* as show bans writes them */
	if (text && !addr_parse_ip(ret, ip))
		return 0;
	buf_str(why, "address: expected an IP address");
	return -EINVAL;
}

static int seconds_of(json_t *args, uint64_t dflt, uint64_t *ms, struct buf *why)
{
	const json_t *value = json_object_get(args, "seconds");
	const char *text = json_string_value(value);
	uint64_t s = json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
	if (!value) {
		*ms = dflt;
		return 0;
	}
	if ((text && slice_u64(slice_str(text), 31536000, &s)) || !s || s > 31536000) {
		buf_str(why, "seconds: expected 1 to 31536000");
		return -EINVAL;
	}
	*ms = s * 1000;
	return 0;
}

static int ban(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct guard *g = arg;
	struct addr a;
	uint64_t ms;
	int err = address_of(args, &a, why) ?: seconds_of(args, g->ban_ms ? g->ban_ms : 600000, &ms, why);
	if (err)
		return err;
	struct origin *o = sources_seen(&g->sources, &a);
	if (!o) {
		buf_str(why, "out of memory");
		return -ENOMEM;
	}
	o->by_operator = true;
	guard_ban(g, o, ms);
	*result = json_pack("[o]", row_of(o, clock_ms()));
	return 0;
}

static int unban(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct guard *g = arg;
	struct addr a;
	int err = address_of(args, &a, why);
	if (err)
		return err;
	struct origin *o = sources_find(&g->sources, &a);
	if (!o || !guard_is_banned(o, clock_ms())) {
		buf_str(why, "this address is not banned");
		return -ENOENT;
	}
	guard_unban(o);
	*result = json_pack("[o]", row_of(o, clock_ms()));
	return 0;
}

const struct ctl_verb guard_verbs[] = {
	{"show bans", "addresses whose messages are dropped", show_bans, NULL, NULL},
	{"show sources", "addresses that messages came from, the latest first", show_sources, NULL, NULL},
	{"ban", "drops all messages of an address for a while", ban, "address=IP seconds=N", NULL},
	{"unban", "ends a ban and forgets what led to it", unban, "address=IP", NULL},
	{0},
};
