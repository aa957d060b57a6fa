/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signalling of a telephone channel: what hooks, rings, winks and digits mean there, by MGCP's packages (RFC 3660, RFC 3064). A circuit is
 * the state machine of one channel. It knows neither connections nor call agents: signals come in, events go out, and whoever owns it carries the
 * voice. One thing is a file: line_fxs.c has a telephone, line_fxo.c is one, line_em.c is a trunk, line_bearer.c a channel signalled elsewhere. */
#pragma once
#include "base/timer.h"
#include "media/tones.h"
#include "mediagw/bearer.h"
#include "mgcp/notifier.h"
#include "tdm/channel.h"

enum circuit_address { ADDRESS_TONES, ADDRESS_PULSES, ADDRESS_MF, ADDRESS_FEATURE_D, ADDRESS_OPERATOR };
enum circuit_caller_id { TELLS_NOBODY, TELLS_BELL, TELLS_V23, TELLS_DTMF };
enum circuit_answer { ANSWER_REVERSAL, ANSWER_DIALLED, ANSWER_AFTER, ANSWER_VOICE };

/* Tones that an operator gave numbers to, for L/s, H/s and G/pat. */
#define CIRCUIT_PATTERNS 8
struct circuit_patterns {
	struct circuit_patterns *next;
	unsigned n;
	struct {
		uint32_t number;
		struct tone tone;
	} row[CIRCUIT_PATTERNS];
};

/* What an operator says of a channel. Times in ms, 0: never. */
struct circuit_settings {
	char country[4];
	enum circuit_address address;        /* how numbers are sent */
	enum circuit_caller_id caller_id;    /* how a caller is told, either way */
	bool pbx;                            /* FXS: a telephone system, for package BL instead of L */
	bool immediate;                      /* E&M: without wink */
	enum circuit_answer answer;          /* FXO: when a call that was dialled counts as answered */
	uint32_t answer_ms;                  /* ANSWER_AFTER */
	uint32_t dial_tone_ms;               /* FXO: how long it is waited for; 0: it is not checked */
	bool busy_tone;                      /* FXO: it ends calls */
	uint32_t silence_ms, longest_ms;     /* FXO: what ends calls as a last resort */
	const struct circuit_patterns *patterns; /* NULL: none */
};
extern const struct circuit_settings circuit_defaults;

/* What is to be listened for; several at once. */
enum circuit_listen {
	LISTEN_DTMF = 1, LISTEN_MF = 2, LISTEN_PROGRESS = 4, LISTEN_CALLER_ID = 8, LISTEN_VOICE = 16, LISTEN_VOICEBAND = 32,
	LISTEN_TESTS = 64, LISTEN_NETWORK_TESTS = 128, /* tones of tests, from the line and from the network */
	LISTEN_PATTERN = 256, LISTEN_OCTET = 1 << 16   /* an octet that repeats: this much times it */
};

struct circuit_handlers {
	/* On the line, or on its connection. `params`: what O: has in parentheses, absent for none. */
	void (*event)(void *arg, enum bearer_side side, const struct mgcp_package *package, const char *event, struct slice params);
	/* What is asked about an event; NULL: nothing. */
	const struct mgcp_requested *(*requested)(void *arg, const struct mgcp_package *package, const char *event);
	void (*signal_done)(void *arg, const struct mgcp_signal *s, bool failed);
	/* Where the far end's hook is now, whatever events say. */
	bool (*off_hook)(void *arg);
	/* The channel is used, for a call from there (`incoming`) or from here: 0, or -errno when it must not. */
	int (*seize)(void *arg, bool incoming);
	void (*idle)(void *arg);
	/* The far end holds the channel for no call, or does no more. */
	void (*blocked)(void *arg, bool on);
	/* What the channel carries in place of a call's audio; each takes the place of what was sent before, and HEARD_PLAYED tells its end. The tone
	 * stays the circuit's, NULL: nothing more; `pauses`: the call is heard in its silence. 0 or -errno. */
	void (*play)(void *arg, enum bearer_side side, const struct tone *t, bool pauses);
	/* One octet, as it is. */
	void (*pattern)(void *arg, uint8_t octet);
	/* As bearer_test(). */
	void (*test)(void *arg, enum bearer_mode mode, int tone);
	int (*dial)(void *arg, enum digit_kind kind, struct slice digits);
	int (*tell_caller)(void *arg, enum caller_id_modem modem, const struct caller_id *c, bool on_hook);
	/* A flash that nobody asked to be told of: for the peer of the call, by telephone-event. */
	void (*flash)(void *arg);
	/* or-ed enum circuit_listen, instead of what it was. */
	void (*listen)(void *arg, unsigned what);
	/* The line went `how` ("off hook"): for who traces it. May be NULL. */
	void (*hooked)(void *arg, const char *how);
	/* circuit_state() is another now. */
	void (*changed)(void *arg);
};

/* Borrows all of it. */
struct circuit_params {
	const char *object; /* of log lines */
	enum tdm_signalling signalling;
	const struct circuit_settings *settings;
	const struct tdm_driver *driver;
	const struct circuit_handlers *h;
	void *arg;
};

struct circuit; /* reference-counted */

/* What MGCP packages a channel of that kind has, the default one first. */
mgcp_packages circuit_packages(enum tdm_signalling signalling, const struct circuit_settings *s);
/* Its channel is not open. 0 or -ENOMEM. */
int circuit_new(struct circuit **ret, const struct circuit_params *p);
/* The channel is open, and stays so until circuit_close(); `off_hook`: the far end is, now. */
void circuit_open(struct circuit *c, int fd, bool off_hook);
void circuit_close(struct circuit *c);
/* An operator, or an alarm, ends what there is: the line may not be used now. */
void circuit_end(struct circuit *c);
/* Just after it was opened: takes over the state that an earlier process's circuit had ("up"). An unknown one is none. */
void circuit_restore(struct circuit *c, struct slice state);
/* "" for one that is free. */
const char *circuit_state(const struct circuit *c);
/* What its bearer heard. */
void circuit_heard(struct circuit *c, const struct heard *h);
/* As the notifier asks for them (mgcp/notifier.h). */
void circuit_signal_start(struct circuit *c, const struct mgcp_signal *s);
void circuit_signal_stop(struct circuit *c, const struct mgcp_signal *s);
unsigned circuit_check(const struct circuit *c, const struct mgcp_script *s, const char **why);
enum mgcp_hook circuit_hook(const struct circuit *c);
/* The value of ES:. */
void circuit_event_states(const struct circuit *c, struct buf *out);
/* After a request: what is to be listened for may be other than before. */
void circuit_asked(struct circuit *c);
