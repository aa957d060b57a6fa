/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a call counts against: all that it knows of fraud limits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct fraud_use;
struct leg_news;

/* A call as the limits see it: part of whoever keeps that call. */
struct fraud_call {
	const int64_t *setup, *answered; /* UTC milliseconds, 0: never */
	struct fraud_use *uses; /* NULL: none */
	/* The talking time is used up: it has to end. */
	void (*end)(struct fraud_call *c, const struct leg_news *why);
};

/* The call is over, or (`over` false) goes on in another process: its uses end. */
void fraud_release(struct fraud_call *c, bool over);
