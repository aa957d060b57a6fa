// SPDX-License-Identifier: GPL-3.0-or-later
/* The channel: its octets are read in blocks, which are its clock, and written as late as is safe, so that RTP may come late too. What is written at once is what
 * is there: a packet's worth as a rule, and little where something has to be made up, because the real thing may come any moment. */
#include "mediagw/bearer_private.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BUFFERS   8    /* blocks that the driver keeps, each way */
#define MARGIN    20   /* octets still to be sent when more are written: as late as this thread may be */
#define EARLY     16   /* what is there already may be written so much sooner */
#define FOLLOWS   64   /* a block's lateness is believed by this part: the rest is this thread's own */
#define STALLED   160  /* octets later than expected: the clock stood still */
#define SETTLES   50   /* blocks after which it is known how soon they are seen */
#define BEYOND    40   /* octets that the clock is believed to go on without a block */
#define MADE_UP   24   /* octets written at once where none have come */
#define EVENTS    16   /* of the driver, taken in a row */
#define WRITES    8

/* --- the clock ----------------------------------------------------------------------------------------------------- */

static int64_t clock_at(const struct bearer *b, uint64_t now_ns)
{
	int64_t since = (int64_t)(now_ns - b->tick_ns) / OCTET_NS, most = (int64_t)b->block + BEYOND;
	return b->ticks + (since < 0 ? 0 : since > most ? most : since);
}

/* Octets written and not yet sent. */
static int64_t level_at(const struct bearer *b, uint64_t now_ns)
{
	return b->written - clock_at(b, now_ns);
}

int32_t bearer_ahead(const struct bearer *b, uint64_t now_ns)
{
	return b->started ? (int32_t)(level_at(b, now_ns) - MARGIN) : 0;
}

/* A block is complete. It is seen at once or somewhat later, never too soon. Of the first one it is not known how late: a driver that moves octets many at once
 * may have taken more already, of which none were ours. */
static void tick(struct bearer *b, size_t n, uint64_t now_ns)
{
	uint64_t expected = b->tick_ns + n * OCTET_NS;
	int64_t later = (int64_t)(now_ns - expected);
	b->ticks += (int64_t)n;
	b->blocks += b->blocks < SETTLES;
	if (!b->started) {
		b->started = true;
		b->blocks = 0;
		b->tick_ns = now_ns;
		b->written = b->ticks;
	} else if (later < 0 && b->blocks < SETTLES && later > -(int64_t)n * OCTET_NS) {
		b->written -= later / OCTET_NS;
		b->tick_ns = now_ns;
	} else if (later < 0 || later > STALLED * OCTET_NS) {
		/* Of blocks that nobody read in time the count says nothing: what waits to be sent is less by the time that has passed. */
		if (later > 0 || later < -(int64_t)n * OCTET_NS / 2)
			b->written += (int64_t)n - (int64_t)(now_ns - b->tick_ns) / OCTET_NS;
		b->tick_ns = now_ns;
	} else {
		b->tick_ns = expected + (uint64_t)later / FOLLOWS;
	}
	b->thread->ticked |= !b->aligning;
	b->aligning = false;
	b->due_ns = now_ns;
}

/* --- from the line ------------------------------------------------------------------------------------------------- */

static void lose(struct bearer *b)
{
	b->lost = true;
	b->flows = b->started = false;
	b->due_ns = UINT64_MAX;
	span_thread_forget(b);
	span_thread_heard(b, &(struct heard){.kind = HEARD_LOST});
}

/* The driver knows of its own buffers better than our clock does. */
static void count_slip(struct bearer *b, enum tdm_event_kind kind)
{
	if (kind == TDM_EV_WRITE_UNDERRUN && b->written > b->ticks)
		b->first.count[BEARER_UNDERRUNS]++;
	else if (kind == TDM_EV_READ_OVERRUN)
		b->first.count[BEARER_OVERRUNS]++;
}

static void take_events(struct bearer *b)
{
	struct heard h = {.kind = HEARD_EVENT};
	for (unsigned i = 0; i < EVENTS && !b->p.driver->event(b->p.fd, &h.event) && h.event.kind != TDM_NO_EVENT; i++) {
		count_slip(b, h.event.kind);
		span_thread_heard(b, &h);
		if (h.event.kind == TDM_EV_REMOVED) {
			lose(b);
			return;
		}
	}
}

static void read_block(struct bearer *b, uint64_t now_ns)
{
	uint8_t octets[BLOCK_MAX];
	ssize_t n = read(b->p.fd, octets, b->block);
	if (n > 0) {
		tick(b, (size_t)n, now_ns);
		bearer_hear_line(b, octets, (size_t)n);
		bearer_captured(b, octets, (size_t)n);
	} else if (n < 0 && errno == TDM_EVENT_WAITS) {
		take_events(b);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		lose(b);
	}
}

/* One that fails says so for ever: when nothing is read from it, reading it does not tell. */
void bearer_ready(struct bearer *b, uint32_t events, uint64_t now_ns)
{
	const bool fails = events & (EPOLLERR | EPOLLHUP);
	if (events & EPOLLPRI)
		take_events(b);
	if (b->flows && (events & EPOLLIN || fails))
		read_block(b, now_ns);
	else if (fails && !b->lost)
		lose(b);
}

/* --- to the line --------------------------------------------------------------------------------------------------- */

static bool write_octets(struct bearer *b, size_t n)
{
	uint8_t octets[BLOCK_MAX];
	bearer_fill(b, octets, n);
	ssize_t done = write(b->p.fd, octets, n);
	if (done < 0 && errno == TDM_EVENT_WAITS) {
		take_events(b);
		done = b->lost ? -1 : write(b->p.fd, octets, n);
	}
	if (done > 0)
		b->written += done;
	return done == (ssize_t)n;
}

/* The line ran dry: it goes on from now, and what is held waits so much longer. */
static void catch_up(struct bearer *b, int64_t level)
{
	if (level >= 0)
		return;
	bearer_waited(b, (uint32_t)-level);
	b->first.count[BEARER_UNDERRUNS] += !b->tells_slips && b->written > 0;
	b->written -= level;
}

/* Nothing is written to a channel that gives no blocks: its clock stands still. */
static bool stands_still(const struct bearer *b, uint64_t now_ns)
{
	return !b->started || (int64_t)(now_ns - b->tick_ns) > ((int64_t)b->block + BEYOND) * OCTET_NS;
}

void bearer_write(struct bearer *b, uint64_t now_ns)
{
	bool more = !b->looped && !stands_still(b, now_ns);
	for (unsigned i = 0; more && i < WRITES; i++) {
		catch_up(b, level_at(b, now_ns));
		size_t there = bearer_can_fill(b);
		int64_t level = level_at(b, now_ns);
		if (level > MARGIN + (there ? EARLY : 0))
			break;
		more = write_octets(b, there ? there : MADE_UP);
	}
	b->due_ns = more ? b->tick_ns + (uint64_t)((b->written - MARGIN - b->ticks) * OCTET_NS) : UINT64_MAX;
}

void bearer_align(struct bearer *b)
{
	if (b->aligning)
		(void)b->p.driver->flush(b->p.fd, TDM_FLUSH_READ);
	b->aligning = false;
}

/* --- it begins ----------------------------------------------------------------------------------------------------- */

/* 20 ms where it fits: a packet is sent when its last octet has come. */
static unsigned block_of(unsigned ptime)
{
	unsigned octets = ptime * 8;
	if (octets <= BLOCK_MAX)
		return octets < 16 ? 16 : octets;
	return octets % 160 ? 80 : 160;
}

int bearer_flow(struct bearer *b)
{
	const struct tdm_driver *d = b->p.driver;
	const struct tdm_buffers buffers = {.count = BUFFERS, .bytes = block_of(b->first.c.ptime)};
	int err = d->buffers(b->p.fd, &buffers);
	if (!err)
		err = d->flush(b->p.fd, TDM_FLUSH_READ | TDM_FLUSH_WRITE);
	if (err)
		return err;
	b->tells_slips = !d->buffer_events(b->p.fd, true);
	b->block = buffers.bytes;
	b->started = false;
	b->aligning = true;
	b->ticks = b->written = 0;
	b->due_ns = UINT64_MAX;
	if (b->flows)
		return 0;
	b->flows = true;
	return span_thread_watch(b);
}
