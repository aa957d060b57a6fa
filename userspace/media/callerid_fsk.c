// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/callerid.h"
#include "base/mem.h"
#include <spandsp/telephony.h>
#include <spandsp/logging.h>
#include <spandsp/queue.h>
#include <spandsp/complex.h>
#include <spandsp/dds.h>
#include <spandsp/power_meter.h>
#include <spandsp/async.h>
#include <spandsp/fsk.h>
#include <spandsp/tone_generate.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/dtmf.h>
#include <spandsp/adsi.h>

struct caller_id_receiver {
	caller_id_fn heard;
	void *arg;
	adsi_rx_state_t *rx;
};

struct caller_id_sender {
	adsi_tx_state_t *tx;
};

static int standard(enum caller_id_modem modem)
{
	return modem == CALLER_ID_BELL ? ADSI_STANDARD_CLASS : ADSI_STANDARD_CLIP;
}

static void on_message(void *arg, const uint8_t *msg, int len)
{
	struct caller_id_receiver *r = arg;
	struct caller_id c;
	if (len > 0 && !caller_id_read(&c, msg, (size_t)len))
		r->heard(r->arg, &c);
}

static void destroy_receiver(void *obj)
{
	struct caller_id_receiver *r = obj;
	if (r->rx)
		adsi_rx_free(r->rx);
}

struct caller_id_receiver *caller_id_receiver_new(enum caller_id_modem modem, caller_id_fn heard, void *arg)
{
	struct caller_id_receiver *r = mem_alloc(sizeof *r, destroy_receiver);
	if (!r)
		return NULL;
	r->heard = heard;
	r->arg = arg;
	r->rx = adsi_rx_init(NULL, standard(modem), on_message, r);
	return r->rx ? r : mem_deref(r);
}

void caller_id_receiver_hear(struct caller_id_receiver *r, const int16_t *linear, size_t n)
{
	adsi_rx(r->rx, linear, (int)n);
}

static void destroy_sender(void *obj)
{
	struct caller_id_sender *s = obj;
	if (s->tx)
		adsi_tx_free(s->tx);
}

struct caller_id_sender *caller_id_sender_new(enum caller_id_modem modem, const struct caller_id *c, bool on_hook)
{
	uint8_t msg[CALLER_ID_MESSAGE];
	struct caller_id_sender *s = mem_alloc(sizeof *s, destroy_sender);
	if (!s)
		return NULL;
	s->tx = adsi_tx_init(NULL, standard(modem));
	if (!s->tx)
		return mem_deref(s);
	if (!on_hook)
		adsi_tx_set_preamble(s->tx, 0, -1, -1, -1);
	adsi_tx_put_message(s->tx, msg, (int)caller_id_write(c, msg));
	return s;
}

size_t caller_id_sender_make(struct caller_id_sender *s, int16_t *out, size_t n)
{
	int made = adsi_tx(s->tx, out, (int)n);
	size_t got = made > 0 ? (size_t)made : 0;
	memset(out + got, 0, (n - got) * sizeof *out);
	return got;
}
