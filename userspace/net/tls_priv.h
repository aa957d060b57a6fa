/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files of TLS share. */
#pragma once
#include "net/tls.h"
#include <openssl/ssl.h>

/* One reading of the files. Reference-counted: each connection holds those it was made under. */
struct tls_contexts {
	enum tls_verify verify;
	SSL_CTX *client;
	SSL_CTX **server; /* one a certificate */
	unsigned n;
};

struct tls_contexts *tls_contexts_of(const struct tls *t);
/* Words for OpenSSL's last error, which is forgotten. */
const char *tls_last_error(void);
