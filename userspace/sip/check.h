/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user agent core checks of a request before it looks at its meaning (RFC 3261 8.2.1 to 8.2.3), driven by tables. */
#pragma once
#include "sip/stack.h"

struct sip_check {
	const char *const *methods;    /* those served, in Allow's order; ends with NULL */
	const char *const *types;      /* body types taken and given; ends with NULL; NULL: any */
	const char *const *extensions; /* option tags understood (Supported); ends with NULL */
	const char *const *schemes;    /* of the Request-URI; ends with NULL; NULL: sip, sips, tel */
	size_t body_max;               /* octets of a body; a longer one is refused (413); 0: no limit */
	bool forwards;                 /* requests are passed on: Max-Forwards 0 is refused (483), REGISTER and OPTIONS excepted */
};

/* Appends Allow, Supported and Accept. */
void sip_check_put(struct buf *out, const struct sip_check *rules);
/* A method that is not taken here: 405, or 501 when it is not known at all. */
void sip_refuse_method(struct sip_strans *st);
/* Whether the message requires an extension that is not in the list; then Unsupported, which says so, is appended. */
bool sip_check_require(const struct sip_msg *m, const char *const *extensions, struct buf *unsupported);
/* Answers 405 + Allow, 416, 483, 413, 420 + Unsupported, 415 + Accept or Accept-Encoding, or 406, and returns the status; 0 when there is nothing
 * to refuse. A stranger gets what strangers get instead. */
int sip_check_request(struct sip_strans *st, const struct sip_check *rules);
/* Shows the counters "refused": how many by which check. */
void sip_check_show(void);
