/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who calls, and digits, in the parameters of events and signals: "ci(09/14/17/26,"5551212","John Doe")" (RFC 3660 2.4), "inf(k0,5,5,5,s0)" and
 * "sup(addr(5,5,5))" (RFC 3064 2.7). */
#pragma once
#include "base/buf.h"
#include <time.h>

/* What ci says of who calls. Empty: nothing is known, or it is not to be. */
struct mgcp_caller {
	char number[64], name[64];
	bool hidden; /* "P": private; else "O": out of area */
};
void mgcp_caller_read(struct mgcp_caller *ret, struct slice params);
/* With the time `now`; characters that would end a string or the list go. */
void mgcp_caller_write(struct buf *out, const struct mgcp_caller *c, time_t now);

/* The digits of a list, without what is around them by MF; those that do not fit are lost. */
void mgcp_digits_read(char *out, size_t size, struct slice list);
/* "NAME(5,5,5)", of two strings one after the other; by MF "NAME(k0,5,5,5,s0)". What cannot be sent is left out. */
void mgcp_digits_write(struct buf *out, const char *name, bool mf, const char *before, const char *digits);
