/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parties of ISDN calls: numbers with type and plan, names, presentation, redirection, between the protocol of tandem-isdn and SIP (RFC 3398 12, RFC 4497 9,
 * RFC 5806, RFC 7044). Inside, numbers are +E.164 where their type says so. */
#pragma once
#include "callagent/plan.h"
#include <jansson.h>

/* A number as the routing has it, to the network; NULL: it is no number that can be dialled (or memory is out). */
json_t *isdn_number_write(const struct tel_line *l, const char *number);
/* Whether a longer number becomes this one and the further digits. */
bool isdn_number_grows(const struct tel_line *l, const char *number);
/* The other way; empty when none is told. -ENOSPC. */
int isdn_number_read(const struct tel_line *l, const json_t *number, char *out, size_t size);

/* How far who calls is vouched for (Q.931 4.5.10). */
enum isdn_screening { ISDN_NOT_SCREENED, ISDN_PASSED, ISDN_NETWORK };

/* Who calls, or has answered, as the routing shows him: PRESENT_RESTRICTED where he does not want it told, or is not known. */
int isdn_party_read(const struct tel_line *l, const json_t *party, struct shown *ret);
/* NULL: nothing is to be told. `number` may be empty. */
json_t *isdn_party_write(const struct tel_line *l, const char *number, const char *name, bool restricted, enum isdn_screening screening);

/* Who has passed the call on. `ret` gets none when nobody is told. */
int isdn_redirecting_read(const struct tel_line *l, const json_t *redirecting, struct diversions *ret);
/* The last one of those of the INVITE's Diversion or History-Info (NULL: there is none) and `d`, and the first; NULL: nobody has. */
json_t *isdn_redirecting_write(const struct tel_line *l, const struct diversions *d, const struct sip_msg *invite);
