// SPDX-License-Identifier: GPL-3.0-or-later
/* Asking DNS servers through c-ares on the loop. A channel is c-ares' state for one set of servers; when those change, a new one takes over and
 * the old one ends with its last question. Servers that fail, refuse or are silent are passed over by c-ares, for each question anew: so that not all wait
 * for one that is dead, the one that has answered in its stead goes first for a while. */
#define CARES_NO_DEPRECATED
#include "net/dns_priv.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <sys/stat.h>

/* All servers are asked once, and once more with twice the patience; dns.c's own time-out ends it earlier. */
#define TRIES	     2
#define EDNS_BYTES   1232 /* what passes without fragments */
#define HOSTS_MS     10000
#define DEMOTED_MS   30000 /* then the first one is asked first again */
#define RESOLV_CONF  "/etc/resolv.conf"

struct channel {
	struct link link;
	ares_channel ares;
	bool open;
	struct list sockets;
	struct timer timer;
	unsigned under_way;
	unsigned first; /* how many of the servers have gone behind the others */
	bool retired;
};

struct dns_resolver {
	struct list channels; /* the one in use is the first */
	struct addr servers[DNS_MAX_SERVERS];
	unsigned n_servers;
	uint32_t attempt_ms;
	struct timespec resolv_conf; /* when it was changed */
	uint64_t demoted_until;      /* on clock_ms(), 0: they are asked in their order */
};

/* A socket of c-ares'. */
struct watched {
	struct link link;
	struct channel *channel;
	ares_socket_t fd;
	struct loop_watch *watch;
};

/* --- the loop ------------------------------------------------------------------------------------------------------- */

static void arm(struct channel *c);

static void process(struct channel *c, ares_socket_t readable, ares_socket_t writable)
{
	mem_ref(c);
	ares_process_fd(c->ares, readable, writable);
	arm(c);
	mem_deref(c);
}

static void on_timer(void *arg)
{
	struct channel *c = arg;
	if (c->retired && !c->under_way)
		mem_deref(c);
	else
		process(c, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* c-ares' next time-out; a channel that is to end does so from its timer, because it may not from inside c-ares. */
static void arm(struct channel *c)
{
	struct timeval tv;
	if (c->retired && !c->under_way)
		timer_start(&c->timer, 0, on_timer, c);
	else if (ares_timeout(c->ares, NULL, &tv))
		timer_start(&c->timer, (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1, on_timer, c);
	else
		timer_stop(&c->timer);
}

static void on_socket(void *arg, int events)
{
	struct watched *w = arg;
	ares_socket_t fd = w->fd;
	process(w->channel, events & UV_READABLE ? fd : ARES_SOCKET_BAD, events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
}

static void watched_destroy(void *obj)
{
	struct watched *w = obj;
	list_remove(&w->link);
	mem_deref(w->watch);
}

static struct watched *watched_of(const struct channel *c, ares_socket_t fd)
{
	struct watched *w;
	list_foreach(w, &c->sockets, link)
		if (w->fd == fd)
			return w;
	return NULL;
}

/* c-ares says what it waits for on a socket; nothing: it is about to close it. A socket that cannot be watched times out. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *c = arg;
	struct watched *w = watched_of(c, fd);
	int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
	if (!events) {
		mem_deref(w);
	} else if (w) {
		(void)loop_watch_set(w->watch, events);
	} else if ((w = mem_alloc(sizeof *w, watched_destroy))) {
		w->channel = c;
		w->fd = fd;
		if (loop_watch(&w->watch, fd, events, on_socket, w))
			mem_deref(w);
		else
			list_append(&c->sockets, &w->link);
	}
}

/* --- channels ------------------------------------------------------------------------------------------------------- */

static void channel_destroy(void *obj)
{
	struct channel *c = obj;
	struct watched *w;
	list_remove(&c->link);
	timer_stop(&c->timer);
	if (c->open)
		ares_destroy(c->ares);
	list_foreach_safe(w, &c->sockets, link)
		mem_deref(w);
	timer_stop(&c->timer);
}

/* Those of the configuration, or of resolv.conf, which c-ares has read. */
static unsigned servers_of(const struct channel *c, const struct dns_resolver *r, struct addr out[DNS_MAX_SERVERS])
{
	struct ares_addr_port_node *list = NULL;
	unsigned n = 0;
	if (r->n_servers) {
		memcpy(out, r->servers, r->n_servers * sizeof *out);
		return r->n_servers;
	}
	if (ares_get_servers_ports(c->ares, &list))
		return 0;
	for (const struct ares_addr_port_node *s = list; s && n < DNS_MAX_SERVERS; s = s->next, n++) {
		out[n] = (struct addr){.family = (sa_family_t)s->family, .port = s->udp_port ? (uint16_t)s->udp_port : 53};
		memcpy(out[n].bytes, &s->addr, s->family == AF_INET ? 4 : 16);
	}
	ares_free_data(list);
	return n;
}

/* From the `first` of them on. */
static int set_servers(struct channel *c, const struct dns_resolver *r, unsigned first)
{
	char text[DNS_MAX_SERVERS * (ADDR_STR_LEN + 1)], one[ADDR_STR_LEN];
	struct buf b = buf_fixed(text, sizeof text);
	struct addr servers[DNS_MAX_SERVERS];
	unsigned n = r->n_servers || first ? servers_of(c, r, servers) : 0;
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? "," : "", addr_str(&servers[(first + i) % n], one));
	const char *z = buf_z(&b);
	c->first = n ? first % n : 0;
	return !b.len ? 0 : b.err ? b.err : ares_set_servers_ports_csv(c->ares, z) ? -EINVAL : 0;
}

static int channel_open(struct channel **ret, const struct dns_resolver *r, unsigned first)
{
	struct channel *c = mem_alloc(sizeof *c, channel_destroy);
	if (!c)
		return -ENOMEM;
	list_init(&c->sockets);
	struct ares_options o = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = (int)r->attempt_ms,
		.tries = TRIES,
		.ednspsz = EDNS_BYTES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = c,
	};
	int status = ares_init_options(&c->ares, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB);
	c->open = !status;
	int err = status == ARES_ENOMEM ? -ENOMEM : status ? -EIO : set_servers(c, r, first);
	if (err)
		mem_deref(c);
	else
		*ret = c;
	return err;
}

static struct channel *current(const struct dns_resolver *r)
{
	struct link *k = list_first(&r->channels);
	return k ? container_of(k, struct channel, link) : NULL;
}

static struct timespec resolv_conf_time(void)
{
	struct stat st;
	return stat(RESOLV_CONF, &st) ? (struct timespec){0} : st.st_mtim;
}

static int replace(struct dns_resolver *r, unsigned first)
{
	struct channel *c = NULL, *old = current(r);
	struct timespec now = resolv_conf_time();
	int err = channel_open(&c, r, first);
	if (err)
		return err;
	if (old) {
		old->retired = true;
		arm(old);
	}
	list_prepend(&r->channels, &c->link);
	r->resolv_conf = now;
	return 0;
}

/* The machine may have moved to another network. */
static void follow_resolv_conf(struct dns_resolver *r)
{
	struct timespec now = resolv_conf_time();
	if (r->n_servers || (now.tv_sec == r->resolv_conf.tv_sec && now.tv_nsec == r->resolv_conf.tv_nsec))
		return;
	int err = replace(r, 0);
	if (err)
		log_warn("dns", "%s has changed and cannot be followed: %s", RESOLV_CONF, strerror(-err));
	else
		log_info("dns", "%s has changed", RESOLV_CONF);
}

/* Somebody has answered after so many had been silent: he goes first. Without memory the order stays. */
static void demote(struct dns_resolver *r, const struct channel *c, int silent)
{
	struct addr servers[DNS_MAX_SERVERS];
	unsigned n = c == current(r) && silent > 0 ? servers_of(c, r, servers) : 0, first = c->first + (unsigned)silent;
	/* It may be the first one that was late only. */
	if (!n || first % n == c->first || replace(r, first))
		return;
	r->demoted_until = clock_ms() + DEMOTED_MS;
	log_info("dns", "the server that is asked first does not answer: another one is, for %u s", DEMOTED_MS / 1000);
}

static void restore_order(struct dns_resolver *r)
{
	if (!r->demoted_until || clock_ms() < r->demoted_until)
		return;
	r->demoted_until = 0;
	(void)replace(r, 0);
}

/* --- questions ------------------------------------------------------------------------------------------------------ */

struct question {
	struct dns_resolver *resolver;
	struct channel *channel;
	struct dns_entry *entry;
};

static int error_of(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return -ETIMEDOUT;
	case ARES_ENOMEM:
		return -ENOMEM;
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
		return -EINVAL;
	case ARES_EBADRESP:
		return -EBADMSG;
	default:
		return -EREMOTEIO;
	}
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	struct question *q = arg;
	q->channel->under_way--;
	if (msg)
		demote(q->resolver, q->channel, timeouts);
	dns_arrived(q->entry, msg ? 0 : error_of(status), msg, msg ? (size_t)len : 0);
	mem_free(q);
}

/* An address of /etc/hosts goes before all else. */
static struct dns_answer *from_hosts(struct channel *c, const struct dns_entry *e)
{
	struct hostent *h;
	unsigned n = 0;
	int family = e->type == DNS_A ? AF_INET : AF_INET6;
	if ((e->type != DNS_A && e->type != DNS_AAAA) || ares_gethostbyname_file(c->ares, e->name, family, &h))
		return NULL;
	while (h->h_addr_list[n])
		n++;
	struct dns_answer *a = n ? dns_answer_new(e->name, e->type, 0, n, 0) : NULL;
	for (unsigned i = 0; a && i < n; i++) {
		a->record[i].addr = (struct addr){.family = (sa_family_t)family};
		memcpy(a->record[i].addr.bytes, h->h_addr_list[i], family == AF_INET ? 4 : 16);
	}
	if (a)
		a->expires = clock_ms() + HOSTS_MS;
	ares_free_hostent(h);
	return a;
}

int dns_resolver_ask(void *resolver, struct dns_entry *e)
{
	struct dns_resolver *r = resolver;
	follow_resolv_conf(r);
	restore_order(r);
	struct channel *c = current(r);
	struct dns_answer *known = from_hosts(c, e);
	if (known) {
		dns_arrived_answer(e, known);
		return 0;
	}
	struct question *q = mem_raw(sizeof *q);
	if (!q)
		return -ENOMEM;
	*q = (struct question){.resolver = r, .channel = c, .entry = e};
	c->under_way++;
	ares_query(c->ares, e->name, ns_c_in, (int)e->type, on_answer, q);
	arm(c);
	return 0;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static void resolver_destroy(void *obj)
{
	struct dns_resolver *r = obj;
	struct channel *c;
	list_foreach_safe(c, &r->channels, link)
		mem_deref(c);
}

static void take_params(struct dns_resolver *r, const struct dns_params *p)
{
	r->n_servers = p->n_servers < DNS_MAX_SERVERS ? p->n_servers : DNS_MAX_SERVERS;
	for (unsigned i = 0; i < r->n_servers; i++) {
		r->servers[i] = p->servers[i];
		if (!r->servers[i].port)
			r->servers[i].port = 53;
	}
	r->attempt_ms = p->attempt_ms;
}

int dns_resolver_change(struct dns_resolver *r, const struct dns_params *p)
{
	struct dns_resolver was = *r;
	take_params(r, p);
	int err = replace(r, 0);
	if (err) {
		memcpy(r->servers, was.servers, sizeof r->servers);
		r->n_servers = was.n_servers;
		r->attempt_ms = was.attempt_ms;
	}
	return err;
}

int dns_resolver_new(struct dns_resolver **ret, const struct dns_params *p)
{
	static bool ready;
	if (!ready && ares_library_init(ARES_LIB_INIT_ALL))
		return -EIO;
	ready = true;
	struct dns_resolver *r = mem_alloc(sizeof *r, resolver_destroy);
	if (!r)
		return -ENOMEM;
	list_init(&r->channels);
	int err = dns_resolver_change(r, p);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}
