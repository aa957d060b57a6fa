// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/capture.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

#define UPDATES    160 /* octets between reports of an event, whatever the packet time */
#define VOLUME_MAX 63

static void on_digit(void *arg, char digit, int level)
{
	struct capture *c = arg;
	c->digits += digit != '\0';
	if (c->config.heard)
		c->config.heard(c->config.arg, digit, level);
	if (!c->config.events)
		return;
	if (!digit) {
		event_end(&c->events, c->now);
		return;
	}
	int volume = level > 0 ? 0 : -level < VOLUME_MAX ? -level : VOLUME_MAX;
	if (event_begin(&c->events, (uint8_t)event_code(digit), (uint8_t)volume, c->now))
		c->late++;
}

int capture_init(struct capture *c, const struct capture_config *config)
{
	if (config->ptime < 8 || config->ptime > CAPTURE_PTIME)
		return -EINVAL;
	memset(c, 0, sizeof *c);
	c->config = *config;
	c->seq = config->seq;
	c->now = config->timestamp;
	c->pause = true;
	silence_init(&c->silence);
	c->transparent = config->format == PLAYOUT_CLEAR;
	if ((config->events || config->heard) && !c->transparent) {
		c->receiver = digit_receiver_new(DIGIT_DTMF, on_digit, c);
		if (!c->receiver)
			return -ENOMEM;
	}
	return 0;
}

void capture_release(struct capture *c)
{
	c->receiver = mem_deref(c->receiver);
}

void capture_transparent(struct capture *c)
{
	c->transparent = true;
	c->config.suppress = false;
	event_end(&c->events, c->now);
}

/* Whether a digit is heard after these octets: then they are cut, where it is sent as an event. */
static bool listen(struct capture *c, const uint8_t *octets, size_t n)
{
	int16_t linear[UPDATES];
	if (!c->receiver || c->transparent)
		return false;
	law_decode(c->config.law, linear, octets, n);
	digit_receiver_hear(c->receiver, linear, n);
	return c->config.events && digit_receiver_suspects(c->receiver);
}

static void keep(struct capture *c, const uint8_t *octets, size_t n, bool cut)
{
	const enum law law = c->config.law, other = law == LAW_U ? LAW_A : LAW_U;
	const bool convert = c->config.format == (other == LAW_U ? PLAYOUT_PCMU : PLAYOUT_PCMA);
	uint8_t *out = c->payload + c->fill;
	if (cut)
		memset(out, law_idle[convert ? other : law], n);
	else if (convert)
		law_convert(law, out, octets, n);
	else
		memcpy(out, octets, n);
	c->fill += (unsigned)n;
	c->kept += cut ? 0 : (unsigned)n;
}

size_t capture_put(struct capture *c, const uint8_t *octets, size_t n)
{
	if (n > c->config.ptime - c->fill)
		n = c->config.ptime - c->fill;
	if (n > UPDATES - c->since)
		n = UPDATES - c->since;
	keep(c, octets, n, listen(c, octets, n));
	c->now += (uint32_t)n;
	c->since += (unsigned)n;
	return n;
}

void capture_skip(struct capture *c, const uint8_t *octets, size_t n)
{
	c->fill = c->kept = c->since = 0;
	c->pause = true;
	for (size_t part; n; octets += part, n -= part) {
		part = n < UPDATES ? n : UPDATES;
		(void)listen(c, octets, part);
		c->now += (uint32_t)part;
	}
	c->events = (struct event_sender){0};
}

static bool next_event(struct capture *c, struct capture_packet *ret)
{
	struct event_packet e;
	c->since = 0;
	if (!event_send(&c->events, c->now, &e))
		return false;
	memcpy(c->event, e.payload, sizeof c->event);
	*ret = (struct capture_packet){.format = PLAYOUT_EVENT, .marker = e.marker, .seq = c->seq++, .timestamp = e.ts, .payload = c->event, .len = sizeof c->event};
	return true;
}

static enum silence_verdict judge(struct capture *c)
{
	int16_t linear[CAPTURE_PTIME];
	if (!c->config.suppress || c->config.format == PLAYOUT_CLEAR)
		return SILENCE_SPEECH;
	law_decode(c->config.format == PLAYOUT_PCMA ? LAW_A : LAW_U, linear, c->payload, c->config.ptime);
	return silence_judge(&c->silence, comfort_level(linear, c->config.ptime), c->config.ptime);
}

/* A packet time of which everything was cut, or that is silent, has no audio; the packet behind it is marked (RFC 3551 4.1). */
static bool next_audio(struct capture *c, struct capture_packet *ret)
{
	const enum silence_verdict verdict = c->kept ? judge(c) : SILENCE_QUIET;
	c->fill = c->kept = 0;
	if (verdict != SILENCE_QUIET)
		*ret = (struct capture_packet){.format = c->config.format, .marker = c->pause, .seq = c->seq++, .timestamp = c->now - c->config.ptime,
			.payload = c->payload, .len = c->config.ptime};
	c->pause = verdict != SILENCE_SPEECH;
	if (verdict != SILENCE_TELL)
		return verdict == SILENCE_SPEECH;
	ret->format = PLAYOUT_NOISE;
	ret->marker = false;
	ret->payload = c->noise;
	ret->len = comfort_write(&(struct comfort_noise){.level = c->silence.told}, c->noise);
	return true;
}

bool capture_next(struct capture *c, struct capture_packet *ret)
{
	if (c->since == UPDATES && next_event(c, ret))
		return true;
	return c->fill == c->config.ptime && next_audio(c, ret);
}
