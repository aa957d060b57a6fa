// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/gateway.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/rsip.h"
#include <errno.h>

const char *const gateway_tables[TABLES + 1] = {[TABLE_CONNECTIONS] = "connections", [TABLE_META] = "meta", [TABLE_REQUESTS] = "requests", [TABLE_LINES] = "lines",
	NULL};

static void destroy(void *obj)
{
	struct gateway *gw = obj;
	timer_stop(&gw->leaving.timer);
	gw->leaving.done = NULL;
	endpoints_free(gw);
	gw->notified = mem_deref(gw->notified);
	timer_stop(&gw->line_service);
	hash_free(&gw->slots);
	mem_free(gw->domain);
}

int gateway_new(struct gateway **ret, const struct gateway_params *params)
{
	uint32_t pairs = addresses_pairs(params->addresses);
	struct gateway *gw = mem_alloc(sizeof *gw, destroy);
	if (!gw)
		return -ENOMEM;
	gw->p = *params;
	gw->p.domain = gw->domain = mem_strdup(params->domain);
	list_init(&gw->endpoints);
	list_init(&gw->conns);
	list_init(&gw->notifieds);
	int err = gw->domain ? hash_init(&gw->slots, 1024) : -ENOMEM;
	if (!err)
		err = endpoints_init(gw, params->max_relays ? params->max_relays : pairs / 2 ? pairs / 2 : 1);
	if (!err)
		err = notified_get(&gw->notified, gw, slice_str(params->agent ? params->agent : ""));
	gw->p.agent = NULL; /* the configuration's */
	if (err)
		mem_deref(gw);
	else
		*ret = gw;
	return err;
}

unsigned refuse(struct answer *a, unsigned code, const char *why)
{
	if (why)
		buf_str(&a->comment, why);
	return code;
}

/* --- what each verb must and may not have (3.2.2) ----------------------------------------------------------------- */

#define P(name) (1ull << MGCP_P_##name)

/* Parameters that belong to an embedded notification request. */
#define REQUEST (P(REQUEST_ID) | P(REQUESTED_EVENTS) | P(SIGNAL_REQUESTS) | P(DIGIT_MAP) | P(QUARANTINE) | P(DETECT_EVENTS) | P(NOTIFIED_ENTITY))
#define ANYWHERE (P(OTHER) | P(RESPONSE_ACK) | P(X_SIGNALLING) | P(X_LATCH) | P(X_ARM) | P(X_ADDRESS) | P(X_SILENCE) | P(X_QUALITY))

/* The wildcards a verb's endpoint name may have. */
enum { ONE = 1 << NAME_ONE, ANY = 1 << NAME_ANY, ALL = 1 << NAME_ALL };

static const struct verb {
	unsigned (*run)(struct gateway *gw, const struct command *cmd, struct answer *a);
	uint64_t optional;
	enum mgcp_param_id mandatory[3]; /* ends with MGCP_P_OTHER */
	unsigned missing[3];             /* the code when it is not there */
	unsigned names;
	bool audit;
} verbs[MGCP_VERB_OTHER + 1] = {
	[MGCP_EPCF] = {verb_epcf, P(BEARER_INFO), .names = ONE | ALL},
	[MGCP_CRCX] = {verb_crcx, REQUEST | P(BEARER_INFO) | P(LOCAL_OPTIONS) | P(SECOND_ENDPOINT) | P(X_WITH),
		       {MGCP_P_CALL_ID, MGCP_P_CONNECTION_MODE}, {516, 517}, .names = ONE | ANY},
	[MGCP_MDCX] = {verb_mdcx, REQUEST | P(BEARER_INFO) | P(LOCAL_OPTIONS) | P(CONNECTION_MODE),
		       {MGCP_P_CALL_ID, MGCP_P_CONNECTION_ID}, {516, 515}, .names = ONE},
	[MGCP_DLCX] = {verb_dlcx, REQUEST | P(BEARER_INFO) | P(CALL_ID) | P(CONNECTION_ID) | P(REASON_CODE), .names = ONE | ALL},
	[MGCP_RQNT] = {verb_rqnt, REQUEST | P(BEARER_INFO), {MGCP_P_REQUEST_ID}, {510}, .names = ONE | ALL},
	[MGCP_AUEP] = {verb_auep, P(REQUESTED_INFO) | P(MAX_ENDPOINTS) | P(SPECIFIC_ENDPOINT), .names = ONE | ALL, .audit = true},
	[MGCP_AUCX] = {verb_aucx, P(REQUESTED_INFO), {MGCP_P_CONNECTION_ID}, {515}, ONE, true},
};

static unsigned check_params(const struct verb *v, const struct mgcp_msg *m, struct answer *a)
{
	uint64_t seen = 0, allowed = v->optional | ANYWHERE;
	for (unsigned i = 0; i < 3 && v->mandatory[i]; i++) {
		allowed |= 1ull << v->mandatory[i];
		if (!slice_is_set(mgcp_param(m, v->mandatory[i]))) {
			buf_printf(&a->comment, "%s: is missing", mgcp_param_name(v->mandatory[i]));
			return v->missing[i];
		}
	}
	for (unsigned i = 0; i < m->n_params; i++) {
		uint64_t bit = 1ull << m->params[i].id;
		bool twice = seen & bit && m->params[i].id != MGCP_P_OTHER;
		seen |= bit;
		if (allowed & bit && !twice)
			continue;
		buf_printf(&a->comment, "%s: %s", mgcp_param_name(m->params[i].id), twice ? "is there twice" : "does not belong here");
		return twice ? 510 : 539;
	}
	return 0;
}

/* Names of other gateways are unknown; an address literal cannot be wrong, the datagram came here. */
static bool domain_is_ours(const struct gateway *gw, struct slice host)
{
	return slice_caseeq(host, slice_str(gw->p.domain)) || slice_starts(host, SLICE("["));
}

/* The one endpoint of a command, if it exists now. */
static struct endpoint *named(const struct gateway *gw, const struct command *cmd)
{
	return cmd->name.kind == NAME_ONE ? endpoint_find(gw, cmd->name.place) : NULL;
}

static unsigned run(struct gateway *gw, const struct mgcp_msg *m, const struct addr *src, struct answer *a)
{
	const struct verb *v = &verbs[m->verb <= MGCP_VERB_OTHER ? m->verb : MGCP_VERB_OTHER];
	struct command cmd = {.msg = m, .src = src};
	const char *why = NULL;
	if (!v->run)
		return 504;
	if (!domain_is_ours(gw, m->ep_host))
		return refuse(a, 500, "unknown domain name");
	cmd.name = endpoint_name_parse(gw, m->ep_local);
	if (cmd.name.kind == NAME_UNKNOWN)
		return 500;
	unsigned code = check_params(v, m, a);
	if (code)
		return code;
	if (!(v->names & 1u << cmd.name.kind))
		return refuse(a, cmd.name.kind == NAME_ALL ? 503 : 500, "this wildcard makes no sense here");
	code = rsip_command(gw, named(gw, &cmd), src, v->audit);
	if (!code && cmd.name.kind == NAME_ONE && (code = epcf_check(named(gw, &cmd), mgcp_param(m, MGCP_P_BEARER_INFO), &why)))
		refuse(a, code, why);
	if (!code)
		code = v->run(gw, &cmd, a);
	if (!v->audit && code < 300)
		notified_heard(gw, named(gw, &cmd), src);
	return code;
}

void gateway_execute(struct gateway *gw, const struct mgcp_msg *m, const struct addr *src, struct buf *out)
{
	struct answer a = {
		.comment = buf_fixed(gw->comment_mem, sizeof gw->comment_mem),
		.lines = buf_fixed(gw->lines_mem, sizeof gw->lines_mem),
		.sdp = buf_fixed(gw->sdp_mem, sizeof gw->sdp_mem),
	};
	mg_count[MG_COMMANDS]++;
	unsigned code = run(gw, m, src, &a);
	if (a.lines.err || a.sdp.err) {
		code = 533;
		buf_reset(&a.comment);
	}
	bool ok = code < 300;
	if (!ok) {
		mg_count[MG_REFUSED]++;
		log_remote(NULL, SLICE_FMT " " SLICE_FMT ": %u %s", SLICE_ARG(m->verb_text), SLICE_ARG(m->endpoint), code,
			   a.comment.len ? buf_z(&a.comment) : mgcp_code_text(code));
	}
	mgcp_write_response(out, code, m->tid, a.comment.len ? buf_z(&a.comment) : NULL);
	/* Of a refusal only the package list goes along (518). */
	if (ok || code == 518)
		buf_slice(out, buf_text(&a.lines));
	mgcp_write_end(out, ok ? buf_text(&a.sdp) : SLICE_NONE);
}

void gateway_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	static char mem[16384];
	struct buf out = buf_fixed(mem, sizeof mem);
	gateway_execute(arg, cmd, src, &out);
	if (out.err)
		mgcp_reply_code(in, 533, NULL);
	else
		mgcp_reply(in, buf_text(&out));
}

/* 4.4.6, 4.4.7: an answer is not the first that is heard of us, not when it is repeated either. */
void gateway_repeated(void *arg, const struct addr *src)
{
	rsip_repeated(arg, src);
}
