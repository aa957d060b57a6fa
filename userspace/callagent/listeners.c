// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/listeners.h"
#include "base/alarm.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls.h"
#include <errno.h>

enum { AGAIN_MS = 2000, CERTIFICATES_MAX = 64 };

static const struct alarm_def alarm_listener = {
	.name = "listener",
	.severity = ALARM_MAJOR,
	.help = "SIP is not listened for at an address: another program has its port, or a certificate is wrong. It is tried again; the others work on.",
};

struct listener {
	const struct config_address *address;
	enum sip_transport transport;
	struct addr local;
	char name[65], fd_name[128], object[160]; /* the configuration may go, and its strings with it */
	const struct sip_listener *at; /* NULL: not there yet */
	struct tls *tls;
	char **origins; /* of pages that may connect by WebSocket; ends with NULL, NULL: any */
};

/* --- certificates ---------------------------------------------------------------------------------------------------------------- */

struct certificates {
	struct tls_cert cert[CERTIFICATES_MAX];
	unsigned n;
};

static void add_certificate(struct certificates *c, const struct conf_part *p)
{
	if (p && c->n < CERTIFICATES_MAX)
		c->cert[c->n++] = (struct tls_cert){.name = conf_title(p), .file = conf_string(p, "file"), .key = conf_string(p, "key")};
}

/* Those that the address names, in its order; without names, all there are. */
static void gather(struct certificates *c, const struct conf *conf, const struct conf_part *address)
{
	const struct conf_part *p;
	c->n = 0;
	for (unsigned i = 0; i < conf_list_count(address, "certificates"); i++)
		add_certificate(c, conf_find(conf, "certificate", conf_list_at(address, "certificates", i)));
	for (unsigned i = 0; !conf_list_count(address, "certificates") && (p = conf_titled(conf, "certificate", i)); i++)
		add_certificate(c, p);
}

static int read_tls(struct tls **ret, const struct conf *conf, const struct listener *l, struct buf *why)
{
	const struct conf_part *address = conf_find(conf, "address", l->name);
	struct certificates c;
	if (!address)
		return -ENOENT;
	gather(&c, conf, address);
	struct tls_params p = {
		.certs = c.cert,
		.n_certs = c.n,
		.ca = conf_string(address, "tls-ca"),
		.verify = (enum tls_verify)conf_int(address, "tls-verify"),
		.only_13 = conf_int(address, "tls-min") == 1,
	};
	return tls_new(ret, &p, why);
}

/* --- listening ------------------------------------------------------------------------------------------------------------------- */

static void announce(const struct listener *l)
{
	char text[ADDR_STR_LEN];
	int fd = sip_listener_fd(l->at);
	alarm_clear(&alarm_listener, l->object);
	if (fd < 0)
		return;
	log_info(NULL, "SIP over %s at %s (address %s)", sip_transports[l->transport].name, addr_str(&l->at->local, text), l->name);
	fdstore_put(l->fd_name, fd);
}

static int listen_at(struct listeners *ls, struct listener *l)
{
	const struct config_address *c = l->address;
	const struct addr *public = config_address_of(c->public, c->n_public, l->local.family);
	struct sip_listener at = {
		.name = l->name, .transport = l->transport, .local = l->local, .nets = c->nets, .n_nets = c->n_nets,
		.dscp = c->dscp_signalling, .fd = fdstore_take(l->fd_name), .tls = l->tls, .origins = (const char *const *)l->origins,
	};
	if (public) {
		at.advertised = *public;
		at.advertised.port = l->local.port;
	}
	int err = sip_stack_listen(ls->sip, &at);
	if (err)
		return err;
	l->at = sip_stack_listener(ls->sip, l->name, l->transport, &l->local);
	return 0;
}

static int try(struct listeners *ls, struct listener *l, const struct conf *conf, struct buf *why)
{
	char text[ADDR_STR_LEN];
	struct buf detail = buf_growing();
	int err = 0;
	if (!l->tls && sip_transports[l->transport].secure)
		err = conf ? read_tls(&l->tls, conf, l, &detail) : -EAGAIN;
	if (!err)
		err = l->at ? sip_stack_serve(l->at) : listen_at(ls, l);
	if (!err) {
		announce(l);
	} else if (err != -EAGAIN) {
		if (!detail.len)
			buf_printf(&detail, "SIP over %s at %s: %s", sip_transports[l->transport].name, addr_str(&l->local, text), strerror(-err));
		alarm_raise(&alarm_listener, l->object, buf_z(&detail));
		if (why && !why->len)
			buf_printf(why, "%s: %s", l->object, buf_z(&detail));
	}
	buf_reset(&detail);
	return err;
}

/* A port may become free. A certificate is read again only when the operator says so. */
static void on_again(void *arg)
{
	struct listeners *ls = arg;
	bool missing = false;
	for (unsigned i = 0; i < ls->n; i++)
		missing |= !ls->all[i].at && try(ls, &ls->all[i], NULL, NULL);
	if (missing)
		timer_start(&ls->again, AGAIN_MS, on_again, ls);
}

static uint16_t port_of(const struct config_address *c, enum sip_transport transport)
{
	switch (transport) {
	case SIP_TLS:
		return c->tls_port;
	case SIP_WS:
		return c->ws_port;
	case SIP_WSS:
		return c->wss_port;
	default:
		return c->sip_port;
	}
}

static void free_origins(struct listener *l)
{
	for (char **o = l->origins; o && *o; o++)
		mem_free(*o);
	mem_free(l->origins);
	l->origins = NULL;
}

/* Copied: the configuration they are from may be gone before the listener. */
static int take_origins(struct listener *l, const struct conf_part *address)
{
	unsigned n = conf_list_count(address, "ws-origins");
	if (!n || !sip_transport_is_ws(l->transport))
		return 0;
	l->origins = mem_raw((n + 1) * sizeof(*l->origins));
	for (unsigned i = 0; l->origins && i <= n; i++)
		l->origins[i] = NULL;
	for (unsigned i = 0; l->origins && i < n; i++)
		if (!(l->origins[i] = mem_strdup(conf_list_at(address, "ws-origins", i))))
			free_origins(l);
	return l->origins ? 0 : -ENOMEM;
}

static int add(struct listeners *ls, const struct config_address *c, const struct conf_part *address, enum sip_transport transport, const struct addr *local)
{
	struct listener *l = &ls->all[ls->n++];
	*l = (struct listener){.address = c, .transport = transport, .local = *local};
	slice_copy(slice_str(c->name), l->name, sizeof(l->name));
	l->local.port = port_of(c, transport);
	struct buf name = buf_fixed(l->fd_name, sizeof(l->fd_name));
	buf_printf(&name, "sip-%s-%c", c->name, local->family == AF_INET6 ? '6' : '4');
	if (transport != SIP_UDP)
		buf_printf(&name, "-%s", sip_transports[transport].name);
	buf_z(&name);
	struct buf object = buf_fixed(l->object, sizeof(l->object));
	buf_printf(&object, "address %s, %s over %s", c->name, sip_transports[transport].name, local->family == AF_INET6 ? "IPv6" : "IPv4");
	buf_z(&object);
	return take_origins(l, address);
}

static bool has_transport(const struct conf_part *address, enum sip_transport transport)
{
	for (unsigned i = 0; i < conf_list_count(address, "transports"); i++)
		if (!strcmp(conf_list_at(address, "transports", i), sip_transports[transport].name))
			return true;
	return false;
}

static int plan(struct listeners *ls, const struct conf *conf, const struct config_address *addresses, unsigned n)
{
	unsigned most = 0;
	int err = 0;
	for (unsigned i = 0; i < n; i++)
		most += SIP_TRANSPORTS * addresses[i].n_local;
	ls->all = mem_raw((most + 1) * sizeof(*ls->all));
	if (!ls->all)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		const struct conf_part *p = conf_find(conf, "address", addresses[i].name);
		for (enum sip_transport t = 0; t < SIP_TRANSPORTS; t++)
			for (unsigned k = 0; k < addresses[i].n_local && has_transport(p, t) && !err; k++)
				err = add(ls, &addresses[i], p, t, &addresses[i].local[k]);
	}
	return err;
}

int listeners_open(struct listeners *ls, struct sip_stack *sip, const struct conf *conf, const struct config_address *addresses, unsigned n,
		   struct buf *why)
{
	unsigned there = 0;
	*ls = (struct listeners){.sip = sip};
	int err = plan(ls, conf, addresses, n), first = 0;
	for (unsigned i = 0; i < ls->n && !err; i++) {
		int failed = try(ls, &ls->all[i], conf, why);
		there += !failed && sip_listener_fd(ls->all[i].at) >= 0;
		first = first ? first : failed;
	}
	if (err || (first && !there))
		return err ? err : first;
	buf_reset(why);
	if (first)
		timer_start(&ls->again, AGAIN_MS, on_again, ls);
	sip_stack_adopt(sip);
	return 0;
}

/* --- changing and closing ---------------------------------------------------------------------------------------------------------- */

static void serve_again(struct listeners *ls, struct listener *l, struct tls *fresh)
{
	if (l->tls)
		tls_take(l->tls, fresh);
	else
		l->tls = mem_ref(fresh);
	if (!l->at || sip_listener_fd(l->at) < 0)
		try(ls, l, NULL, NULL);
}

int listeners_reload(struct listeners *ls, const struct conf *conf, struct buf *why)
{
	struct tls **fresh = mem_raw((ls->n + 1) * sizeof(*fresh));
	int err = fresh ? 0 : -ENOMEM;
	unsigned n = 0;
	for (; n < ls->n && !err; n++) {
		fresh[n] = NULL;
		if (sip_transports[ls->all[n].transport].secure)
			err = read_tls(&fresh[n], conf, &ls->all[n], why);
		if (err == -ENOENT)
			err = 0;
	}
	for (unsigned i = 0; i < n; i++) {
		if (fresh[i] && !err)
			serve_again(ls, &ls->all[i], fresh[i]);
		mem_deref(fresh[i]);
	}
	mem_free(fresh);
	return err;
}

void listeners_close(struct listeners *ls)
{
	timer_stop(&ls->again);
	for (unsigned i = 0; i < ls->n; i++) {
		mem_deref(ls->all[i].tls);
		free_origins(&ls->all[i]);
	}
	mem_free(ls->all);
	*ls = (struct listeners){0};
}
