/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside bearers and their span's thread. Everything here is under the thread's lock. */
#pragma once
#include "media/capture.h"
#include "media/progress.h"
#include "media/transponder.h"
#include "media/voice.h"
#include "mediagw/bearer.h"
#include "mediagw/inbox.h"
#include "mediagw/span_thread.h"
#include <pthread.h>
#include <stdatomic.h>

#define SPAN_BEARERS 256
#define SPAN_HEARD   256
#define BLOCK_MAX    240  /* octets read at once, at most: 30 ms */
#define OCTET_NS     125000
#define RTP_HEADER   12

struct loop_watch;

struct span_thread {
	unsigned number;
	struct fastpath *fp;
	struct fp_outlet *outlet;
	struct inbox *inbox;
	int epoll, stop_fd, heard_fd;
	pthread_t id;
	bool running;
	atomic_bool stop;
	pthread_mutex_t lock;
	struct bearer *bearers[SPAN_BEARERS];
	uint32_t generation[SPAN_BEARERS]; /* so that what epoll says of an earlier one is known */
	unsigned used;                     /* indices below are or were in use */
	bool ticked;                       /* a block of some channel has come in this turn */
	unsigned out;                      /* packets put into the outlet */
	struct {
		uint8_t head[FP_HEADROOM];
		uint8_t data[RTP_HEADER + CAPTURE_PTIME];
	} packet[FP_OUTLET];
	/* What the main loop is to be told. */
	struct loop_watch *watch;
	unsigned heard_first, heard_count;
	bool heard_unsaid;
	struct {
		struct bearer *bearer;
		struct heard heard;
	} heard[SPAN_HEARD];
};

/* What listens to the line; made on the main loop. */
struct ears {
	struct bearer *bearer;
	struct bearer_ears want;
	struct digit_receiver *digits;
	struct caller_id_receiver *caller;
	struct progress *progress;
	struct test_tones tests[BEARER_SIDES];
	unsigned repeated; /* octets of the pattern in a row, up to now */
	bool pattern_told;
	struct voice voice;
};

/* A connection: its way in and its way out. */
struct stream {
	struct bearer_connection c;
	struct capture *capture;   /* NULL: never flowed */
	struct playout playout;
	uint32_t ssrc;
	uint64_t flashes;
	struct bearer_heard heard;
	uint64_t count[BEARER_COUNTERS]; /* those that are counted here */
};

struct bearer {
	struct span_thread *thread;
	struct bearer_params p;
	unsigned index;
	bool flows;        /* its octets are read and written */
	bool lost;
	struct stream first;
	struct mix *mix;   /* the other connections; NULL: there are none */
	struct voiceband_detector *detector[BEARER_SIDES];
	struct ears *ears; /* NULL: nothing is listened for */
	struct sound *sound[BEARER_SIDES];
	bool over[BEARER_SIDES]; /* it has ended, and that was told */
	bool transparent;  /* data is carried */
	bool cancelling, looped, gained;
	uint32_t tell_end; /* when the event of bearer_tell() ends, of the capture's time, */
	bool telling;      /* if one goes on */
	enum bearer_mode test;     /* of bearer_test() */
	struct transponder transponder;
	/* The channel's clock, in octets: what was read, and when; and up to where has been written. */
	unsigned block;
	bool started;
	unsigned blocks;  /* read since it has, while they are few */
	bool aligning;    /* its blocks are to begin with those of the others, so that one turn is for all */
	bool tells_slips; /* the driver does */
	int64_t ticks, written;
	uint64_t tick_ns;
	uint64_t due_ns;   /* when it needs octets */
};

/* --- bearer.c ------------------------------------------------------------------------------------------------------ */
/* A capture for this connection and these ears (NULL: none). */
int bearer_capture_new(struct capture **ret, struct bearer *b, const struct bearer_connection *c, const struct ears *ears);
/* Puts it in, under the lock, to go on where the one before is when that was of the same stream. Returns that one, to be freed behind the lock. */
struct capture *bearer_capture_put_in(struct bearer *b, struct stream *s, struct capture *new, bool same_stream);
/* Whether both can have the same capture. */
bool bearer_sounds_alike(const struct bearer_connection *a, const struct bearer_connection *b);
/* Nothing has come yet. */
void bearer_stream_init(struct stream *s, enum law law, const struct bearer_connection *c, uint32_t ssrc);
/* What the driver does for a connection. */
int bearer_set_driver(struct bearer *b, const struct bearer_connection *c);

/* --- bearer_mix.c: several connections ----------------------------------------------------------------------------- */
/* Whether it can be one of several: in the modes of tests, and with data, it has the channel for itself. */
bool bearer_mixes(const struct bearer_connection *c);
/* One besides the first, added or changed: as bearer_connect(). */
int bearer_mix_connect(struct bearer *b, const struct bearer_connection *c);
/* One of several is gone; the first's place is taken by the next. */
void bearer_mix_disconnect(struct bearer *b, uint32_t slot);
/* That of a slot, NULL. */
struct stream *bearer_mix_stream(struct bearer *b, uint32_t slot);
/* As bearer_can_fill(), bearer_fill(), of the others bearer_waited(), and bearer_captured(), without sounds. */
size_t bearer_mix_ready(struct bearer *b);
void bearer_mix_fill(struct bearer *b, uint8_t *out, size_t n);
void bearer_mix_waited(struct bearer *b, uint32_t n);
void bearer_mix_captured(struct bearer *b, uint8_t *octets, size_t n);

/* --- span_thread.c ------------------------------------------------------------------------------------------------- */
/* A reference on the thread goes with it. */
int span_thread_add(struct span_thread *t, struct bearer *b);
void span_thread_remove(struct bearer *b);
/* Has the channel's readiness watched, or only its events. */
int span_thread_watch(const struct bearer *b);
/* It cannot be watched any more. */
void span_thread_forget(const struct bearer *b);
/* To be told on the main loop. */
void span_thread_heard(struct bearer *b, const struct heard *h);
/* Room for a packet that is then sent by span_thread_send(), as long as its slot is. */
uint8_t *span_thread_room(struct span_thread *t);
int span_thread_send(struct span_thread *t, uint32_t slot, size_t len);

/* --- bearer_line.c: a channel's octets ----------------------------------------------------------------------------- */
/* What epoll says of it. */
void bearer_ready(struct bearer *b, uint32_t events, uint64_t now_ns);
/* Writes what is due, and notes when something will be again. */
void bearer_write(struct bearer *b, uint64_t now_ns);
/* A block of another channel is complete: one of this is to begin. */
void bearer_align(struct bearer *b);
/* Begins to flow, from nothing. */
int bearer_flow(struct bearer *b);
/* How many octets were taken from the de-jitter buffer before their time. */
int32_t bearer_ahead(const struct bearer *b, uint64_t now_ns);

/* --- bearer_rtp.c: to and from the network ------------------------------------------------------------------------- */
void bearer_received(struct bearer *b, struct stream *s, const struct inbox_packet *k);
/* The next octets of one peer. */
void bearer_play_stream(struct bearer *b, struct stream *s, uint8_t *out, size_t n);
/* Octets for one peer; or what is only listened to. */
void bearer_capture_stream(struct bearer *b, struct stream *s, const uint8_t *octets, size_t n, bool sends);
/* Octets of the line, which are changed. */
void bearer_captured(struct bearer *b, uint8_t *octets, size_t n);
/* The next octets for the line. */
void bearer_fill(struct bearer *b, uint8_t *out, size_t n);
/* The line took so many octets that were not there. */
void bearer_waited(struct bearer *b, uint32_t n);
/* How many are there to be written at once, 0: they have to be made up when they are due. */
size_t bearer_can_fill(struct bearer *b);

/* --- bearer_hear.c ------------------------------------------------------------------------------------------------- */
int ears_new(struct ears **ret, struct bearer *b, const struct bearer_ears *want);
/* They take the place of others: what those were told of who speaks is known. */
void ears_go_on(struct ears *e, const struct ears *was);
/* What comes from the line. */
void bearer_hear_line(struct bearer *b, const uint8_t *octets, size_t n);
/* What goes to it from the network. */
void bearer_hear_network(struct bearer *b, const uint8_t *octets, size_t n);
/* Voice of a packet, as soon as it has come. */
void bearer_hear_packet(struct bearer *b, enum law law, const uint8_t *octets, size_t n);
/* A capture has heard a digit: of the line, unless others are mixed into that. */
void bearer_hear_digit(void *bearer, char digit, int level);
void bearer_tell_digit(struct bearer *b, char digit);
int bearer_detectors(struct voiceband_detector *ret[BEARER_SIDES], struct bearer *b);
/* The canceller, by what is wanted now. */
void bearer_cancel_echo(struct bearer *b);

static inline bool bearer_connected(const struct bearer *b)
{
	return b->first.c.slot != BEARER_NO_SLOT;
}

static inline bool stream_from_line(const struct stream *s)
{
	return s->c.mode == BEARER_SENDONLY || s->c.mode == BEARER_SENDRECV || s->c.mode == BEARER_CONFRNCE;
}

static inline bool stream_to_line(const struct stream *s)
{
	return s->c.mode == BEARER_RECVONLY || s->c.mode == BEARER_SENDRECV || s->c.mode == BEARER_CONFRNCE;
}

static inline bool bearer_from_line(const struct bearer *b)
{
	return bearer_connected(b) && !b->test && stream_from_line(&b->first);
}

static inline bool bearer_to_line(const struct bearer *b)
{
	return bearer_connected(b) && !b->test && stream_to_line(&b->first);
}

/* The connection of a slot, NULL. */
static inline struct stream *bearer_stream(struct bearer *b, uint32_t slot)
{
	return b->first.c.slot == slot ? &b->first : b->mix ? bearer_mix_stream(b, slot) : NULL;
}

/* The line hears the transponder. */
static inline bool bearer_is_tested(const struct bearer *b)
{
	return b->test ? b->test == BEARER_CONTTEST : bearer_connected(b) && b->first.c.mode == BEARER_CONTTEST;
}

static inline bool bearer_is_looped(const struct bearer *b)
{
	return b->test ? b->test == BEARER_LOOPBACK : bearer_connected(b) && b->first.c.mode == BEARER_LOOPBACK;
}

/* The network hears what it said, or the transponder. */
static inline bool bearer_turns_round(const struct bearer *b)
{
	return bearer_connected(b) && !b->test && (b->first.c.mode == BEARER_NETWLOOP || b->first.c.mode == BEARER_NETWTEST);
}

static inline void bearer_lock(const struct bearer *b)
{
	pthread_mutex_lock(&b->thread->lock);
}

static inline void bearer_unlock(const struct bearer *b)
{
	pthread_mutex_unlock(&b->thread->lock);
}
