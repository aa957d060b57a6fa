/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LocalConnectionOptions (RFC 3435 3.2.2.10). */
#pragma once
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MAX 255

enum option_switch { OPTION_UNSAID, OPTION_OFF, OPTION_ON };

struct options {
	struct slice codecs;           /* a: names parted by semicolons; absent when not said */
	uint32_t ptime_min, ptime_max; /* p: in ms; 0: not said */
	enum option_switch echo, silence; /* e: cancellation; s: suppression */
	bool has_gain;
	int gain_db;                   /* gc: what is added to the media sent out over the endpoint and subtracted from what is received there */
	int dscp;                      /* of t:, -1: not said */
};

/* 0, or the response code to refuse with and *why. `ret` points into `list`. */
unsigned options_parse(struct options *ret, struct slice list, const char **why);
