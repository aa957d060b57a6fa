// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/gain.h"
#include <math.h>

void gain_table(enum law law, double db, uint8_t out[256])
{
	const double factor = pow(10, db / 20);
	for (unsigned i = 0; i < 256; i++) {
		double value = round(law_linear[law][i] * factor);
		out[i] = db == 0 ? (uint8_t)i : law_octet(law, (int16_t)fmax(INT16_MIN, fmin(INT16_MAX, value)));
	}
}
