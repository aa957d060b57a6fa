/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS 1.2 and 1.3 on a connected socket (OpenSSL): whose certificates we show, whom we believe, and who the peer has proved to be. */
#pragma once
#include "base/buf.h"
#include <sys/types.h>

struct tls;      /* certificates, trust and rules that connections are made under; reference-counted */
struct tls_conn; /* TLS on one connection; reference-counted, owns no descriptor */

enum tls_verify {
	TLS_VERIFY_NONE,   /* nobody is asked for anything */
	TLS_VERIFY_SERVER, /* whom we connect to must have a certificate for its name */
	TLS_VERIFY_ASK,    /* ... and who connects to us may show one, which must then be good */
	TLS_VERIFY_MUTUAL, /* ... must show one */
};

struct tls_cert {
	const char *name;       /* for messages */
	const char *file, *key; /* PEM: the certificate and what leads to its root; its key */
};

struct tls_params {
	const struct tls_cert *certs; /* the first is shown to who asks for no name or one nobody has; without any, nobody is served */
	unsigned n_certs;
	const char *ca; /* PEM file of those believed; empty: the system's */
	enum tls_verify verify;
	bool only_13;
};

/* Reads the files. On error says in `why` which of them is wrong. -EINVAL, -ENOMEM. */
int tls_new(struct tls **ret, const struct tls_params *p, struct buf *why);
/* What another one has read is for connections made from now on; those that are there go on with what they began with. */
void tls_take(struct tls *t, const struct tls *from);
/* Whether there is a certificate to serve with. */
bool tls_can_serve(const struct tls *t);

/* Another library's server context (an SSL_CTX) shows our certificates and asks for the peer's, as they are at each handshake. `t` outlives it. */
void tls_serve(struct tls *t, void *ssl_ctx);

/* What the other library's connection (an SSL) under them has shown when its handshake is over; the reference it takes on that may outlive it. */
int tls_look(struct tls_conn **ret, struct tls *t, void *ssl);

/* `name`: whom a client connects to: a domain, sent as SNI (RFC 6066 3), or an IP address. */
int tls_connect(struct tls_conn **ret, struct tls *t, int fd, const char *name);
int tls_accept(struct tls_conn **ret, struct tls *t, int fd);

/* One step: 0 when done, -EAGAIN (tls_wants_write() says for what), -EPROTO or -EACCES (the peer is not who it should be). */
int tls_handshake(struct tls_conn *c);
bool tls_wants_write(const struct tls_conn *c);
/* Bytes, 0 at the peer's orderly end, or negative errno. */
ssize_t tls_read(struct tls_conn *c, void *data, size_t len);
ssize_t tls_write(struct tls_conn *c, const void *data, size_t len);
/* Tells the peer that nothing more comes. */
void tls_bye(struct tls_conn *c);

/* Words for the last error. */
const char *tls_why(const struct tls_conn *c);
/* "TLSv1.3" */
const char *tls_version(const struct tls_conn *c);
/* Names that the peer's verified certificate is for (RFC 5922 7.1), separated by spaces; "" when it showed none. */
const char *tls_peer_names(const struct tls_conn *c);
/* Whether `name` is one of them, without case and without wildcards (RFC 5922 7.2). */
bool tls_peer_is(const struct tls_conn *c, struct slice name);
/* Whether what is for `name` may go over a connection of ours: it was made to that name, its peer has proved to be it as well, or nobody is asked to. */
bool tls_is_for(const struct tls_conn *c, struct slice name);
