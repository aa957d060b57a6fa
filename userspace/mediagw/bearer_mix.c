// SPDX-License-Identifier: GPL-3.0-or-later
/* Several connections of one channel (RFC 3435 2.3, "confrnce"): the line hears all of them, and each hears the line and those that are in a conference with it,
 * never itself. What a party says is kept by its place in the channel's time, which is when the line hears it: so all hear the same. */
#include "base/mem.h"
#include "base/random.h"
#include "mediagw/bearer_private.h"
#include <errno.h>

#define SAID 1024 /* octets kept: more than the line is written ahead of what is read, a power of two */

struct said {
	int16_t linear[SAID];
	int64_t until;
};

struct mix {
	struct stream *other[BEARER_STREAMS - 1];
	unsigned n;
	struct said said[BEARER_STREAMS]; /* the first's, and the others' */
	struct digit_receiver *digits;    /* of the line alone */
};

static struct stream *stream_at(struct bearer *b, unsigned i)
{
	return i ? b->mix->other[i - 1] : &b->first;
}

static bool confers(const struct stream *s)
{
	return s->c.mode == BEARER_CONFRNCE;
}

/* --- what parties say ---------------------------------------------------------------------------------------------- */

/* NULL: nothing. Places that were left out are silent. */
static void say(struct said *s, int64_t at, const int16_t *linear, size_t n)
{
	for (int64_t i = at - s->until > SAID ? at - SAID : s->until; i < at; i++)
		s->linear[i & (SAID - 1)] = 0;
	for (size_t i = 0; i < n; i++)
		s->linear[(at + (int64_t)i) & (SAID - 1)] = linear ? linear[i] : 0;
	s->until = at + (int64_t)n;
}

static int said_at(const struct said *s, int64_t place)
{
	return place < s->until && place >= s->until - SAID ? s->linear[place & (SAID - 1)] : 0;
}

static void add_said(int32_t *sum, const struct said *s, int64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += said_at(s, at + (int64_t)i);
}

/* --- sums ---------------------------------------------------------------------------------------------------------- */

static int16_t saturated(int32_t v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static void encode(enum law law, uint8_t *out, const int32_t *sum, size_t n)
{
	int16_t linear[BLOCK_MAX];
	for (size_t i = 0; i < n; i++)
		linear[i] = saturated(sum[i]);
	law_encode(law, out, linear, n);
}

/* --- to the line --------------------------------------------------------------------------------------------------- */

size_t bearer_mix_ready(struct bearer *b)
{
	size_t there = b->block;
	for (unsigned i = 0; i <= b->mix->n; i++) {
		struct stream *s = stream_at(b, i);
		size_t ready = stream_to_line(s) ? playout_ready(&s->playout) : there;
		there = ready < there ? ready : there;
	}
	return there;
}

void bearer_mix_fill(struct bearer *b, uint8_t *out, size_t n)
{
	int32_t sum[BLOCK_MAX] = {0};
	int16_t linear[BLOCK_MAX];
	for (unsigned i = 0; i <= b->mix->n; i++) {
		struct stream *s = stream_at(b, i);
		if (stream_to_line(s)) {
			bearer_play_stream(b, s, out, n);
			law_decode(b->p.law, linear, out, n);
			for (size_t k = 0; k < n; k++)
				sum[k] += linear[k];
		}
		say(&b->mix->said[i], b->written, confers(s) ? linear : NULL, n);
	}
	encode(b->p.law, out, sum, n);
}

void bearer_mix_waited(struct bearer *b, uint32_t n)
{
	for (unsigned i = 1; i <= b->mix->n; i++)
		jitter_waited(&stream_at(b, i)->playout.jitter, n);
}

/* --- to the network ------------------------------------------------------------------------------------------------ */

/* Digits of the line are told, not those of others. */
static void on_digit(void *bearer, char digit, int level)
{
	bearer_tell_digit(bearer, digit);
}

static void hear_digits(struct bearer *b, const int16_t *linear, size_t n)
{
	if (b->ears && b->ears->want.dtmf)
		digit_receiver_hear(b->mix->digits, linear, n);
}

/* All but what the party itself said. */
static void without(uint8_t *out, enum law law, const int32_t *sum, const struct said *own, int64_t at, size_t n)
{
	int32_t left[BLOCK_MAX];
	for (size_t i = 0; i < n; i++)
		left[i] = sum[i] - said_at(own, at + (int64_t)i);
	encode(law, out, left, n);
}

void bearer_mix_captured(struct bearer *b, uint8_t *octets, size_t n)
{
	const int64_t at = b->ticks - (int64_t)n;
	int16_t linear[BLOCK_MAX];
	int32_t sum[BLOCK_MAX];
	uint8_t mixed[BLOCK_MAX];
	law_decode(b->p.law, linear, octets, n);
	hear_digits(b, linear, n);
	for (size_t i = 0; i < n; i++)
		sum[i] = linear[i];
	for (unsigned i = 0; i <= b->mix->n; i++)
		if (confers(stream_at(b, i)))
			add_said(sum, &b->mix->said[i], at, n);
	for (unsigned i = 0; i <= b->mix->n; i++) {
		struct stream *s = stream_at(b, i);
		if (confers(s))
			without(mixed, b->p.law, sum, &b->mix->said[i], at, n);
		bearer_capture_stream(b, s, confers(s) ? mixed : octets, n, stream_from_line(s));
	}
}

/* --- who is there -------------------------------------------------------------------------------------------------- */

struct stream *bearer_mix_stream(struct bearer *b, uint32_t slot)
{
	for (unsigned i = 0; i < b->mix->n; i++)
		if (b->mix->other[i]->c.slot == slot)
			return b->mix->other[i];
	return NULL;
}

static void stream_destroy(void *obj)
{
	struct stream *s = obj;
	mem_deref(s->capture);
}

static void mix_destroy(void *obj)
{
	struct mix *m = obj;
	for (unsigned i = 0; i < m->n; i++)
		mem_deref(m->other[i]);
	mem_deref(m->digits);
}

static struct mix *mix_new(struct bearer *b)
{
	struct mix *m = mem_alloc(sizeof *m, mix_destroy);
	if (!m)
		return NULL;
	m->digits = digit_receiver_new(DIGIT_DTMF, on_digit, b);
	return m->digits ? m : mem_deref(m);
}

/* One more, with all that it needs but its place. */
static int stream_new(struct stream **ret, struct mix **mix, struct bearer *b, const struct bearer_connection *c)
{
	uint32_t ssrc;
	struct stream *s = mem_alloc(sizeof *s, stream_destroy);
	int err = s ? bearer_capture_new(&s->capture, b, c, NULL) : -ENOMEM;
	if (!err && !b->mix)
		err = (*mix = mix_new(b)) ? 0 : -ENOMEM;
	if (err) {
		mem_deref(s);
		return err;
	}
	random_bytes(&ssrc, sizeof ssrc);
	bearer_stream_init(s, b->p.law, c, ssrc);
	s->c = *c;
	*ret = s;
	return 0;
}

static int add(struct bearer *b, const struct bearer_connection *c)
{
	struct stream *s;
	struct mix *mix = NULL;
	if (b->mix && b->mix->n == BEARER_STREAMS - 1)
		return -EBUSY;
	int err = stream_new(&s, &mix, b, c);
	if (err)
		return err;
	bearer_lock(b);
	if (mix)
		b->mix = mix;
	b->mix->said[b->mix->n + 1] = (struct said){0};
	b->mix->other[b->mix->n++] = s;
	bearer_unlock(b);
	return 0;
}

static int change(struct bearer *b, struct stream *s, const struct bearer_connection *c)
{
	struct capture *new = NULL, *old = NULL;
	int err = bearer_sounds_alike(c, &s->c) ? 0 : bearer_capture_new(&new, b, c, NULL);
	if (err)
		return err;
	bearer_lock(b);
	const bool listened = stream_to_line(s);
	s->c = *c;
	if (stream_to_line(s) && !listened)
		jitter_restart(&s->playout.jitter);
	if (new)
		old = bearer_capture_put_in(b, s, new, true);
	bearer_unlock(b);
	mem_deref(old);
	return 0;
}

bool bearer_mixes(const struct bearer_connection *c)
{
	return (c->mode <= BEARER_SENDRECV || c->mode == BEARER_CONFRNCE) && c->format != PLAYOUT_CLEAR;
}

int bearer_mix_connect(struct bearer *b, const struct bearer_connection *c)
{
	if (!bearer_mixes(c) || !bearer_mixes(&b->first.c) || !c->ptime || c->ptime * 8 > CAPTURE_PTIME)
		return -EINVAL;
	struct stream *s = b->mix ? bearer_mix_stream(b, c->slot) : NULL;
	return s ? change(b, s, c) : add(b, c);
}

/* Under the lock. Returns what is left of the one that was at that place. */
static struct stream *take_out(struct bearer *b, unsigned i)
{
	struct mix *m = b->mix;
	struct stream *gone = m->other[i ? i - 1 : 0];
	if (!i) {
		struct capture *left = b->first.capture;
		b->first = *gone;
		playout_moved(&b->first.playout);
		gone->capture = left;
		b->telling = false;
		(void)bearer_set_driver(b, &b->first.c);
		bearer_cancel_echo(b);
	}
	memmove(&m->said[i], &m->said[i + 1], (m->n - i) * sizeof *m->said);
	for (unsigned k = i ? i : 1; k < m->n; k++)
		m->other[k - 1] = m->other[k];
	m->n--;
	return gone;
}

void bearer_mix_disconnect(struct bearer *b, uint32_t slot)
{
	unsigned i = 0;
	struct mix *mix = NULL;
	struct capture *listens = NULL;
	while (i <= b->mix->n && stream_at(b, i)->c.slot != slot)
		i++;
	if (i > b->mix->n)
		return;
	/* Who is first listens for digits; without memory for that it does what it did. */
	if (!i && b->ears && bearer_capture_new(&listens, b, &b->mix->other[0]->c, b->ears))
		listens = NULL;
	bearer_lock(b);
	struct stream *gone = take_out(b, i);
	if (listens)
		listens = bearer_capture_put_in(b, &b->first, listens, true);
	if (!b->mix->n) {
		mix = b->mix;
		b->mix = NULL;
	}
	bearer_unlock(b);
	mem_deref(gone);
	mem_deref(mix);
	mem_deref(listens);
}
