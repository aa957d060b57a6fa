// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/subscription.h"
#include "base/mem.h"
#include "base/pack.h"
#include "sip/dialog.h"
#include "sip/digest.h"
#include <errno.h>

struct sip_subscription {
	struct link link;
	struct sip_stack *stack; /* NULL once it is gone */
	struct sip_place *place;
	const struct sip_subscription_handlers *h; /* NULL: detached */
	void *arg;
	struct sip_dialog *dialog; /* ours: NULL until something came (RFC 6665 4.4.1) */
	char contact_user[128];
	/* the first request of ours */
	char call_id[SIP_TOKEN_LEN], tag[SIP_TOKEN_LEN];
	uint32_t cseq;
	struct sip_ctrans *first;
	struct sip_subscription_params p; /* its texts are in `store` */
	char *store;
	bool authorized;
	struct buf credentials;
};

static void destroy(void *obj)
{
	struct sip_subscription *sub = obj;
	if (sub->first)
		sip_ctrans_detach(sub->first);
	mem_deref(sub->first);
	mem_deref(sub->dialog);
	list_remove(&sub->link);
	buf_reset(&sub->credentials);
	mem_free(sub->store);
}

static int make(struct sip_subscription **ret, struct sip_stack *s, struct sip_place *p, struct slice contact_user,
		const struct sip_subscription_handlers *h, void *arg)
{
	struct sip_subscription *sub = mem_alloc(sizeof *sub, destroy);
	if (!sub)
		return -ENOMEM;
	sub->stack = s;
	sub->place = p;
	sub->h = h;
	sub->arg = arg;
	if (slice_copy(contact_user, sub->contact_user, sizeof sub->contact_user))
		sub->contact_user[0] = '\0';
	list_append(&s->subscribing, &sub->link);
	*ret = sub;
	return 0;
}

static void own(struct sip_subscription *sub, struct sip_dialog *d)
{
	sub->dialog = d;
	list_remove(&sub->link);
	list_append(&sub->stack->subscriptions, &sub->link);
	sip_dialog_use(d, sub);
}

static void close_all(struct list *all)
{
	struct sip_subscription *sub;
	list_foreach_safe(sub, all, link) {
		list_remove(&sub->link);
		sub->h = NULL;
		sub->stack = NULL;
		sub->dialog = mem_deref(sub->dialog);
		if (sub->first)
			sip_ctrans_detach(sub->first);
		sub->first = mem_deref(sub->first);
	}
}

void sip_subscriptions_close(struct sip_stack *s)
{
	close_all(&s->subscribing);
	close_all(&s->subscriptions);
}

/* --- the first request ----------------------------------------------------------------------------------------------- */

static void on_response(void *arg, int err, const struct sip_msg *rsp);

static int send_first(struct sip_subscription *sub)
{
	struct buf lines = buf_growing();
	const struct sip_subscription_params *p = &sub->p;
	buf_str(&lines, "From: ");
	buf_slice(&lines, p->from);
	buf_printf(&lines, ";tag=%s\r\n", sub->tag);
	sip_put(&lines, "To", p->to);
	buf_printf(&lines, "Call-ID: %s\r\nCSeq: %u %s\r\n", sub->call_id, sub->cseq, sip_method_name(p->method));
	sip_put_contact(&lines, sub->place, &p->dst, slice_str(sub->contact_user), false);
	buf_slice(&lines, buf_text(&sub->credentials));
	buf_slice(&lines, p->headers);
	int err = lines.err;
	if (!err)
		err = sip_request(&sub->first, sub->stack,
				  &(struct sip_request_params){.method = p->method, .ruri = p->ruri, .dst = p->dst, .listener = &sub->place->l,
							       .headers = buf_text(&lines), .forwarded = true, .max_forwards = p->max_forwards,
							       .body_type = p->body_type, .body = p->body},
				  on_response, sub);
	buf_reset(&lines);
	return err;
}

static bool sent_again(struct sip_subscription *sub, const struct sip_msg *rsp)
{
	if ((rsp->status != 401 && rsp->status != 407) || sub->authorized || !sub->p.login.user.len)
		return false;
	sub->authorized = true;
	sub->cseq++;
	return !digest_respond(&sub->credentials, rsp, slice_str(sip_method_name(sub->p.method)), sub->p.ruri, &sub->p.login, SLICE_NONE) &&
	       !send_first(sub);
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_subscription *sub = mem_ref(arg);
	struct sip_dialog *d;
	if (rsp && rsp->status < 200)
		goto out;
	sub->first = mem_deref(sub->first);
	if (rsp && rsp->status >= 300 && sent_again(sub, rsp))
		goto out;
	/* A NOTIFY may have made the dialog already. */
	if (rsp && rsp->status < 300 && !sub->dialog) {
		err = sip_dialog_uac(&d, sub->place, NULL, rsp);
		if (!err)
			own(sub, d);
		else
			rsp = NULL;
	}
	if (sub->h && sub->h->opened)
		sub->h->opened(sub->arg, err, rsp);
out:
	mem_deref(sub);
}

static int keep_texts(struct sip_subscription *sub, const struct sip_subscription_params *p)
{
	struct slice *const to[] = {&sub->p.ruri, &sub->p.from, &sub->p.to, &sub->p.headers, &sub->p.body_type, &sub->p.body,
				    &sub->p.login.user, &sub->p.login.password, &sub->p.login.realm};
	const size_t n = sizeof to / sizeof to[0];
	size_t size = 0;
	sub->p = *p;
	for (size_t i = 0; i < n; i++)
		size += to[i]->len;
	sub->store = mem_raw(size + 1);
	if (!sub->store)
		return -ENOMEM;
	struct buf b = buf_fixed(sub->store, size);
	for (size_t i = 0; i < n; i++)
		*to[i] = buf_keep(&b, *to[i]);
	return b.err;
}

int sip_subscription_open(struct sip_subscription **ret, struct sip_stack *s, const struct sip_subscription_params *p,
			  const struct sip_subscription_handlers *h, void *arg)
{
	struct sip_place *place = sip_place_for(s, p->listener, &p->dst);
	struct sip_subscription *sub;
	if (!place)
		return -ENETUNREACH;
	int err = make(&sub, s, place, p->contact_user, h, arg);
	if (err)
		return err;
	sub->cseq = 1 + sip_random(s, 1000);
	sip_token(s, sub->call_id);
	sip_token(s, sub->tag);
	err = keep_texts(sub, p);
	if (!err)
		err = send_first(sub);
	if (err)
		mem_deref(sub);
	else
		*ret = sub;
	return err;
}

int sip_subscription_accept(struct sip_subscription **ret, struct sip_strans *st, struct slice contact_user,
			    const struct sip_subscription_handlers *h, void *arg)
{
	struct sip_subscription *sub;
	struct sip_dialog *d;
	if (!st->stack)
		return -ESHUTDOWN;
	int err = make(&sub, st->stack, st->place, contact_user, h, arg);
	if (err)
		return err;
	err = sip_dialog_uas(&d, st->place, NULL, sip_strans_request(st), sip_strans_tag(st));
	if (err) {
		mem_deref(sub);
		return err;
	}
	own(sub, d);
	*ret = sub;
	return 0;
}

/* --- within ------------------------------------------------------------------------------------------------------------- */

int sip_subscription_reply(struct sip_subscription *sub, struct sip_strans *st, unsigned status, struct slice headers)
{
	struct buf lines = buf_growing();
	if (status < 300)
		sip_put_contact(&lines, st->place, &st->req->src, slice_str(sub->contact_user), false);
	buf_slice(&lines, headers);
	int err = lines.err ? lines.err : sip_reply(st, status, NULL, buf_text(&lines), SLICE_NONE, SLICE_NONE);
	buf_reset(&lines);
	return err;
}

int sip_subscription_request(struct sip_subscription *sub, enum sip_method method, struct slice headers, struct slice body_type, struct slice body,
			     sip_response_fn fn, void *arg)
{
	struct buf lines = buf_growing();
	if (!sub->dialog || !sub->stack)
		return -ENOTCONN;
	sip_put_contact(&lines, sub->dialog->place, &sub->dialog->hop, slice_str(sub->contact_user), false);
	buf_slice(&lines, headers);
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(sub->dialog,
				      &(struct sip_dialog_request){.method = method, .headers = buf_text(&lines), .body_type = body_type, .body = body},
				      NULL, fn, arg);
	buf_reset(&lines);
	return err;
}

void sip_subscription_detach(struct sip_subscription *sub)
{
	sub->h = NULL;
	sub->arg = NULL;
}

/* The NOTIFY that overtakes the 2xx to our request makes the dialog (RFC 6665 4.4.1). */
static struct sip_subscription *first_notify(struct sip_stack *s, const struct sip_msg *req)
{
	struct sip_subscription *sub;
	struct sip_dialog *d;
	if (req->method != SIP_NOTIFY)
		return NULL;
	list_foreach(sub, &s->subscribing, link)
		if (slice_eq(req->to.tag, slice_str(sub->tag)) && slice_eq(req->call_id, slice_str(sub->call_id))) {
			if (sip_dialog_uas(&d, sub->place, NULL, req, req->to.tag))
				return NULL;
			d->local_cseq = sub->cseq;
			own(sub, d);
			return sub;
		}
	return NULL;
}

bool sip_subscriptions_request(struct sip_stack *s, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_dialog *d = sip_dialog_find(s, req);
	struct sip_subscription *sub = d ? d->subscription : first_notify(s, req);
	if (!sub || !st)
		return false;
	mem_ref(sub);
	if (!sip_dialog_take_cseq(sub->dialog, req)) {
		sip_counts[SIP_CNT_CSEQ_ORDER]++;
		sip_reply(st, 500, "CSeq Out of Order", SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else if ((req->method != SIP_SUBSCRIBE && req->method != SIP_NOTIFY) || !sub->h || !sub->h->request) {
		sip_reply(st, 405, NULL, SLICE("Allow: SUBSCRIBE, NOTIFY\r\n"), SLICE_NONE, SLICE_NONE);
	} else {
		sip_dialog_refresh(sub->dialog, req);
		sub->h->request(sub->arg, st, req);
	}
	mem_deref(sub);
	return true;
}

bool sip_subscriptions_have(const struct sip_stack *s, const struct sip_msg *req)
{
	const struct sip_subscription *sub;
	const struct sip_dialog *d = sip_dialog_find(s, req);
	if (d)
		return d->subscription != NULL;
	if (req->method == SIP_NOTIFY)
		list_foreach(sub, &s->subscribing, link)
			if (slice_eq(req->to.tag, slice_str(sub->tag)))
				return true;
	return false;
}

/* --- in a store ----------------------------------------------------------------------------------------------------------- */

struct kept {
	struct slice place, contact_user, dialog;
	struct addr peer;
};

static const struct pack_field fields[] = {
	PACK_FIELD(1, PACK_SLICE, struct kept, place), PACK_FIELD(2, PACK_SLICE, struct kept, contact_user),
	PACK_FIELD(3, PACK_BYTES, struct kept, peer),  PACK_FIELD(4, PACK_SLICE, struct kept, dialog),
};
#define FIELDS (sizeof fields / sizeof fields[0])

void sip_subscription_save(const struct sip_subscription *sub, struct buf *out)
{
	struct buf dialog = buf_growing();
	if (!sub->dialog)
		return;
	sip_dialog_save(sub->dialog, &dialog);
	struct kept k = {.place = slice_str(sub->place->name), .contact_user = slice_str(sub->contact_user), .peer = sub->dialog->peer,
			 .dialog = buf_text(&dialog)};
	if (dialog.err)
		out->err = dialog.err;
	else
		pack_write(out, fields, FIELDS, &k);
	buf_reset(&dialog);
}

int sip_subscription_restore(struct sip_subscription **ret, struct sip_stack *s, struct slice record, const struct sip_subscription_handlers *h,
			     void *arg)
{
	struct kept k = {0};
	struct sip_subscription *sub;
	struct sip_dialog *d;
	char name[256];
	if (pack_read(&k, fields, FIELDS, record) || slice_copy(k.place, name, sizeof name) ||
	    (k.peer.family != AF_INET && k.peer.family != AF_INET6))
		return -EBADMSG;
	const struct sip_listener *l = sip_stack_listener(s, name, SIP_UDP, &k.peer);
	if (!l)
		return -EADDRNOTAVAIL;
	int err = make(&sub, s, sip_place_of(l), k.contact_user, h, arg);
	if (err)
		return err;
	err = sip_dialog_restore(&d, sub->place, NULL, k.dialog);
	if (err) {
		mem_deref(sub);
		return err;
	}
	d->subscription = sub;
	sub->dialog = d;
	list_remove(&sub->link);
	list_append(&s->subscriptions, &sub->link);
	*ret = sub;
	return 0;
}
