/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket's verbs of tandem-ca; their argument is the agent. */
#pragma once
#include "base/ctl.h"

extern const struct ctl_verb verbs[];
