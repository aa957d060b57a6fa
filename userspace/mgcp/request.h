/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests for events and signals (RFC 3435 2.3.3, 3.2.2.4 to 3.2.2.21): the R:, S:, T:, D:, Q: and X: of RQNT, and of CRCX, MDCX and
 * DLCX with one inside. What was observed, O:, and event states, ES:, are lists of events as well. */
#pragma once
#include "mgcp/digitmap.h"
#include "mgcp/mgcp.h"
#include "mgcp/package.h"

#define MGCP_REQUEST_ID_MAX 32 /* 3.2.2.18 */
#define MGCP_CONN_ID_MAX    32 /* 3.2.2.5 */

/* 3.2.2.16 */
enum mgcp_action {
	MGCP_NOTIFY = 1,        /* N */
	MGCP_ACCUMULATE = 2,    /* A */
	MGCP_BY_DIGITMAP = 4,   /* D */
	MGCP_SWAP = 8,          /* S */
	MGCP_IGNORE = 16,       /* I */
	MGCP_KEEP_SIGNALS = 32, /* K */
	MGCP_EMBEDDED = 64,     /* E */
};

/* One event asked for, or a group of them. Slices live as long as the request. */
struct mgcp_requested {
	const struct mgcp_package *package; /* NULL: in each of the endpoint's ("*") */
	const struct mgcp_event_type *type; /* NULL: a group */
	struct slice name;                  /* without the package */
	uint32_t digits;                    /* a group of digits; 0: "all", or `name` in each package */
	struct slice connection;            /* absent: where the event is defined; "*": on any connection */
	struct slice params;
	unsigned actions;                   /* never none */
	struct mgcp_script *embedded;
};

struct mgcp_signal {
	const struct mgcp_package *package;
	const struct mgcp_event_type *type;
	struct slice connection;
	struct slice params;
	bool off;            /* an on/off signal to be turned off */
	uint32_t timeout_ms; /* of a time-out signal; 0: never, or until it is done by itself */
};

/* What one request, or one inside of another, asks for. */
struct mgcp_script {
	struct mgcp_requested *events;
	unsigned n_events;
	struct mgcp_signal *signals;
	unsigned n_signals;
	struct mgcp_digitmap *map; /* NULL: as it was */
};

/* A whole request; reference-counted, never changed. */
struct mgcp_rqnt {
	char id[MGCP_REQUEST_ID_MAX + 1];
	bool loop;    /* Q: more than one notification */
	bool discard; /* Q: what is quarantined goes */
	bool detects; /* there is a T: line */
	struct mgcp_requested *detect;
	unsigned n_detect;
	struct mgcp_script *script;
	char *text; /* what the slices point into */
};

/* Reads the request that a command is or has inside. `current` is the connection that the command is about ("$"), or absent. 0, or the
 * response code and *why: 510, 512, 513, 515, 518, 522, 523, 537, 538, 508, 502, 403. */
unsigned mgcp_rqnt_parse(struct mgcp_rqnt **ret, const struct mgcp_msg *cmd, mgcp_packages packages, struct slice current, const char **why);
/* One that asks for nothing, for an endpoint that has got none yet: its identifier is "0" (4.4.1). NULL: memory is out. */
struct mgcp_rqnt *mgcp_rqnt_none(void);

/* Whether an event is one of those a row asks for. `connection`: where it was seen; absent: on the endpoint. */
bool mgcp_requested_matches(const struct mgcp_requested *r, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection);
bool mgcp_signal_same(const struct mgcp_signal *a, const struct mgcp_signal *b);

/* Values of R: or T:, S:, Q: and PL:, in the standard's spelling and order. */
void mgcp_requested_write(struct buf *out, const struct mgcp_requested *list, unsigned n, bool actions);
void mgcp_signals_write(struct buf *out, const struct mgcp_signal *list, unsigned n);
void mgcp_quarantine_write(struct buf *out, const struct mgcp_rqnt *r);
void mgcp_packages_write(struct buf *out, mgcp_packages list);
/* "L/hd", "G/rt@1f(to=3000)" */
void mgcp_event_write(struct buf *out, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection, struct slice params);

/* Walks through the events of O: or ES:; digits in one string (3.2.2.12) come one by one. */
struct mgcp_observed {
	mgcp_packages packages;
	struct slice rest, digits; /* what is still to be read */
	/* the event */
	const struct mgcp_package *package;
	const struct mgcp_event_type *type;
	struct slice connection, params;
};
void mgcp_observed_start(struct mgcp_observed *o, mgcp_packages packages, struct slice list);
/* 1: there is an event; 0: there are no more; -ENOENT: one that the packages do not have, and more may follow; -EBADMSG: it cannot be read. */
int mgcp_observed_next(struct mgcp_observed *o);
