/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets of this installation: what is signed or encrypted with them outlives the process. Made at random when first asked for. */
#pragma once
#include "base/store.h"

#define KEY_LEN 16

/* 0, -ENOMEM, or what keeps the store from being read. */
int keys_get(struct store *s, unsigned table, const char *name, uint8_t key[KEY_LEN]);
