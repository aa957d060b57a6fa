/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bit error rate test that runs on a channel. */
#pragma once
#include "tdm/bert.h"
#include "tdm/channel.h"

struct tdm_tester; /* reference-counted; owns the open channel */

/* Begins one on a channel that has no call: it sends the sequence, and holds what comes back against it, on the loop, until mem_deref(). */
int tdm_tester_start(struct tdm_tester **ret, struct tdm_channel *c);
/* What has been found so far. */
const struct tdm_bert *tdm_tester_result(const struct tdm_tester *t);
