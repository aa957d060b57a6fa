/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trunk: a SIP peer that is no phone, such as a carrier or another exchange. It has a state: who is up, drained, how fast calls may come. */
#pragma once
#include "base/hash.h"
#include "base/timer.h"
#include "routing/drained.h"
#include "routing/limits.h"
#include "routing/trunk_numbers.h"
#include "config/schema.h"
#include "config/target.h"
#include "sip/digest.h"
#include "sip/transports.h"
#include <jansson.h>

struct sip_stack;
struct sip_msg;
struct header_table;
struct sip_locator;
struct trunk_probe;
struct trunk_register;
struct trunk_locate;
struct trunk_index;
struct trunk_place;

/* The choices of trunk.register, in their order. */
enum { TRUNK_REGISTER_NOT, TRUNK_REGISTER_ONE, TRUNK_REGISTER_MANY };

/* The choices of trunk.diversion, in their order. */
enum trunk_diversion { DIVERSION_BOTH, DIVERSION_HEADER, DIVERSION_HISTORY, DIVERSION_NONE };

/* One address of a trunk, and what is known of it. */
struct trunk_peer {
	struct addr addr;
	enum sip_transport transport;
	bool down;          /* probes say so */
	unsigned failures, successes; /* of probes, in a row */
	uint64_t avoid_until; /* a call got nothing from it: tried last until then, on clock_ms() */
};

/* Reference-counted: a call that uses it keeps it beyond a reload. */
struct trunk {
	struct link link;
	/* Where it is found (trunk_index.h). */
	struct trunk_index *index;
	unsigned position;            /* in the configuration */
	struct hash_link by_name, by_login;
	struct link by_certificate;
	struct trunk_place *place;    /* room for those of all its peers and networks */
	unsigned n_places;
	struct conf *holder;          /* whose strings these are */
	const struct conf_part *conf;
	const char *name;
	const char *certificate;      /* the name in it by which it is known; empty: none */
	struct digest_login login;    /* what its challenges are answered with */
	struct trunk_peer peer[TRUNK_PEERS];
	unsigned n_peers;
	enum sip_transport transport;
	struct prefix networks[TRUNK_NETWORKS]; /* requests from there are its, too */
	unsigned n_networks;
	struct limits limits;
	bool drained;                    /* by the operator: no new calls, either way */
	bool believed, told;             /* what it asserts of callers; who they are although they want privacy (RFC 3325) */
	enum trunk_diversion diversion;
	const char *codec[TRUNK_CODECS];
	unsigned n_codecs;               /* 0: any */
	struct trunk_numbers numbers;
	struct header_table *table;      /* NULL: it changes nothing */
	/* What goes on by itself; each NULL when there is nothing to do. */
	struct trunk_probe *probe;
	struct trunk_register *registration;
	struct trunk_locate *locate;
};

/* All trunks of a configuration. */
struct trunks {
	struct list all;
	struct list certified; /* those known by a certificate */
	struct list leaving;   /* gone from the configuration, while a registrar is being told */
	struct trunk_index *index;
	struct drained kept; /* which of them are drained */
};

/* Makes the trunks of `conf`; what the ones of the same name in `old` (NULL) know of their peers goes over. -ENOMEM, or what an option cannot be. */
int trunks_load(struct trunks *ts, const struct conf *conf, const struct trunks *old);
void trunks_free(struct trunks *ts);
/* Probing, registration and looking for peers begin. -ENOMEM. */
int trunks_start(struct trunks *ts, struct sip_stack *stack, struct sip_locator *locator);
/* They end; registrations are taken away at the peers. */
void trunks_stop(struct trunks *ts);
/* A connection that we had made has ended: who is registered over it registers anew. */
void trunks_disconnected(struct trunks *ts, enum sip_transport transport, const struct addr *peer);
/* `ts` takes those of `now` in place of its own. What goes on by itself is handed over and goes on, unless its settings have changed; registrations that
 * nobody goes on with are taken away at the peers. */
void trunks_replace(struct trunks *ts, struct trunks *now);
/* Those that were drained before a restart are again; `store` (borrowed) is told of changes from now on. */
int trunks_keep(struct trunks *ts, struct store *store, unsigned table);
struct trunk *trunks_find(const struct trunks *ts, struct slice name);
/* The trunk a request from `src` belongs to; one whose port matches as well wins, which *exact says, then one with that address, then the one with the
 * longest network; of several the first in the configuration. NULL: none. */
struct trunk *trunks_by_address(const struct trunks *ts, const struct addr *src, bool *exact);
/* Whose verified certificate the request came with (RFC 5922); NULL: none's. */
struct trunk *trunks_by_certificate(const struct trunks *ts, const struct sip_msg *req);
/* The trunk that a request is from: by its certificate, which is exact, else by its address. The port that a connection was made from says nothing: there
 * the port counts at which the sender listens, by its Via (RFC 3261 18.1.1). NULL: none. */
struct trunk *trunks_by_sender(const struct trunks *ts, const struct sip_msg *req, bool *exact);
/* Whether a trunk's requests come from there: by its address, or by the certificate of a connection from there. */
bool trunks_know(const struct trunks *ts, const struct sip_stack *stack, const struct addr *src);

/* The trunk that a user name of digest authentication belongs to; NULL: none. */
struct trunk *trunks_by_login(const struct trunks *ts, struct slice user);
/* Why no call can go out over it, in words; NULL: one can. `cause` gets the Q.850 cause. */
const char *trunk_refusal(const struct trunk *t, const struct lines *lines, unsigned *cause);
/* Whether none of its peers is up, or its registration is refused. */
bool trunk_unreachable(const struct trunk *t);
/* Takes one call of its calls a second, either way; false: there are too many. */
bool trunk_admit(struct trunk *t);
/* The peers in the order in which they are to be tried, those that are down left out: how many. */
unsigned trunk_order(const struct trunk *t, unsigned order[TRUNK_PEERS]);
/* A call had nothing from that peer, or something. */
void trunk_heard(struct trunk *t, const struct addr *peer, bool heard);
/* Whether the next target is to be tried after such an outcome. */
bool trunk_fails_over(const struct trunk *t, unsigned status, unsigned cause);
/* A probe's outcome: a peer is down after some failures in a row, and up after some successes. */
void trunk_probed(struct trunk *t, const struct addr *peer, bool answered, const char *why);
/* The registration's: trunk_register_good() may say something else now. */
void trunk_told(struct trunk *t, const char *why);
/* ... has been taken away, or cannot be: the trunk was only there for that. */
void trunk_left(struct trunk *t);
/* Its peers are these now; what is known of those that stay, stays known. */
void trunk_set_peers(struct trunk *t, const struct trunk_peer *peer, unsigned n);
/* The operator takes it out of use, or back. What is kept of that survives a restart; -ENOMEM: it was not kept. */
int trunks_drain(struct trunks *ts, struct trunk *t, bool drained);
/* Nothing is kept of a trunk that is gone from the configuration. */
void trunks_forget(struct trunks *ts, const struct trunk *t);
/* "up", "down", "unregistered", "draining" as long as it has calls, "drained". */
const char *trunk_state(const struct trunk *t, const struct lines *lines);
json_t *trunk_json(const struct trunk *t, const struct lines *lines);
