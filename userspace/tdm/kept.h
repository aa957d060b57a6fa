/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DAHDI by way of tandem-keep, which may open what a daemon may not, and holds the channels that must not be let go when the daemon dies. */
#pragma once
#include "tdm/driver.h"

/* tdm_dahdi, but open() gives a channel that an earlier process held, or asks tandem-keep for it ({"do":"tdm-open","channel":N}); where there is
 * no keeper it opens it itself. */
const struct tdm_driver *tdm_kept(void);
/* Has the keeper hold an open channel from now on, or no longer: 0, or negative errno. */
int tdm_hold(unsigned channel, int fd);
void tdm_unhold(unsigned channel);
