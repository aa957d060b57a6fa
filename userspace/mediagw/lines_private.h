/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside lines. */
#pragma once
#include "mediagw/lines.h"

struct lines {
	struct tdm *tdm;
	struct gateway *gw;
	struct store *store;
	struct circuit_table *circuits;
	struct span_thread *threads[TDM_MAX_SPANS + 1];
	struct tdm_channels draining; /* when the process before was killed */
};
