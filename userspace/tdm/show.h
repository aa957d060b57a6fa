/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spans and channels as JSON, for the control socket. New references, NULL when memory is out. */
#pragma once
#include "tdm/tdm.h"
#include <jansson.h>

/* [{"span","kind","name","description","channels","defects":[..],"failed","looped","timing","clock","free","used"}]: timing is its priority, clock
 * whether it gives the clock. */
json_t *tdm_spans_json(const struct tdm *t);
/* [{"channel","span","position","endpoint","signalling","law","state","faults":[..],"group","bert":{"sync","bits","errors","losses"}}]: those of a
 * span, or all when it is 0; bert null unless one runs. */
json_t *tdm_channels_json(const struct tdm *t, unsigned span);
json_t *tdm_channel_json(const struct tdm_channel *c);
