// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/line_media.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/random.h"
#include "base/timer.h"
#include "callagent/media_sdp.h"
#include <errno.h>

/* Something asked of the gateway, whose answers come in order. */
struct line_job {
	struct link link;
	line_media_done_fn fn;
	void *arg;
};

struct line_media {
	struct line_media_params p;
	struct mgcp_conn *conn;
	char call_id[17]; /* its own, for it may go from call to call */
	char endpoint[128];
	struct sdp *local;  /* what the gateway said last; NULL: nothing yet */
	struct sdp *remote; /* what was described to us; NULL: nothing */
	bool answering;     /* ... as an offer */
	unsigned stream;    /* which of its streams is ours */
	enum sdp_dir flow;  /* as the connection sends and receives */
	uint32_t arm;
	struct list jobs;
	bool confers;
	bool up, closing;
	struct sdp_origin origin;
	void (*closed)(void *arg, const struct cdr_quality *q);
	void *closed_arg;
	struct timer later; /* there was nothing to close */
};

/* --- what the gateway says ------------------------------------------------------------------------------------------ */

static void report(struct line_media *m, int err, unsigned code)
{
	if (list_empty(&m->jobs))
		return;
	struct line_job *j = container_of(list_first(&m->jobs), struct line_job, link);
	list_remove(&j->link);
	if (j->fn)
		j->fn(j->arg, err, code);
	mem_free(j);
}

static void forget(struct line_media *m)
{
	if (m->conn)
		mgcp_conn_detach(m->conn);
	m->conn = mem_deref(m->conn);
	m->up = false;
}

static int take_local(struct line_media *m, struct slice text)
{
	struct sdp *sdp;
	const char *why;
	int err = sdp_parse(&sdp, text, &why);
	if (!err && (!sdp->n_media || !addr_is_set(&sdp->media[0].rtp))) {
		mem_deref(sdp);
		err = -EBADMSG;
	}
	if (err)
		return err;
	mem_deref(m->local);
	m->local = sdp;
	return 0;
}

static void on_done(void *arg, struct mgcp_conn *c, int err, unsigned code, struct slice sdp)
{
	struct line_media *m = mem_ref(arg);
	if (!err && !slice_empty(sdp))
		err = take_local(m, sdp);
	if (!err && !m->local)
		err = -EBADMSG;
	if (!err)
		m->up = true;
	else if (!m->up)
		forget(m);
	report(m, err, code);
	mem_deref(m);
}

static void tell_closed(struct line_media *m, const struct cdr_quality *q)
{
	void (*fn)(void *, const struct cdr_quality *) = m->closed;
	m->closed = NULL;
	if (fn)
		fn(m->closed_arg, q);
}

static void on_lost(void *arg, struct mgcp_conn *c, enum mgcp_loss what, const char *why)
{
	struct line_media *m = mem_ref(arg);
	if (what != MGCP_LOSS_SILENCE)
		forget(m);
	if (m->closing && !m->conn)
		tell_closed(m, NULL);
	else if (!m->closing && m->p.lost)
		m->p.lost(m->p.arg, what, why);
	mem_deref(m);
}

static void on_nothing(void *arg)
{
	struct line_media *m = mem_ref(arg);
	tell_closed(m, NULL);
	mem_deref(m);
}

static void on_deleted(void *arg, struct mgcp_conn *c, struct slice params, struct slice quality)
{
	struct line_media *m = mem_ref(arg);
	struct cdr_quality q = {0};
	media_quality_read(&q, params, quality);
	forget(m);
	tell_closed(m, &q);
	mem_deref(m);
}

static const struct mgcp_conn_handlers conn_handlers = {.done = on_done, .lost = on_lost, .deleted = on_deleted};

/* --- what is asked -------------------------------------------------------------------------------------------------- */

static int add_job(struct line_media *m, line_media_done_fn fn, void *arg)
{
	struct line_job *j = mem_raw(sizeof(*j));
	if (!j)
		return -ENOMEM;
	*j = (struct line_job){.fn = fn, .arg = arg};
	list_append(&m->jobs, &j->link);
	return 0;
}

static void drop_last_job(struct line_media *m)
{
	struct line_job *j = container_of(m->jobs.head.prev, struct line_job, link);
	list_remove(&j->link);
	mem_free(j);
}

static int stream_of(const struct sdp *sdp, unsigned *ret)
{
	for (unsigned i = 0; i < sdp->n_media; i++)
		if (slice_eq(sdp->media[i].type, SLICE("audio")) && sdp_media_relayable(&sdp->media[i])) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

/* As the connection sends and receives when the line does not only listen. */
static enum sdp_dir flow_of(const struct line_media *m, enum line_media_way way)
{
	enum sdp_dir flow = m->remote ? sdp_dir_reverse(m->remote->media[m->stream].dir) : SDP_SENDRECV;
	if (way == LINE_MEDIA_RESTS)
		return SDP_INACTIVE;
	return way == LINE_MEDIA_HEARS || !m->remote ? (enum sdp_dir)(flow & SDP_RECVONLY) : flow;
}

static struct mgcp_conn_setup setup_of(const struct line_media *m, const struct buf *sdp)
{
	return (struct mgcp_conn_setup){
		.call_id = m->call_id, .endpoint = m->endpoint, .mode = m->confers && m->flow == SDP_SENDRECV ? "confrnce" : media_mode(m->flow), .options = m->p.options, .sdp = buf_text(sdp),
		.address = m->p.party.address, .signalling = m->p.party.signalling, .strict = true, .arm = m->arm,
	};
}

static int take_remote(struct line_media *m, struct sdp *remote, bool offer)
{
	unsigned stream = 0;
	int err = remote ? stream_of(remote, &stream) : 0;
	if (err || !remote)
		return err;
	mem_ref(remote);
	mem_deref(m->remote);
	m->remote = remote;
	m->stream = stream;
	m->answering = offer;
	return 0;
}

static void destroy(void *obj)
{
	struct line_media *m = obj;
	m->closing = true;
	timer_stop(&m->later);
	while (!list_empty(&m->jobs))
		drop_last_job(m);
	forget(m);
	mem_deref(m->local);
	mem_deref(m->remote);
	mem_deref(m->p.gw);
}

static int make(struct line_media **ret, const struct line_media_params *p, const char *endpoint)
{
	struct line_media *m = mem_alloc(sizeof(*m), destroy);
	if (!m)
		return -ENOMEM;
	m->p = *p;
	mem_ref(m->p.gw);
	list_init(&m->jobs);
	sdp_origin_init(&m->origin);
	if (slice_copy(slice_str(endpoint), m->endpoint, sizeof(m->endpoint))) {
		mem_deref(m);
		return -EINVAL;
	}
	m->p.endpoint = NULL;
	*ret = m;
	return 0;
}

int line_media_open(struct line_media **ret, const struct line_media_params *p, struct sdp *offer, enum line_media_way way, line_media_done_fn fn, void *arg)
{
	struct line_media *m;
	struct buf sdp = buf_growing();
	int err = make(&m, p, p->endpoint);
	if (err)
		return err;
	err = random_id(m->call_id, sizeof(m->call_id)) ?: take_remote(m, offer, true);
	if (!err && m->remote)
		err = media_sdp_write(&sdp, &m->remote->media[m->stream]);
	m->flow = flow_of(m, way);
	m->confers = way == LINE_MEDIA_CONFERS;
	m->arm = 1;
	err = err ? err : add_job(m, fn, arg);
	const struct mgcp_conn_setup s = setup_of(m, &sdp);
	err = err ? err : mgcp_conn_create(&m->conn, m->p.gw, &s, &conn_handlers, m);
	m->p.options = NULL;
	buf_reset(&sdp);
	if (err)
		mem_deref(m);
	else
		*ret = m;
	return err;
}

int line_media_set(struct line_media *m, struct sdp *remote, bool offer, enum line_media_way way, line_media_done_fn fn, void *arg)
{
	struct buf sdp = buf_growing();
	if (!m->conn || m->closing)
		return -ENOTCONN;
	int err = take_remote(m, remote, offer);
	if (!err && remote)
		err = media_sdp_write(&sdp, &m->remote->media[m->stream]);
	if (!err && remote)
		m->arm++;
	m->flow = flow_of(m, way);
	m->confers = way == LINE_MEDIA_CONFERS;
	const struct mgcp_conn_setup s = setup_of(m, &sdp);
	err = err ? err : add_job(m, fn, arg);
	if (!err) {
		err = mgcp_conn_modify(m->conn, &s);
		if (err)
			drop_last_job(m);
	}
	buf_reset(&sdp);
	return err;
}

bool line_media_is_open(const struct line_media *m)
{
	return m && m->up && !m->closing;
}

bool line_media_is_held(const struct line_media *m)
{
	return m->remote && !(m->remote->media[m->stream].dir & SDP_RECVONLY);
}

/* --- as the call sees it -------------------------------------------------------------------------------------------- */

/* What a description says of the direction is what the connection does; one that waits for an answer will do all. */
static enum sdp_dir described_dir(const struct line_media *m)
{
	return m->remote ? sdp_dir_reverse(m->remote->media[m->stream].dir) : SDP_SENDRECV;
}

/* `theirs` has the stream at `at`; NULL: ours is the only one. */
static int describe(const struct line_media *m, const struct sdp *theirs, unsigned at, enum sdp_dir dir, struct sdp_origin *origin, struct buf *out)
{
	struct sdp_media media[SDP_MAX_MEDIA];
	struct sdp_local_media local[SDP_MAX_MEDIA] = {0};
	if (!m->local)
		return -ENOTCONN;
	struct sdp whole = *m->local;
	whole.n_media = theirs ? theirs->n_media : 1;
	whole.media = media;
	for (unsigned i = 0; i < whole.n_media; i++) {
		bool ours = !theirs || i == at;
		media[i] = ours ? m->local->media[0] : theirs->media[i];
		local[i] = (struct sdp_local_media){.rtp = media[i].rtp, .rtcp = media[i].rtcp, .rtcp_mux = media[i].rtcp_mux, .reject = !ours, .dir = dir};
	}
	return sdp_write_relayed(out, &whole, origin, local);
}

int line_media_describe(struct line_media *m, struct buf *out)
{
	return describe(m, m->answering ? m->remote : NULL, m->stream, described_dir(m), &m->origin, out);
}

int line_media_describe_as(const struct line_media *m, const struct sdp *theirs, enum sdp_dir dir, struct sdp_origin *origin, struct buf *out)
{
	unsigned at = 0;
	int err = theirs ? stream_of(theirs, &at) : 0;
	return err ? err : describe(m, theirs, at, dir, origin, out);
}

int line_media_offer(struct line_media *m, enum sdp_dir dir, struct buf *out)
{
	return describe(m, m->remote, m->stream, dir, &m->origin, out);
}

void line_media_close(struct line_media *m, void (*fn)(void *arg, const struct cdr_quality *q), void *arg)
{
	if (m->closing)
		return;
	mem_ref(m);
	m->closing = true;
	m->closed = fn;
	m->closed_arg = arg;
	while (!list_empty(&m->jobs))
		report(m, -ECANCELED, 0);
	if (m->conn)
		mgcp_conn_delete(m->conn);
	else
		timer_start(&m->later, 0, on_nothing, m);
	mem_deref(m);
}

/* --- in a store ----------------------------------------------------------------------------------------------------- */

struct kept {
	struct slice call_id, endpoint, name, id, local, remote;
	bool answering;
	uint8_t flow;
	uint32_t arm;
	struct { uint64_t id, version, last_hash; } origin;
};

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_SLICE, call_id), FIELD(2, PACK_SLICE, endpoint), FIELD(3, PACK_SLICE, name),  FIELD(4, PACK_SLICE, id),
	FIELD(5, PACK_SLICE, local),   FIELD(6, PACK_SLICE, remote),   FIELD(7, PACK_BOOL, answering), FIELD(8, PACK_NUMBER, flow),
	FIELD(9, PACK_NUMBER, arm),    FIELD(10, PACK_BYTES, origin),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

void line_media_save(const struct line_media *m, struct buf *out)
{
	if (!line_media_is_open(m))
		return;
	const struct kept k = {
		.call_id = slice_str(m->call_id), .endpoint = slice_str(m->endpoint), .name = slice_str(mgcp_conn_endpoint(m->conn)),
		.id = slice_str(mgcp_conn_id(m->conn)), .local = m->local->text, .remote = m->remote ? m->remote->text : SLICE_NONE,
		.answering = m->answering, .flow = (uint8_t)m->flow, .arm = m->arm, .origin = {m->origin.id, m->origin.version, m->origin.last_hash},
	};
	pack_write(out, fields, FIELDS, &k);
}

static int take_kept(struct line_media *m, const struct kept *k)
{
	const char *why;
	if (k->flow > SDP_SENDRECV || slice_copy(k->call_id, m->call_id, sizeof(m->call_id)))
		return -EBADMSG;
	m->flow = (enum sdp_dir)k->flow;
	m->arm = k->arm;
	m->origin.id = k->origin.id;
	m->origin.version = k->origin.version;
	m->origin.last_hash = k->origin.last_hash;
	int err = take_local(m, k->local);
	if (!err && k->remote.len)
		err = sdp_parse(&m->remote, k->remote, &why) ?: stream_of(m->remote, &m->stream);
	m->answering = k->answering && m->remote;
	return err == -EINVAL ? -EBADMSG : err;
}

int line_media_restore(struct line_media **ret, const struct line_media_params *p, struct slice record)
{
	struct kept k = {0};
	char endpoint[sizeof((*ret)->endpoint)], name[256], id[64];
	struct line_media *m;
	if (pack_read(&k, fields, FIELDS, record) || slice_copy(k.endpoint, endpoint, sizeof(endpoint)) || slice_copy(k.name, name, sizeof(name)) ||
	    slice_copy(k.id, id, sizeof(id)) || !*name || !*id)
		return -EBADMSG;
	int err = make(&m, p, endpoint);
	if (err)
		return err;
	err = take_kept(m, &k) ?: mgcp_conn_adopt(&m->conn, m->p.gw, m->call_id, name, id, &conn_handlers, m);
	m->up = !err;
	if (err)
		mem_deref(m);
	else
		*ret = m;
	return err;
}
