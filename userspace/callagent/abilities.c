// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/abilities.h"
#include <string.h>

const char *const abilities_methods[] = {
	"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "MESSAGE", "PUBLISH", "REFER", "SUBSCRIBE",
	"NOTIFY", NULL,
};

const char *const abilities_extensions[] = {
	"100rel", /* RFC 3262 */
	"timer",  /* RFC 4028 */
	"replaces", /* RFC 3891 */
	"norefersub", /* RFC 4488 */
	"precondition", /* RFC 3312 */
	"tdialog",  /* RFC 4538 */
	NULL,
};

const char *const abilities_types[] = {"application/sdp", "multipart/mixed", NULL};

bool abilities_of(const struct sip_msg *m, const char *extension)
{
	return sip_msg_has_token(m, SIP_HDR_SUPPORTED, slice_str(extension)) || sip_msg_has_token(m, SIP_HDR_REQUIRE, slice_str(extension));
}

/* RFC 3262 5: who makes the offer in a provisional response has to get the answer in the PRACK of a caller that knows of it. */
void abilities_supported(struct buf *out, const struct sip_msg *caller, bool offers, bool conditions)
{
	const char *separator = "Supported: ";
	bool reliable = offers || (caller && abilities_of(caller, "100rel"));
	if (reliable && conditions)
		return;
	for (const char *const *e = abilities_extensions; *e; e++) {
		if ((!reliable && !strcmp(*e, "100rel")) || (!conditions && !strcmp(*e, "precondition")))
			continue;
		buf_str(out, separator);
		buf_str(out, *e);
		separator = ", ";
	}
	buf_str(out, "\r\n");
}
