/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of isdn.sock (README.md). */
#pragma once
#include "base/ctl.h"

/* Their arg is the address of a `struct isdn *`, which may be NULL. */
extern const struct ctl_verb control_verbs[];
