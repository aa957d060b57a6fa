/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the control socket shows and does of trunks and routes; the argument is the agent. */
#pragma once
#include "base/ctl.h"

extern const struct ctl_verb route_verbs[];
