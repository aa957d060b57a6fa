/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The voice path of one telephone channel: between the channel's octets and the RTP of a connection, tones into either, and what is heard on the line. It
 * knows nothing of MGCP, nor what a channel's signalling means. Belongs to the main loop, whose functions these are; its media runs in its span's thread
 * (span_thread.h), and what is heard there comes back on the main loop. While there is nothing to hear or to say, only the driver's events are watched. */
#pragma once
#include "base/counter.h"
#include "media/callerid.h"
#include "media/digits.h"
#include "media/playout.h"
#include "media/test_tones.h"
#include "media/transponder.h"
#include "media/voiceband.h"
#include "mediagw/sound.h"
#include "tdm/driver.h"

struct bearer; /* mem_deref() ends it: the channel is silent, and nothing more is told */
struct span_thread;

/* Where sounds go. */
enum bearer_side { BEARER_LINE, BEARER_NETWORK, BEARER_SIDES };

/* Which way audio goes (RFC 3435 2.1.3 and 3.2.2.6). */
enum bearer_mode {
	BEARER_INACTIVE,
	BEARER_SENDONLY, /* to the network */
	BEARER_RECVONLY,
	BEARER_SENDRECV,
	BEARER_LOOPBACK, /* the line hears itself */
	BEARER_CONTTEST, /* the line hears the other tone of a dual-tone continuity test */
	BEARER_NETWLOOP, /* the network hears itself */
	BEARER_NETWTEST, /* the network hears the other tone */
	BEARER_CONFRNCE, /* as BEARER_SENDRECV, and who is in this mode hears the others who are */
	BEARER_MODES
};

enum heard_kind {
	HEARD_EVENT,     /* of the driver: `event` */
	HEARD_DIGIT,     /* `digit`: one begins, in-band; '\0': it has ended */
	HEARD_VOICEBAND, /* a modem or fax machine, on either side: `voiceband`. The call carries data from now on */
	HEARD_TONE,      /* a tone of the network began, or ended: `tone`, `begun` */
	HEARD_VOICE,     /* somebody speaks (`begun`), or has not for VOICE_QUIET_MS */
	HEARD_CALLER_ID, /* `caller` */
	HEARD_FLASH,     /* the peer wants the line flashed (telephone-event 16) */
	HEARD_PLAYED,    /* the sound on `side` has ended by itself */
	HEARD_TEST_TONE, /* a tone of tests on `side` began, or ended: `test_tone`, `begun` */
	HEARD_PATTERN,   /* the octet that was listened for repeats */
	HEARD_LOST,      /* the channel cannot be read any more */
};

struct heard {
	enum heard_kind kind;
	bool begun;
	char digit;
	enum voiceband voiceband;
	enum tone_signal tone;
	enum test_tone test_tone;
	enum bearer_side side;
	struct tdm_event event;
	struct caller_id caller;
};

struct bearer_params {
	const struct tdm_driver *driver;
	int fd;               /* the open channel, not blocking; the caller's, to be closed after the bearer's end */
	enum law law;         /* of the channel */
	bool digital;         /* it can be had without any processing (struct tdm_driver's audio()) */
	unsigned tail;        /* of the echo canceller, in samples, 1: its own; 0: there is none */
	void (*heard)(void *arg, const struct heard *h); /* may end the bearer */
	void *arg;
};

/* Silent until bearer_connect(), bearer_play() or bearer_listen(). 0, -ENOMEM, -ENOSPC (too many on this span), or what epoll says. */
int bearer_start(struct bearer **ret, struct span_thread *t, const struct bearer_params *p);

#define BEARER_NO_SLOT UINT32_MAX
#define BEARER_STREAMS 4 /* connections at once */

/* The connection and how it is to sound. */
struct bearer_connection {
	uint32_t slot;               /* of its RTP port, BEARER_NO_SLOT: there is none */
	enum bearer_mode mode;
	enum playout_format format;  /* sent: PLAYOUT_PCMU, PLAYOUT_PCMA or PLAYOUT_CLEAR; either law is taken */
	uint8_t pt;                  /* its payload type, */
	uint8_t pt_taken;            /* and as the peer sends it, 0: the same; those of G.711 are known */
	uint8_t event_pt, event_pt_sent; /* telephone-events: as the peer sends them, as it takes them; 0: not at all */
	bool flash_sent;             /* it takes the hook flash, too */
	bool noise;                  /* the peer takes comfort noise (RFC 3389, payload type 13) */
	bool suppress;               /* silence is suppressed (MGCP s:on), with comfort noise where the peer takes it */
	bool voice_only;             /* modems and fax machines are not listened for */
	bool echo;                   /* the canceller is on (MGCP e:on) */
	double gain;                 /* dB, of what the line hears (MGCP gc:), and */
	double gain_sent;            /* of what is sent */
	unsigned ptime;              /* ms, 1 to 200 */
	unsigned jitter_max;         /* ms the de-jitter buffer may grow to, 0: 250; */
	bool jitter_fixed;           /* no, it stays as it is */
};

/* Sets the connection of a slot or changes it: what is the same goes on undisturbed. 0, -EINVAL (packet time; a test or data besides others), -EBUSY (too many),
 * -ENOMEM, or what the driver says; nothing is changed then. The line hears all of those that receive. What the driver does for the line, modems and hook flashes
 * are the business of the first. What has no slot is the end of all connections, which never fails. */
int bearer_connect(struct bearer *b, const struct bearer_connection *c);
/* The end of one; the others go on undisturbed. */
void bearer_disconnect(struct bearer *b, uint32_t slot);
/* What fp_stream.deliver is to be for its connections. */
uint32_t bearer_deliver(const struct bearer *b);

/* Plays a sound, in place of the one before, instead of what is heard there else. Takes a reference; NULL: silence. 0 or -ENOMEM. */
int bearer_play(struct bearer *b, enum bearer_side side, struct sound *s);
/* Whatever a connection says, the line hears itself (BEARER_LOOPBACK), or a transponder (BEARER_CONTTEST) that answers to one tone, or to either with a negative one;
 * nothing goes to or comes from the network meanwhile. BEARER_INACTIVE ends it. 0 or what the driver says. */
int bearer_test(struct bearer *b, enum bearer_mode mode, int tone);
/* Sends the peer a telephone-event (a hook flash): 0, -ENOTCONN when it does not take it, -EBUSY while another goes on. */
int bearer_tell(struct bearer *b, uint8_t code, unsigned ms);

/* What is listened for on the line, besides voiceband data while there is a connection. */
struct bearer_ears {
	bool dtmf;                     /* and nothing is cut or sent that was not anyway */
	bool register_tones;           /* MF or R2: `kind` */
	enum digit_kind kind;
	bool caller_id;
	enum caller_id_modem modem;
	bool voice;
	char country[3];               /* whose tones; "": none */
	bool test_tones[BEARER_SIDES]; /* from there; of the network's packets as they come, whatever becomes of them */
	bool pattern;                  /* 20 ms of `octet` */
	uint8_t octet;
};
/* 0, -ENOENT (no such country), -ENOMEM: as it was then. NULL: nothing. */
int bearer_listen(struct bearer *b, const struct bearer_ears *ears);

enum bearer_counter {
	BEARER_RECEIVED, BEARER_SENT, BEARER_SENT_OCTETS, BEARER_UNSENT, BEARER_LOST, BEARER_LATE, BEARER_DROPPED, BEARER_DUPLICATE, BEARER_STRAY, BEARER_OTHER, BEARER_UNHEARD,
	BEARER_JUMPS, BEARER_SKIPPED, BEARER_REPEATED, BEARER_VOICE, BEARER_CONCEALED, BEARER_NOISE, BEARER_EVENTS, BEARER_LAPSED, BEARER_DIGITS, BEARER_UNTOLD,
	BEARER_UNDERRUNS, BEARER_OVERRUNS, BEARER_DEPTH, BEARER_JITTER,
	BEARER_COUNTERS
};
extern const struct counter_def bearer_defs[BEARER_COUNTERS];
/* What its first connection did since it was there; of BEARER_DEPTH and BEARER_JITTER how it is now, in octets of 8000 Hz. */
void bearer_read(const struct bearer *b, uint64_t ret[BEARER_COUNTERS]);

/* For RTCP: what is sent. */
struct bearer_sent {
	uint64_t packets, octets;
	uint32_t ssrc;
	uint32_t timestamp; /* of the octet that is captured now */
};
/* False when it has no such connection. */
bool bearer_sent(const struct bearer *b, uint32_t slot, struct bearer_sent *ret);
/* What was received last on a connection: -1 and 0 when nothing was. */
struct bearer_heard {
	int pt;
	unsigned ptime; /* ms */
};
struct bearer_heard bearer_heard(const struct bearer *b, uint32_t slot);
/* Whether it carries data: a modem was heard, or it is digital. */
bool bearer_transparent(const struct bearer *b);
bool bearer_cancels_echo(const struct bearer *b);
