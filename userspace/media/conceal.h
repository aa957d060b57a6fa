/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet loss concealment on octets of G.711: what is missing is filled from the pitch of what came before and fades within 50 ms; what comes
 * after is blended in. Where nothing is missing the octets stay as they are, bit by bit, and cost a copy: the concealer
 * works on linear samples only when something is lost. */
#pragma once
#include "media/g711.h"
#include <spandsp/telephony.h>
#include <spandsp/plc.h>
#include <stdbool.h>

#define CONCEAL_FIRST 32 /* octets made at once where a loss begins: plc_fillin() wants to write a quarter of the longest pitch period */

struct conceal {
	plc_state_t plc;
	enum law law;
	bool missing;           /* the last octets were made up */
	unsigned at;            /* where the oldest octet of the history is */
	unsigned ahead;         /* how many of made[], counted from its end, were not asked for yet */
	uint8_t made[CONCEAL_FIRST];
	uint8_t history[PLC_HISTORY_LEN];
};

void conceal_init(struct conceal *c, enum law law);
/* Takes octets that came; the first ones after a loss are changed in place. */
void conceal_heard(struct conceal *c, uint8_t *octets, size_t n);
/* Makes up octets for those that did not come. */
void conceal_fill(struct conceal *c, uint8_t *out, size_t n);
