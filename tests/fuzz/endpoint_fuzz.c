// SPDX-License-Identifier: GPL-3.0-or-later
/* Any text as the MGCP name of channels: it is none, or its terms are within bounds. */
#include "tdm/endpoint.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_term(const struct tdm_term *t)
{
	if (t->kind == TDM_TERM_ONE && (t->number < 1 || t->number > TDM_MAX_CHANNELS))
		abort();
	if (t->kind == TDM_TERM_RANGE && tdm_channels_have(&t->range, 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdm_endpoint e;
	if (tdm_endpoint_parse(slice_of((const char *)data, size), &e))
		return 0;
	check_term(&e.span);
	check_term(&e.channel);
	return 0;
}
