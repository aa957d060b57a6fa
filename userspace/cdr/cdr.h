/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call detail records: one SQLite row for every attempt, failed ones too, and for every two parties that were connected, exactly once across a kill -9. A record is in the
 * store's journal table from set-up until SQLite has committed its row; the row's id is unique and inserting it twice
 * does nothing. What the journal still holds at start becomes rows. A thread of its own writes, many rows a transaction. */
#pragma once
#include "base/slice.h"
#include "base/store.h"
#include <jansson.h>

enum { CDR_A, CDR_B, CDR_LEGS }; /* the caller's side, the called side */

/* Quality of what one side sent to us, as its gateway connection measured it. */
struct cdr_quality {
	int64_t packets, octets, lost;
	int64_t jitter_ms;
	double mos; /* 0: not measured */
};

struct cdr_leg {
	char call_id[256];
	char peer[64];     /* signalling address */
	char number[128];  /* of the party at this end: the caller's at A, the called one at B */
	char media[64];    /* where its media were sent to */
	struct cdr_quality quality;
};

/* Times are UTC milliseconds, 0: never happened. */
struct cdr {
	char id[33];
	char source[64];   /* user or trunk that called */
	char target[64];   /* user or trunk that was called */
	char caller[128], called[128];           /* as received */
	char caller_sent[128], called_sent[128]; /* as sent */
	struct cdr_leg leg[CDR_LEGS];
	int64_t setup, progress, answer, end;
	char released_by[16]; /* "caller", "called", "gateway", "operator", "restart", "tandem", "transfer" */
	int64_t status;    /* SIP code of the outcome */
	int64_t cause;     /* Q.850 */
	char why[128];     /* in words */
	char codec[64];
	int64_t emergency; /* 1: an emergency call, 2: the test of one */
	char linked[33];   /* id of the first record of the call: all have it that one call has had, as its parties changed */
	char transferred_by[64]; /* user or trunk whose place was given to somebody else; empty: a call as it began */
};

/* Copies text into a field of `size` bytes; what does not fit is cut. */
void cdr_text(char *dst, size_t size, struct slice text);
#define CDR_SET(field, text) cdr_text((field), sizeof(field), (text))

struct cdr_log; /* mem_deref() writes what is queued and closes */

struct cdr_log_params {
	const char *file;      /* of SQLite; "" keeps no records */
	struct store *journal; /* NULL: rows of calls in progress are lost with the process */
	unsigned table;
	unsigned batch_ms;     /* rows wait this long for company; 0: 200 */
};

/* Opens the file, makes or checks its table. Negative errno with the log written. */
int cdr_log_open(struct cdr_log **ret, const struct cdr_log_params *p);
/* Turns what an earlier process left in the journal into rows, but for those calls that go on (`alive`; NULL: none does). */
int cdr_log_recover(struct cdr_log *l, bool (*alive)(void *arg, struct slice id), void *arg);
/* The call has begun or got on: its record goes into the journal. */
int cdr_begin(struct cdr_log *l, const struct cdr *c);
/* The call is over: the record is final. */
int cdr_end(struct cdr_log *l, const struct cdr *c);
/* Waits until all queued rows are committed or refused; -EIO when some were refused. */
int cdr_flush(struct cdr_log *l);
/* Newest rows first, at most `limit`, read from the file. A new reference; NULL on failure. */
json_t *cdr_json(struct cdr_log *l, unsigned limit);
/* Rows queued and not committed yet. */
size_t cdr_pending(struct cdr_log *l);
