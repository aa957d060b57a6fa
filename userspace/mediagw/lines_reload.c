// SPDX-License-Identifier: GPL-3.0-or-later
/* A changed configuration of lines: what each call or connection asks for anew is taken at once; how a channel's voice is coded and freed of echo, when it is idle; what a
 * channel or span is, is set up when it is seen. */
#include "mediagw/line.h"
#include "mediagw/lines_private.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

/* What a channel is, beside how it sounds. */
static bool same_channel(const struct tdm_channel_setup *a, const struct tdm_channel_setup *b)
{
	return a->signalling == b->signalling && a->master == b->master && a->dacs == b->dacs && a->idle_bits == b->idle_bits;
}

static bool same_voice(const struct tdm_channel_setup *a, const struct tdm_channel_setup *b)
{
	return a->law == b->law && !strcmp(a->canceller, b->canceller) && a->tail == b->tail;
}

static bool same_circuit(const struct circuit_settings *a, const struct circuit_settings *b)
{
	return a->pbx == b->pbx && a->address == b->address;
}

static bool same_span(const struct tdm_span_setup *a, const struct tdm_span_setup *b)
{
	return a->set == b->set && a->timing == b->timing && a->build_out == b->build_out && a->framing == b->framing && a->coding == b->coding &&
	       a->crc4 == b->crc4 && a->yellow == b->yellow && a->nt == b->nt && a->terminate == b->terminate;
}

static bool same_dynamic(const struct tdm_dynamic_setup *a, const struct tdm_dynamic_setup *b)
{
	return !strcmp(a->driver, b->driver) && !strcmp(a->address, b->address) && a->channels == b->channels && a->timing == b->timing;
}

#define LATER "takes effect when tandem-mg is started again"

static void tell_spans(const struct tdm_setup *was, const struct tdm_setup *now)
{
	unsigned most = was->n_dynamics > now->n_dynamics ? was->n_dynamics : now->n_dynamics;
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		if (!same_span(&was->spans[n], &now->spans[n]))
			log_warn(NULL, "span %u: what has changed " LATER, n);
	for (unsigned i = 0; i < most; i++) {
		const struct tdm_dynamic_setup *d = i < now->n_dynamics ? &now->dynamics[i] : &was->dynamics[i];
		if (i >= was->n_dynamics || i >= now->n_dynamics || !same_dynamic(&was->dynamics[i], &now->dynamics[i]))
			log_warn(NULL, "dynamic span %s %s: what has changed " LATER, d->driver, d->address);
	}
}

/* False where the channel is something else now, or set up by somebody else. */
static bool take_voice(struct lines *l, const struct tdm_channel_setup *now, unsigned n)
{
	struct tdm_channel_setup *was = &l->tdm->setup->channels[n];
	const struct tdm_channel *c = tdm_channel(l->tdm, n);
	if (same_voice(was, now))
		return true;
	if (!l->tdm->configure || !same_channel(was, now))
		return false;
	was->law = now->law;
	was->tail = now->tail;
	memcpy(was->canceller, now->canceller, sizeof was->canceller);
	if (l->gw && c)
		line_renew(l->gw, c);
	return true;
}

/* Gains hold from the next connection on, settings from the next call on; false when there is more to it. */
static bool take_channel(struct lines *l, const struct tdm_setup *now, const struct circuit_table *circuits, unsigned n)
{
	struct tdm_channel_setup *channel = &l->tdm->setup->channels[n];
	struct circuit_settings *circuit = &l->circuits->of[n];
	const struct circuit_settings was = *circuit;
	channel->tx_gain = now->channels[n].tx_gain;
	channel->rx_gain = now->channels[n].rx_gain;
	*circuit = circuits->of[n];
	circuit->pbx = was.pbx;
	circuit->address = was.address;
	return take_voice(l, &now->channels[n], n) && same_channel(channel, &now->channels[n]) && same_circuit(&was, &circuits->of[n]);
}

/* Lines that sound by the old ones may still point to them. */
static void keep_patterns(struct circuit_table *to, struct circuit_table *from)
{
	struct circuit_patterns **last = &to->patterns;
	while (*last)
		last = &(*last)->next;
	*last = from->patterns;
	from->patterns = NULL;
}

static void tell_channels(unsigned first, unsigned last)
{
	if (first == last)
		log_warn(NULL, "channel %u: what it is has changed, which " LATER, first);
	else
		log_warn(NULL, "channels %u-%u: what they are has changed, which " LATER, first, last);
}

static void take_channels(struct lines *l, const struct tdm_setup *now, struct circuit_table *circuits)
{
	unsigned first = 0;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		bool other = !take_channel(l, now, circuits, n);
		if (other && !first)
			first = n;
		if (!other && first) {
			tell_channels(first, n - 1);
			first = 0;
		}
	}
	if (first)
		tell_channels(first, TDM_MAX_CHANNELS);
	keep_patterns(l->circuits, circuits);
}

int lines_reload(struct lines *l, const struct conf *conf, struct buf *why)
{
	struct tdm_setup *now = NULL;
	struct circuit_table *circuits = NULL;
	int err = tdm_setup_load(&now, conf, why);
	if (!err)
		err = circuit_table_read(&circuits, conf, now->default_zone, why);
	if (!err) {
		tell_spans(l->tdm->setup, now);
		take_channels(l, now, circuits);
	}
	mem_deref(circuits);
	mem_deref(now);
	return err;
}
