// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests inside a dialog that are neither our offers nor its end (RFC 3261 12.2.1): INFO, MESSAGE, PRACK, ... A challenge is answered once for
 * each kind (22.2), with the request kept until then. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include <errno.h>

/* The transaction holds it. */
struct asked {
	struct link link;
	struct sip_session *ss; /* NULL: it is over */
	struct session_auth auth;
	struct sip_dialog_request r; /* points into text, as does the dialog's tag */
	struct slice remote_tag;
	sip_response_fn fn;
	void *arg;
	char text[];
};

static void asked_destroy(void *obj)
{
	struct asked *q = obj;
	list_remove(&q->link);
	session_auth_reset(&q->auth);
}

static struct asked *asked_new(struct sip_session *ss, const struct sip_dialog *d, const struct sip_dialog_request *r, sip_response_fn fn, void *arg)
{
	size_t size = r->headers.len + r->body_type.len + r->body.len + d->remote_tag.len;
	struct asked *q = mem_alloc(sizeof *q + size, asked_destroy);
	if (!q)
		return NULL;
	struct buf b = buf_fixed(q->text, size);
	q->r.headers = buf_keep(&b, r->headers);
	q->r.body_type = buf_keep(&b, r->body_type);
	q->r.body = buf_keep(&b, r->body);
	q->remote_tag = buf_keep(&b, d->remote_tag);
	q->r.method = r->method;
	q->ss = ss;
	q->fn = fn;
	q->arg = arg;
	list_append(&ss->asked, &q->link);
	return q;
}

void session_asked_drop(struct sip_session *ss)
{
	struct asked *q;
	list_foreach_safe(q, &ss->asked, link) {
		list_remove(&q->link);
		q->ss = NULL;
	}
}

/* An early dialog may have become the confirmed one meanwhile, or be over. */
static struct sip_dialog *dialog_of(const struct asked *q)
{
	struct sip_dialog *d;
	if (!q->ss || q->ss->state >= SESSION_LEAVING)
		return NULL;
	if (q->ss->dialog)
		return slice_eq(q->ss->dialog->remote_tag, q->remote_tag) ? q->ss->dialog : NULL;
	list_foreach(d, &q->ss->early, link)
		if (slice_eq(d->remote_tag, q->remote_tag))
			return d;
	return NULL;
}

static void on_response(void *arg, int err, const struct sip_msg *rsp);

static int send_it(struct asked *q, struct sip_dialog *d)
{
	struct buf lines = buf_growing();
	struct sip_ctrans *ct = NULL;
	buf_slice(&lines, q->r.headers);
	buf_slice(&lines, buf_text(&q->auth.lines));
	struct sip_dialog_request r = q->r;
	r.headers = buf_text(&lines);
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(d, &r, &ct, on_response, q);
	if (!err)
		ct->owner = mem_ref(q);
	mem_deref(ct);
	buf_reset(&lines);
	return err;
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct asked *q = arg;
	if (rsp && rsp->status < 200)
		return;
	struct sip_dialog *d = rsp ? dialog_of(q) : NULL;
	if (d && session_authorize(q->ss, &q->auth, rsp, q->r.method, slice_str(d->target)) && !send_it(q, d))
		return;
	if (q->fn)
		q->fn(q->arg, err, rsp);
}

int session_ask(struct sip_session *ss, struct sip_dialog *d, const struct sip_dialog_request *r, sip_response_fn fn, void *arg)
{
	if (!ss->login.user.len)
		return sip_dialog_send(d, r, NULL, fn, arg);
	struct asked *q = asked_new(ss, d, r, fn, arg);
	if (!q)
		return -ENOMEM;
	int err = send_it(q, d);
	mem_deref(q);
	return err;
}

int sip_session_request(struct sip_session *ss, enum sip_method method, struct slice headers, struct slice body_type, struct slice body,
			sip_response_fn fn, void *arg)
{
	if (!ss->stack || !ss->dialog || (ss->state != SESSION_UP && ss->state != SESSION_ACK_WAIT))
		return -ENOTCONN;
	return session_ask(ss, ss->dialog, &(struct sip_dialog_request){.method = method, .headers = headers, .body_type = body_type, .body = body},
			   fn, arg);
}
