/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections on disk, so that a successor of a killed process has them again: same identifiers, same ports. */
#pragma once
#include "mediagw/gateway.h"

/* Queue the connection as it is now, or its end. Failures are counted and logged: the call goes on. */
void record_put(const struct conn *c);
void record_del(const struct conn *c);

/* The same with what an endpoint is asked for; nothing is kept of one that is asked for nothing. */
void record_put_request(const struct endpoint *e);
void record_del_request(const struct endpoint *e);

struct adoption {
	unsigned restored, failed;
	bool other_boot; /* what was stored is of another life of this machine: dropped */
};
/* Makes every stored connection again, and asks endpoints for what they were asked for. `boot` identifies this boot of the machine. 0 or -ENOMEM. */
int record_adopt(struct gateway *gw, struct slice boot, struct adoption *ret);
