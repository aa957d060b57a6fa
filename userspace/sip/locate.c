// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 3263 section 4 as it reads: what the URI says, else NAPTR, else SRV, else addresses. It is written as if every answer were known; when one is
 * not, it is asked for and all of this runs again when it has come (struct dns_search). */
#include "sip/locate.h"
#include "base/mem.h"
#include "sip/dead.h"
#include "sip/srv.h"
#include <errno.h>
#include <stdarg.h>
#include <sys/random.h>

#define DEAD_MAX     1024
#define NAPTRS_MAX   16
#define TARGETS_MAX  16 /* of one SRV set */

struct sip_locator {
	struct sip_locator_params params;
	struct sip_dead *dead;
};

struct sip_location {
	struct sip_locator *l;
	struct dns_search search;
	struct sip_locate_params p;
	struct sip_uri uri;
	struct slice host;	    /* TARGET: maddr or host (section 4) */
	enum sip_transport asked;   /* by scheme and transport parameter */
	bool transport_asked, secure; /* secure: sips */
	uint32_t seed;		    /* each run makes the same draw */
	sip_locate_fn fn;
	void *arg;
	json_t *steps; /* NULL: nobody looks */
	struct sip_server server[SIP_SERVERS_MAX];
	unsigned n;
	int failed; /* what DNS failed with, for when there is nothing */
	char text[]; /* the URI */
};

/* How services are named in NAPTR (4.1, RFC 7118 10.2) and SRV (4.2), in the order of our preference. */
static const struct service {
	const char *naptr, *srv;
	enum sip_transport transport;
	bool without_naptr; /* its SRV records are asked for when no NAPTR says that it is there */
} services[] = {
	{"SIP+D2U", "_sip._udp.", SIP_UDP, true},    {"SIP+D2T", "_sip._tcp.", SIP_TCP, true}, {"SIPS+D2T", "_sips._tcp.", SIP_TLS, true},
	{"SIPS+D2W", "_sips._ws.", SIP_WSS, false}, {"SIP+D2W", "_sip._ws.", SIP_WS, false},
};
#define SERVICES (sizeof services / sizeof services[0])

/* --- what is told and asked on the way ------------------------------------------------------------------------------ */

static void step(const struct sip_location *k, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void step(const struct sip_location *k, const char *what, const char *fmt, ...)
{
	struct buf b = buf_growing();
	va_list ap;
	if (!k->steps)
		return;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	json_array_append_new(k->steps, json_pack("{s:s, s:s}", "step", what, "result", buf_z(&b)));
	buf_reset(&b);
}

static const struct dns_answer *get(struct sip_location *k, struct slice name, enum dns_type type)
{
	const struct dns_answer *a = dns_search_get(&k->search, name, type);
	struct buf what = buf_growing(), text = buf_growing();
	if (k->steps) {
		buf_printf(&what, "%s " SLICE_FMT, dns_type_name(type), SLICE_ARG(name));
		if (a)
			dns_answer_text(&text, a);
		step(k, buf_z(&what), "%s", a ? buf_z(&text) : "asked, not answered yet");
		buf_reset(&what);
		buf_reset(&text);
	}
	/* The name may be there in another type or family: what counts is what nobody could tell. */
	if (a && a->err && a->err != -ENODATA && a->err != -ENOENT)
		k->failed = a->err;
	return a;
}

static bool reaches(const struct sip_location *k, enum sip_transport t)
{
	return k->p.reach.families[t] && (!k->secure || sip_transports[t].secure);
}

/* The transport when the URI names none and is looked up no further: UDP, or TLS for sips (4.1); without UDP, what we have. */
static enum sip_transport default_transport(const struct sip_location *k)
{
	for (size_t i = 0; i < SERVICES && !k->transport_asked; i++)
		if (reaches(k, services[i].transport))
			return services[i].transport;
	return k->asked;
}

static void add_server(struct sip_location *k, enum sip_transport t, const struct addr *ip, uint16_t port)
{
	struct sip_server s = {.transport = t, .addr = *ip};
	s.addr.port = port;
	for (unsigned i = 0; i < k->n; i++)
		if (k->server[i].transport == t && addr_eq(&k->server[i].addr, &s.addr))
			return;
	if (k->n < SIP_SERVERS_MAX)
		k->server[k->n++] = s;
}

/* --- addresses (4.2) ------------------------------------------------------------------------------------------------ */

static void ask_addresses(struct sip_location *k, enum sip_transport t, struct slice host)
{
	if (k->p.reach.families[t] & SIP_REACH_V4)
		get(k, host, DNS_A);
	if (k->p.reach.families[t] & SIP_REACH_V6)
		get(k, host, DNS_AAAA);
}

static void add_family(struct sip_location *k, enum sip_transport t, struct slice host, uint16_t port, unsigned family)
{
	if (!(k->p.reach.families[t] & family))
		return;
	const struct dns_answer *a = dns_search_get(&k->search, host, family == SIP_REACH_V4 ? DNS_A : DNS_AAAA);
	for (unsigned i = 0; a && i < a->n; i++)
		add_server(k, t, &a->record[i].addr, port);
}

static void add_addresses(struct sip_location *k, enum sip_transport t, struct slice host, uint16_t port)
{
	unsigned first = k->l->params.v4_first ? SIP_REACH_V4 : SIP_REACH_V6;
	add_family(k, t, host, port, first);
	add_family(k, t, host, port, first ^ (SIP_REACH_V4 | SIP_REACH_V6));
}

static void by_address(struct sip_location *k, enum sip_transport t, uint16_t port)
{
	ask_addresses(k, t, k->host);
	add_addresses(k, t, k->host, port ? port : sip_transports[t].port);
}

/* --- SRV (4.2, RFC 2782) -------------------------------------------------------------------------------------------- */

/* The places of the SRV records at `name`. Whether there are records: also when they say that the service is not there. */
static bool add_srv(struct sip_location *k, enum sip_transport t, struct slice name)
{
	const struct dns_srv *order[SIP_SRV_MAX];
	const struct dns_answer *a = get(k, name, DNS_SRV);
	if (!a || !a->n)
		return false;
	unsigned n = sip_srv_order(order, a, k->p.stable ? NULL : &k->seed);
	for (unsigned i = 0; i < n && i < TARGETS_MAX; i++)
		if (*order[i]->target)
			ask_addresses(k, t, slice_str(order[i]->target));
	for (unsigned i = 0; i < n && i < TARGETS_MAX; i++)
		if (*order[i]->target)
			add_addresses(k, t, slice_str(order[i]->target), order[i]->port);
	return true;
}

/* The SRV records of one service of the domain. */
static bool by_service(struct sip_location *k, const struct service *s)
{
	char text[DNS_NAME_MAX + 1];
	struct buf name = buf_fixed(text, sizeof text);
	buf_str(&name, s->srv);
	buf_slice(&name, k->host);
	return !name.err && add_srv(k, s->transport, buf_text(&name));
}

/* 4.2: a transport is asked for. */
static void by_transport(struct sip_location *k)
{
	for (size_t i = 0; i < SERVICES; i++)
		if (services[i].transport == k->asked && by_service(k, &services[i]))
			return;
	if (dns_search_done(&k->search))
		by_address(k, k->asked, 0);
}

/* 4.1: no NAPTR records; SRV records for each transport that we have tell which the domain has, else it is the default one. */
static void by_each_service(struct sip_location *k)
{
	bool any = false;
	for (size_t i = 0; i < SERVICES; i++)
		if (services[i].without_naptr && reaches(k, services[i].transport))
			any |= by_service(k, &services[i]);
	if (!any && dns_search_done(&k->search))
		by_address(k, default_transport(k), 0);
}

/* --- NAPTR (4.1) ---------------------------------------------------------------------------------------------------- */

static const struct service *service_of(const struct sip_location *k, const struct dns_naptr *r)
{
	for (size_t i = 0; i < SERVICES; i++)
		if (slice_caseeq(slice_str(r->service), slice_str(services[i].naptr)))
			return reaches(k, services[i].transport) ? &services[i] : NULL;
	return NULL;
}

static bool is_usable(const struct sip_location *k, const struct dns_naptr *r)
{
	struct slice flags = slice_str(r->flags);
	return service_of(k, r) && !*r->regexp && *r->replacement && (slice_caseeq(flags, SLICE("s")) || slice_caseeq(flags, SLICE("a")));
}

/* Those of use to us by order, then preference (RFC 3403 4.1). */
static unsigned usable_naptrs(const struct sip_location *k, const struct dns_answer *a, const struct dns_naptr *out[NAPTRS_MAX])
{
	unsigned n = 0;
	for (unsigned i = 0; i < a->n && n < NAPTRS_MAX; i++) {
		const struct dns_naptr *r = &a->record[i].naptr;
		unsigned at = n;
		if (!is_usable(k, r))
			continue;
		for (; at && (out[at - 1]->order > r->order || (out[at - 1]->order == r->order && out[at - 1]->preference > r->preference)); at--)
			out[at] = out[at - 1];
		out[at] = r;
		n++;
	}
	return n;
}

static void by_naptr(struct sip_location *k)
{
	const struct dns_naptr *r[NAPTRS_MAX];
	const struct dns_answer *a = get(k, k->host, DNS_NAPTR);
	if (!a)
		return;
	unsigned n = usable_naptrs(k, a, r);
	if (!n)
		by_each_service(k);
	for (unsigned i = 0; i < n; i++) {
		enum sip_transport t = service_of(k, r[i])->transport;
		struct slice to = slice_str(r[i]->replacement);
		if (slice_caseeq(slice_str(r[i]->flags), SLICE("s"))) {
			add_srv(k, t, to);
		} else {
			ask_addresses(k, t, to);
			add_addresses(k, t, to, sip_transports[t].port);
		}
	}
}

/* --- the decision --------------------------------------------------------------------------------------------------- */

static bool is_numeric(const struct sip_location *k, struct addr *ret)
{
	return !addr_parse_ip(ret, k->host);
}

static void by_number(struct sip_location *k, const struct addr *ip)
{
	enum sip_transport t = default_transport(k);
	unsigned family = ip->family == AF_INET ? SIP_REACH_V4 : SIP_REACH_V6;
	step(k, "host", "an address, over %s", sip_transports[t].name);
	if (k->p.reach.families[t] & family)
		add_server(k, t, ip, k->uri.port ? k->uri.port : sip_transports[t].port);
	else
		k->failed = -EAFNOSUPPORT;
}

static void by_name(struct sip_location *k)
{
	if (k->uri.port) {
		step(k, "port", "%u is given: addresses only, over %s", k->uri.port, sip_transports[default_transport(k)].name);
		by_address(k, default_transport(k), k->uri.port);
	} else if (k->transport_asked) {
		step(k, "transport", "%s is asked for", sip_transports[k->asked].name);
		by_transport(k);
	} else {
		step(k, "transport", "none is asked for: NAPTR tells");
		by_naptr(k);
	}
}

static bool is_invalid_name(struct slice host)
{
	const struct slice never = SLICE(".invalid");
	return host.len >= never.len && slice_caseeq(slice_from(host, host.len - never.len), never);
}

bool sip_locate_is_name(const struct sip_uri *uri)
{
	struct addr ip;
	return uri->scheme <= SIP_SCHEME_SIPS && uri->host.len && addr_parse_ip(&ip, uri->host) && !is_invalid_name(uri->host);
}

static void order_dead_last(struct sip_location *k)
{
	struct sip_server dead[SIP_SERVERS_MAX];
	unsigned alive = 0, n = 0;
	for (unsigned i = 0; i < k->n; i++)
		if (sip_dead_has(k->l->dead, &k->server[i]))
			dead[n++] = k->server[i];
		else
			k->server[alive++] = k->server[i];
	memcpy(&k->server[alive], dead, n * sizeof dead[0]);
}

static int servers_new(struct sip_servers **ret, struct slice name, const struct sip_server *server, unsigned n)
{
	struct sip_servers *h = mem_alloc(sizeof *h + n * sizeof *server + name.len + 1, NULL);
	if (!h)
		return -ENOMEM;
	char *text = (char *)&h->server[n];
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	memcpy(h->server, server, n * sizeof *server);
	h->name = text;
	h->n = n;
	*ret = h;
	return 0;
}

static void tell_servers(const struct sip_location *k)
{
	char what[16], text[ADDR_STR_LEN];
	for (unsigned i = 0; i < k->n && k->steps; i++) {
		struct buf b = buf_fixed(what, sizeof what);
		buf_printf(&b, "target %u", i + 1);
		step(k, buf_z(&b), "%s %s%s", sip_transports[k->server[i].transport].name, addr_str(&k->server[i].addr, text),
		     sip_dead_has(k->l->dead, &k->server[i]) ? " (failed lately)" : "");
	}
}

/* One run: 0 with the servers, -EINPROGRESS, or the error. */
static int decide(struct sip_location *k, struct sip_servers **ret)
{
	struct addr ip;
	k->n = 0;
	k->failed = 0;
	if (!reaches(k, default_transport(k)))
		return -EPROTONOSUPPORT;
	if (is_numeric(k, &ip))
		by_number(k, &ip);
	else if (k->l->params.dns && !is_invalid_name(k->host))
		by_name(k);
	if (!dns_search_done(&k->search))
		return -EINPROGRESS;
	if (!k->n)
		return k->failed ? k->failed : -ENOENT;
	if (!k->p.stable)
		order_dead_last(k);
	tell_servers(k);
	return servers_new(ret, k->uri.host, k->server, k->n);
}

static void run_again(void *arg)
{
	struct sip_location *k = arg;
	struct sip_servers *servers = NULL;
	mem_ref(k);
	int err = decide(k, &servers);
	if (err != -EINPROGRESS && k->fn)
		k->fn(k->arg, err, servers);
	mem_deref(servers);
	mem_deref(k);
}

static void location_destroy(void *obj)
{
	struct sip_location *k = obj;
	dns_search_fini(&k->search);
	mem_deref(k->l);
}

static uint32_t seed(const struct sip_locator *l)
{
	uint32_t v = 0;
	if (l->params.random)
		return l->params.random(l->params.arg);
	(void)!getrandom(&v, sizeof v, 0);
	return v;
}

/* A sips URI asks for security; over what, is still to be found unless it says so. Not over UDP (RFC 3261 26.2.2). */
static int take_transport(struct sip_location *k)
{
	struct slice param = sip_uri_param(&k->uri, SLICE("transport"));
	k->transport_asked = slice_is_set(param);
	if (k->secure && slice_caseeq(param, SLICE("udp")))
		return -EINVAL;
	return sip_uri_transport(&k->uri, &k->asked, NULL);
}

static int location_new(struct sip_location **ret, struct sip_locator *l, const struct sip_locate_params *p)
{
	struct sip_location *k = mem_alloc(sizeof *k + p->uri.len, location_destroy);
	if (!k)
		return -ENOMEM;
	memcpy(k->text, p->uri.p, p->uri.len);
	k->l = mem_ref(l);
	k->p = *p;
	k->seed = seed(l);
	dns_search_init(&k->search, l->params.dns, run_again, k);
	int err = sip_uri_parse(&k->uri, slice_of(k->text, p->uri.len));
	k->secure = k->uri.scheme == SIP_SCHEME_SIPS;
	if (!err && k->uri.scheme > SIP_SCHEME_SIPS)
		err = -EINVAL;
	err = err ? err : take_transport(k);
	if (err) {
		mem_deref(k);
		return err;
	}
	struct slice maddr = sip_uri_param(&k->uri, SLICE("maddr"));
	k->host = maddr.len ? maddr : k->uri.host;
	*ret = k;
	return 0;
}

int sip_locate(struct sip_servers **servers, struct sip_location **pending, struct sip_locator *l, const struct sip_locate_params *p,
	       sip_locate_fn fn, void *arg)
{
	struct sip_location *k;
	int err = location_new(&k, l, p);
	if (err)
		return err;
	k->fn = fn;
	k->arg = arg;
	err = decide(k, servers);
	if (err == -EINPROGRESS)
		*pending = k;
	else
		mem_deref(k);
	return err;
}

json_t *sip_locate_explain(struct sip_locator *l, const struct sip_locate_params *p, bool *known)
{
	struct sip_location *k;
	struct sip_servers *servers = NULL;
	json_t *steps = json_array();
	int err = location_new(&k, l, p);
	if (!steps || err) {
		if (steps)
			json_array_append_new(steps, json_pack("{s:s, s:s}", "step", "URI", "result",
							       err == -ENOMEM ? "memory is out" : "no SIP URI, or its transport is not known"));
		*known = true;
		goto out;
	}
	k->steps = steps;
	err = decide(k, &servers);
	if (err && err != -EINPROGRESS)
		step(k, "nowhere", "%s", dns_error_text(err));
	*known = err != -EINPROGRESS;
	mem_deref(servers);
	mem_deref(k);
out:
	return steps;
}

/* --- the locator ---------------------------------------------------------------------------------------------------- */

static void locator_destroy(void *obj)
{
	struct sip_locator *l = obj;
	mem_deref(l->dead);
	mem_deref(l->params.dns);
}

int sip_locator_new(struct sip_locator **ret, const struct sip_locator_params *params)
{
	struct sip_locator *l = mem_alloc(sizeof *l, locator_destroy);
	if (!l)
		return -ENOMEM;
	l->params = *params;
	mem_ref(params->dns);
	int err = sip_dead_new(&l->dead, DEAD_MAX);
	if (err)
		mem_deref(l);
	else
		*ret = l;
	return err;
}

void sip_locator_reconfigure(struct sip_locator *l, const struct sip_locator_params *params)
{
	mem_ref(params->dns);
	mem_deref(l->params.dns);
	l->params = *params;
}

struct dns *sip_locator_dns(const struct sip_locator *l)
{
	return l->params.dns;
}

void sip_locator_failed(struct sip_locator *l, const struct sip_server *server, uint32_t retry_ms, const char *why)
{
	sip_dead_mark(l->dead, server, retry_ms ? retry_ms : l->params.dead_ms, why);
}

void sip_locator_answered(struct sip_locator *l, const struct sip_server *server)
{
	sip_dead_clear(l->dead, server);
}

json_t *sip_locator_dead_json(const struct sip_locator *l)
{
	return sip_dead_json(l->dead);
}
