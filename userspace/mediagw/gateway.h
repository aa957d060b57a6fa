/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media gateway of RFC 3435: endpoints, connections and the commands that make them. */
#pragma once
#include "base/hash.h"
#include "base/store.h"
#include "mediagw/endpoint.h"
#include "mgcp/mgcp.h"
#include "mgcp/restart.h"

struct dns;
struct line_tests;
struct notified;

enum gateway_table { TABLE_CONNECTIONS, TABLE_META, TABLE_REQUESTS, TABLE_LINES, TABLES };
extern const char *const gateway_tables[TABLES + 1];

struct gateway_params {
	struct addresses *addresses;
	struct fastpath *fp;
	struct mgcp_peer *peer;   /* NULL in tests of single commands */
	struct store *store;      /* NULL: nothing is kept */
	const char *agent;        /* provisioned notified entity (4.4.6), a name or a list of them; NULL or empty: whoever commands */
	struct dns *dns;          /* NULL: only address literals are notified entities */
	struct mgcp_restart_timers restart;
	const char *domain;       /* after '@' in our endpoint names */
	uint32_t max_relays;      /* 0: half the pairs of ports */
	struct tdm *tdm;          /* NULL: no telephone channels */
};

struct gateway {
	struct gateway_params p;
	bool adopted; /* what an earlier process left was read (record.h) */
	char *domain; /* p.domain: a reload frees the configuration's */
	struct endpoint **places;      /* of endpoints: relays, then telephone channels; NULL where none is */
	struct numbers *numbers;       /* those of relays; number n is rtpbridge/n+1 */
	uint32_t relays;
	struct list endpoints, conns;
	struct timer line_service;     /* what is new of lines is told (line_service.h) */
	uint32_t n_conns;
	struct hash slots;
	struct list notifieds;      /* all that endpoints have */
	struct notified *notified;  /* the provisioned one */
	struct line_tests *tests;   /* of telephone channels, NULL: none can be made */
	bool graceful;              /* goes out of service with the last connection */
	struct {                    /* the end of the process */
		void (*done)(void *arg);
		void *arg;
		struct timer timer;
	} leaving;
	/* The last command that was given any endpoint, for X-With. */
	struct {
		struct addr src;
		uint32_t tid, place;
	} given;
	/* Where responses are put together. */
	char lines_mem[8192], sdp_mem[4096], comment_mem[160];
};

/* What a verb says besides its code. */
struct answer {
	struct buf comment; /* empty: the code's own words */
	struct buf lines;   /* parameter lines */
	struct buf sdp;
};

/* Borrows everything in `params` but the strings' owner; they must outlive the gateway. mem_deref() removes every connection. */
int gateway_new(struct gateway **ret, const struct gateway_params *params);
/* Executes one command and writes the whole response into `out`. */
void gateway_execute(struct gateway *gw, const struct mgcp_msg *cmd, const struct addr *src, struct buf *out);
/* on_command of struct mgcp_peer_params, with the gateway as its argument. */
void gateway_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src);
/* on_repeated of the same. */
void gateway_repeated(void *arg, const struct addr *src);
/* Handlers of struct fp_params, with the gateway as their argument. */
void gateway_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len);
void gateway_event(void *arg, uint32_t slot, unsigned event, uint32_t value);

/* The verbs. Each returns the response code. */
struct command {
	const struct mgcp_msg *msg;
	const struct addr *src;
	struct endpoint_name name;
};
unsigned verb_crcx(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_mdcx(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_dlcx(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_auep(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_aucx(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_rqnt(struct gateway *gw, const struct command *cmd, struct answer *a);
unsigned verb_epcf(struct gateway *gw, const struct command *cmd, struct answer *a);

/* What B: says of the bearer, in a command for one endpoint (NULL: a relay that holds nothing): 0, or the response code and *why. */
unsigned epcf_check(const struct endpoint *e, struct slice bearer, const char **why);
/* What an audit says of it. */
const char *epcf_bearer(const struct endpoint *e);

/* Refuses: notes why, returns the code. */
unsigned refuse(struct answer *a, unsigned code, const char *why);
