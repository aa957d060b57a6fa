/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP of connections that end here, those of telephone channels: reports of what is sent and received (RFC 3550 6.4). Those of relays are passed on. */
#pragma once
#include "base/timer.h"
#include "rtp/report.h"

struct conn;

/* Of one connection. */
struct reports {
	struct timer timer;
	struct rtcp_reception reception;
	uint32_t packets; /* sent when the last report was */
	bool sent;        /* something, before that one */
	bool told;        /* one was sent */
};

/* The connection is on its endpoint. */
void reports_start(struct conn *c);
/* It is about to leave it: the peer is told (6.6). */
void reports_stop(struct conn *c);
/* The peer sent a report; `ntp_mid` is that of its sender report. */
void reports_heard(struct conn *c, uint32_t ntp_mid);
