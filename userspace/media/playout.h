/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From RTP to a channel: the de-jitter buffer, and what fills its gaps: concealment, comfort noise, the tones of telephone-events. The channel's clock asks for
 * octets of the channel's law and always gets them; where nothing is lost and both sides have one law they are the sender's, bit by bit. */
#pragma once
#include "media/comfort.h"
#include "media/conceal.h"
#include "media/events.h"
#include "media/g711.h"
#include "media/jitter.h"
#include "media/tones.h"

enum playout_format {
	PLAYOUT_PCMU,
	PLAYOUT_PCMA,
	PLAYOUT_CLEAR, /* 64 kbit/s as it is (RFC 4040) */
	PLAYOUT_NOISE, /* RFC 3389 */
	PLAYOUT_EVENT, /* RFC 4733 */
};

struct playout_packet {
	enum playout_format format; /* what its payload type stands for */
	bool marker;
	uint16_t seq;
	uint32_t ssrc, timestamp;
	uint32_t arrival; /* on any clock of 8000 Hz */
	int32_t ahead;    /* octets that playout_get() had given before their time when it came */
	const uint8_t *payload;
	size_t len;
};

struct playout {
	struct jitter jitter;
	struct event_player events;
	struct conceal conceal;
	struct comfort comfort;
	struct comfort_noise noise; /* that `comfort` makes */
	enum law law;
	bool transparent;           /* nothing is made up: gaps are idle octets */
	uint64_t flashes;           /* hook flashes begun: who drives the line flashes it when this grows */
	int code;                   /* the event being played; EVENT_NONE, EVENT_PAUSE */
	struct tone tone;
	struct tone_player player;
};

void playout_init(struct playout *p, enum law law, const struct jitter_config *config);
/* It was copied, as a whole, to where it is now. */
void playout_moved(struct playout *p);
/* For data: neither concealment nor noise from now on, and the buffer stays as deep as it is (RFC 3435 2.3.5, V.152). */
void playout_transparent(struct playout *p);
/* Takes a packet; what is wrong with it is counted in jitter.stats. */
void playout_put(struct playout *p, const struct playout_packet *k);
/* How many octets are there as they came: they may be taken before their time. What else playout_get() gives is made up, and should be asked for when it is due. */
size_t playout_ready(struct playout *p);
/* The next `n` octets of the channel. */
void playout_get(struct playout *p, uint8_t *out, size_t n);
