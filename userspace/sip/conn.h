/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections (RFC 3261 18, RFC 5626, RFC 5923): one to each peer address of a place. The stack's list owns them until they are closed. */
#pragma once
#include "sip/stack_priv.h"

struct sip_source;

struct sip_conn {
	struct link link;
	struct hash_link by_peer, by_alias;
	struct sip_place *place;
	struct stream *stream;
	struct sip_source *source; /* of one that was accepted: counted against its limit */
	struct addr peer, alias;   /* alias: where its peer listens, for which it does as well (RFC 5923) */
	bool accepted, open, ending, heard, counted; /* heard: a message came */
	uint32_t flow_ms;          /* its peer has promised to be heard that often (RFC 5626 4.4); 0: it has not */
	unsigned line_ends;        /* since the last message: two are a keep-alive */
	uint64_t since, last, begun; /* clock_ms(): made, something came, the message that is not whole yet began (0: none) */
	struct timer patience, ping;
	uint64_t pinged;           /* clock_ms(): our last keep-alive */
	bool asked, answers;       /* it is not answered yet; the peer has answered one */
	char held[16];             /* name at tandem-keep; "": not held */
};

int sip_conns_open(struct sip_stack *s);
void sip_conns_close(struct sip_stack *s);
/* Starts to listen at a place of a reliable transport. */
int sip_conn_listen(struct sip_place *p);
/* The open or opening connection to `peer`, NULL when there is none. */
struct sip_conn *sip_conn_find(const struct sip_place *p, const struct addr *peer);
/* Whether there is one to `dst` that `text` may go over. */
bool sip_conn_carries(const struct sip_place *p, const struct addr *dst, struct slice text);
/* Over the connection to `dst`, which is made when there is none: whom `text` is addressed to is whom a TLS certificate must be for. */
int sip_conn_send(struct sip_place *p, const struct addr *dst, struct slice text);
/* It has failed: no message is taken from it or given to it any more. */
void sip_conn_fail(struct sip_conn *c, const char *why);
/* conn_keepalive.c: one that is open now is kept so, if we made it. */
void sip_conn_keep_alive(struct sip_conn *c);
/* Whether a line end that came answers a keep-alive of ours. */
bool sip_conn_is_pong(struct sip_conn *c);
/* A request's Via asks for connection reuse (RFC 5923 8.2): granted to who has proved to be there, else ignored. */
void sip_conn_alias(struct sip_place *p, const struct sip_msg *req);
