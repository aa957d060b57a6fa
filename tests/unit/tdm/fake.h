/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver of cards that are not there: a test says what the cards show, and sees what they were told. */
#pragma once
#include "tdm/driver.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_SPANS    4
#define FAKE_CHANNELS 128

static struct {
	bool absent; /* no driver at all */
	struct tdm_span_status spans[FAKE_SPANS + 1]; /* number 0: not there */
	struct tdm_channel_status channels[FAKE_CHANNELS + 1];
	struct tdm_channel_setup set_up[FAKE_CHANNELS + 1];
	bool started[FAKE_SPANS + 1], looped[FAKE_CHANNELS + 1], taken_by_other[FAKE_CHANNELS + 1];
	enum tdm_maintenance maintained[FAKE_SPANS + 1];
	int fail_setup_of; /* a channel */
	unsigned wrong_side; /* a channel that does not take its signalling */
	unsigned rate[FAKE_CHANNELS + 1];
	char canceller[FAKE_CHANNELS + 1][16];
	char hook[FAKE_CHANNELS + 1][64]; /* what each was told to do, in order: enum tdm_hook as digits */
	unsigned fds[64];  /* the channel that each descriptor is of */
	bool wired;        /* channels that are opened are */
	int far;           /* the far end of the last one, then */
	int fars[64];      /* of all */
	unsigned n_fars;
} fake;

static void fake_count(void)
{
	unsigned total = 0;
	for (unsigned n = 1; n <= FAKE_SPANS; n++)
		total += fake.spans[n].number != 0;
	for (unsigned n = 1; n <= FAKE_SPANS; n++)
		fake.spans[n].total_spans = total;
}

/* Plugs a span in, whose channels begin with `first`. */
static void fake_plug(unsigned number, enum tdm_span_kind kind, unsigned channels, unsigned first)
{
	struct tdm_span_status *s = &fake.spans[number];
	*s = (struct tdm_span_status){.number = number, .kind = kind, .channels = channels};
	snprintf(s->name, sizeof(s->name), "FAKE/%u", number);
	for (unsigned i = 0; i < channels; i++)
		fake.channels[first + i] = (struct tdm_channel_status){.number = first + i, .span = number, .position = i + 1, .law = TDM_LAW_MULAW};
	fake_count();
}

static inline void fake_unplug(unsigned number)
{
	fake.spans[number].number = 0;
	for (unsigned n = 1; n <= FAKE_CHANNELS; n++)
		if (fake.channels[n].span == number)
			fake.channels[n].number = 0;
	fake_count();
}

static inline void fake_unwire(void)
{
	while (fake.n_fars)
		close(fake.fars[--fake.n_fars]);
}

static int fake_open(unsigned channel)
{
	if (fake.absent)
		return -ENOENT;
	if (channel && (channel > FAKE_CHANNELS || !fake.channels[channel].number))
		return -ENXIO;
	if (channel && fake.taken_by_other[channel])
		return -EBUSY;
	int fds[2];
	if (!channel || !fake.wired) {
		fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	} else {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
			return -errno;
		fake.far = fake.fars[fake.n_fars++] = fds[1];
	}
	fake.fds[fds[0]] = channel;
	return fds[0];
}

static int fake_span_read(int ctl, unsigned span, struct tdm_span_status *ret)
{
	if (span > FAKE_SPANS || !fake.spans[span].number)
		return -ENXIO;
	*ret = fake.spans[span];
	return 0;
}

static int fake_channel_read(int ctl, unsigned channel, struct tdm_channel_status *ret)
{
	if (channel > FAKE_CHANNELS || !fake.channels[channel].number)
		return -ENXIO;
	*ret = fake.channels[channel];
	return 0;
}

static int fake_span_setup(int ctl, unsigned span, const struct tdm_span_setup *s)
{
	return (s->framing == TDM_ESF || s->framing == TDM_D4) == (fake.spans[span].kind == TDM_SPAN_T1) ? 0 : -EINVAL;
}

static int fake_span_start(int ctl, unsigned span)
{
	fake.started[span] = true;
	return 0;
}

static int fake_channel_setup(int ctl, unsigned channel, const struct tdm_channel_setup *c)
{
	if ((int)channel == fake.fail_setup_of)
		return -EBUSY;
	if (channel == fake.wrong_side)
		return -EINVAL;
	if (c->dacs && !fake.channels[c->dacs].number)
		return -EINVAL;
	fake.set_up[channel] = *c;
	fake.channels[channel].signalling = c->signalling;
	if (c->law)
		fake.channels[channel].law = c->law;
	return 0;
}

/* There are but these. */
static int fake_canceller(int ctl, unsigned channel, const char *name)
{
	if (*name && strcmp(name, "mg2") && strcmp(name, "hwec"))
		return -ENOENT;
	memcpy(fake.canceller[channel], name, strlen(name) + 1);
	return 0;
}

static int fake_dynamic_add(int ctl, const struct tdm_dynamic_setup *d, unsigned *ret_span)
{
	unsigned n = 1, first = 1;
	while (n <= FAKE_SPANS && fake.spans[n].number)
		first += fake.spans[n++].channels;
	if (n > FAKE_SPANS)
		return -ENOSPC;
	fake_plug(n, TDM_SPAN_T1, d->channels, first);
	struct buf description = buf_fixed(fake.spans[n].description, sizeof(fake.spans[n].description) - 1);
	buf_printf(&description, "Dynamic '%s' span at '%s'", d->driver, d->address);
	*ret_span = n;
	return 0;
}

static int fake_maintain(int ctl, unsigned span, enum tdm_maintenance what)
{
	fake.maintained[span] = what;
	return 0;
}

static int fake_hdlc_rate(int fd, unsigned kbit)
{
	fake.rate[fake.fds[fd]] = kbit;
	return 0;
}

static int fake_loop(int fd, bool on)
{
	fake.looped[fake.fds[fd]] = on;
	return 0;
}

static int fake_gains(int fd, const struct tdm_gains *g)
{
	return 0;
}

static int fake_ringing(int ctl, const unsigned ms[TDM_CADENCE])
{
	return 0;
}

static int fake_event(int fd, struct tdm_event *ret)
{
	*ret = (struct tdm_event){0};
	return 0;
}

static int fake_audio(int fd, bool on)
{
	return 0;
}

static int fake_buffers(int fd, const struct tdm_buffers *b)
{
	return 0;
}

static int fake_hook(int fd, enum tdm_hook what)
{
	char *done = fake.hook[fake.fds[fd]];
	size_t n = strlen(done);
	if (n + 1 < sizeof(fake.hook[0]))
		done[n] = (char)('0' + what);
	return 0;
}

static int fake_cadence(int fd, const unsigned ms[TDM_CADENCE])
{
	return 0;
}

static int fake_onhook_voice(int fd, unsigned ms)
{
	return 0;
}

static int fake_reverse(int fd, bool on)
{
	return 0;
}

static int fake_messages(int fd, unsigned count)
{
	return 0;
}

static int fake_flush(int fd, unsigned what)
{
	return 0;
}

static const struct tdm_driver fake_driver = {
	.name = "fake",
	.open = fake_open,
	.span_read = fake_span_read,
	.channel_read = fake_channel_read,
	.span_setup = fake_span_setup,
	.span_start = fake_span_start,
	.channel_setup = fake_channel_setup,
	.canceller = fake_canceller,
	.dynamic_add = fake_dynamic_add,
	.maintain = fake_maintain,
	.hdlc_rate = fake_hdlc_rate,
	.loop = fake_loop,
	.gains = fake_gains,
	.ringing = fake_ringing,
	.event = fake_event,
	.audio = fake_audio,
	.hook = fake_hook,
	.cadence = fake_cadence,
	.onhook_voice = fake_onhook_voice,
	.reverse = fake_reverse,
	.messages = fake_messages,
	.buffers = fake_buffers,
	.flush = fake_flush,
};
