/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a channel to RTP: packets of the peer's law and packet time; a DTMF digit that is heard becomes one telephone-event and is cut from the audio, but for the
 * first hundredths of a second that it takes to tell it from speech. Without a digit, and when both sides have one law, octets are sent as they came. */
#pragma once
#include "media/digits.h"
#include "media/events.h"
#include "media/g711.h"
#include "media/playout.h"
#include "media/silence.h"

#define CAPTURE_PTIME 1600 /* the longest: 200 ms */

struct capture_config {
	enum law law;               /* of the channel */
	enum playout_format format; /* PLAYOUT_PCMU, PLAYOUT_PCMA or PLAYOUT_CLEAR */
	unsigned ptime;             /* octets a packet, 8 to CAPTURE_PTIME */
	bool events;                /* the peer takes telephone-events */
	bool suppress;              /* silence is not sent but as comfort noise, which the peer takes (RFC 3389) */
	uint16_t seq;               /* of the first packet, */
	uint32_t timestamp;         /* and its time: random ones (RFC 3550 5.1) */
	digit_fn heard;             /* is told of digits too, whether they are sent as events or not; NULL: nobody is */
	void *arg;
};

struct capture_packet {
	enum playout_format format; /* that of the configuration, PLAYOUT_EVENT or PLAYOUT_NOISE */
	bool marker;
	uint16_t seq;
	uint32_t timestamp;
	const uint8_t *payload;     /* valid until the next capture_put() */
	size_t len;
};

/* Embedded by its user and not to be moved. */
struct capture {
	struct capture_config config;
	uint16_t seq;
	uint32_t now;        /* time of the next octet */
	unsigned fill, kept; /* octets of the packet being filled; of those, not cut */
	unsigned since;      /* octets since an event was last asked for a packet */
	bool pause;          /* the last packet time had no packet */
	bool transparent;    /* data: see capture_transparent() */
	struct digit_receiver *receiver;
	struct event_sender events;
	struct silence silence;
	uint64_t digits, late; /* heard; not told of, for the one before had not ended */
	uint8_t payload[CAPTURE_PTIME], event[EVENT_PAYLOAD], noise[1 + COMFORT_ORDER];
};

/* 0, -EINVAL (packet time) or -ENOMEM. */
int capture_init(struct capture *c, const struct capture_config *config);
/* Safe on one that is all zeroes. */
void capture_release(struct capture *c);
/* For data: nothing is listened for, cut or suppressed any more; a digit that goes on ends. */
void capture_transparent(struct capture *c);
/* Takes octets of the channel and returns how many, at least 1: up to where a packet is complete. */
size_t capture_put(struct capture *c, const uint8_t *octets, size_t n);
/* Takes octets of which nothing is to be sent; digits are heard, and time goes on. */
void capture_skip(struct capture *c, const uint8_t *octets, size_t n);
/* The next packet, to be asked for until there is none after each capture_put(). */
bool capture_next(struct capture *c, struct capture_packet *ret);
