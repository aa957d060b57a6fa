// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/voiceband.h"
#include "base/mem.h"
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/modem_connect_tones.h>

#define DETECTORS 3
#define WINDOW    160  /* samples that are judged at once whether they may be a tone */
#define FAINT     4000 /* mean square: below -48 dBm0 nothing is listened to */
#define CREST     4    /* square of the peak over the mean square: of one tone 2, of ANSam 2.8, of noise and speech more */
#define HANGOVER  10   /* windows for which the detectors still hear what is none, so that they know it has ended */

struct voiceband_detector {
	voiceband_fn heard;
	void *arg;
	unsigned n, crossings, hot; /* of the window that is being heard: samples, changes of sign; hot: windows to be heard yet */
	uint64_t energy;
	uint32_t peak;
	int16_t last;
	unsigned count;
	modem_connect_tones_rx_state_t *rx[DETECTORS];
};

static const int detectors[DETECTORS] = {MODEM_CONNECT_TONES_ANS_PR, MODEM_CONNECT_TONES_FAX_CNG, MODEM_CONNECT_TONES_FAX_PREAMBLE};

static const int tones[VOICEBAND_KINDS] = {
	[VOICEBAND_NONE] = MODEM_CONNECT_TONES_NONE,
	[VOICEBAND_ANSWER] = MODEM_CONNECT_TONES_ANS,
	[VOICEBAND_ANSWER_REVERSED] = MODEM_CONNECT_TONES_ANS_PR,
	[VOICEBAND_V8] = MODEM_CONNECT_TONES_ANSAM,
	[VOICEBAND_V8_REVERSED] = MODEM_CONNECT_TONES_ANSAM_PR,
	[VOICEBAND_FAX_CALLING] = MODEM_CONNECT_TONES_FAX_CNG,
	[VOICEBAND_FAX] = MODEM_CONNECT_TONES_FAX_PREAMBLE,
};

static void on_tone(void *arg, int tone, int level, int delay)
{
	struct voiceband_detector *d = arg;
	for (unsigned i = 0; i < VOICEBAND_KINDS; i++)
		if (tones[i] == tone)
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

/* Whether a window may be one of the tones: of an even level, and by its frequency 1100 Hz, or 1650 to 2100 Hz. The detectors cost much more than this. */
static bool may_be_tone(const struct voiceband_detector *d)
{
	const unsigned hz = d->crossings * 4000 / d->n;
	return d->energy > (uint64_t)FAINT * d->n && (uint64_t)d->peak * d->n < CREST * d->energy && ((hz > 900 && hz < 1300) || (hz > 1450 && hz < 2300));
}

static void judge(struct voiceband_detector *d, const int16_t *linear, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint32_t square = (uint32_t)(linear[i] * linear[i]);
		d->energy += square;
		d->peak = square > d->peak ? square : d->peak;
		d->crossings += (linear[i] ^ d->last) < 0;
		d->last = linear[i];
	}
	d->n += (unsigned)n;
	if (d->n < WINDOW)
		return;
	if (may_be_tone(d))
		d->hot = HANGOVER;
	else
		d->hot -= d->hot > 0;
	d->n = d->crossings = d->peak = 0;
	d->energy = 0;
}

void voiceband_hear(struct voiceband_detector *d, const int16_t *linear, size_t n)
{
	judge(d, linear, n);
	if (!d->hot)
		return;
	for (unsigned i = 0; i < d->count; i++)
		modem_connect_tones_rx(d->rx[i], linear, (int)n);
}
