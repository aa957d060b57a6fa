/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options whose text means more than a word: what a route calls, who is in a group, what is done to header fields. Each parser returns NULL, or what
 * was expected. */
#pragma once
#include "base/conf.h"

/* How many of each one section lists at most. */
#define TRUNK_PEERS    16
#define TRUNK_NETWORKS 16
#define TRUNK_CAUSES   32
#define TRUNK_CODECS   16
#define GROUP_MEMBERS  32
#define HUNT_MEMBERS   32

/* What a route names as its target. */
enum dest_kind { DEST_USER, DEST_TRUNK, DEST_GROUP, DEST_HUNT, DEST_LINE, DEST_NUMBER, DEST_ENUM, DEST_BLOCK, DEST_URI /* what ENUM finds; is not written */ };

struct dest {
	enum dest_kind kind;
	char name[128];         /* or the number, or the domain of ENUM */
	unsigned status, cause; /* of a block: a SIP status, or a Q.850 cause; 0: not said */
};

/* "block", "block:603", "block:cause=21", "number:+49...", "enum:e164.arpa", or the name of a user, trunk, group, hunt group, isdn or line section of
 * `conf`. */
const char *config_dest(struct dest *ret, const char *text, const struct conf *conf);

struct group_member {
	char trunk[65];    /* or section isdn or line */
	unsigned priority; /* lower ones first */
	unsigned weight;   /* share among those of one priority */
};

/* The sections whose names stand for whom a route calls, and as what; ends with section == NULL. */
extern const struct dest_section {
	const char *section;
	enum dest_kind kind;
} config_dest_sections[];

/* "NAME priority=1 weight=10", the latter two as wished. */
const char *config_group_member(struct group_member *ret, const char *text);

/* "17=486": a Q.850 cause or SIP status, and what stands for it. */
const char *config_cause_row(const char *text, uint16_t *from, uint16_t *to);

/* The name of a header field that is not the stack's own business; and a line of such a one. */
const char *config_header_name(const char *text);
const char *config_header_line(const char *text);
