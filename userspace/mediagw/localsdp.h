/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The LocalConnectionDescriptor: what we tell the call agent about a connection (RFC 3435 2.3.5, RFC 8866). */
#pragma once
#include "mediagw/conn.h"

/* Writes the description into c->local_sdp; its version grows when the text changed (RFC 3264 8). 0 or -ENOMEM. */
int localsdp_write(struct conn *c);
