/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A UDP socket on the loop. Receives in batches (recvmmsg) and queues what is sent in a loop turn into one sendmmsg at
 * its end, in order. */
#pragma once
#include "net/addr.h"

struct udp; /* mem_deref() closes it */

struct udp_packet {
	char *data; /* one writable buffer, NUL after len; valid during the callback */
	size_t len;
	struct addr src, dst; /* dst: the local address it came to (IP_PKTINFO), with the socket's port */
	uint8_t tos;
	uint32_t waited_ms; /* in the socket, before it was read */
};

typedef void (*udp_recv_fn)(void *arg, const struct udp_packet *p);
/* A datagram sent to `dst` could not be delivered: the kernel refused it or an ICMP error came back (negative errno; -EMSGSIZE: it
 * was too large for the path in one piece, and will be fragmented when it is sent again). `sent` is what is known of the datagram: all of it, the first few
 * hundred bytes, or nothing. */
typedef void (*udp_error_fn)(void *arg, const struct addr *dst, int err, struct slice sent);

struct udp_params {
	struct addr local; /* IPv6 sockets are V6ONLY */
	int fd;            /* a bound socket handed over by tandem-keep, or -1 */
	uint8_t dscp;      /* 0..63 */
	int rcvbuf;        /* bytes, 0: default */
	bool stamps;       /* packets tell how long they waited */
	udp_recv_fn recv;
	void *arg;
	udp_error_fn error; /* may be NULL */
};

int udp_open(struct udp **ret, const struct udp_params *params);
/* Queues a copy of `data`. Errors that the kernel reports at the flush are counted and logged. -EMSGSIZE, -ENOMEM. */
int udp_send(struct udp *u, const struct addr *dst, struct slice data);
/* The same from the local address `src`, for a socket bound to any address (its port is the socket's). */
int udp_send_from(struct udp *u, const struct addr *src, const struct addr *dst, struct slice data);
/* Sends what is queued now. */
void udp_flush(struct udp *u);
const struct addr *udp_local(const struct udp *u);
int udp_fd(const struct udp *u);
