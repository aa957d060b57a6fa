/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share. */
#pragma once
#include "sdp/sdp.h"

/* A description being read. `m` is the media section the current line belongs to, NULL at session level. */
struct sdp_parser {
	struct sdp *s;
	struct sdp_media *m;
	struct sdp_attr *attrs; /* room for every a= line of the text, filled in order */
	size_t n_attrs;
	struct sdp_format *formats; /* room for every format of the m= lines, filled in order */
	bool addr_seen; /* a c= line in this section */
	const char *why;
};

/* Line readers: 0, -EBADMSG or -E2BIG with p->why. */
int sdp_read_attr(struct sdp_parser *p, struct slice value);
int sdp_read_media(struct sdp_parser *p, struct slice value);
int sdp_read_connection(struct sdp_parser *p, struct slice value);
/* At the end: what a media takes from the session, and what its attributes say together. */
int sdp_finish_media(struct sdp_parser *p, struct sdp_media *m);

/* The formats of an m= line, and later their rtpmap and fmtp. */
int sdp_read_formats(struct sdp_parser *p, struct sdp_media *m, struct slice list);
void sdp_describe_formats(struct sdp_media *m);

/* "IN IP6 2001:db8::1": *ret is unset for a host name or another network. -EBADMSG when it is no such thing. */
int sdp_parse_address(struct addr *ret, struct slice text);
/* Next word of *text, separated by any number of spaces; absent at the end. */
struct slice sdp_word(struct slice *text);
/* Whether `name` is a direction attribute, and which. */
bool sdp_dir_parse(struct slice name, enum sdp_dir *ret);

/* What becomes of an attribute when a description is written for the other side: pass, drop or rewrite. */
struct sdp_relay_rule {
	const char *name;
	void (*write)(struct buf *out, const struct sdp_attr *a);
};

/* Never NULL: unknown attributes have a rule too. */
const struct sdp_relay_rule *sdp_relay_rule(struct slice name);
unsigned sdp_relay_rules_count(void);
const struct sdp_relay_rule *sdp_relay_rule_at(unsigned i);
/* condition.c: a=curr, a=des and a=conf */
bool sdp_is_condition(struct slice name);
void sdp_write_attr(struct buf *out, const struct sdp_attr *a);
