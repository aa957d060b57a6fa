// SPDX-License-Identifier: GPL-3.0-or-later
/* The main loop's side: what is wanted of a channel's voice. What is made for it is made here, before the lock is taken. */
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mediagw/bearer_private.h"
#include "mediagw/gain.h"
#include <errno.h>

#define DEPTH      20    /* octets the de-jitter buffer begins with: so little that it does not become shallower on a path without jitter */
#define DEPTH_DATA 160   /* and what it has for data: nothing may be made up there */
#define DEPTH_MAX  2000
#define EVENT_LEVEL 10   /* -dBm0: of an event that no tone was heard of */

const struct counter_def bearer_defs[BEARER_COUNTERS] = {
	[BEARER_RECEIVED] = {"received", "RTP packets that came for the line"},
	[BEARER_SENT] = {"sent", "RTP packets sent from the line"},
	[BEARER_SENT_OCTETS] = {"sent-octets", "octets of their payload"},
	[BEARER_UNSENT] = {"unsent", "RTP packets that the kernel refused, or that had nowhere to go"},
	[BEARER_LOST] = {"lost", "packets that never came"},
	[BEARER_LATE] = {"late", "packets that came when their turn had begun"},
	[BEARER_DROPPED] = {"dropped", "of those, packets that were not played at all"},
	[BEARER_DUPLICATE] = {"duplicate", "packets that came twice"},
	[BEARER_STRAY] = {"stray", "malformed packets, and such as are far from the rest of the stream"},
	[BEARER_OTHER] = {"other", "packets of a payload type that was not agreed on"},
	[BEARER_UNHEARD] = {"unheard", "packets that came while nothing of the network is heard: by the connection's mode, or because the line has given no block yet"},
	[BEARER_JUMPS] = {"jumps", "times the stream began anew: another SSRC, or timestamps that went on elsewhere"},
	[BEARER_SKIPPED] = {"skipped", "slips of the de-jitter buffer: times octets were left out"},
	[BEARER_REPEATED] = {"repeated", "slips of the de-jitter buffer: times time was filled in"},
	[BEARER_VOICE] = {"voice", "octets played as they came"},
	[BEARER_CONCEALED] = {"concealed", "octets made up for those that were missing"},
	[BEARER_NOISE] = {"noise", "octets of comfort noise"},
	[BEARER_EVENTS] = {"events", "telephone-events played into the line"},
	[BEARER_LAPSED] = {"lapsed", "of those, such as ended without being told"},
	[BEARER_DIGITS] = {"digits", "digits heard on the line"},
	[BEARER_UNTOLD] = {"untold", "things heard that could not be told: the main loop or the stream was busy with earlier ones"},
	[BEARER_UNDERRUNS] = {"underruns", "times the line ran out of octets to send"},
	[BEARER_OVERRUNS] = {"overruns", "times octets of the line were lost because nobody had read them"},
	[BEARER_DEPTH] = {"depth", "how deep the de-jitter buffer is, in octets of 125 us"},
	[BEARER_JITTER] = {"jitter", "interarrival jitter, in octets of 125 us"},
};

/* --- beginning and end --------------------------------------------------------------------------------------------- */

static void bearer_destroy(void *obj)
{
	struct bearer *b = obj;
	if (b->thread) {
		bearer_lock(b);
		span_thread_remove(b);
		if (b->flows && !b->lost)
			(void)b->p.driver->flush(b->p.fd, TDM_FLUSH_WRITE);
		bearer_unlock(b);
	}
	mem_deref(b->thread);
	mem_deref(b->first.capture);
	mem_deref(b->mix);
	mem_deref(b->ears);
	for (unsigned i = 0; i < BEARER_SIDES; i++) {
		mem_deref(b->detector[i]);
		mem_deref(b->sound[i]);
	}
}

/* A channel that was kept open may be as an earlier process of ours left it: looped, in the middle of a call. What it does not know it need not forget. */
static void forget_last_call(struct bearer *b)
{
	struct tdm_gains none;
	gain_table(b->p.law, 0, none.rx);
	gain_table(b->p.law, 0, none.tx);
	(void)b->p.driver->loop(b->p.fd, false);
	(void)b->p.driver->gains(b->p.fd, &none);
	if (b->p.tail)
		(void)b->p.driver->cancel_echo(b->p.fd, 0);
}

int bearer_start(struct bearer **ret, struct span_thread *t, const struct bearer_params *p)
{
	struct bearer *b = mem_alloc(sizeof *b, bearer_destroy);
	if (!b)
		return -ENOMEM;
	b->p = *p;
	b->first.c = (struct bearer_connection){.slot = BEARER_NO_SLOT, .format = PLAYOUT_PCMU, .ptime = 20};
	b->due_ns = UINT64_MAX;
	b->first.heard.pt = -1;
	forget_last_call(b);
	int err = span_thread_add(t, b);
	if (err)
		mem_deref(b);
	else
		*ret = b;
	return err;
}

/* --- what is sent -------------------------------------------------------------------------------------------------- */

static void capture_destroy(void *obj)
{
	capture_release(obj);
}

int bearer_capture_new(struct capture **ret, struct bearer *b, const struct bearer_connection *c, const struct ears *ears)
{
	struct capture_config config = {
		.law = b->p.law,
		.format = c->format,
		.ptime = c->ptime * 8,
		.events = c->slot != BEARER_NO_SLOT && c->event_pt_sent,
		.suppress = c->suppress && c->noise,
		.heard = ears && ears->want.dtmf ? bearer_hear_digit : NULL,
		.arg = b,
	};
	struct capture *new = mem_alloc(sizeof *new, capture_destroy);
	if (!new)
		return -ENOMEM;
	random_bytes(&config.seq, sizeof config.seq);
	random_bytes(&config.timestamp, sizeof config.timestamp);
	int err = capture_init(new, &config);
	if (err)
		mem_deref(new);
	else
		*ret = new;
	return err;
}

struct capture *bearer_capture_put_in(struct bearer *b, struct stream *s, struct capture *new, bool same_stream)
{
	struct capture *old = s->capture;
	if (old && same_stream) {
		new->seq = old->seq;
		new->now = old->now;
	}
	if (b->transparent)
		capture_transparent(new);
	b->telling &= s != &b->first;
	s->capture = new;
	return old;
}

bool bearer_sounds_alike(const struct bearer_connection *a, const struct bearer_connection *b)
{
	return a->slot == b->slot && a->format == b->format && a->ptime == b->ptime && !a->event_pt_sent == !b->event_pt_sent &&
	       (a->suppress && a->noise) == (b->suppress && b->noise);
}

/* --- connection ---------------------------------------------------------------------------------------------------- */

static int set_gains(struct bearer *b, const struct bearer_connection *c)
{
	struct tdm_gains g;
	bool any = c->slot != BEARER_NO_SLOT && c->format != PLAYOUT_CLEAR && (c->gain != 0 || c->gain_sent != 0);
	if (!any && !b->gained)
		return 0;
	gain_table(b->p.law, any ? c->gain_sent : 0, g.rx);
	gain_table(b->p.law, any ? c->gain : 0, g.tx);
	int err = b->p.driver->gains(b->p.fd, &g);
	if (!err)
		b->gained = any;
	return err;
}

static int set_loop(struct bearer *b, bool loop)
{
	int err = loop == b->looped ? 0 : b->p.driver->loop(b->p.fd, loop);
	if (!err)
		b->looped = loop;
	return err;
}

/* What the driver does to the octets: nothing for data. */
int bearer_set_driver(struct bearer *b, const struct bearer_connection *c)
{
	int err = b->p.digital ? b->p.driver->audio(b->p.fd, c->slot == BEARER_NO_SLOT || c->format != PLAYOUT_CLEAR) : 0;
	if (!err)
		err = set_gains(b, c);
	return err ? err : set_loop(b, b->test ? b->looped : c->slot != BEARER_NO_SLOT && c->mode == BEARER_LOOPBACK);
}

void bearer_stream_init(struct stream *s, enum law law, const struct bearer_connection *c, uint32_t ssrc)
{
	const unsigned max = c->jitter_max ? c->jitter_max * 8 : DEPTH_MAX;
	const bool data = c->format == PLAYOUT_CLEAR;
	const struct jitter_config config = {.fixed = data || c->jitter_fixed, .depth = data || c->jitter_fixed ? DEPTH_DATA : DEPTH, .max = max};
	playout_init(&s->playout, law, &config);
	s->playout.transparent = data;
	s->flashes = 0;
	s->ssrc = ssrc;
	s->heard.pt = -1;
	memset(s->count, 0, sizeof s->count);
}

/* Whether octets are to be read and written at all. */
static int flow(struct bearer *b)
{
	bool wanted = bearer_connected(b) || b->test || b->ears || b->sound[BEARER_LINE] || b->sound[BEARER_NETWORK];
	if (b->lost || wanted == b->flows)
		return 0;
	if (wanted)
		return bearer_flow(b);
	b->flows = b->started = false;
	b->due_ns = UINT64_MAX;
	(void)b->p.driver->flush(b->p.fd, TDM_FLUSH_READ | TDM_FLUSH_WRITE);
	return span_thread_watch(b);
}

/* Under the lock. A connection ends whatever fails meanwhile: its slot is somebody else's soon. */
static int apply(struct bearer *b, const struct bearer_connection *c, uint32_t ssrc)
{
	const bool ends = c->slot == BEARER_NO_SLOT;
	int err = bearer_set_driver(b, c);
	if (err && !ends)
		return err;
	if (c->slot != b->first.c.slot || (c->format == PLAYOUT_CLEAR) != (b->first.c.format == PLAYOUT_CLEAR)) {
		bearer_stream_init(&b->first, b->p.law, c, ssrc);
		b->transparent = c->format == PLAYOUT_CLEAR;
	}
	const bool other_block = c->ptime != b->first.c.ptime, flowed = b->flows;
	if (c->mode != b->first.c.mode && !b->test)
		transponder_init(&b->transponder, -1);
	const struct bearer_connection was = b->first.c;
	const bool listened = bearer_to_line(b);
	b->first.c = *c;
	if (bearer_to_line(b) && !listened)
		jitter_restart(&b->first.playout.jitter);
	err = flow(b);
	if (!err && other_block && flowed && b->flows)
		err = bearer_flow(b);
	if (err && !ends) {
		b->first.c = was;
		(void)bearer_set_driver(b, &was);
	}
	bearer_cancel_echo(b);
	return ends ? 0 : err;
}

static bool wants_detectors(const struct bearer *b, const struct bearer_connection *c)
{
	return c->slot != BEARER_NO_SLOT && c->format != PLAYOUT_CLEAR && !c->voice_only && (c->slot != b->first.c.slot || b->first.c.format == PLAYOUT_CLEAR);
}

static int connect_first(struct bearer *b, const struct bearer_connection *c)
{
	struct capture *new = NULL, *old = NULL;
	struct voiceband_detector *detector[BEARER_SIDES] = {NULL};
	uint32_t ssrc;
	int err = !c->ptime || c->ptime * 8 > CAPTURE_PTIME ? -EINVAL : 0;
	const bool anew = !b->first.capture || !bearer_sounds_alike(c, &b->first.c), detect = wants_detectors(b, c);
	if (!err && anew)
		err = bearer_capture_new(&new, b, c, b->ears);
	if (c->slot == BEARER_NO_SLOT && err == -ENOMEM)
		err = 0; /* the one that is there goes on */
	if (!err && detect)
		err = bearer_detectors(detector, b);
	if (err)
		goto out;
	random_bytes(&ssrc, sizeof ssrc);
	const bool same = c->slot == b->first.c.slot;
	bearer_lock(b);
	err = apply(b, c, ssrc);
	if (!err && new)
		old = bearer_capture_put_in(b, &b->first, new, same);
	for (unsigned i = 0; !err && detect && i < BEARER_SIDES; i++) {
		struct voiceband_detector *was = b->detector[i];
		b->detector[i] = detector[i];
		detector[i] = was;
	}
	bearer_unlock(b);
	if (!err)
		new = NULL;
out:
	mem_deref(new);
	mem_deref(old);
	for (unsigned i = 0; i < BEARER_SIDES; i++)
		mem_deref(detector[i]);
	return err;
}

int bearer_connect(struct bearer *b, const struct bearer_connection *c)
{
	while (b->mix && c->slot == BEARER_NO_SLOT)
		bearer_mix_disconnect(b, b->first.c.slot);
	if (bearer_connected(b) && c->slot != BEARER_NO_SLOT && c->slot != b->first.c.slot)
		return bearer_mix_connect(b, c);
	return b->mix && !bearer_mixes(c) ? -EINVAL : connect_first(b, c);
}

void bearer_disconnect(struct bearer *b, uint32_t slot)
{
	if (b->mix)
		bearer_mix_disconnect(b, slot);
	else if (b->first.c.slot == slot)
		connect_first(b, &(struct bearer_connection){.slot = BEARER_NO_SLOT, .ptime = 20});
}

/* --- sounds and ears ----------------------------------------------------------------------------------------------- */

/* One that never flowed has no capture yet. */
static int prepare(struct bearer *b)
{
	return b->first.capture ? 0 : bearer_capture_new(&b->first.capture, b, &b->first.c, NULL);
}

int bearer_play(struct bearer *b, enum bearer_side side, struct sound *s)
{
	int err = prepare(b);
	if (err)
		return err;
	bearer_lock(b);
	struct sound *old = b->sound[side];
	b->sound[side] = mem_ref(s);
	b->over[side] = false;
	err = flow(b);
	bearer_unlock(b);
	mem_deref(old);
	return err;
}

int bearer_tell(struct bearer *b, uint8_t code, unsigned ms)
{
	bearer_lock(b);
	const struct bearer_connection *c = &b->first.c;
	const bool taken = bearer_connected(b) && c->event_pt_sent && (code != EVENT_FLASH || c->flash_sent);
	int err = !taken ? -ENOTCONN : event_begin(&b->first.capture->events, code, EVENT_LEVEL, b->first.capture->now);
	if (!err) {
		b->telling = true;
		b->tell_end = b->first.capture->now + ms * 8;
	}
	bearer_unlock(b);
	return err;
}

int bearer_listen(struct bearer *b, const struct bearer_ears *want)
{
	struct ears *ears = NULL;
	struct capture *new = NULL;
	int err = want ? ears_new(&ears, b, want) : 0;
	if (!err)
		err = bearer_capture_new(&new, b, &b->first.c, ears);
	if (err) {
		mem_deref(ears);
		return err;
	}
	bearer_lock(b);
	struct ears *was = b->ears;
	if (ears && was)
		ears_go_on(ears, was);
	b->ears = ears;
	struct capture *old = bearer_capture_put_in(b, &b->first, new, true);
	err = flow(b);
	bearer_unlock(b);
	mem_deref(was);
	mem_deref(old);
	return err;
}

/* A channel that was never connected has no capture yet. */
int bearer_test(struct bearer *b, enum bearer_mode mode, int tone)
{
	int err = prepare(b);
	if (err)
		return err;
	bearer_lock(b);
	const enum bearer_mode was = b->test;
	b->test = mode;
	transponder_init(&b->transponder, mode ? tone : -1);
	err = set_loop(b, bearer_is_looped(b));
	if (!err)
		err = flow(b);
	if (err)
		b->test = was;
	else if (bearer_to_line(b))
		jitter_restart(&b->first.playout.jitter);
	bearer_unlock(b);
	return err;
}

/* --- figures ------------------------------------------------------------------------------------------------------- */

void bearer_read(const struct bearer *b, uint64_t ret[BEARER_COUNTERS])
{
	bearer_lock(b);
	const struct jitter *j = &b->first.playout.jitter;
	memcpy(ret, b->first.count, sizeof b->first.count);
	ret[BEARER_RECEIVED] += j->stats.received + j->stats.duplicate;
	ret[BEARER_LOST] = jitter_lost(j);
	ret[BEARER_LATE] = j->stats.late;
	ret[BEARER_DROPPED] = j->stats.dropped;
	ret[BEARER_DUPLICATE] = j->stats.duplicate;
	ret[BEARER_STRAY] += j->stats.stray;
	ret[BEARER_JUMPS] = j->stats.jumps;
	ret[BEARER_SKIPPED] = j->stats.skipped;
	ret[BEARER_REPEATED] = j->stats.repeated;
	ret[BEARER_VOICE] = j->stats.voice;
	ret[BEARER_CONCEALED] = j->stats.concealed;
	ret[BEARER_NOISE] = j->stats.noise;
	ret[BEARER_EVENTS] = b->first.playout.events.events;
	ret[BEARER_LAPSED] = b->first.playout.events.lapsed;
	ret[BEARER_DEPTH] = jitter_depth(j);
	ret[BEARER_JITTER] = j->stats.jitter;
	bearer_unlock(b);
}

bool bearer_sent(const struct bearer *b, uint32_t slot, struct bearer_sent *ret)
{
	bearer_lock(b);
	const struct stream *s = slot == BEARER_NO_SLOT ? NULL : bearer_stream((struct bearer *)b, slot);
	if (s)
		*ret = (struct bearer_sent){.ssrc = s->ssrc, .packets = s->count[BEARER_SENT], .octets = s->count[BEARER_SENT_OCTETS], .timestamp = s->capture->now};
	bearer_unlock(b);
	return s;
}

struct bearer_heard bearer_heard(const struct bearer *b, uint32_t slot)
{
	struct bearer_heard h = {.pt = -1};
	bearer_lock(b);
	const struct stream *s = slot == BEARER_NO_SLOT ? NULL : bearer_stream((struct bearer *)b, slot);
	if (s)
		h = s->heard;
	bearer_unlock(b);
	return h;
}

bool bearer_transparent(const struct bearer *b)
{
	bearer_lock(b);
	bool is = b->transparent;
	bearer_unlock(b);
	return is;
}

bool bearer_cancels_echo(const struct bearer *b)
{
	bearer_lock(b);
	bool does = b->cancelling;
	bearer_unlock(b);
	return does;
}
