// SPDX-License-Identifier: GPL-3.0-or-later
/* Certificates and contexts. A connection holds the contexts it began with, so that they can be replaced under others. */
#include "net/tls_priv.h"
#include "base/mem.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

struct tls {
	struct tls_contexts *now;
};

/* --- messages ------------------------------------------------------------------------------------------------------------ */

const char *tls_last_error(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *words = e ? ERR_reason_error_string(e) : NULL;
	ERR_clear_error();
	return words ? words : "unknown error";
}

static int bad(struct buf *why, const char *what, const char *file)
{
	buf_printf(why, "%s %s: %s", what, file, tls_last_error());
	return -EINVAL;
}

/* --- server names ---------------------------------------------------------------------------------------------------------- */

/* RFC 6066 3: the certificate that is for the name the client asks for, else the first. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_contexts *all = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	for (unsigned i = 0; name && i < all->n; i++) {
		if (X509_check_host(SSL_CTX_get0_certificate(all->server[i]), name, 0, 0, NULL) != 1)
			continue;
		SSL_set_SSL_CTX(ssl, all->server[i]);
		break;
	}
	return SSL_TLSEXT_ERR_OK;
}

static int on_foreign_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls *t = arg;
	if (!t->now->n)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	SSL_set_SSL_CTX(ssl, t->now->server[0]);
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(t->now->server[0]), NULL);
	return on_server_name(ssl, alert, t->now);
}

void tls_serve(struct tls *t, void *ssl_ctx)
{
	SSL_CTX_set_tlsext_servername_callback((SSL_CTX *)ssl_ctx, on_foreign_name);
	SSL_CTX_set_tlsext_servername_arg((SSL_CTX *)ssl_ctx, t);
	SSL_CTX_set_options((SSL_CTX *)ssl_ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode((SSL_CTX *)ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_min_proto_version((SSL_CTX *)ssl_ctx, t->now->n ? (int)SSL_CTX_get_min_proto_version(t->now->server[0]) : TLS1_2_VERSION);
}

/* --- contexts -------------------------------------------------------------------------------------------------------------- */

static void contexts_destroy(void *obj)
{
	struct tls_contexts *all = obj;
	for (unsigned i = 0; i < all->n; i++)
		SSL_CTX_free(all->server[i]);
	SSL_CTX_free(all->client);
	mem_free(all->server);
}

/* The authorities of a file, or the system's, are read once while it stays as it is: they are many, and there is a context for each address and certificate. */
struct authorities {
	X509_STORE *store;
	bool system;
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

static X509_STORE *read_authorities(const char *file)
{
	X509_STORE *store = X509_STORE_new();
	if (!store || (file ? X509_STORE_load_file(store, file) : X509_STORE_set_default_paths(store)) == 1)
		return store;
	X509_STORE_free(store);
	return NULL;
}

/* `file` NULL: the system's. What is returned is borrowed until the next call. */
static X509_STORE *authorities_of(const char *file)
{
	static struct authorities last;
	const char *env = getenv(X509_get_default_cert_file_env()), *at = file ? file : env ? env : X509_get_default_cert_file();
	struct stat st = {0};
	if (!stat(at, &st) && last.store && last.system == !file && last.dev == st.st_dev && last.ino == st.st_ino &&
	    last.changed.tv_sec == st.st_ctim.tv_sec && last.changed.tv_nsec == st.st_ctim.tv_nsec)
		return last.store;
	X509_STORE_free(last.store);
	last = (struct authorities){.store = read_authorities(file), .system = !file, .dev = st.st_dev, .ino = st.st_ino, .changed = st.st_ctim};
	return last.store;
}

static int trust(SSL_CTX *ctx, const struct tls_params *p, struct buf *why)
{
	const char *file = p->ca && *p->ca ? p->ca : NULL;
	if (p->verify == TLS_VERIFY_NONE)
		return 0;
	X509_STORE *store = authorities_of(file);
	if (!store)
		return bad(why, file ? "trusted certificates" : "trusted certificates of", file ? file : "the system");
	SSL_CTX_set1_cert_store(ctx, store);
	return 0;
}

static int use(SSL_CTX *ctx, const struct tls_cert *c, struct buf *why)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, c->file) != 1)
		return bad(why, "certificate", c->file);
	if (SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM) != 1)
		return bad(why, "key", c->key);
	return SSL_CTX_check_private_key(ctx) == 1 ? 0 : bad(why, "key is not the certificate's:", c->key);
}

static int context_new(SSL_CTX **ret, const struct tls_params *p, const struct tls_cert *cert, bool server, struct buf *why)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_min_proto_version(ctx, p->only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Who resumes a session in which a certificate was shown has shown it. */
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"tandem", 6);
	int mode = SSL_VERIFY_NONE;
	if (server && p->verify >= TLS_VERIFY_ASK)
		mode = SSL_VERIFY_PEER | (p->verify == TLS_VERIFY_MUTUAL ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	else if (!server && p->verify >= TLS_VERIFY_SERVER)
		mode = SSL_VERIFY_PEER;
	SSL_CTX_set_verify(ctx, mode, NULL);
	int err = trust(ctx, p, why);
	if (!err && cert)
		err = use(ctx, cert, why);
	if (err)
		SSL_CTX_free(ctx);
	else
		*ret = ctx;
	return err;
}

static int contexts_new(struct tls_contexts **ret, const struct tls_params *p, struct buf *why)
{
	struct tls_contexts *all = mem_alloc(sizeof *all, contexts_destroy);
	if (!all)
		return -ENOMEM;
	all->verify = p->verify;
	all->server = p->n_certs ? mem_raw(p->n_certs * sizeof *all->server) : NULL;
	int err = p->n_certs && !all->server ? -ENOMEM : 0;
	for (unsigned i = 0; i < p->n_certs && !err; i++) {
		err = context_new(&all->server[i], p, &p->certs[i], true, why);
		all->n += !err;
	}
	if (!err)
		err = context_new(&all->client, p, p->n_certs ? &p->certs[0] : NULL, false, why);
	if (err) {
		mem_deref(all);
		return err;
	}
	if (all->n) {
		SSL_CTX_set_tlsext_servername_callback(all->server[0], on_server_name);
		SSL_CTX_set_tlsext_servername_arg(all->server[0], all);
	}
	*ret = all;
	return 0;
}

static void tls_destroy(void *obj)
{
	struct tls *t = obj;
	mem_deref(t->now);
}

int tls_new(struct tls **ret, const struct tls_params *p, struct buf *why)
{
	struct tls *t = mem_alloc(sizeof *t, tls_destroy);
	if (!t)
		return -ENOMEM;
	int err = contexts_new(&t->now, p, why);
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}

void tls_take(struct tls *t, const struct tls *from)
{
	struct tls_contexts *before = t->now;
	t->now = mem_ref(from->now);
	mem_deref(before);
}

bool tls_can_serve(const struct tls *t)
{
	return t->now->n > 0;
}

struct tls_contexts *tls_contexts_of(const struct tls *t)
{
	return t->now;
}
