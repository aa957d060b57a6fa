// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/record.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include "mediagw/localsdp.h"
#include "mediagw/notified.h"
#include "mediagw/quality.h"
#include "mediagw/rqnt.h"
#include "mediagw/watch.h"
#include <errno.h>

#define RECORD_VERSION 5

/* The value of table "connections", whose key is the connection identifier; options, the remote and the local description
 * follow. A machine reads only what it wrote itself, so that its own byte order and padding do. */
struct record {
	uint32_t version;
	char endpoint[TDM_ENDPOINT_MAX];
	char call[CALL_ID_MAX + 1], cname[17];
	char address[32];
	uint8_t mode, family, latch, engine; /* engine: enum fp_want + 1, 0: the address' */
	uint16_t port;
	int16_t dscp;
	uint32_t arm, silence_s;
	struct addr signalling, remote, remote_rtcp;
	uint64_t sdp_id, sdp_version, sent_packets, sent_bytes;
	uint64_t received_packets, received_bytes, received_lost, made_ms;
	struct codecs codecs;
	uint32_t options_len, remote_len, local_len;
};

static struct slice key_of(const struct conn *c)
{
	return slice_of(c->id, CONN_ID_LEN);
}

/* A line's figures are this process' own, those of relays the fast path's, which outlive it. */
static void count(const struct conn *c, struct record *r)
{
	struct quality q;
	quality_read(c, &q);
	r->sent_packets = q.sent_packets;
	r->sent_bytes = q.sent_bytes;
	r->received_packets = q.packets;
	r->received_bytes = q.bytes;
	r->received_lost = q.lost;
}

void record_put(const struct conn *c)
{
	static char mem[sizeof(struct record) + 16384];
	struct store *store = c->gw->p.store;
	struct slice described = c->remote_sdp ? c->remote_sdp->text : SLICE_NONE;
	struct record r = {
		.version = RECORD_VERSION, .mode = c->mode, .family = c->family, .latch = c->latch,
		.engine = (uint8_t)(c->engine_set ? c->engine + 1 : 0),
		.port = c->port, .dscp = (int16_t)c->dscp, .arm = c->arm, .silence_s = c->silence_s, .signalling = c->signalling,
		.remote = c->remote, .remote_rtcp = c->remote_rtcp, .sdp_id = c->sdp_id, .sdp_version = c->sdp_version, .codecs = c->codecs,
		.sent_packets = c->sent_packets, .sent_bytes = c->sent_bytes, .made_ms = c->made_ms,
		.options_len = (uint32_t)strlen(c->options), .remote_len = (uint32_t)described.len,
		.local_len = (uint32_t)c->local_sdp.len,
	};
	if (!store)
		return;
	if (c->line)
		count(c, &r);
	memcpy(r.endpoint, c->ep->name, sizeof r.endpoint);
	memcpy(r.call, c->call, sizeof r.call);
	memcpy(r.cname, c->cname, sizeof r.cname);
	int err = slice_copy(slice_str(c->address->name), r.address, sizeof r.address);
	struct buf b = buf_fixed(mem, sizeof mem);
	buf_add(&b, &r, sizeof r);
	buf_str(&b, c->options);
	buf_slice(&b, described);
	buf_slice(&b, buf_text(&c->local_sdp));
	if (!err)
		err = b.err ? b.err : store_put(store, TABLE_CONNECTIONS, key_of(c), buf_text(&b));
	if (!err)
		return;
	mg_count[MG_STORE_FAILED]++;
	log_error(c->ep->name, "connection %s would not survive a restart: %s", c->id, strerror(-err));
}

void record_del(const struct conn *c)
{
	if (c->gw->p.store && store_del(c->gw->p.store, TABLE_CONNECTIONS, key_of(c)))
		mg_count[MG_STORE_FAILED]++;
}

static const char *state_of(const struct endpoint *e)
{
	return e->events->state ? e->events->state(e) : "";
}

/* Table "requests", by endpoint: a line with the notified entity, one with the state of its line, then the notifier's record. */
static int put_request(const struct endpoint *e)
{
	struct buf b = buf_growing();
	buf_slice(&b, endpoint_notified_text(e));
	buf_char(&b, '\n');
	buf_str(&b, state_of(e));
	buf_char(&b, '\n');
	if (e->notifier)
		mgcp_notifier_save(e->notifier, &b);
	int err = b.err ? b.err : store_put(e->gw->p.store, TABLE_REQUESTS, slice_str(e->name), buf_text(&b));
	buf_reset(&b);
	return err;
}

void record_put_request(const struct endpoint *e)
{
	/* What was stored must not be lost to a line that is seen before. */
	if (!e->gw->p.store || !e->gw->adopted)
		return;
	if (events_idle(e) && !*state_of(e)) {
		record_del_request(e);
		return;
	}
	int err = put_request(e);
	if (!err)
		return;
	mg_count[MG_STORE_FAILED]++;
	log_error(e->name, "its notification request would not survive a restart: %s", strerror(-err));
}

void record_del_request(const struct endpoint *e)
{
	if (e->gw->p.store && store_del(e->gw->p.store, TABLE_REQUESTS, slice_str(e->name)))
		mg_count[MG_STORE_FAILED]++;
}

/* --- after a restart ---------------------------------------------------------------------------------------------- */

static struct slice take(struct slice *texts, size_t len)
{
	struct slice head = slice_of(texts->p, len);
	*texts = slice_from(*texts, len);
	return head;
}

static uint64_t beyond(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What the fast path has kept is not counted twice. */
static void recount(struct conn *c, const struct record *r)
{
	struct quality q;
	quality_read(c, &q);
	c->earlier_packets = beyond(r->received_packets, q.packets);
	c->earlier_bytes = beyond(r->received_bytes, q.bytes);
	c->earlier_lost = beyond(r->received_lost, q.lost);
}

static int restore_sdp(struct conn *c, const struct record *r, struct slice texts)
{
	const char *why;
	struct slice options = take(&texts, r->options_len), remote = take(&texts, r->remote_len);
	struct conn_change ch = {
		.has_mode = true, .mode = r->mode, .options = options,
		.sdp = remote, .signalling = r->signalling,
		.has_latch = true, .latch = r->latch, .has_arm = true, .arm = r->arm,
		.has_silence = true, .silence_s = r->silence_s,
	};
	if (conn_set(c, &ch, &why))
		return -EINVAL;
	buf_reset(&c->local_sdp);
	buf_slice(&c->local_sdp, texts);
	c->dscp = r->dscp;
	c->engine_set = r->engine && r->engine <= FP_WANT_NULL + 1;
	c->engine = c->engine_set ? (enum fp_want)(r->engine - 1) : FP_WANT_AUTO;
	c->sdp_id = r->sdp_id;
	c->sdp_version = r->sdp_version;
	c->codecs = r->codecs;
	c->sent_packets = r->sent_packets;
	c->sent_bytes = r->sent_bytes;
	c->made_ms = r->made_ms;
	recount(c, r);
	memcpy(c->cname, r->cname, sizeof c->cname);
	return c->local_sdp.err;
}

static int restore_on(struct endpoint *e, struct slice key, const struct record *r, struct slice texts)
{
	struct gateway *gw = e->gw;
	struct address *a = address_find(gw->p.addresses, slice_str(r->address));
	struct conn *c;
	int err = conn_new(&c, e, slice_str(r->call));
	if (err)
		return err;
	memcpy(c->id, key.p, CONN_ID_LEN);
	err = a && r->address[0] ? conn_claim_ports(c, a, r->family, r->port) : -ENOENT;
	if (!err)
		err = restore_sdp(c, r, texts);
	if (!err)
		err = conn_apply(c);
	if (!err)
		err = endpoint_add(e, c);
	if (err)
		mem_deref(c);
	else
		watch_update(c);
	return err;
}

static int restore(struct gateway *gw, struct slice key, struct slice value)
{
	struct record r;
	struct endpoint *e;
	const char *why;
	if (key.len != CONN_ID_LEN || value.len < sizeof r)
		return -EINVAL;
	memcpy(&r, value.p, sizeof r);
	struct slice texts = slice_from(value, sizeof r);
	if (r.version != RECORD_VERSION || r.family >= FAMILIES || (uint64_t)r.options_len + r.remote_len + r.local_len != texts.len)
		return -EINVAL;
	if (r.endpoint[sizeof r.endpoint - 1] || r.call[CALL_ID_MAX] || r.cname[16] || r.address[31])
		return -EINVAL;
	struct endpoint_name name = endpoint_name_parse(gw, slice_str(r.endpoint));
	int err = name.kind == NAME_ONE ? endpoint_get(gw, name.place, &e) : -ENOENT;
	if (err)
		return err;
	if (e->kind->admit && e->kind->admit(e, &why))
		err = -EIO;
	if (!err)
		err = restore_on(e, key, &r, texts);
	endpoint_release_idle(e);
	return err;
}

static int restore_request(struct gateway *gw, struct slice name, struct slice value)
{
	struct slice notified = slice_line(&value), state = slice_line(&value);
	struct endpoint *e;
	struct endpoint_name place = endpoint_name_parse(gw, name);
	if (place.kind != NAME_ONE)
		return -ENOENT;
	int err = endpoint_get(gw, place.place, &e);
	if (err)
		return err;
	err = request_restore(e, notified, state, value);
	endpoint_release_idle(e);
	return err;
}

struct walk {
	struct gateway *gw;
	struct adoption *result;
	bool drop;
};

static int each_request(struct slice name, struct slice value, void *arg)
{
	struct walk *w = arg;
	int err = w->drop ? -ESTALE : restore_request(w->gw, name, value);
	if (!err)
		return 0;
	if (!w->drop)
		log_warn(NULL, "what " SLICE_FMT " was asked for could not be restored: %s", SLICE_ARG(name), strerror(-err));
	return store_del(w->gw->p.store, TABLE_REQUESTS, name);
}

static int each(struct slice key, struct slice value, void *arg)
{
	struct walk *w = arg;
	int err = w->drop ? -ESTALE : restore(w->gw, key, value);
	if (!err) {
		w->result->restored++;
		mg_count[MG_ADOPTED]++;
		return 0;
	}
	if (!w->drop) {
		w->result->failed++;
		mg_count[MG_ADOPT_FAILED]++;
		log_warn(NULL, "stored connection " SLICE_FMT " could not be restored: %s", SLICE_ARG(key), strerror(-err));
	}
	return store_del(w->gw->p.store, TABLE_CONNECTIONS, key);
}

static int same_boot(struct slice key, struct slice value, void *arg)
{
	const struct slice *boot = arg;
	return slice_eq(key, SLICE("boot")) && slice_eq(value, *boot) ? 1 : 0;
}

int record_adopt(struct gateway *gw, struct slice boot, struct adoption *ret)
{
	struct walk w = {.gw = gw, .result = ret};
	*ret = (struct adoption){0};
	if (!gw->p.store)
		return 0;
	int same = store_load(gw->p.store, TABLE_META, same_boot, &boot);
	if (same < 0)
		return same;
	w.drop = ret->other_boot = !same;
	int err = store_load(gw->p.store, TABLE_CONNECTIONS, each, &w);
	gw->adopted = true;
	if (!err)
		err = store_load(gw->p.store, TABLE_REQUESTS, each_request, &w);
	return err ? err : store_put(gw->p.store, TABLE_META, SLICE("boot"), boot);
}
