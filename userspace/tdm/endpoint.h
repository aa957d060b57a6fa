/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channels by their MGCP names (RFC 3435 appendix E): "ds/ds1-2/7" and "ds/e1-2/7" are channel 7 of span 2, "bri/2/1" (E.2 names none) is one of
 * a BRI, and "aaln/3" is the analog line with DAHDI's channel number 3. The last terms may be "*" (all of), "$" (any of), and "[1-5,9]". */
#pragma once
#include "tdm/tdm.h"

#define TDM_ENDPOINT_MAX 32

enum tdm_term_kind { TDM_TERM_ONE, TDM_TERM_ANY, TDM_TERM_ALL, TDM_TERM_RANGE };

struct tdm_term {
	enum tdm_term_kind kind;
	unsigned number;          /* TDM_TERM_ONE */
	struct tdm_channels range; /* TDM_TERM_RANGE */
};

struct tdm_endpoint {
	enum tdm_span_kind kind;
	struct tdm_term span; /* not of analog lines */
	struct tdm_term channel;
};

/* -EINVAL for what is not such a name. */
int tdm_endpoint_parse(struct slice local, struct tdm_endpoint *ret);
/* Whether the channel is one of those named. */
bool tdm_endpoint_matches(const struct tdm_endpoint *e, const struct tdm_channel *c);
/* The channel of that name: 0; -EINVAL for what names not just one; -ENOENT. */
int tdm_endpoint_find(const struct tdm *t, struct slice local, struct tdm_channel **ret);
/* Its name; of one that is gone, the name it had. */
void tdm_endpoint_name(const struct tdm_channel *c, char out[TDM_ENDPOINT_MAX]);
