/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a trunk tells numbers: in which header, in which format, either way. */
#pragma once
#include "base/conf.h"
#include "routing/number.h"
#include "sip/msg.h"

/* The choices of trunk.called-in, caller-in and caller-out, in their order. */
enum called_in { CALLED_REQUEST_URI, CALLED_TO, CALLED_P_CALLED_PARTY };
enum caller_in { CALLER_FROM, CALLER_P_ASSERTED, CALLER_REMOTE_PARTY, CALLER_DIVERSION };
enum caller_out { OUT_FROM, OUT_P_ASSERTED, OUT_P_PREFERRED, OUT_REMOTE_PARTY };

struct trunk_numbers {
	struct numbering plan;
	enum number_format in, out;
	enum number_uri uri;
	enum called_in called_in;
	enum caller_in caller_in;
	enum caller_out caller_out;
	const char *from_user; /* user part of From when another header has the number; empty: the number all the same */
};

/* How a line tells them. */
struct line_numbers {
	struct numbering plan;
	enum number_format in, out;
};

void line_numbers_load(struct line_numbers *n, const struct conf *conf, const struct conf_part *section);
/* What `section` says, and sip.* where it says nothing of the numbering. */
void trunk_numbers_load(struct trunk_numbers *t, const struct conf *conf, const struct conf_part *section);
/* The called number of a request from there, unescaped: 0, -ENOENT, -ENOSPC. */
int trunk_called(const struct trunk_numbers *t, const struct sip_msg *req, char *out, size_t size);
/* Who calls; empty when it is not told. */
void trunk_caller(const struct trunk_numbers *t, const struct sip_msg *req, char *out, size_t size);
/* The number of a URI, unescaped, without visual separators when it is a tel one (RFC 3966 3). -ENOENT, -ENOSPC, -EINVAL. */
int number_of_uri(const struct sip_uri *uri, char *out, size_t size);
