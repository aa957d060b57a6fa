// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/abilities.h"
#include <stddef.h>

const char *const abilities_methods[] = {
	"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "MESSAGE", "PUBLISH", "REFER", "SUBSCRIBE",
	"NOTIFY", NULL,
};

const char *const abilities_extensions[] = {
	"100rel", /* RFC 3262 */
	"timer",  /* RFC 4028 */
	"replaces", /* RFC 3891 */
	"norefersub", /* RFC 4488 */
	NULL,
};

const char *const abilities_types[] = {"application/sdp", "multipart/mixed", NULL};
