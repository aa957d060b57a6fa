// SPDX-License-Identifier: GPL-3.0-or-later
/* The DNS cache: what is known, who waits for what, and for how long answers hold. */
#include "net/dns_priv.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include <ctype.h>
#include <errno.h>

/* RFC 2308 7: that servers fail is remembered too, shortly. RFC 8767: while they do, what was true until lately is better than nothing. */
#define FAILED_MS     5000
#define STALE_MAX_MS  (24 * 3600 * 1000)
#define STALE_MORE_MS 30000

static const struct counter_def counter_defs[DNS_CNT_MAX] = {
	[DNS_CNT_KNOWN] = {"known", "answers that were known already"},
	[DNS_CNT_JOINED] = {"joined", "questions that waited for an answer already asked for"},
	[DNS_CNT_ASKED] = {"asked", "questions sent to a server"},
	[DNS_CNT_ANSWERED] = {"answered", "answers with records"},
	[DNS_CNT_NEGATIVE] = {"negative", "answers that there is no such name, or nothing of that type"},
	[DNS_CNT_HOSTS] = {"hosts", "names found in /etc/hosts"},
	[DNS_CNT_TIMEOUT] = {"timeout", "questions that no server answered in time"},
	[DNS_CNT_SERVERS_FAIL] = {"servers-fail", "questions that every server failed to answer or refused"},
	[DNS_CNT_MALFORMED] = {"malformed", "answers that could not be read"},
	[DNS_CNT_LOOP] = {"loop", "answers whose aliases lead in a circle or too far"},
	[DNS_CNT_TOO_MANY] = {"too-many", "answers with more records than are looked at"},
	[DNS_CNT_STALE] = {"stale", "answers past their time that were used because servers fail"},
	[DNS_CNT_EVICTED] = {"evicted", "answers forgotten to make room"},
	[DNS_CNT_FULL] = {"full", "questions not asked: everything that can be remembered is being asked for"},
	[DNS_CNT_SEARCH_LIMIT] = {"search-limit", "searches that led to too many questions"},
	[DNS_CNT_ENTRIES_NOW] = {"entries-now", "names and types remembered"},
};
uint64_t dns_counts[DNS_CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("dns", counter_defs, dns_counts);

struct dns {
	struct hash entries;
	struct list used;
	uint32_t timeout_ms, cache_max;
	dns_wire_fn wire;
	void *wire_arg;
};

struct dns_query {
	struct link link;
	dns_fn fn;
	void *arg;
};

static const struct { enum dns_type type; const char *name; } types[] = {
	{DNS_A, "A"}, {DNS_AAAA, "AAAA"}, {DNS_SRV, "SRV"}, {DNS_NAPTR, "NAPTR"},
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

/* --- entries -------------------------------------------------------------------------------------------------------- */

static void entry_destroy(void *obj)
{
	struct dns_entry *e = obj;
	timer_stop(&e->deadline);
	mem_deref(e->answer);
}

static void forget(struct dns_entry *e)
{
	hash_remove(&e->dns->entries, &e->by_name);
	list_remove(&e->used);
	timer_stop(&e->deadline);
	e->dns = NULL;
	dns_counts[DNS_CNT_ENTRIES_NOW]--;
	mem_deref(e);
}

/* Lower case, without the final dot: 0, or -EINVAL for what is no name. */
static int canonical(char out[DNS_NAME_MAX + 1], struct slice name)
{
	if (name.len && name.p[name.len - 1] == '.')
		name.len--;
	if (!name.len || name.len > DNS_NAME_MAX - 2)
		return -EINVAL;
	size_t label = 0;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		label = c == '.' ? 0 : label + 1;
		if ((c == '.' && (!i || name.p[i - 1] == '.')) || label > 63 || !isgraph((unsigned char)c) || c == '\\')
			return -EINVAL;
		out[i] = (char)tolower((unsigned char)c);
	}
	out[name.len] = '\0';
	return 0;
}

static uint32_t hash_of(const char *name, enum dns_type type)
{
	return slice_hash(slice_str(name), false) ^ (uint32_t)type * 0x9e3779b1U;
}

static struct dns_entry *find(struct dns *d, const char *name, enum dns_type type)
{
	struct dns_entry *e;
	hash_foreach_match(e, &d->entries, hash_of(name, type), by_name)
		if (e->type == type && !strcmp(e->name, name)) {
			list_remove(&e->used);
			list_prepend(&d->used, &e->used);
			return e;
		}
	return NULL;
}

/* What was not used for longest and nobody waits for makes room. */
static bool make_room(struct dns *d)
{
	while (d->entries.count >= d->cache_max) {
		struct link *k = d->used.head.prev;
		while (k != &d->used.head && container_of(k, struct dns_entry, used)->asking)
			k = k->prev;
		if (k == &d->used.head)
			return false;
		dns_counts[DNS_CNT_EVICTED]++;
		forget(container_of(k, struct dns_entry, used));
	}
	return true;
}

static struct dns_entry *entry_new(struct dns *d, const char *name, enum dns_type type)
{
	struct dns_entry *e = mem_alloc(sizeof *e, entry_destroy);
	if (!e)
		return NULL;
	e->dns = d;
	e->type = type;
	memcpy(e->name, name, strlen(name) + 1);
	list_init(&e->waiting);
	hash_insert(&d->entries, &e->by_name, hash_of(name, type));
	list_prepend(&d->used, &e->used);
	dns_counts[DNS_CNT_ENTRIES_NOW]++;
	return e;
}

static bool is_fresh(const struct dns_entry *e)
{
	return e->answer && e->answer->expires > clock_ms();
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

static void tell(struct dns_entry *e, int err, struct dns_answer *a)
{
	mem_ref(e);
	mem_ref(a);
	timer_stop(&e->deadline);
	while (!list_empty(&e->waiting)) {
		struct dns_query *q = container_of(list_first(&e->waiting), struct dns_query, link);
		list_remove(&q->link);
		q->fn(q->arg, a ? a->err : err, a);
	}
	mem_deref(a);
	mem_deref(e);
}

static struct dns_answer *failure(const struct dns_entry *e, int err)
{
	struct dns_answer *a = dns_answer_new(e->name, e->type, err, 0, 0);
	if (a)
		a->expires = clock_ms() + FAILED_MS;
	return a;
}

static void take(struct dns_entry *e, struct dns_answer *a)
{
	mem_deref(e->answer);
	e->answer = a;
	tell(e, 0, a);
}

/* The servers fail: the last good answer is used on for a while, or else that they do is the answer. */
static void take_failure(struct dns_entry *e, int err)
{
	static const unsigned short count_of[] = {
		[ETIMEDOUT] = DNS_CNT_TIMEOUT, [EREMOTEIO] = DNS_CNT_SERVERS_FAIL, [EBADMSG] = DNS_CNT_MALFORMED, [ELOOP] = DNS_CNT_LOOP,
	};
	if (-err < (int)(sizeof count_of / sizeof count_of[0]) && count_of[-err])
		dns_counts[count_of[-err]]++;
	if (e->answer && e->answer->n && e->answer->expires + STALE_MAX_MS > clock_ms()) {
		dns_counts[DNS_CNT_STALE]++;
		e->answer->expires = clock_ms() + STALE_MORE_MS;
		tell(e, 0, e->answer);
		return;
	}
	struct dns_answer *a = failure(e, err == -ELOOP ? -EBADMSG : err);
	if (a)
		take(e, a);
	else
		tell(e, -ENOMEM, NULL);
}

static void on_deadline(void *arg)
{
	struct dns_entry *e = arg;
	if (is_fresh(e))
		tell(e, 0, e->answer);
	else
		take_failure(e, -ETIMEDOUT);
}

void dns_arrived(struct dns_entry *e, int err, const uint8_t *msg, size_t len)
{
	struct dns_answer *a;
	e->asking = false;
	if (!e->dns)
		goto out;
	if (!err)
		err = dns_message_read(&a, e->name, e->type, msg, len);
	if (err) {
		/* Told as timed out already. */
		if (!is_fresh(e) || !list_empty(&e->waiting))
			take_failure(e, err);
		goto out;
	}
	dns_counts[a->n ? DNS_CNT_ANSWERED : DNS_CNT_NEGATIVE]++;
	take(e, a);
out:
	mem_deref(e);
}

void dns_arrived_answer(struct dns_entry *e, struct dns_answer *a)
{
	e->asking = false;
	dns_counts[DNS_CNT_HOSTS]++;
	if (e->dns)
		take(e, a);
	else
		mem_deref(a);
	mem_deref(e);
}

/* --- questions ------------------------------------------------------------------------------------------------------ */

struct dns_answer *dns_known(struct dns *d, struct slice name, enum dns_type type)
{
	char text[DNS_NAME_MAX + 1];
	if (canonical(text, name))
		return dns_answer_new("", type, -EINVAL, 0, 0);
	struct dns_entry *e = find(d, text, type);
	if (!e || !is_fresh(e))
		return NULL;
	dns_counts[DNS_CNT_KNOWN]++;
	return mem_ref(e->answer);
}

static int ask_world(struct dns_entry *e)
{
	mem_ref(e);
	e->asking = true;
	int err = e->dns->wire(e->dns->wire_arg, e);
	if (!err) {
		dns_counts[DNS_CNT_ASKED]++;
		return 0;
	}
	e->asking = false;
	mem_deref(e);
	return err;
}

static void query_destroy(void *obj)
{
	struct dns_query *q = obj;
	list_remove(&q->link);
}

int dns_ask(struct dns_query **ret, struct dns *d, struct slice name, enum dns_type type, dns_fn fn, void *arg)
{
	char text[DNS_NAME_MAX + 1];
	if (canonical(text, name))
		return -EINVAL;
	struct dns_entry *e = find(d, text, type);
	if (!e && !make_room(d)) {
		dns_counts[DNS_CNT_FULL]++;
		return -EBUSY;
	}
	struct dns_query *q = mem_alloc(sizeof *q, query_destroy);
	if (q && !e)
		e = entry_new(d, text, type);
	int err = q && e ? 0 : -ENOMEM;
	if (!err && e->asking)
		dns_counts[DNS_CNT_JOINED]++;
	else if (!err && !is_fresh(e))
		err = ask_world(e);
	if (err) {
		mem_deref(q);
		return err;
	}
	q->fn = fn;
	q->arg = arg;
	list_append(&e->waiting, &q->link);
	bool known = is_fresh(e);
	if (known || !timer_running(&e->deadline))
		timer_start(&e->deadline, known ? 0 : d->timeout_ms, on_deadline, e);
	*ret = q;
	return 0;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static void forget_all(struct dns *d, bool also_asked)
{
	struct dns_entry *e;
	list_foreach_safe(e, &d->used, used)
		if (also_asked || !e->asking)
			forget(e);
}

static void cancel_waiting(struct dns *d)
{
	struct dns_entry *e;
	list_foreach(e, &d->used, used)
		tell(e, -ECANCELED, NULL);
}

static void dns_destroy(void *obj)
{
	struct dns *d = obj;
	cancel_waiting(d);
	forget_all(d, true);
	hash_free(&d->entries);
	mem_deref(d->wire_arg);
}

static void take_limits(struct dns *d, const struct dns_params *p)
{
	d->timeout_ms = p->timeout_ms;
	d->cache_max = p->cache_max;
}

int dns_new(struct dns **ret, const struct dns_params *p, dns_wire_fn wire, void *wire_arg)
{
	struct dns *d = mem_alloc(sizeof *d, dns_destroy);
	if (!d)
		return -ENOMEM;
	list_init(&d->used);
	take_limits(d, p);
	int err = hash_init(&d->entries, 64);
	if (err) {
		mem_deref(d);
		return err;
	}
	d->wire = wire;
	d->wire_arg = mem_ref(wire_arg);
	counter_register(&counter_group);
	*ret = d;
	return 0;
}

int dns_open(struct dns **ret, const struct dns_params *params)
{
	struct dns_resolver *r;
	int err = dns_resolver_new(&r, params);
	if (err)
		return err;
	err = dns_new(ret, params, dns_resolver_ask, r);
	mem_deref(r);
	return err;
}

int dns_reconfigure(struct dns *d, const struct dns_params *params)
{
	int err = dns_resolver_change(d->wire_arg, params);
	if (!err)
		take_limits(d, params);
	return err;
}

void dns_flush(struct dns *d)
{
	forget_all(d, false);
}

/* --- showing -------------------------------------------------------------------------------------------------------- */

static void put_record(struct buf *b, enum dns_type type, const struct dns_record *r)
{
	char text[ADDR_STR_LEN];
	if (b->len)
		buf_str(b, "; ");
	if (type == DNS_SRV)
		buf_printf(b, "%u %u %u %s.", r->srv.priority, r->srv.weight, r->srv.port, r->srv.target);
	else if (type == DNS_NAPTR)
		buf_printf(b, "%u %u \"%s\" \"%s\" \"%s\" %s.", r->naptr.order, r->naptr.preference, r->naptr.flags, r->naptr.service,
			   r->naptr.regexp, r->naptr.replacement);
	else
		buf_str(b, addr_ip_str(&r->addr, text));
}

void dns_answer_text(struct buf *b, const struct dns_answer *a)
{
	struct buf line = buf_growing();
	for (unsigned i = 0; i < a->n; i++)
		put_record(&line, a->type, &a->record[i]);
	buf_str(b, a->n ? buf_z(&line) : dns_error_text(a->err));
	buf_reset(&line);
}

const char *dns_error_text(int err)
{
	switch (err) {
	case -ENODATA:
		return "no record of this type";
	case -ENOENT:
		return "no such name";
	case -ETIMEDOUT:
		return "no server answers";
	case -EREMOTEIO:
		return "every server fails or refuses";
	case -EBADMSG:
		return "the answer loops or cannot be read";
	case -ELOOP:
		return "too many questions for one name";
	default:
		return strerror(-err);
	}
}

static json_t *entry_json(const struct dns_entry *e)
{
	struct buf text = buf_growing();
	json_int_t ttl = is_fresh(e) ? (json_int_t)((e->answer->expires - clock_ms() + 999) / 1000) : 0;
	if (e->answer)
		dns_answer_text(&text, e->answer);
	json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", e->name, "type", dns_type_name(e->type), "state",
				e->asking ? "asking" : ttl ? "known" : "expired", "ttl_s", ttl, "answer", text.err ? "" : buf_z(&text));
	buf_reset(&text);
	return row;
}

json_t *dns_json(struct dns *d)
{
	struct dns_entry *e;
	json_t *list = json_array();
	if (!list)
		return NULL;
	list_foreach(e, &d->used, used) {
		json_t *row = entry_json(e);
		if (row)
			json_array_append_new(list, row);
	}
	return list;
}
