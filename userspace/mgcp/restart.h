/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RestartInProgress (RFC 3435 2.3.12): the service state of endpoints that have one notified entity (4.4.5), and how that is told of it:
 * the restart procedure with its wait against avalanches (4.4.6), and the disconnected procedure (4.4.7). Knows no socket. */
#pragma once
#include "base/slice.h"

/* 3.2.2.20 */
enum mgcp_restart_method { MGCP_RESTART, MGCP_GRACEFUL, MGCP_FORCED, MGCP_DISCONNECTED, MGCP_CANCEL_GRACEFUL };

const char *mgcp_restart_method_name(enum mgcp_restart_method m);
/* In either case. 0 or -ENOENT: 536 is the answer then. */
int mgcp_restart_method_parse(struct slice text, enum mgcp_restart_method *ret);

struct mgcp_restart_timers {
	uint32_t mwd_ms;     /* MWD, the longest wait after a start */
	uint32_t td_init_ms; /* Tdinit: 15 s */
	uint32_t td_min_ms;  /* Tdmin: 15 s */
	uint32_t td_max_ms;  /* Tdmax: 600 s */
};
extern const struct mgcp_restart_timers mgcp_restart_default_timers; /* of a residential gateway: MWD is 600 s */

struct mgcp_restart; /* reference-counted */

struct mgcp_restart_handlers {
	/* Send RSIP as a new transaction to the notified entity, with RD: when `delay_s` is not 0 and E: when `reason` is not, and call
	 * mgcp_restart_answered() later; an answer to one sent before is not to be reported any more. Other than 0: it cannot be sent. */
	int (*send)(void *arg, enum mgcp_restart_method m, uint32_t delay_s, unsigned reason);
	/* The notified entity knows now: what was lost meanwhile is waited for no more. NULL: nobody asks. */
	void (*connected)(void *arg);
	/* The delay of graceful is over and the endpoints are out of service now. NULL: nobody asks. */
	void (*out)(void *arg);
	void *arg;
};

/* `object` is what log lines carry and is kept, not copied. In service, nobody told. 0 or -ENOMEM. */
int mgcp_restart_new(struct mgcp_restart **ret, const char *object, const struct mgcp_restart_timers *timers, const struct mgcp_restart_handlers *h);

/* After a start: MGCP_RESTART, or MGCP_DISCONNECTED when connections were taken over. Waits up to MWD. */
void mgcp_restart_begin(struct mgcp_restart *r, enum mgcp_restart_method m);
/* Back in service, or in `delay_s` seconds. */
void mgcp_restart_in_service(struct mgcp_restart *r, uint32_t delay_s);
/* Out of service at once; `reason` of 2.5 or 0. */
void mgcp_restart_forced(struct mgcp_restart *r, unsigned reason);
/* Out of service in `delay_s` seconds; 0: when the last connection has ended, which is told with mgcp_restart_forced(). */
void mgcp_restart_graceful(struct mgcp_restart *r, uint32_t delay_s, unsigned reason);
void mgcp_restart_cancel_graceful(struct mgcp_restart *r);

/* A command was not answered in all its time: the endpoints are disconnected. */
void mgcp_restart_lost(struct mgcp_restart *r);
/* A command has come, before it is answered: what waits to be told goes first. */
void mgcp_restart_command(struct mgcp_restart *r);
/* Somebody does something on a line. */
void mgcp_restart_activity(struct mgcp_restart *r);
/* RSIP was answered, or (-ETIMEDOUT) will not be. `redirected`: the response had another notified entity, which has been taken. */
void mgcp_restart_answered(struct mgcp_restart *r, int err, unsigned code, bool redirected);

/* Whether a command is executed: 0, or 501 (4.4.5). */
unsigned mgcp_restart_gate(const struct mgcp_restart *r, bool audit);
/* What AUEP tells: RM: and RD: in seconds. */
enum mgcp_restart_method mgcp_restart_audit(const struct mgcp_restart *r, uint32_t *delay_s);
/* Whether the notified entity knows of all. */
bool mgcp_restart_is_connected(const struct mgcp_restart *r);
