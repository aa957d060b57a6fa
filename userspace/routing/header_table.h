/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A section's own rules for header fields: what headers.c asks of them. Each takes NULL for a table that is not there. */
#pragma once
#include "routing/headers.h"

bool header_table_removes(const struct header_table *t, const struct sip_hdr *h);
bool header_table_passes(const struct header_table *t, const struct sip_hdr *h);
/* The lines a new call gets. */
void header_table_add(const struct header_table *t, struct buf *out);
