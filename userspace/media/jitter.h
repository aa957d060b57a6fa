/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A de-jitter buffer between RTP packets of one octet a sample and a telephone channel. The channel's clock pulls; whatever the sender's clock does,
 * and whatever the network does to its packets, as many octets come out as are asked for. Lengths and times are octets, of which 8 are a
 * millisecond, unless a name says otherwise.
 *
 * The octets lie in a ring at the place their timestamp gives them, so that order of arrival, packet time and duplicates do not matter. The *lead* of a
 * packet is how long before its turn it came; what the buffer does about its depth it concludes from the lowest and the highest lead
 * of the last seconds. An adaptive buffer keeps the lowest lead just above zero: it becomes deeper at once when a packet comes late, and
 * shallower bit by bit. A fixed one leaves its depth alone until the clocks have drifted by half of it (modems: RFC 3435 2.3.5). Each time octets are
 * left out or time is filled in to that end is a slip, and counted. */
#pragma once
#include "media/comfort.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JITTER_RING    4096 /* octets held at most */
#define JITTER_MAX     2000 /* the largest depth that may be asked for */
#define JITTER_PACKET  1600 /* the longest payload: 200 ms */
#define JITTER_WINDOWS 8    /* of JITTER_WINDOW octets each: how far back leads are remembered */
#define JITTER_WINDOW  32768
#define JITTER_NOISES  8

enum jitter_kind {
	JITTER_IDLE,  /* nothing has come yet, or not for a second */
	JITTER_VOICE,
	JITTER_LOST,  /* to be concealed */
	JITTER_NOISE, /* the sender is silent: comfort noise, see jitter_noise() */
	JITTER_EVENT, /* a telephone-event takes the place of audio */
};

struct jitter_config {
	bool fixed;
	unsigned depth; /* of a fixed buffer; where an adaptive one begins */
	unsigned max;   /* an adaptive one gets no deeper, at most JITTER_MAX */
};

/* A received packet of the audio stream. */
struct jitter_packet {
	uint32_t ssrc, timestamp;
	uint32_t arrival;       /* on any clock of 8000 Hz: only for the interarrival jitter */
	int32_t ahead;          /* octets that had been taken before their time when it came: they count to its lead */
	uint16_t seq;
	bool marker;
	enum jitter_kind kind;  /* JITTER_VOICE, JITTER_NOISE or JITTER_EVENT */
	const uint8_t *payload; /* of voice: octets; of noise: RFC 3389; of an event: not looked at */
	size_t len;
};

struct jitter_stats {
	uint64_t received, duplicate;
	uint64_t late;      /* came when its turn had begun, played or not */
	uint64_t dropped;   /* of those, not played at all */
	uint64_t stray;     /* malformed, or far from the rest of the stream */
	uint64_t jumps;     /* new SSRC, or timestamps that went on elsewhere */
	uint64_t skipped, repeated; /* slips: times that octets were left out, that time was filled in */
	uint64_t skipped_octets, repeated_octets;
	uint64_t voice, concealed, noise; /* octets given out */
	uint32_t jitter;    /* interarrival, RFC 3550 A.8 */
};

/* Leads seen in some time. */
struct jitter_leads {
	int32_t low, high;
	bool any;
};

/* Embedded by its user; everything but `stats` is the buffer's own. */
struct jitter {
	struct jitter_stats stats;
	struct jitter_config config;
	/* Play-out: positions count octets; timestamp + base is the position of a packet. */
	uint32_t read, end, base;
	enum jitter_kind gap; /* what absent octets are */
	uint32_t gap_len;
	bool running;
	uint8_t noise_at, noise_next;
	/* Sequence numbers (RFC 3550 A.1, A.3). */
	uint32_t ssrc;
	uint16_t seq_max;
	bool suspect; /* a stray packet came: the next one may follow it */
	uint16_t suspect_seq;
	uint32_t suspect_ts;
	unsigned hopeless; /* packets in a row that came late */
	uint64_t seq_seen; /* bit i: seq_max - i came */
	uint64_t expected;
	/* Interarrival jitter, times 16. */
	bool transit_known;
	int32_t transit, jitter16;
	/* Depth. */
	int32_t owed; /* octets still to be left out; negative: to be filled in */
	uint32_t window_left, slip_wait;
	unsigned window;
	struct jitter_leads now, past[JITTER_WINDOWS];
	struct comfort_noise noise[JITTER_NOISES];
	uint8_t octets[JITTER_RING];
	uint8_t marks[JITTER_RING]; /* enum jitter_kind of what is there; 0: absent */
};

/* Starts empty; a depth over what is possible is cut. */
void jitter_init(struct jitter *j, const struct jitter_config *config);
/* Nobody listened for a while: what is held is old, and the next packet begins a timeline. */
void jitter_restart(struct jitter *j);
/* Time passed in which nothing was taken: whatever is held, and whatever comes, waits so much longer. */
void jitter_waited(struct jitter *j, uint32_t n);
/* Makes the buffer fixed at the depth it has. */
void jitter_fix(struct jitter *j);
/* Takes a packet. `map`, if not NULL, converts its octets to the law of the channel (law_other[]). False when nothing of it will be played. */
bool jitter_put(struct jitter *j, const struct jitter_packet *p, const uint8_t *map);
/* The next octets: at most `n`, all of one kind, which is told; only voice is written to `out`. Returns how many they are, at least 1: call it until all are there. */
size_t jitter_get(struct jitter *j, uint8_t *out, size_t n, enum jitter_kind *kind);
/* How many octets of voice come next, slips that are due done: so many may be taken before their time. */
size_t jitter_ready(struct jitter *j);
/* The noise that is to be made where JITTER_NOISE was told. */
const struct comfort_noise *jitter_noise(const struct jitter *j);
/* Packets lost up to now: expected - received (RFC 3550 A.3), never negative. */
uint64_t jitter_lost(const struct jitter *j);
/* How long the timeliest packets of the last seconds have waited for their turn. */
unsigned jitter_depth(const struct jitter *j);
