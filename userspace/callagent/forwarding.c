// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/forwarding.h"
#include "callagent/agent.h"
#include "callagent/core.h"
#include "callagent/dial.h"
#include "callagent/emergency_call.h"
#include "registrar/bulk.h"
#include <errno.h>

bool forwarding_is_ours(void *arg, const struct sip_msg *req, const struct sip_uri *uri)
{
	const struct agent *a = arg;
	struct addr ip;
	if (uri->scheme == SIP_SCHEME_TEL)
		return true;
	if (!addr_parse_ip(&ip, uri->host))
		return sip_stack_listener_at(a->sip, SIP_TRANSPORTS, uri->host, uri->port);
	return auth_is_our_host(registrar_auth(a->registrar), req, uri);
}

/* --- who may -------------------------------------------------------------------------------------------------------- */

static bool admit(void *arg, struct sip_strans *st, const struct sip_msg *req, bool dialog)
{
	struct agent *a = arg;
	const struct user *user;
	a->roles.from = (struct source){0};
	a->roles.known = !dialog;
	return dialog || core_identify(a, st, req, &a->roles.from, &user);
}

/* Nobody can be asked who he is. Dialogs of ours go on, trunks are known by their certificate or address; what comes from where somebody is registered may go to
 * users, and a CANCEL wherever its INVITE went. */
static bool admit_once(void *arg, const struct sip_listener *l, const struct sip_msg *req, bool dialog)
{
	struct agent *a = arg;
	bool exact, here = !dialog && registrar_has_source(a->registrar, &req->src);
	struct trunk *t = trunks_by_sender(&a->trunks, req, &exact);
	a->roles.from = (struct source){0};
	if (t)
		source_of_trunk(&a->roles.from, t, exact);
	a->roles.known = t || (here && req->method == SIP_CANCEL);
	return dialog || t || here;
}

/* A user who has proved to be one, and a CANCEL wherever its INVITE went. A trunk brings calls for here, and its address, over UDP, is anybody's to write. */
static bool relays(void *arg, const struct sip_msg *req)
{
	const struct agent *a = arg;
	return req->method == SIP_CANCEL || (a->roles.known && a->roles.from.kind == TARGET_USER && *a->roles.from.name);
}

static const struct sip_hdr *consumed(void *arg, const struct sip_msg *req)
{
	const struct agent *a = arg;
	return auth_credentials(registrar_auth(a->registrar), req);
}

/* --- where ---------------------------------------------------------------------------------------------------------- */

static struct sip_flow hop_to(const struct agent *a, const char *listener, enum sip_transport transport, const struct addr *peer)
{
	return (struct sip_flow){sip_stack_listener(a->sip, listener && *listener ? listener : NULL, transport, peer), *peer, false};
}

static unsigned add_contacts(const struct agent *a, struct proxy_context *c, const struct sip_uri *called, const struct user *u, const struct binding *b, int n)
{
	char number[128], uri[1200];
	unsigned added = 0;
	if (sip_uri_user(called, number, sizeof(number)))
		return 404;
	for (int i = 0; i < n; i++) {
		if (bulk_request_uri(b[i].uri, number, uri, sizeof(uri)))
			continue;
		struct proxy_target t = {.uri = slice_str(uri), .path = b[i].path, .q = b[i].q, .name = slice_str(user_name(u)), .first_ms = a->roles.first_ms};
		if (b[i].reg_id)
			t.instance = b[i].instance;
		if (!b[i].path.len) {
			t.hop = hop_to(a, b[i].listener, b[i].transport, &b[i].source);
			t.hop.own = true;
		}
		added += !proxy_add(c, &t);
	}
	return added ? 0 : 480;
}

static void add_target(const struct agent *a, struct proxy_context *c, const struct target *t)
{
	struct proxy_target to = {.uri = slice_str(t->uri), .path = slice_str(t->path), .q = 1000 - t->rank, .name = slice_str(t->name), .first_ms = t->first_ms,
				  .answer_ms = t->answer_ms};
	if (t->kind == TARGET_TRUNK)
		to.number = slice_str(t->number);
	if (!*t->path)
		to.hop = hop_to(a, t->address, t->transport, &t->dst);
	proxy_add(c, &to);
}

/* The attempts of a plan, one after another: each has less preference than the one before. */
static unsigned add_routed(struct agent *a, struct proxy_context *c, const struct sip_msg *req, const struct sip_uri *uri)
{
	struct target t[PLAN_TARGETS];
	unsigned status, n = dial_targets(a, req, uri, &a->roles.from, t, PLAN_TARGETS, &status);
	if (!n)
		return status;
	for (unsigned i = 0; i < n; i++)
		add_target(a, c, &t[i]);
	return 0;
}

static unsigned targets(void *arg, struct proxy_context *c, const struct sip_msg *req, const struct sip_uri *uri)
{
	struct agent *a = arg;
	struct binding b[PLAN_TARGETS];
	const struct user *u;
	int n = registrar_lookup(a->registrar, uri, &u, b, PLAN_TARGETS);
	if (n != -ENOENT || slice_is_set(gruu_of(uri)))
		return n == -ENOENT ? 404 : n < 0 ? 480 : emergency_engages(&a->calls, user_name(u), a->roles.from.name) ? 486 : add_contacts(a, c, uri, u, b, n);
	return a->roles.known ? add_routed(a, c, req, uri) : 404;
}

void forwarding_params(struct agent *a, struct proxy_params *p)
{
	const struct conf_part *conf = conf_section(a->conf, "proxy");
	a->roles.record_route = conf_bool(conf, "record-route");
	a->roles.recorded = conf_bool(conf, "cdr");
	a->roles.first_ms = (uint32_t)conf_int(conf_section(a->conf, "sip"), "first-response");
	*p = (struct proxy_params){
		.stack = a->sip,
		.locator = a->locator,
		.record_route = a->roles.record_route,
		.path = conf_bool(conf, "path"),
		.recurse = conf_bool(conf, "recurse"),
		.next_ms = (uint32_t)conf_int(conf, "next-after"),
		.timer_c_ms = (uint32_t)conf_int(conf_section(a->conf, "sip"), "ring-timeout"),
		.is_ours = forwarding_is_ours,
		.admit = admit,
		.relays = relays,
		.admit_once = admit_once,
		.consumed = consumed,
		.targets = targets,
		.calls = proxied_told,
		.arg = a,
	};
}
