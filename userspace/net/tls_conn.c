// SPDX-License-Identifier: GPL-3.0-or-later
/* TLS on one connection, and who is at its other end (RFC 5922). */
#include "net/tls_priv.h"
#include "net/addr.h"
#include "base/mem.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

struct tls_conn {
	struct tls_contexts *all;
	SSL *ssl;
	char *name;       /* whom a client connects to */
	struct buf names; /* of the peer */
	bool wants_write;
	char why[160];
};

static void conn_destroy(void *obj)
{
	struct tls_conn *c = obj;
	SSL_free(c->ssl);
	mem_free(c->name);
	buf_reset(&c->names);
	mem_deref(c->all);
}

static bool is_ip(const char *name)
{
	struct addr a;
	return !addr_parse_ip(&a, slice_str(name));
}

static int conn_new(struct tls_conn **ret, struct tls_contexts *all, SSL_CTX *ctx, int fd, const char *name)
{
	struct tls_conn *c = ctx ? mem_alloc(sizeof *c, conn_destroy) : NULL;
	if (!c)
		return ctx ? -ENOMEM : -EINVAL;
	c->all = mem_ref(all);
	c->ssl = SSL_new(ctx);
	c->name = name ? mem_strdup(name) : NULL;
	if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1 || (name && !c->name)) {
		ERR_clear_error();
		mem_deref(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

int tls_connect(struct tls_conn **ret, struct tls *t, int fd, const char *name)
{
	struct tls_contexts *all = tls_contexts_of(t);
	struct tls_conn *c;
	int err = conn_new(&c, all, all->client, fd, name);
	if (err)
		return err;
	if (!is_ip(name))
		SSL_set_tlsext_host_name(c->ssl, name);
	SSL_set_connect_state(c->ssl);
	*ret = c;
	return 0;
}

int tls_accept(struct tls_conn **ret, struct tls *t, int fd)
{
	struct tls_contexts *all = tls_contexts_of(t);
	int err = conn_new(ret, all, all->n ? all->server[0] : NULL, fd, NULL);
	if (!err)
		SSL_set_accept_state((*ret)->ssl);
	return err;
}

/* --- the peer's names (RFC 5922 7.1) ---------------------------------------------------------------------------------------- */

/* Only characters of host names pass, so that a name can hide neither another one nor a NUL. */
static void add_name(struct tls_conn *c, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_:", name.p[i]) || !name.p[i])
			return;
	if (!name.len || tls_peer_is(c, name))
		return;
	if (c->names.len)
		buf_char(&c->names, ' ');
	buf_slice(&c->names, name);
}

static struct slice text_of(const ASN1_STRING *s)
{
	return slice_of((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void add_ip(struct tls_conn *c, const ASN1_OCTET_STRING *ip)
{
	struct addr a = {.family = ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6};
	char text[ADDR_STR_LEN];
	if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
		return;
	memcpy(a.bytes, ASN1_STRING_get0_data(ip), (size_t)ASN1_STRING_length(ip));
	add_name(c, slice_str(addr_ip_str(&a, text)));
}

/* A URI counts when it is a SIP domain: "sip:example.com". */
static void add_general(struct tls_conn *c, const GENERAL_NAME *n, int type)
{
	if (n->type != type)
		return;
	if (type == GEN_URI && slice_casestarts(text_of(n->d.uniformResourceIdentifier), SLICE("sip:")))
		add_name(c, slice_from(text_of(n->d.uniformResourceIdentifier), 4));
	else if (type == GEN_DNS)
		add_name(c, text_of(n->d.dNSName));
	else if (type == GEN_IPADD)
		add_ip(c, n->d.iPAddress);
}

static void add_common_name(struct tls_conn *c, X509 *cert)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at >= 0)
		add_name(c, text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

/* SIP URIs first; DNS names count when there is none of those, the common name when there is no alternative name at all. */
static void gather_names(struct tls_conn *c, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	static const int types[] = {GEN_URI, GEN_DNS, GEN_IPADD};
	for (size_t t = 0; t < 3; t++) {
		if (types[t] == GEN_DNS && c->names.len)
			continue;
		for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
			add_general(c, sk_GENERAL_NAME_value(all, i), types[t]);
	}
	if (!all)
		add_common_name(c, cert);
	GENERAL_NAMES_free(all);
}

static int gather_verified(struct tls_conn *c)
{
	X509 *cert = SSL_get_verify_mode(c->ssl) != SSL_VERIFY_NONE ? SSL_get1_peer_certificate(c->ssl) : NULL;
	if (cert && SSL_get_verify_result(c->ssl) == X509_V_OK)
		gather_names(c, cert);
	X509_free(cert);
	return c->names.err;
}

int tls_look(struct tls_conn **ret, struct tls *t, void *ssl)
{
	struct tls_conn *c = mem_alloc(sizeof *c, conn_destroy);
	if (!c)
		return -ENOMEM;
	SSL_up_ref(ssl);
	c->ssl = ssl;
	c->all = mem_ref(tls_contexts_of(t));
	int err = gather_verified(c);
	if (err)
		mem_deref(c);
	else
		*ret = c;
	return err;
}

static int handshake_done(struct tls_conn *c)
{
	int err = gather_verified(c);
	if (err)
		return err;
	if (!c->name || c->all->verify == TLS_VERIFY_NONE || tls_peer_is(c, slice_str(c->name)))
		return 0;
	snprintf(c->why, sizeof c->why, "its certificate is not for %s", c->name);
	return -EACCES;
}

/* --- bytes ------------------------------------------------------------------------------------------------------------------ */

static int failed(struct tls_conn *c, int rc)
{
	int saved = errno;
	long verdict = SSL_get_verify_result(c->ssl);
	c->wants_write = false;
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_WRITE:
		c->wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		snprintf(c->why, sizeof c->why, "%s", strerror(saved ? saved : ECONNRESET));
		return saved ? -saved : -ECONNRESET;
	default:
		snprintf(c->why, sizeof c->why, "%s", verdict == X509_V_OK ? tls_last_error() : X509_verify_cert_error_string(verdict));
		ERR_clear_error();
		return -EPROTO;
	}
}

int tls_handshake(struct tls_conn *c)
{
	errno = 0;
	int rc = SSL_do_handshake(c->ssl);
	if (rc == 1)
		return handshake_done(c);
	int err = failed(c, rc);
	return err ? err : -ECONNRESET;
}

bool tls_wants_write(const struct tls_conn *c)
{
	return c->wants_write;
}

ssize_t tls_read(struct tls_conn *c, void *data, size_t len)
{
	errno = 0;
	int n = SSL_read(c->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len);
	return n > 0 ? n : failed(c, n);
}

ssize_t tls_write(struct tls_conn *c, const void *data, size_t len)
{
	errno = 0;
	int n = SSL_write(c->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len);
	if (n > 0)
		return n;
	int err = failed(c, n);
	return err ? err : -EPIPE;
}

void tls_bye(struct tls_conn *c)
{
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
}

/* --- what there is to know --------------------------------------------------------------------------------------------------- */

const char *tls_why(const struct tls_conn *c)
{
	return c->why;
}

const char *tls_version(const struct tls_conn *c)
{
	return SSL_get_version(c->ssl);
}

const char *tls_peer_names(const struct tls_conn *c)
{
	return c->names.len ? buf_z((struct buf *)(uintptr_t)&c->names) : "";
}

bool tls_peer_is(const struct tls_conn *c, struct slice name)
{
	struct slice rest = buf_text(&c->names);
	struct addr want, have;
	bool ip = !addr_parse_ip(&want, name);
	while (rest.len) {
		struct slice one = slice_cut(&rest, ' ');
		if (ip ? !addr_parse_ip(&have, one) && addr_ip_eq(&want, &have) : slice_caseeq(one, name))
			return true;
	}
	return false;
}

bool tls_is_for(const struct tls_conn *c, struct slice name)
{
	return c->all->verify == TLS_VERIFY_NONE || (c->name && slice_caseeq(slice_str(c->name), name)) || tls_peer_is(c, name);
}
