// SPDX-License-Identifier: GPL-3.0-or-later
/* Damaged records of a store: the first byte says which table, the rest is one record. Whatever it is made of, it is taken or dropped, what it began
 * ends, and nothing is left. Store and gateway are these few lines. */
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/callbacks.h"
#include "callagent/fraud.h"
#include "callagent/gateways.h"
#include "callagent/leg_sip.h"
#include "callagent/media.h"
#include "callagent/subscriptions.h"
#include "cdr/cdr_row.h"
#include "config/schema.h"
#include "registrar/location.h"
#include "sip/stack_priv.h"
#include <stdlib.h>

/* What is dropped is said each time. */
void log_write(enum log_level level, const char *object, const char *fmt, ...)
{
}

/* --- the store ------------------------------------------------------------------------------------------------------ */

static struct slice key, value;

struct store {
	int unused;
};
static struct store *store;

int store_load(struct store *s, unsigned table, int (*fn)(struct slice key, struct slice value, void *arg), void *arg)
{
	return fn(key, value, arg);
}

size_t store_count(struct store *s, unsigned table)
{
	return 1;
}

int store_put(struct store *s, unsigned table, struct slice k, struct slice v)
{
	return 0;
}

int store_del(struct store *s, unsigned table, struct slice k)
{
	return 0;
}

/* --- the gateway ---------------------------------------------------------------------------------------------------- */

struct mgcp_gw {
	int unused;
};

struct mgcp_conn {
	struct link link;
	struct mgcp_conn_handlers h;
	void *arg;
	bool pending, deleting, detached;
};

static struct mgcp_gw *gw;
static struct list conns;

static void conn_destroy(void *obj)
{
	struct mgcp_conn *c = obj;
	list_remove(&c->link);
}

static int conn_new(struct mgcp_conn **ret, const struct mgcp_conn_handlers *h, void *arg, bool pending)
{
	struct mgcp_conn *c = mem_alloc(sizeof(*c), conn_destroy);
	c->h = *h;
	c->arg = arg;
	c->pending = pending;
	list_append(&conns, &c->link);
	*ret = c;
	return 0;
}

int mgcp_conn_create(struct mgcp_conn **ret, struct mgcp_gw *g, const struct mgcp_conn_setup *s, const struct mgcp_conn_handlers *h, void *arg)
{
	return conn_new(ret, h, arg, true);
}

int mgcp_conn_adopt(struct mgcp_conn **ret, struct mgcp_gw *g, const char *call_id, const char *endpoint, const char *id, const struct mgcp_conn_handlers *h, void *arg)
{
	return conn_new(ret, h, arg, false);
}

int mgcp_conn_modify(struct mgcp_conn *c, const struct mgcp_conn_setup *s)
{
	c->pending = true;
	return 0;
}

void mgcp_conn_delete(struct mgcp_conn *c)
{
	c->deleting = true;
}

void mgcp_conn_detach(struct mgcp_conn *c)
{
	c->detached = true;
}

const char *mgcp_conn_endpoint(const struct mgcp_conn *c)
{
	return "rtpbridge/1@mg";
}

const char *mgcp_conn_id(const struct mgcp_conn *c)
{
	return "1";
}

const char *mgcp_gw_name(const struct mgcp_gw *g)
{
	return "local";
}

void gateways_served(struct mgcp_gw *g, int err, unsigned code)
{
}

static struct mgcp_conn *waiting(void)
{
	struct mgcp_conn *c;
	list_foreach(c, &conns, link)
		if (c->pending || c->deleting)
			return c;
	return NULL;
}

static void gateway_answers(void)
{
	static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
	struct mgcp_conn *c;
	for (unsigned n = 0; n < 1000 && (c = waiting()); n++) {
		bool deleted = c->deleting;
		mem_ref(c);
		c->pending = c->deleting = false;
		if (deleted && !c->detached)
			c->h.deleted(c->arg, c, SLICE_NONE, SLICE_NONE);
		else if (!deleted)
			c->h.done(c->arg, c, 0, 200, slice_str(sdp));
		mem_deref(c);
	}
}

/* --- the tables ----------------------------------------------------------------------------------------------------- */

static struct sip_stack *stack;

static int into_the_dark(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	return 0;
}

static void open_stack(void)
{
	static const char *const at[][2] = {{"inside", "10.79.1.1:5060"}, {"outside", "10.79.2.1:5060"}};
	if (sip_stack_open(&stack, &(struct sip_stack_params){.timers = {20, 160, 200}}))
		abort();
	sip_stack_wire(stack, into_the_dark, NULL);
	for (size_t i = 0; i < 2; i++) {
		struct sip_listener l = {.name = at[i][0], .fd = -1};
		addr_parse(&l.local, slice_str(at[i][1]), 0);
		if (sip_stack_listen(stack, &l))
			abort();
	}
}

static struct mgcp_gw *gateway_of(void *arg, struct slice name)
{
	return slice_eq(name, SLICE("local")) ? gw : NULL;
}

static struct trunk *no_trunk(void *arg, const char *name)
{
	return NULL;
}

static void pass(unsigned ms, unsigned times)
{
	while (times--) {
		clock_test_advance(ms);
		gateway_answers();
	}
}

/* With its head as the program writes it, or the hash would let nothing through. */
static void a_call(void)
{
	struct calls cs = {.ring_ms = 20000, .longest_ms = 60000};
	struct leg_sip_home home = {.stack = stack, .trunk = no_trunk};
	const struct leg_maker makers[] = {{"sip", leg_sip_restore, &home}, {0}};
	struct buf record = buf_growing();
	uint32_t hash = slice_hash(value, false);
	buf_char(&record, 2);
	buf_add(&record, &hash, sizeof(hash));
	buf_slice(&record, value);
	value = buf_text(&record);
	key = SLICE("0123456789abcdef");
	if (calls_init(&cs) || calls_restore(&cs, &(struct calls_past){.store = store, .makers = makers, .gateway = gateway_of}))
		abort();
	calls_save(&cs);
	pass(50, 4);
	calls_end_all(&cs, "the end");
	pass(1000, 400);
	if (calls_count(&cs))
		abort();
	calls_fini(&cs);
	buf_reset(&record);
}

static void bindings(void)
{
	struct location *l;
	struct binding b[16];
	if (location_new(&l, &(struct location_params){.store = store}))
		abort();
	unsigned n = location_sip_contacts(l, "alice", b, 16);
	for (unsigned i = 0; i < n && i < 16; i++) {
		struct sip_uri uri;
		if (sip_uri_parse(&uri, b[i].uri))
			abort();
	}
	mem_deref(l);
}

static void subscription(void)
{
	struct subscriptions ss = {0};
	key = SLICE("0123456789abcdef");
	subscriptions_open(&ss, stack, store, 0);
	pass(1000, 400);
	subscriptions_close(&ss);
}

static struct conf *conf;

static void fraud_usage(void)
{
	struct fraud *f;
	key = SLICE("often/alice");
	if (!fraud_new(&f, &(struct fraud_params){.conf = conf, .store = store}))
		mem_deref(f);
}

static void callback(void)
{
	struct callbacks *cb;
	if (!callbacks_new(&cb, store, 0))
		mem_deref(cb);
}

static void proxied_call(void)
{
	struct agent a = {.store = store, .conf = conf, .calls = {.ring_ms = 20000, .longest_ms = 60000}};
	key = SLICE("0123456789abcdef");
	if (calls_init(&a.calls) || proxied_init(&a) || fraud_new(&a.fraud, &(struct fraud_params){.conf = conf}) || proxied_restore(&a))
		abort();
	pass(1000, 100);
	proxied_close(&a);
	calls_fini(&a.calls);
	mem_deref(a.fraud);
}

/* What is read is written so that it is read the same. */
static void call_record(void)
{
	struct cdr c, again;
	struct buf out = buf_growing();
	if (!cdr_row_read(&c, value)) {
		cdr_row_write(&out, &c);
		if (cdr_row_read(&again, buf_text(&out)) || strcmp(c.called, again.called) || c.setup != again.setup)
			abort();
	}
	buf_reset(&out);
}

static void (*const tables[])(void) = {a_call, bindings, subscription, fraud_usage, callback, call_record, proxied_call};

static void open_once(void)
{
	struct buf why = buf_growing();
	if (conf)
		return;
	store = mem_alloc(sizeof(*store), NULL);
	gw = mem_alloc(sizeof(*gw), NULL);
	list_init(&conns);
	if (config_load(&conf, "f", "address in {\n local = {\"127.0.0.1\"}\n}\nfraud often {\n calls-per-minute = 2\n}\n", &why))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	open_once();
	size_t before = mem_blocks();
	open_stack();
	key = SLICE("alice");
	value = slice_of((const char *)data + 1, size - 1);
	tables[data[0] % (sizeof(tables) / sizeof(tables[0]))]();
	mem_deref(stack);
	clock_test_advance(600000);
	if (mem_blocks() != before || !list_empty(&conns))
		abort();
	return 0;
}
