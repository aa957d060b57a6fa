/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is calling, on an analog line, or that messages wait: messages of Bellcore GR-30 and GR-1401, and ETSI EN 300 659-3 (one format, MDMF; the older SDMF is
 * read), sent as FSK over spandsp; who calls also as DTMF. */
#pragma once
#include "base/slice.h"

#define CALLER_ID_NUMBER  33
#define CALLER_ID_NAME    65
#define CALLER_ID_MESSAGE 128

enum caller_id_absence {
	CALLER_ID_KNOWN,
	CALLER_ID_PRIVATE,     /* withheld by the caller: 'P' */
	CALLER_ID_UNAVAILABLE, /* out of area: 'O' */
};

/* A message that is about this instead. */
enum caller_id_waiting {
	CALLER_ID_CALL,        /* no, it says who calls */
	CALLER_ID_MESSAGES,    /* messages wait: the lamp is to be on */
	CALLER_ID_NO_MESSAGES,
};

struct caller_id {
	enum caller_id_waiting waiting;
	char number[CALLER_ID_NUMBER], name[CALLER_ID_NAME]; /* "": absent, for the reason told */
	enum caller_id_absence number_absent, name_absent;
	char time[9];                                        /* "MMDDhhmm", or "" */
};

/* Reads a message without its checksum: 0, or -EBADMSG when it is damaged or of another kind. Digits and printable ASCII are kept, other octets left out. */
int caller_id_read(struct caller_id *ret, const uint8_t *msg, size_t len);
/* Writes an MDMF message and returns its length, at most CALLER_ID_MESSAGE; what does not fit is cut. */
size_t caller_id_write(const struct caller_id *c, uint8_t out[CALLER_ID_MESSAGE]);
/* Reads digits heard as DTMF ("A0123456C", "D0123456C", "B00C", ...): 0 or -EBADMSG. */
int caller_id_digits(struct caller_id *ret, struct slice digits);

enum caller_id_modem {
	CALLER_ID_BELL, /* Bell 202: North America and where GR-30 holds */
	CALLER_ID_V23,  /* ETSI */
};

typedef void (*caller_id_fn)(void *arg, const struct caller_id *c);

struct caller_id_receiver;

/* NULL when memory is out. `arg` must outlive it; ends by mem_deref(), as the sender does. */
struct caller_id_receiver *caller_id_receiver_new(enum caller_id_modem modem, caller_id_fn heard, void *arg);
void caller_id_receiver_hear(struct caller_id_receiver *r, const int16_t *linear, size_t n);

struct caller_id_sender;

/* Says who `c` is; `on_hook`: with the channel seizure signal that goes before it between rings. */
struct caller_id_sender *caller_id_sender_new(enum caller_id_modem modem, const struct caller_id *c, bool on_hook);
/* Makes samples; returns how many of the `n` belong to the message, the rest is silence. */
size_t caller_id_sender_make(struct caller_id_sender *s, int16_t *out, size_t n);
