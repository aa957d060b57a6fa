// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/digits.h"
#include "base/mem.h"
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/logging.h>
#include <spandsp/dtmf.h>
#include <spandsp/bell_r2_mf.h>

#define TWIST 2 /* dB */

struct digit_receiver {
	enum digit_kind kind;
	digit_fn heard;
	void *arg;
	char now;
	dtmf_rx_state_t *dtmf;
	bell_mf_rx_state_t *mf;
	r2_mf_rx_state_t *r2;
};

static void on_tone(void *arg, int code, int level, int delay)
{
	struct digit_receiver *r = arg;
	if (r->now && code)
		r->heard(r->arg, '\0', 0);
	r->now = (char)code;
	r->heard(r->arg, r->now, level);
}

static void on_digits(void *arg, const char *digits, int n)
{
	struct digit_receiver *r = arg;
	for (int i = 0; i < n; i++) {
		r->heard(r->arg, digits[i], 0);
		r->heard(r->arg, '\0', 0);
	}
}

static void destroy_receiver(void *obj)
{
	struct digit_receiver *r = obj;
	if (r->dtmf)
		dtmf_rx_free(r->dtmf);
	if (r->mf)
		bell_mf_rx_free(r->mf);
	if (r->r2)
		r2_mf_rx_free(r->r2);
}

struct digit_receiver *digit_receiver_new(enum digit_kind kind, digit_fn heard, void *arg)
{
	struct digit_receiver *r = mem_alloc(sizeof *r, destroy_receiver);
	if (!r)
		return NULL;
	r->kind = kind;
	r->heard = heard;
	r->arg = arg;
	switch (kind) {
	case DIGIT_DTMF:
		r->dtmf = dtmf_rx_init(NULL, NULL, NULL);
		if (r->dtmf)
			dtmf_rx_set_realtime_callback(r->dtmf, on_tone, r);
		break;
	case DIGIT_MF:
		r->mf = bell_mf_rx_init(NULL, on_digits, r);
		break;
	default:
		r->r2 = r2_mf_rx_init(NULL, kind == DIGIT_R2_FORWARD, on_tone, r);
		break;
	}
	return r->dtmf || r->mf || r->r2 ? r : mem_deref(r);
}

void digit_receiver_hear(struct digit_receiver *r, const int16_t *linear, size_t n)
{
	if (r->dtmf)
		dtmf_rx(r->dtmf, linear, (int)n);
	else if (r->mf)
		bell_mf_rx(r->mf, linear, (int)n);
	else
		r2_mf_rx(r->r2, linear, (int)n);
}

bool digit_receiver_suspects(const struct digit_receiver *r)
{
	return r->now || (r->dtmf && dtmf_rx_status(r->dtmf));
}

struct digit_sender {
	dtmf_tx_state_t *dtmf;
	bell_mf_tx_state_t *mf;
	r2_mf_tx_state_t *r2;
};

static void destroy_sender(void *obj)
{
	struct digit_sender *s = obj;
	if (s->dtmf)
		dtmf_tx_free(s->dtmf);
	if (s->mf)
		bell_mf_tx_free(s->mf);
	if (s->r2)
		r2_mf_tx_free(s->r2);
}

struct digit_sender *digit_sender_new(enum digit_kind kind)
{
	struct digit_sender *s = mem_alloc(sizeof *s, destroy_sender);
	if (!s)
		return NULL;
	if (kind == DIGIT_DTMF)
		s->dtmf = dtmf_tx_init(NULL);
	else if (kind == DIGIT_MF)
		s->mf = bell_mf_tx_init(NULL);
	else
		s->r2 = r2_mf_tx_init(NULL, kind == DIGIT_R2_FORWARD);
	return s->dtmf || s->mf || s->r2 ? s : mem_deref(s);
}

void digit_sender_shape(struct digit_sender *s, unsigned on_ms, unsigned off_ms, int level)
{
	if (!s->dtmf)
		return;
	dtmf_tx_set_timing(s->dtmf, (int)on_ms, (int)off_ms);
	dtmf_tx_set_level(s->dtmf, level, TWIST);
}

size_t digit_sender_put(struct digit_sender *s, struct slice digits)
{
	int left;
	if (s->r2)
		return r2_mf_tx_put(s->r2, digits.len ? digits.p[0] : 0) == 0 && digits.len;
	if (!digits.len)
		return 0;
	/* Either takes all of them or tells how many do not fit. */
	left = s->dtmf ? dtmf_tx_put(s->dtmf, digits.p, (int)digits.len) : bell_mf_tx_put(s->mf, digits.p, (int)digits.len);
	return left ? 0 : digits.len;
}

size_t digit_sender_make(struct digit_sender *s, int16_t *out, size_t n)
{
	int made = s->dtmf ? dtmf_tx(s->dtmf, out, (int)n) : s->mf ? bell_mf_tx(s->mf, out, (int)n) : r2_mf_tx(s->r2, out, (int)n);
	size_t got = made > 0 ? (size_t)made : 0;
	memset(out + got, 0, (n - got) * sizeof *out);
	return got;
}
