// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/voiceband.h"
#include "base/mem.h"
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/modem_connect_tones.h>

#define DETECTORS 3

struct voiceband_detector {
	voiceband_fn heard;
	void *arg;
	unsigned count;
	modem_connect_tones_rx_state_t *rx[DETECTORS];
};

static const int detectors[DETECTORS] = {MODEM_CONNECT_TONES_ANS_PR, MODEM_CONNECT_TONES_FAX_CNG, MODEM_CONNECT_TONES_FAX_PREAMBLE};

static const struct {
	int tone;
	const char *name;
} kinds[VOICEBAND_KINDS] = {
	[VOICEBAND_NONE] = {MODEM_CONNECT_TONES_NONE, "none"},
	[VOICEBAND_ANSWER] = {MODEM_CONNECT_TONES_ANS, "ans"},
	[VOICEBAND_ANSWER_REVERSED] = {MODEM_CONNECT_TONES_ANS_PR, "/ans"},
	[VOICEBAND_V8] = {MODEM_CONNECT_TONES_ANSAM, "ansam"},
	[VOICEBAND_V8_REVERSED] = {MODEM_CONNECT_TONES_ANSAM_PR, "/ansam"},
	[VOICEBAND_FAX_CALLING] = {MODEM_CONNECT_TONES_FAX_CNG, "cng"},
	[VOICEBAND_FAX] = {MODEM_CONNECT_TONES_FAX_PREAMBLE, "v21"},
};

const char *voiceband_name(enum voiceband kind)
{
	return kind < VOICEBAND_KINDS ? kinds[kind].name : "";
}

static void on_tone(void *arg, int tone, int level, int delay)
{
	struct voiceband_detector *d = arg;
	for (unsigned i = 0; i < VOICEBAND_KINDS; i++)
		if (kinds[i].tone == tone)
			d->heard(d->arg, i);
}

static void destroy(void *obj)
{
	struct voiceband_detector *d = obj;
	for (unsigned i = 0; i < d->count; i++)
		modem_connect_tones_rx_free(d->rx[i]);
}

struct voiceband_detector *voiceband_new(bool fax, voiceband_fn heard, void *arg)
{
	struct voiceband_detector *d = mem_alloc(sizeof *d, destroy);
	if (!d)
		return NULL;
	d->heard = heard;
	d->arg = arg;
	while (d->count < (fax ? DETECTORS : 1)) {
		modem_connect_tones_rx_state_t *rx = modem_connect_tones_rx_init(NULL, detectors[d->count], on_tone, d);
		if (!rx)
			return mem_deref(d);
		d->rx[d->count++] = rx;
	}
	return d;
}

void voiceband_hear(struct voiceband_detector *d, const int16_t *linear, size_t n)
{
	for (unsigned i = 0; i < d->count; i++)
		modem_connect_tones_rx(d->rx[i], linear, (int)n);
}
