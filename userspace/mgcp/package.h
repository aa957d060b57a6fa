/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event packages as data: what RFC 3660 and RFC 3064 define, a row each (packages.c). */
#pragma once
#include "base/slice.h"

/* RFC 3435 2.1.7 */
enum mgcp_signal_kind { MGCP_NO_SIGNAL, MGCP_ON_OFF /* OO */, MGCP_TIME_OUT /* TO */, MGCP_BRIEF /* BR */ };

enum {
	MGCP_DETECTED = 1,      /* can be asked for in R: */
	MGCP_ON_CONNECTION = 2, /* C: on a connection too */
	MGCP_HAS_STATE = 4,     /* S: ES: tells it */
	MGCP_PERSISTENT = 8,    /* P: detected unasked */
	MGCP_DIGIT = 16,        /* its name is a letter of digit maps */
};

/* Where the hook must be for it: asked for with the hook elsewhere it is refused with 401 or 402 (4.4.2 and the packages). */
enum mgcp_hook { MGCP_ANY_HOOK, MGCP_ON_HOOK, MGCP_OFF_HOOK };

struct mgcp_event_type {
	const char *name;
	uint8_t event; /* MGCP_DETECTED, ...; 0: it is a signal only */
	uint8_t event_params[2]; /* how many in R:, at least and at most */
	enum mgcp_hook event_hook;
	enum mgcp_signal_kind signal;
	bool signal_on_connection;
	bool pulsed; /* a time-out signal that ends when it has been pulsed out: events do not stop it (RFC 3064 5.3) */
	uint32_t timeout_ms; /* of a time-out signal; 0: infinite, or until it is done by itself */
	const char *alias; /* it is that signal, on the connection that its parameter names (RFC 3660 2.1, "rbk") */
	uint8_t signal_params[2]; /* without "+", "-" and "to", which go by its kind */
	enum mgcp_hook signal_hook;
};

struct mgcp_package {
	const char *name;
	unsigned version;
	const struct mgcp_event_type *types;
	unsigned n;
};

extern const struct mgcp_package mgcp_package_b, mgcp_package_g, mgcp_package_d, mgcp_package_t, mgcp_package_l, mgcp_package_h, mgcp_package_sst,
	mgcp_package_dm1, mgcp_package_r, mgcp_package_ms, mgcp_package_dt, mgcp_package_bl, mgcp_package_md, mgcp_package_mo, mgcp_package_do;

/* All of them, ended by NULL. */
extern const struct mgcp_package *const mgcp_packages_all[];
/* By name, in either case; NULL: not known. */
const struct mgcp_package *mgcp_package_find(struct slice name);
/* Within a package; NULL: it has no such event. */
const struct mgcp_event_type *mgcp_event_type_find(const struct mgcp_package *package, struct slice name);

/* What a kind of endpoint has, the default package first, ended by NULL. */
typedef const struct mgcp_package *const *mgcp_packages;

bool mgcp_packages_have(mgcp_packages list, const struct mgcp_package *package);
/* "L/hd", or "hd" of the default package: 0, or 518 (no such package here) or 522 (no such event). */
unsigned mgcp_event_lookup(mgcp_packages list, struct slice name, const struct mgcp_package **package, const struct mgcp_event_type **type);
/* Whether "to" may be given: 3.2.2.4 and RFC 3660 2. */
bool mgcp_signal_takes_timeout(const struct mgcp_package *package, const struct mgcp_event_type *type);
