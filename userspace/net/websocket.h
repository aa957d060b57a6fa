/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket (RFC 6455), the server's side, through libwebsockets: what a connection has to be to become one. Connections themselves are streams
 * (stream.h) that carry whole messages. */
#pragma once
#include "net/stream.h"

struct websocket; /* reference-counted: each of its connections holds one. When the last is gone there are none until the loop is closed */

struct websocket_params {
	const char *protocol;       /* the subprotocol, which a client must offer: "sip" */
	struct tls *tls;            /* NULL: plain; a reference is taken */
	const char *const *origins; /* those of pages that may connect, such as "https://example.com", ends with NULL; none: any. Who is no browser tells none. */
	size_t message_max;         /* a longer message ends the connection with 1009 */
};

int websocket_new(struct websocket **ret, const struct websocket_params *p);

/* --- for stream.c ------------------------------------------------------------------------------------------------------------- */

struct ws_conn; /* mem_deref() closes it at once, unheard */

/* As stream_adopt(). */
int ws_adopt(struct ws_conn **ret, int fd, const struct stream_params *p);
int ws_send(struct ws_conn *c, struct slice message);
void ws_end(struct ws_conn *c);
size_t ws_queued(const struct ws_conn *c);
/* NULL for a plain one, or while it is not open. */
const struct tls_conn *ws_tls(const struct ws_conn *c);
uint64_t ws_rx_bytes(const struct ws_conn *c);
uint64_t ws_tx_bytes(const struct ws_conn *c);
