/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections and options of tandem.conf, for every program. */
#pragma once
#include "base/conf.h"

extern const struct conf_section config_schema[];
/* The configuration used when no file is there: an address of this machine, two users, one media gateway. */
extern const char config_default[];

/* conf_load() with config_schema, then the checks that span sections (names that must exist, ranges that overlap). */
int config_load(struct conf **ret, const char *path, const char *text, struct buf *why);
