/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may be called back after an emergency call, and by whom: for half an hour his services stay off for it (RFC 6881 SP-35, SP-40). */
#pragma once
#include "base/store.h"

struct callbacks; /* reference-counted */

/* With what the store has of an earlier process; `store` NULL: nothing survives. 0 or -ENOMEM. */
int callbacks_new(struct callbacks **ret, struct store *store, unsigned table);
/* An emergency call of `user` over `trunk` has just ended. */
void callbacks_expect(struct callbacks *cb, const char *user, const char *trunk);
/* Whether a call from `trunk` to `user` may be such a call back. */
bool callbacks_expected(const struct callbacks *cb, const char *user, const char *trunk);
