/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reliable connection on the loop: TCP, plain or with TLS on it, behind one interface. What is sent in a loop turn leaves in one piece at its end;
 * what the peer does not take is queued up to a bound. */
#pragma once
#include "net/addr.h"
#include "net/tls.h"

struct websocket;
struct stream;        /* mem_deref() closes it at once, unheard */
struct stream_server; /* mem_deref() closes it */

struct stream_handlers {
	/* It can be used: connected, and the TLS handshake is over. Comes once, before anything else. What was sent before leaves now. */
	void (*open)(void *arg);
	/* Bytes that came and were not taken yet; the callback may write into them. Returns how many it takes; the rest comes again together with what
	 * follows it, at the latest when there is no room for more (STREAM_ROOM). Of a plain connection the rest stays in the kernel: whoever gets the
	 * descriptor after this process finds it there. */
	size_t (*recv)(void *arg, char *data, size_t len);
	/* Over, once. err 0: the peer ended it or stream_end() did; else negative errno, and why in words. */
	void (*closed)(void *arg, int err, const char *why);
	/* Bytes are left that the peer does not take, or no longer. May be NULL. */
	void (*stuck)(void *arg, bool stuck);
};

enum { STREAM_ROOM = 128 * 1024 };

struct stream_params {
	const struct stream_handlers *h;
	void *arg;
	struct tls *tls;       /* NULL: plain; a reference is taken */
	struct websocket *ws;  /* websocket.h; NULL: bytes. Else of who has connected: whole messages come and go, recv() takes each at once, and `tls` is the
				* websocket's affair */
	const char *name;      /* of whom we connect to with TLS: a domain or an address */
	size_t queue_max;      /* bytes that may wait for the peer; over it the connection ends with -ENOBUFS */
	uint32_t handshake_ms; /* to connect and to shake hands; over it -ETIMEDOUT */
	uint8_t dscp;
};

/* A connected descriptor, accepted or handed over: becomes the stream's, unless this fails. */
int stream_adopt(struct stream **ret, int fd, const struct stream_params *p);
/* From `local` (its port is not used). Failures to connect come by closed(). */
int stream_connect(struct stream **ret, const struct addr *local, const struct addr *peer, const struct stream_params *p);
/* Queues a copy. -ENOTCONN after the end, -ENOBUFS, -ENOMEM: closed() follows. */
int stream_send(struct stream *s, struct slice data);
/* Ends it after what is queued has left: nothing is received any more; closed() comes when the peer has ended it too, or a second later. */
void stream_end(struct stream *s);

const struct addr *stream_local(const struct stream *s);
int stream_fd(const struct stream *s);
size_t stream_queued(const struct stream *s);
uint64_t stream_rx_bytes(const struct stream *s);
uint64_t stream_tx_bytes(const struct stream *s);
/* NULL for a plain one. */
const struct tls_conn *stream_tls(const struct stream *s);

/* Somebody connected: `fd` is the callback's. */
typedef void (*stream_accept_fn)(void *arg, int fd, const struct addr *peer);

struct stream_server_params {
	struct addr local; /* IPv6 sockets are V6ONLY */
	int fd;            /* a listening socket handed over, or -1 */
	stream_accept_fn accepted;
	void *arg;
};
int stream_listen(struct stream_server **ret, const struct stream_server_params *p);
const struct addr *stream_server_local(const struct stream_server *s);
int stream_server_fd(const struct stream_server *s);
