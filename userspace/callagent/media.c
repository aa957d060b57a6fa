// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/media_priv.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/media_sdp.h"
#include <errno.h>

static void job_step(struct media *m);

static void changed(const struct media *m)
{
	if (m->p.changed)
		m->p.changed(m->p.arg);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void end_check(struct media *m)
{
	if (!m->ending || m->conns || !m->end_fn)
		return;
	void (*fn)(void *, struct media *) = m->end_fn;
	m->end_fn = NULL;
	fn(m->end_arg, m);
}

/* The gateway has it no more, or never had. */
static void end_forget(struct end *e)
{
	if (!e->conn)
		return;
	mgcp_conn_detach(e->conn);
	e->conn = mem_deref(e->conn);
	e->created = e->dying = false;
	e->stream->media->conns--;
	changed(e->stream->media);
}

/* A further stream that the gateway cannot do (video on a gateway for voice) is rejected alone; the call goes on without. */
static void job_refused(struct media *m, struct job *j, const struct end *e, int err, unsigned code)
{
	log_warn(m->p.object, "stream %u: the gateway refuses the connection of side %c: code %u, %s", e->stream->index, "ab"[e->side],
		 code, strerror(-err));
	if (j->err || (err == -EINVAL && e->stream->index > 0 && !j->is_answer))
		return;
	j->err = err;
	j->code = code;
}

static void on_done(void *arg, struct mgcp_conn *c, int err, unsigned code, struct slice sdp)
{
	struct end *e = arg;
	struct media *m = mem_ref(e->stream->media);
	uint32_t hash = slice_hash(sdp, false);
	if (!err && !slice_empty(sdp) && hash != e->local_hash) {
		err = media_sdp_read(&e->local, sdp);
		e->local_hash = hash;
	}
	if (!err)
		e->created = true;
	if (e->in_job && !list_empty(&m->jobs)) {
		struct job *j = container_of(list_first(&m->jobs), struct job, link);
		e->in_job = false;
		j->pending--;
		if (err)
			job_refused(m, j, e, err, code);
	}
	if (err && !e->created)
		end_forget(e);
	changed(m);
	job_step(m);
	end_check(m);
	mem_deref(m);
}

static void on_lost(void *arg, struct mgcp_conn *c, enum mgcp_loss what, const char *why)
{
	struct end *e = arg;
	struct media *m = mem_ref(e->stream->media);
	if (!m->ending && m->p.lost)
		m->p.lost(m->p.arg, m, what, why);
	mem_deref(m);
}

static void on_deleted(void *arg, struct mgcp_conn *c, struct slice params, struct slice quality)
{
	struct end *e = arg;
	struct media *m = mem_ref(e->stream->media);
	if (e->stream->index == 0)
		media_quality_read(&m->quality[e->side], params, quality);
	end_forget(e);
	end_check(m);
	mem_deref(m);
}

const struct mgcp_conn_handlers media_conn_handlers = {.done = on_done, .lost = on_lost, .deleted = on_deleted};

static void end_delete(struct end *e)
{
	struct list *jobs = &e->stream->media->jobs;
	if (!e->conn || e->dying)
		return;
	if (e->in_job && !list_empty(jobs))
		container_of(list_first(jobs), struct job, link)->pending--;
	e->in_job = false;
	e->dying = true;
	mgcp_conn_delete(e->conn);
}

static struct mgcp_conn_setup base_setup(const struct end *e)
{
	const struct media_party *p = &e->stream->media->p.party[e->side];
	return (struct mgcp_conn_setup){
		.call_id = e->stream->media->p.call_id,
		.address = p->address,
		.signalling = p->signalling,
		.strict = !p->latch,
	};
}

/* Makes the connection of one end; `remote` NULL: its party's description is not known yet. */
static int end_create(struct job *j, struct end *e, const struct sdp_media *like, const struct sdp_media *remote)
{
	struct media *m = e->stream->media;
	struct end *other = &e->stream->end[side_other(e->side)];
	struct buf sdp = buf_growing(), options = buf_growing();
	media_sdp_options(&options, like);
	if (remote)
		media_sdp_write(&sdp, remote);
	struct mgcp_conn_setup s = base_setup(e);
	s.with = other->conn;
	s.mode = remote ? media_mode(sdp_dir_reverse(remote->dir)) : "recvonly";
	s.options = buf_z(&options);
	s.sdp = buf_text(&sdp);
	s.arm = e->arm + 1;
	int err = sdp.err ? sdp.err : options.err;
	if (!err)
		err = mgcp_conn_create(&e->conn, m->p.gw, &s, &media_conn_handlers, e);
	if (!err) {
		e->mode = s.mode;
		e->arm = s.arm;
		e->remote_hash = slice_hash(s.sdp, false);
		e->in_job = true;
		m->conns++;
		j->pending++;
	}
	buf_reset(&sdp);
	buf_reset(&options);
	return err;
}

/* Gives an existing connection its party's description and direction, when they are new to it. With the connection of whoever answers for good the
 * gateway is told to watch both for silence, so that the other one need not be modified for that. */
static int end_apply(struct job *j, struct end *e, const struct sdp_media *remote, enum sdp_dir flow, bool rearm)
{
	struct media *m = e->stream->media;
	struct buf sdp = buf_growing();
	media_sdp_write(&sdp, remote);
	struct mgcp_conn_setup s = base_setup(e);
	s.mode = media_mode(flow);
	uint32_t hash = slice_hash(buf_text(&sdp), false);
	bool moved = sdp.len && hash != e->remote_hash;
	if (moved)
		s.sdp = buf_text(&sdp);
	if (moved || rearm)
		s.arm = e->arm + 1;
	if (j->final && e->side == j->from)
		s.silence_s = m->p.silence_s;
	bool watch = s.silence_s && s.silence_s != e->silence_s;
	int err = sdp.err;
	if (!err && (moved || rearm || s.mode != e->mode || watch)) {
		err = mgcp_conn_modify(e->conn, &s);
		if (!err) {
			e->mode = s.mode;
			e->arm = s.arm ? s.arm : e->arm;
			e->remote_hash = moved ? hash : e->remote_hash;
			if (watch)
				e->silence_s = e->stream->end[side_other(e->side)].silence_s = s.silence_s;
			e->in_job = true;
			j->pending++;
		}
	}
	buf_reset(&sdp);
	return err;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

struct stream *media_stream_at(struct media *m, unsigned i)
{
	if (!m->stream[i]) {
		struct stream *s = mem_alloc(sizeof(*s), NULL);
		if (!s)
			return NULL;
		s->media = m;
		s->index = i;
		for (int k = 0; k < 2; k++) {
			s->end[k].stream = s;
			s->end[k].side = (enum side)k;
		}
		m->stream[i] = s;
	}
	return m->stream[i];
}

static void stream_delete(struct stream *s)
{
	for (int k = 0; k < 2; k++)
		end_delete(&s->end[k]);
}

static bool end_alive(const struct end *e)
{
	return e->conn && !e->dying;
}

static bool stream_alive(const struct stream *s)
{
	return s && end_alive(&s->end[SIDE_A]) && end_alive(&s->end[SIDE_B]);
}

static int offer_stream(struct media *m, struct job *j, unsigned i)
{
	const struct sdp_media *om = &j->sdp->media[i];
	struct stream *s = media_stream_at(m, i);
	if (!s)
		return -ENOMEM;
	if (!sdp_media_relayable(om))
		return 0; /* goes with the answer */
	struct end *near = &s->end[j->from], *far = &s->end[side_other(j->from)];
	int err = 0;
	s->made_by_offer = !near->conn && !far->conn;
	if (!near->conn)
		err = end_create(j, near, om, om);
	if (!err && !far->conn)
		err = end_create(j, far, om, NULL);
	return err;
}

/* RFC 3264 6.1: media flow in a direction when both agree. Direction of `flow` is the offerer's view. */
static int answer_stream(struct media *m, struct job *j, unsigned i, bool rearm)
{
	const struct sdp_media *om = &m->offer->media[i], *am = &j->sdp->media[i];
	struct stream *s = m->stream[i];
	if (!s)
		return 0;
	if (!sdp_media_relayable(om) || !sdp_media_relayable(am)) {
		stream_delete(s);
		return 0;
	}
	if (!stream_alive(s))
		return 0;
	enum sdp_dir flow = (enum sdp_dir)(om->dir & sdp_dir_reverse(am->dir));
	bool fresh = s->made_by_offer;
	if (j->final)
		s->made_by_offer = false;
	/* A connection of ours is the mirror of its party: what that one sends, it receives. */
	int err = end_apply(j, &s->end[m->offerer], om, sdp_dir_reverse(flow), rearm && !fresh);
	if (!err)
		err = end_apply(j, &s->end[j->from], am, flow, rearm && !fresh);
	return err;
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

static void job_destroy(void *obj)
{
	struct job *j = obj;
	mem_deref(j->sdp);
}

static int job_start(struct media *m, struct job *j)
{
	int err = 0;
	j->started = true;
	if (!j->is_answer) {
		mem_deref(m->offer);
		m->offer = mem_ref(j->sdp);
		m->offerer = j->from;
		for (unsigned i = 0; i < j->sdp->n_media && !err; i++)
			err = offer_stream(m, j, i);
		return err;
	}
	if (!m->offer || j->from == m->offerer)
		return -EINVAL;
	bool rearm = m->round > 0;
	unsigned n = j->sdp->n_media < m->offer->n_media ? j->sdp->n_media : m->offer->n_media;
	for (unsigned i = 0; i < n && !err; i++)
		err = answer_stream(m, j, i, rearm);
	if (j->final)
		m->round++;
	return err;
}

static void job_report(struct media *m, struct job *j, int err)
{
	if (j->fn)
		j->fn(j->arg, m, err, j->code);
	mem_deref(j);
}

static void cancel_jobs(struct media *m)
{
	while (!list_empty(&m->jobs)) {
		struct job *j = container_of(list_first(&m->jobs), struct job, link);
		list_remove(&j->link);
		job_report(m, j, -ECANCELED);
	}
}

/* Ends the job at the head once nothing is pending, and starts the next. */
static void job_step(struct media *m)
{
	mem_ref(m);
	while (!m->starting && !m->ending && !list_empty(&m->jobs)) {
		struct job *j = container_of(list_first(&m->jobs), struct job, link);
		if (j->pending)
			break;
		list_remove(&j->link);
		job_report(m, j, j->err);
		if (m->ending || list_empty(&m->jobs))
			break;
		j = container_of(list_first(&m->jobs), struct job, link);
		if (j->started)
			continue; /* asked for by whom the last one was reported to */
		m->starting = true;
		int err = job_start(m, j);
		m->starting = false;
		if (err)
			j->err = err;
	}
	mem_deref(m);
}

static int job_add(struct media *m, const struct job *as)
{
	if (m->ending)
		return -ENOTCONN;
	struct job *j = mem_alloc(sizeof(*j), job_destroy);
	if (!j)
		return -ENOMEM;
	*j = *as;
	mem_ref(j->sdp);
	bool idle = list_empty(&m->jobs);
	list_append(&m->jobs, &j->link);
	if (!idle)
		return 0;
	m->starting = true;
	int err = job_start(m, j);
	m->starting = false;
	if (err && !j->pending) {
		list_remove(&j->link);
		mem_deref(j);
		return err;
	}
	if (err)
		j->err = err;
	job_step(m);
	return 0;
}

int media_offer(struct media *m, enum side from, struct sdp *offer, media_done_fn fn, void *arg)
{
	return job_add(m, &(struct job){.from = from, .sdp = offer, .fn = fn, .arg = arg});
}

int media_answer(struct media *m, enum side from, struct sdp *answer, bool final, media_done_fn fn, void *arg)
{
	return job_add(m, &(struct job){.is_answer = true, .final = final, .from = from, .sdp = answer, .fn = fn, .arg = arg});
}

void media_refused(struct media *m)
{
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++)
		if (m->stream[i] && m->stream[i]->made_by_offer) {
			m->stream[i]->made_by_offer = false;
			stream_delete(m->stream[i]);
		}
}

/* --- the rest of the interface ------------------------------------------------------------------------------------ */

static void destroy(void *obj)
{
	struct media *m = obj;
	m->ending = true;
	cancel_jobs(m);
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++) {
		for (int k = 0; k < 2 && m->stream[i]; k++) {
			struct end *e = &m->stream[i]->end[k];
			if (e->conn)
				mgcp_conn_detach(e->conn);
			mem_deref(e->conn);
		}
		mem_deref(m->stream[i]);
	}
	mem_deref(m->offer);
	mem_deref(m->p.gw);
}

int media_new(struct media **ret, const struct media_params *p)
{
	struct media *m = mem_alloc(sizeof(*m), destroy);
	if (!m)
		return -ENOMEM;
	m->p = *p;
	mem_ref(m->p.gw);
	list_init(&m->jobs);
	*ret = m;
	return 0;
}

void media_set_party(struct media *m, enum side side, const struct media_party *party)
{
	m->p.party[side] = *party;
}

int media_describe(const struct media *m, enum side to, const struct sdp *from, struct sdp_origin *origin,
		   const enum sdp_dir *dir_of, struct buf *out)
{
	struct sdp_local_media local[SDP_MAX_MEDIA] = {0};
	for (unsigned i = 0; i < from->n_media; i++) {
		const struct stream *s = m->stream[i];
		if (!stream_alive(s) || !sdp_media_relayable(&from->media[i])) {
			local[i].reject = true;
			continue;
		}
		local[i] = s->end[to].local;
		local[i].reject = false;
		/* Agreed with each side for itself (RFC 5761 5.1.1); whom nothing is known of is offered what the other side can do. */
		if (!s->end[to].remote_hash)
			local[i].rtcp_mux = from->media[i].rtcp_mux;
		if (local[i].rtcp_mux)
			local[i].rtcp = local[i].rtp;
		local[i].dir = dir_of ? dir_of[i] : from->media[i].dir;
	}
	return sdp_write_relayed(out, from, origin, local);
}

void media_end(struct media *m, void (*fn)(void *arg, struct media *m), void *arg)
{
	if (m->ending)
		return;
	mem_ref(m);
	m->ending = true;
	m->end_fn = fn;
	m->end_arg = arg;
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++)
		if (m->stream[i])
			stream_delete(m->stream[i]);
	cancel_jobs(m);
	end_check(m);
	mem_deref(m);
}

bool media_ended(const struct media *m)
{
	return m->ending && !m->conns;
}

const struct cdr_quality *media_quality(const struct media *m, enum side side)
{
	return &m->quality[side];
}

const char *media_failure(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "the media gateway does not answer";
	case -EBUSY:
		return "the media gateway has no free port";
	case -EINVAL:
		return "the media gateway refuses";
	case -ENOMEM:
		return "out of memory";
	default:
		return "media cannot be had";
	}
}
