/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gain as a table of octets, which the driver applies. */
#pragma once
#include "media/g711.h"

/* What becomes of each octet of `law` with `db` decibels more. With 0 it stays as it is. */
void gain_table(enum law law, double db, uint8_t out[256]);
