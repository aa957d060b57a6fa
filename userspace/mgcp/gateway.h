/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a media gateway needs besides mgcp.h, and a call agent to understand it: endpoint names with wildcards, events. */
#pragma once
#include "mgcp/mgcp.h"

/* RFC 3660 2.10, RTP/RTCP timeout: "r/rto@CONNECTION(SECONDS)" in O: of NTFY says that media stayed away for so long. */
#define MGCP_EVENT_SILENCE "r/rto"

/* RFC 3435 2.1.2: whether a name is one that `pattern` stands for. Both with or without "@domain"; the domain is compared only when both
 * have one; "*" as the last term of the pattern stands for all of what may follow, "*" or "$" elsewhere for one term. Case is ignored. */
bool mgcp_name_matches(struct slice pattern, struct slice name);
/* "*" alone, or "TYPE/" and "*": everything of the gateway, or of a kind. */
bool mgcp_name_is_all(struct slice name);

/* One event of an R: or O: list: "r/rto@364823(N)(120)". Slices point into the text. */
struct mgcp_event {
	struct slice name;       /* "r/rto" */
	struct slice connection; /* after '@'; absent without */
	struct slice actions;    /* what the first parentheses hold; absent without */
	struct slice parameters; /* what the second hold; in O: lists the first are the parameters */
};
/* A connection identifier (3.2.2.5): 1 to 32 letters and digits; they should be hexadecimal. */
bool mgcp_conn_id_valid(struct slice id);
/* Takes the next element off a list with commas, without white space around it; commas in parentheses or quotes part nothing. The list is
 * absent after its last element. */
struct slice mgcp_list_next(struct slice *list);
/* 0 or -EBADMSG. */
int mgcp_event_parse(struct mgcp_event *ret, struct slice text);
