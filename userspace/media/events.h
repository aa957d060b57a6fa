/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone-events (RFC 4733) between RTP and a channel: DTMF 0 to 15 and the hook flash. The player makes of packets what the channel is to carry, the
 * sender makes packets of what the channel carried. Times are octets of 8000 Hz. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_PAYLOAD 4
#define EVENT_FLASH   16
#define EVENT_QUEUE   16

/* What event_play() tells besides events. */
enum {
	EVENT_NONE = -1,  /* the channel carries audio */
	EVENT_PAUSE = -2, /* silence between two events */
};

/* One report: 2.3. */
struct event_report {
	uint8_t code;
	bool end;
	uint8_t volume;    /* -dBm0, 0..63; 0: nominal */
	uint16_t duration;
};

/* Reads the first report of a payload: 0, or -EBADMSG when it is too short. */
int event_read(struct event_report *ret, const uint8_t *payload, size_t len);
void event_write(const struct event_report *r, uint8_t out[EVENT_PAYLOAD]);
/* The key of a code ("0123456789*#ABCD", '!' for the flash), '\0' of another; and the code of a key, negative when it has none. */
char event_key(int code);
int event_code(char key);

struct event_playing {
	uint32_t ts;       /* where its present segment began */
	uint32_t before;   /* what earlier segments lasted (2.5.1.3) */
	uint32_t duration; /* of the present one, as far as is known */
	uint8_t code, volume;
	bool ended;
	bool by_audio;     /* which came instead of more reports */
};

/* Plays one event after the other, each with the duration it was sent with: until a packet says that it ended, the next one begins, or audio takes its place, and
 * when all of these are lost, three packet times longer than is known (2.5.2.2). An event is at least `least` long, and so is the pause behind it. */
struct event_player {
	uint32_t ssrc;
	bool known;        /* last_ts is */
	uint32_t last_ts;  /* of the newest event */
	uint32_t interval; /* between updates */
	uint32_t least, played, pause;
	bool beside;       /* audio comes for the time of events too */
	unsigned first, count;
	struct event_playing queue[EVENT_QUEUE];
	uint64_t events, lapsed, dropped; /* begun; ended without being told; not played, for want of room */
};

void event_player_init(struct event_player *p);
/* Takes an event packet's payload, which may hold several reports. */
void event_hear(struct event_player *p, uint32_t ssrc, uint32_t ts, bool marker, const uint8_t *payload, size_t len);
/* Says that audio came for this time. */
void event_audio(struct event_player *p, uint32_t ssrc, uint32_t ts);
/* What the next octets are, at most `n`: the code of an event, EVENT_PAUSE or EVENT_NONE. Returns for how many of them that holds, at least 1. */
size_t event_play(struct event_player *p, size_t n, int *code);
/* The level, in -dBm0, of the event being played; 0: nominal. */
uint8_t event_volume(const struct event_player *p);

enum event_state {
	EVENT_IDLE,
	EVENT_BEGUN,   /* no packet yet */
	EVENT_GOES_ON,
	EVENT_ENDED,   /* the final packets go out */
};

struct event_sender {
	enum event_state state;
	uint8_t code, volume;
	uint32_t ts;       /* of the present segment */
	uint32_t end;
	bool ending;       /* the tone has ended, at `end` */
	unsigned left;     /* final packets to be sent */
};

struct event_packet {
	bool marker;
	bool instead;      /* no audio is sent for this packet time */
	uint32_t ts;
	uint8_t payload[EVENT_PAYLOAD];
};

/* A tone began at this time of the stream: 0, or -EBUSY while the one before it was not told of to the end. */
int event_begin(struct event_sender *s, uint8_t code, uint8_t volume, uint32_t ts);
/* It ended; nothing happens when none goes on. */
void event_end(struct event_sender *s, uint32_t ts);
/* Asked once each packet time, `now` being the end of it: true when there is a packet to send. The final one is sent three times (2.5.1.4). */
bool event_send(struct event_sender *s, uint32_t now, struct event_packet *ret);
