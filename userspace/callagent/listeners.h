/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where SIP is listened for: each transport of each address section. One that cannot be had raises an alarm, is tried again, and harms no
 * other. */
#pragma once
#include "base/timer.h"
#include "config/schema.h"
#include "sip/stack.h"

struct listener;

struct listeners {
	struct sip_stack *sip;
	struct listener *all;
	unsigned n;
	struct timer again;
};

/* Opens what `conf` asks for at `addresses`, which outlive it, then takes over the connections of an earlier process. Fails only when nothing at
 * all can be listened at; then `why` says what is wrong with the first. */
int listeners_open(struct listeners *ls, struct sip_stack *sip, const struct conf *conf, const struct config_address *addresses, unsigned n,
		   struct buf *why);
/* Reads the certificates again: new connections are made with them. On error nothing has changed. */
int listeners_reload(struct listeners *ls, const struct conf *conf, struct buf *why);
void listeners_close(struct listeners *ls);
