/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of circuits share. A kind of signalling is a struct circuit_kind; its circuits begin with a struct circuit. */
#pragma once
#include "mediagw/circuit.h"

/* A signal that is more than a tone. */
struct circuit_signal {
	const struct mgcp_package *package;
	const char *name;
	void (*start)(struct circuit *c, const struct mgcp_signal *s);
	void (*stop)(struct circuit *c, const struct mgcp_signal *s); /* NULL: nothing is to be done */
	/* 0, or 538 and *why for parameters that mean nothing. NULL: none do. */
	unsigned (*check)(const struct mgcp_signal *s, const char **why);
};

/* Of package R, what streams.h has for connections of lines. */
#define STREAM_EVENTS "co1 co2 ji ma pl qa rto sr uc oc of"

/* Events of a package that can be seen there: names between blanks. NULL: all. */
struct circuit_events {
	const struct mgcp_package *package;
	const char *names;
};

struct circuit_kind {
	size_t size;
	mgcp_packages packages;
	const char *const *states; /* the first one is that of a free line; ends with NULL */
	const struct circuit_signal *signals; /* ends with package NULL */
	const struct circuit_events *events;  /* ends with package NULL */
	void (*open)(struct circuit *c);  /* `off_hook` is set */
	void (*close)(struct circuit *c); /* it starts over */
	void (*end)(struct circuit *c);   /* hangs up */
	void (*heard)(struct circuit *c, const struct heard *h);
	void (*timeout)(struct circuit *c); /* of the state's timer */
	enum mgcp_hook (*hook)(const struct circuit *c);
	void (*event_states)(const struct circuit *c, struct buf *out);
	void (*restored)(struct circuit *c);
	unsigned (*listens)(const struct circuit *c); /* in the present state */
};

struct circuit {
	const struct circuit_kind *kind;
	struct circuit_params p;
	int fd; /* -1: the channel is not open */
	bool off_hook; /* the far end was when it was opened */
	unsigned state;
	struct timer timer;  /* of the state */
	unsigned listening;
	bool seized;
	const struct mgcp_event_type *testing; /* looped, or a transponder: the signal of package T; NULL: neither */
	/* The tones that are on. */
	struct tone tone[BEARER_SIDES];
	const struct mgcp_signal *sounding[BEARER_SIDES];
	/* The return tone of a continuity test is there, and the go tone off: enum test_tone + 1, until it goes; or there is none. */
	int returned[BEARER_SIDES];
	struct timer return_over[BEARER_SIDES];
	/* A signal of digits that are going out. */
	const struct mgcp_signal *sending;
	/* A brief one that was cut off, until its end is told. */
	const struct mgcp_signal *cut;
	struct timer cut_over;
	/* The digit being heard (circuit_digits.c). */
	char digit;
	uint64_t digit_from;
	struct timer digit_long, digit_due;
};

extern const struct circuit_kind circuit_fxs, circuit_fxs_pbx, circuit_fxo, circuit_em_tones, circuit_em_mf, circuit_em_feature_d, circuit_em_operator,
	circuit_bearer;

/* Where all changes of state go through; stops the state's timer. */
void circuit_set_state(struct circuit *c, unsigned state, const char *why);
void circuit_timer(struct circuit *c, uint32_t ms);
/* Listens for what the state and the requests want. */
void circuit_listen(struct circuit *c);
void circuit_event(struct circuit *c, const struct mgcp_package *package, const char *event);
/* With parameters. */
void circuit_event_with(struct circuit *c, const struct mgcp_package *package, const char *event, const char *params);
/* A signal's end, when it is on: *s is NULL then. */
void circuit_done(struct circuit *c, const struct mgcp_signal **s, bool failed);
/* The signal goes on no more, and its end is told soon if nobody else would: a brief one keeps those behind it waiting. *s is NULL then. */
void circuit_cut(struct circuit *c, const struct mgcp_signal **s);
/* -errno when it must not be used; seizing twice is nothing. */
int circuit_seize(struct circuit *c, bool incoming);
void circuit_release(struct circuit *c);
/* The driver's, as long as the channel is open; what fails is logged. 0 or -errno. */
int circuit_hook_do(struct circuit *c, enum tdm_hook what);
/* Sends "addr(5,5,5)"'s digits... as the line's numbers are sent; HEARD_PLAYED or TDM_EV_DIALLED follows. */
int circuit_dial(struct circuit *c, enum digit_kind kind, const char *digits);
void circuit_reverse(struct circuit *c, bool on);
void circuit_lamp(struct circuit *c, bool on);
/* Plays a tone to the line by a notation of media/tones.h. */
void circuit_play(struct circuit *c, const char *notation);
void circuit_silence(struct circuit *c);

/* circuit_tones.c: the tone of a signal where these settings hold, and whether the call is heard in its pauses: 0, -ENOENT for what is no tone, -EINVAL. */
int circuit_tone(struct tone *ret, bool *pauses, const struct mgcp_signal *s, const struct circuit_settings *settings);
/* circuit_test.c: tests of trunks (RFC 3660 2.3, and 2.10 on connections). The signals that are no tones: */
#define CIRCUIT_TESTS {&mgcp_package_t, "lb", circuit_loop, circuit_test_over, NULL}, {&mgcp_package_t, "ct", circuit_transponder, circuit_test_over, circuit_transponder_check}
void circuit_loop(struct circuit *c, const struct mgcp_signal *s);
void circuit_transponder(struct circuit *c, const struct mgcp_signal *s);
void circuit_test_over(struct circuit *c, const struct mgcp_signal *s);
unsigned circuit_transponder_check(const struct mgcp_signal *s, const char **why);
/* What its tests listen for. */
unsigned circuit_tests_listen(const struct circuit *c);
void circuit_test_tone(struct circuit *c, enum bearer_side side, enum test_tone tone, bool begun);
void circuit_pattern_heard(struct circuit *c);
void circuit_progress_heard(struct circuit *c, enum tone_signal tone);
/* The octet of "tp(95)", -1: that is no octet. */
int circuit_pattern(struct slice params);
/* Whether parameters of these events mean something. */
bool circuit_test_params(const struct mgcp_requested *r);
void circuit_tests_stop(struct circuit *c);
/* circuit_digits.c: events of package D. '\0': the digit is over. */
void circuit_digit(struct circuit *c, char digit);
void circuit_digits_stop(struct circuit *c);
/* The digits of a signal of package D ("5", "dd(dg=5,to=500)", "do(dg=5,+)"); '\0': it has none. */
char circuit_signal_digit(const struct mgcp_signal *s);
/* circuit_address.c: the digits of a parameter, "addr" of "ct(nda),addr(k0,5,s0)", as media/digits.h spells them: 0; -ENOENT: it is not there; -EINVAL. */
int circuit_address(struct slice params, const char *name, bool mf, char *out, size_t size);
/* "k0,5,s0" of digits heard. */
void circuit_mf_write(struct buf *out, struct slice digits);
/* The value of "NAME=VALUE" in parameters; absent. */
struct slice circuit_param(struct slice params, const char *name);
