/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sections `channels` of tandem.conf say about the signalling of channels. */
#pragma once
#include "base/conf.h"
#include "mediagw/circuit.h"

/* By channel number; mem_deref() frees it. */
struct circuit_table {
	struct circuit_patterns *patterns; /* of all sections */
	struct circuit_settings of[TDM_MAX_CHANNELS + 1];
};

/* `country` is that of the tones where a section says nothing else. 0, -ENOMEM, or -EINVAL with a line for each mistake in `why`; what was right holds. */
int circuit_table_read(struct circuit_table **ret, const struct conf *conf, const char *country, struct buf *why);
