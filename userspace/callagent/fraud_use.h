/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a call counts against: all that it knows of fraud limits. */
#pragma once
#include <stdbool.h>

struct fraud_use;
struct call;

/* The call is over, or (`over` false) goes on in another process: its uses end. */
void fraud_release(struct call *c, bool over);
