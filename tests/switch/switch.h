// SPDX-License-Identifier: GPL-2.0-or-later
/* The test switch: the other end of a PRI, for tests. What it hears it tells as lines of JSON; what it is to do it reads as lines of words. */
#ifndef SWITCH_H
#define SWITCH_H

#include <dahdi/user.h>
#include <jansson.h>
#include <libpri.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_FRAME    300 /* octets, its check sequence included */
#define MAX_CHANNELS 32
#define MAX_RULES    32
#define MAX_WORDS    40

/* --- the D-channel's wire: wire.c ---------------------------------------------------------------------------------- */

enum direction { RX, TX };
enum action { DROP, DELAY, REPLACE, APPEND };

struct frame {
	struct frame *next;
	uint64_t due; /* ms */
	size_t len;   /* without the check sequence */
	uint8_t octets[MAX_FRAME];
};

/* What befalls the next `count` messages of Q.931 of a type, in one direction. */
struct rule {
	enum direction dir;
	enum action action;
	int type; /* -1: any */
	unsigned count, ms;
	size_t len;
	uint8_t octets[MAX_FRAME];
};

struct wire {
	int fd;                  /* -1: nobody is connected */
	int listener;            /* where they connect, -1 */
	bool dahdi;              /* it has events, and each frame its check sequence; else each datagram is a frame */
	bool checked;            /* two octets of check sequence there, too */
	bool silent[2];          /* by direction: nothing comes through */
	unsigned delay[2];       /* ms, by direction: for every frame */
	bool trace;              /* each frame is told */
	FILE *pcap;
	struct frame *queue[2];
	struct rule rules[MAX_RULES];
	unsigned rule_count;
	const uint8_t *instead; /* the message that takes the place of the next one sent, null for none */
	size_t instead_len;
	int refusal; /* the cause that the next RELEASE COMPLETE gets, 0: its own */
};

/* Takes what has come on the descriptor into the receive queue. False when the descriptor is dead. */
bool wire_read(struct wire *w);
/* The next received frame that is due: its length, 0 when there is none. */
size_t wire_take(struct wire *w, uint8_t *octets, size_t size);
void wire_send(struct wire *w, const uint8_t *octets, size_t len);
/* Sends what was delayed and is due. */
void wire_flush(struct wire *w);
/* Ms until something queued is due, -1 for never. */
int wire_due(const struct wire *w);
bool wire_pcap(struct wire *w, const char *path);
const char *q931_name(int type);
/* -1 for a name there is none of. */
int q931_type(const char *name);

/* --- the link without libpri: lapd.c ------------------------------------------------------------------------------- */

/* Q.921 with one outstanding frame's worth of care: enough for a peer that is well, and it sends whatever it is given. */
struct lapd {
	struct wire *wire;
	bool network, up, asking;
	unsigned vs, vr; /* modulo 128 */
	uint64_t ask_at; /* ms */
};

void lapd_establish(struct lapd *l);
void lapd_release(struct lapd *l);
void lapd_send(struct lapd *l, const uint8_t *message, size_t len);
void lapd_received(struct lapd *l, const uint8_t *frame, size_t len);
/* Asks again while not answered; ms until the next time, -1 for never. */
int lapd_run(struct lapd *l);

/* --- calls: calls.c, events.c -------------------------------------------------------------------------------------- */

struct call {
	char id[32];
	q931_call *q931;
	int channel;
	bool incoming, answered_to; /* something was said to its SETUP */
};

#define MAX_CALLS 128

enum automatic { AUTO_NOTHING, AUTO_RING, AUTO_ANSWER };

struct line {
	struct wire wire;
	struct pri *pri; /* null in raw mode */
	struct wire spare;     /* the backup D-channel of the same calls (NFAS), */
	struct pri *spare_pri; /* null when there is none */
	struct lapd lapd;
	bool network, e1, keep_disconnected;
	int base; /* DAHDI's number of the span's first channel; 0 without DAHDI */
	int law;
	enum automatic automatic;
	unsigned incoming;
	struct call calls[MAX_CALLS];
};

/* A command, taken apart: its verb, then words and KEY=VALUEs. */
struct command {
	unsigned count;
	char *words[MAX_WORDS];
};

/* The value of a key, null when it is not there. */
const char *command_value(const struct command *c, const char *key);
int command_number(const struct command *c, const char *key, int otherwise);
/* The n-th word that is no KEY=VALUE; the verb is the first. */
const char *command_word(const struct command *c, unsigned n);
bool command_has(const struct command *c, const char *word);

/* Does a command about calls; false when it is none. */
bool calls_command(struct line *l, const struct command *c);
struct call *call_new(struct line *l, const char *id, q931_call *q931, int channel);
struct call *call_by_q931(struct line *l, const q931_call *q931);
void call_gone(struct call *c);
bool is_bearer(const struct line *l, int channel);
bool is_busy(const struct line *l, int channel);
/* The lowest one without a call, 0 when there is none. */
int idle_channel(const struct line *l);
void pri_told(struct line *l, pri_event *e);

/* --- B-channels: voice.c ------------------------------------------------------------------------------------------- */

bool voice_command(struct line *l, const struct command *c);
struct pollfd;
/* Fills in what the open channels wait for; their number. */
unsigned voice_wants(struct pollfd *fds);
void voice_run(const struct pollfd *fds, unsigned count);

/* --- spans: spans.c ------------------------------------------------------------------------------------------------ */

/* Makes `count` pairs of spans within the machine, T1 or E1, and starts them with a D-channel each; those of before are removed. */
int spans_make(bool e1, unsigned count);
/* One end of a pair: makes it, its channels numbered from `base`, or takes it away, which the other end sees as a cable that is pulled. Whose
 * channels are open cannot be taken (-EBUSY). */
int span_join(bool e1, unsigned pair, unsigned side, int base);
int span_cut(unsigned pair, unsigned side);

/* --- what is told: main.c ------------------------------------------------------------------------------------------ */

/* One line of JSON; takes the reference. */
void tell(json_t *event);
void tell_error(const char *why, const char *what);
uint64_t now_ms(void);
/* Octets from hexadecimal digits; spaces and the like are skipped. */
size_t from_hex(const char *text, uint8_t *octets, size_t size);
/* Hexadecimal digits of octets. `text` has room for two a piece and a null. */
void to_hex(const uint8_t *octets, size_t len, char *text);

#endif
