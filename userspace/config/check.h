/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of single values (conf_check_fn) and of a whole configuration. */
#pragma once
#include "base/conf.h"

const char *check_path(const char *value);
const char *check_path_or_empty(const char *value);
const char *check_transport(const char *value);
const char *check_ip(const char *value);
const char *check_local(const char *value); /* an IP address or "auto" */
const char *check_prefix(const char *value);
const char *check_ports(const char *value);
const char *check_call_agents(const char *value);
const char *check_address_port(const char *value);
const char *check_address(const char *value); /* the port may be missing */
const char *check_gateway_address(const char *value); /* or empty, or a name */
const char *check_digit_map(const char *value); /* or empty */
const char *check_digits(const char *value); /* or empty */
const char *check_cause_status(const char *value); /* "17=486" */
const char *check_status_cause(const char *value); /* "486=17" */
const char *check_outcome(const char *value); /* a SIP status or a Q.850 cause */
const char *check_pattern(const char *value); /* its regular expression is one */
const char *check_regex(const char *value);   /* "/.../" or empty */
const char *check_realm(const char *value);
const char *check_span(const char *value);    /* of the week */
const char *check_zone(const char *value);    /* a time zone or empty */
const char *check_header_condition(const char *value);
const char *check_route_uri(const char *value);
const char *check_uri_or_empty(const char *value);

/* What spans options and sections. Adds a line "file:line: ..." to `why` for each mistake; returns how many. */
unsigned check_config(const struct conf *c, struct buf *why);
