// SPDX-License-Identifier: GPL-3.0-or-later
/* Targets that DNS knows: the URIs of a number (ENUM, RFC 6116), and the places that these lead to (RFC 3263). */
#include "callagent/plan_priv.h"

static int nothing(struct plan *p, const struct plan_step *s, const char *words)
{
	plan_said(p, "enum", s->number, false, words);
	plan_refused(p, 404, 1, words);
	return -EAGAIN;
}

/* The plan goes on when DNS has answered; a mere look at it does not wait. */
static int wait_for_dns(struct plan *p, struct plan_step *s)
{
	if (p->p.dry) {
		p->asking = mem_deref(p->asking);
		p->locating = mem_deref(p->locating);
		return nothing(p, s, "DNS has to be asked");
	}
	p->waiting = mem_ref(s);
	return -EINPROGRESS;
}

static void go_on(struct plan *p)
{
	p->waiting = mem_deref(p->waiting);
	p->p.resume(p->p.resume_arg);
}

static struct plan_step *push_uri(struct plan *p, const struct plan_step *s, const char *uri)
{
	struct plan_step *u = plan_push(p, DEST_URI, s->name, s->number, s->view);
	if (!u)
		return NULL;
	u->uri = mem_strdup(uri);
	u->answer_ms = s->answer_ms;
	u->one_of_many = s->one_of_many;
	if (!u->uri)
		return mem_deref(u);
	return u;
}

/* --- a number's URIs ------------------------------------------------------------------------------------------------- */

static int push_uris(struct plan *p, const struct plan_step *s, const struct sip_enum_uris *uris)
{
	for (unsigned i = uris->n; i--;) {
		if (!push_uri(p, s, uris->uri[i]))
			return -ENOMEM;
		plan_said(p, "enum", s->number, true, uris->uri[i]);
	}
	return -EAGAIN;
}

static void on_enum(void *arg, int err, struct sip_enum_uris *uris)
{
	struct plan *p = mem_ref(arg);
	p->asking = mem_deref(p->asking);
	if (err)
		nothing(p, p->waiting, "the number is not in ENUM");
	else
		push_uris(p, p->waiting, uris);
	go_on(p);
	mem_deref(p);
}

int plan_take_enum(struct plan *p, struct plan_step *s, struct attempt *ret)
{
	const struct conf_part *sip = conf_section(p->p.routing->conf, "sip");
	const struct numbering n = {
		conf_string(sip, "country"), conf_string(sip, "area"), conf_string(sip, "international-prefix"), conf_string(sip, "national-prefix"),
	};
	struct sip_enum_uris *uris = NULL;
	char e164[128];
	if (!p->p.dns || number_read(&n, NUMBER_NATIONAL, slice_str(s->number), e164, sizeof(e164)) || e164[0] != '+')
		return nothing(p, s, "no number that ENUM could have");
	int err = sip_enum(&uris, &p->asking, p->p.dns, slice_str(e164), slice_str(s->name), on_enum, p);
	if (err == -EINPROGRESS)
		return wait_for_dns(p, s);
	if (err)
		return err == -ENOMEM ? err : nothing(p, s, "the number is not in ENUM");
	err = push_uris(p, s, uris);
	mem_deref(uris);
	return err;
}

/* --- where a URI leads ------------------------------------------------------------------------------------------------ */

/* Each place is a step of its own, the best one in front. */
static int push_places(struct plan *p, const struct plan_step *s, const struct sip_servers *servers)
{
	for (unsigned i = servers->n < TRUNK_PEERS ? servers->n : TRUNK_PEERS; i--;) {
		struct plan_step *u = push_uri(p, s, s->uri);
		if (!u)
			return -ENOMEM;
		u->one_peer = true;
		u->peer = (struct trunk_peer){.addr = servers->server[i].addr, .transport = servers->server[i].transport};
	}
	return -EAGAIN;
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct plan *p = mem_ref(arg);
	p->locating = mem_deref(p->locating);
	if (err)
		nothing(p, p->waiting, "its URI leads nowhere");
	else
		push_places(p, p->waiting, servers);
	go_on(p);
	mem_deref(p);
}

static int locate(struct plan *p, struct plan_step *s)
{
	const struct sip_locate_params params = {.uri = slice_str(s->uri), .reach = sip_stack_reach(p->p.stack, NULL)};
	struct sip_servers *servers = NULL;
	int err = sip_locate(&servers, &p->locating, p->p.locator, &params, on_located, p);
	if (err == -EINPROGRESS)
		return wait_for_dns(p, s);
	if (err)
		return err == -ENOMEM ? err : nothing(p, s, "its URI leads nowhere");
	err = push_places(p, s, servers);
	mem_deref(servers);
	return err;
}

int plan_take_uri(struct plan *p, struct plan_step *s, struct attempt *ret)
{
	struct sip_uri uri;
	struct target *t = &ret->target[0];
	if (!s->one_peer)
		return locate(p, s);
	*t = (struct target){.kind = TARGET_TRUNK, .dst = s->peer.addr, .transport = s->peer.transport, .stranger = true, .untold = true};
	if (sip_uri_parse(&uri, slice_str(s->uri)) || slice_copy(slice_str(s->uri), t->uri, sizeof(t->uri)) || sip_uri_user(&uri, t->number, sizeof(t->number)))
		return nothing(p, s, "its URI cannot be used");
	CDR_SET(t->name, uri.host);
	CDR_SET(t->domain, SLICE_NONE);
	plan_said(p, "uri", s->uri, true, "is called");
	ret->n = 1;
	ret->first_ms = p->p.first_ms;
	ret->answer_ms = s->answer_ms;
	return 0;
}
