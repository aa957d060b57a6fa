// SPDX-License-Identifier: GPL-3.0-or-later
/* Choosing the best of several final answers (RFC 3261 16.7 step 6). */
#include "proxy/private.h"

/* Smaller is better. 6xx wins over all; then the lowest class; within 4xx those first that let the caller try again better; 503 speaks of one
 * server and 408 and 430 of nobody, so that any other answer says more. */
static unsigned rank(unsigned status)
{
	switch (status) {
	case 401:
	case 407:
		return 400;
	case 415:
	case 420:
	case 484:
		return 401;
	case 408:
	case 430:
		return 699;
	case 503:
		return 900;
	default:
		return status >= 600 ? 0 : status / 100 * 100 + 50;
	}
}

bool best_is_better(unsigned a, unsigned b)
{
	return !b || rank(a) < rank(b);
}

/* 16.7 step 6: that one server is overloaded or cannot be reached is not said of us. RFC 5626 5.3: 430 is between proxies, nobody is reachable now. */
unsigned best_as_sent(unsigned status)
{
	return status == 503 ? 500 : status == 430 ? 480 : status;
}
