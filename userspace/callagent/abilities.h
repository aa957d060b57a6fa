/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this user agent does: the one table behind Allow, Supported and Accept, and behind 405, 415 and 420 (RFC 3261 8.2). */
#pragma once

/* Each list ends with NULL. */
extern const char *const abilities_methods[];
extern const char *const abilities_extensions[];
extern const char *const abilities_types[];
