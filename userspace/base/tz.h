/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time zones by name, several at the same time: the C library knows one, a process-wide one. Reads the system's time zone files (RFC 8536). */
#pragma once
#include <stdint.h>

struct tz; /* reference-counted, immutable */

/* "Europe/Berlin"; "": that of this machine (/etc/localtime), UTC when it has none. -ENOENT: there is no such zone; -EBADMSG, -ENOMEM. */
int tz_load(struct tz **ret, const char *name);
/* Seconds that its clocks are ahead of UTC at that time (seconds since 1970). */
int32_t tz_offset(const struct tz *tz, int64_t utc);
