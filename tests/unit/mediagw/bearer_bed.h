/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A telephone channel that is not there, in time that a test moves on: its clock takes eight octets each millisecond of its own, whatever the sender's does. */
#pragma once
#include "unit.h"
#include "base/loop.h"
#include "mediagw/bearer.h"
#include "mediagw/span_thread.h"
#include "rtp/packet.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fake_fastpath.h"

#define MS        1000000ull
#define BED_SLOT  7
#define BED_KEPT  65536 /* octets that are kept of what the line heard */
#define BED_BLOCK 240

/* What the driver was told. */
static struct bed_driver {
	unsigned block, tail;
	bool canceller, audio, looped, gains;
	struct tdm_gains table;
	struct tdm_event event; /* the next one */
	int refuse;             /* buffers() says so */
} told;

static struct bed {
	struct span_thread *thread;
	struct bearer *bearer;
	struct bearer_connection c;
	int fd[2]; /* the bearer's end, the line's */
	uint64_t now, next, tick; /* ns; tick: of the line's clock */
	uint64_t ms;  /* of the line's clock, in ns of the test's */
	unsigned burst; /* ms of the line that pass at once, as with a driver that the kernel's timer drives; 0: one */
	bool asleep;  /* the thread does not run */
	/* Of the line: what it is to send, what it has heard. */
	void (*speak)(uint8_t *octets, size_t n, uint64_t at);
	uint64_t spoken;
	uint8_t block[BED_BLOCK];
	unsigned filled;
	uint8_t queue[4096];
	size_t queued;
	uint8_t heard[BED_KEPT];
	uint64_t n_heard, ran_dry;
	struct heard events[64];
	unsigned n_events;
	uint16_t seq;
	uint32_t timestamp;
} bed;

static int told_int(int fd, bool on) { told.audio = on; return 0; }
static int told_buffers(int fd, const struct tdm_buffers *b)
{
	if (!told.refuse)
		told.block = b->bytes;
	return told.refuse;
}
static int told_canceller(int fd, unsigned tail)
{
	told.canceller = tail;
	told.tail = tail;
	return 0;
}
static int told_gains(int fd, const struct tdm_gains *g)
{
	told.gains = true;
	told.table = *g;
	return 0;
}
static int told_loop(int fd, bool on) { told.looped = on; return 0; }
static int told_flush(int fd, unsigned what)
{
	bed.filled = what & TDM_FLUSH_READ ? 0 : bed.filled;
	bed.queued = what & TDM_FLUSH_WRITE ? 0 : bed.queued;
	return 0;
}
static int told_buffer_events(int fd, bool on) { return -ENOTTY; }
static int told_event(int fd, struct tdm_event *ret)
{
	uint8_t mark;
	(void)!recv(fd, &mark, 1, MSG_OOB | MSG_DONTWAIT);
	*ret = told.event;
	told.event = (struct tdm_event){0};
	return 0;
}

static const struct tdm_driver bed_driver = {
	.name = "bed", .audio = told_int, .buffers = told_buffers, .cancel_echo = told_canceller, .gains = told_gains, .loop = told_loop, .flush = told_flush,
	.buffer_events = told_buffer_events, .event = told_event,
};

static void bed_heard(void *arg, const struct heard *h)
{
	if (bed.n_events < 64)
		bed.events[bed.n_events++] = *h;
}

static void bed_silence(uint8_t *octets, size_t n, uint64_t at)
{
	memset(octets, 0xd5, n);
}

static int bed_open(enum law law)
{
	struct bearer_params p = {.driver = &bed_driver, .law = law, .digital = true, .tail = 128, .heard = bed_heard};
	bed = (struct bed){.now = 1000 * MS, .next = UINT64_MAX, .ms = MS, .speak = bed_silence, .fd = {-1, -1}};
	bed.tick = bed.now;
	told = (struct bed_driver){.looped = true, .canceller = true}; /* as a process that was killed left it */
	fake_n_out = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, bed.fd), 0);
	p.fd = bed.fd[0];
	bed.c = (struct bearer_connection){.slot = BED_SLOT, .mode = BEARER_SENDRECV, .format = law == LAW_A ? PLAYOUT_PCMA : PLAYOUT_PCMU,
		.pt = law == LAW_A ? 8 : 0, .event_pt = 101, .event_pt_sent = 101, .flash_sent = true, .noise = true, .echo = true, .ptime = 20};
	int err = span_thread_manual(&bed.thread, NULL, 1);
	if (!err)
		err = bearer_start(&bed.bearer, bed.thread, &p);
	assert_true(err || (!told.looped && !told.canceller));
	told.gains = false;
	return err;
}

static void bed_close(void)
{
	bed.bearer = mem_deref(bed.bearer);
	bed.thread = mem_deref(bed.thread);
	close(bed.fd[0]);
	close(bed.fd[1]);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void bed_turn(void)
{
	struct pollfd readable = {.fd = bed.fd[0], .events = POLLIN};
	if (bed.asleep)
		return;
	for (unsigned i = 0; i < 16 && (!i || poll(&readable, 1, 0) > 0); i++) /* a thread would find the next block at once */
		bed.next = span_thread_turn(bed.thread, bed.now);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void line_takes(void)
{
	ssize_t n;
	while (bed.queued < sizeof bed.queue - BED_BLOCK && (n = recv(bed.fd[1], bed.queue + bed.queued, BED_BLOCK, MSG_DONTWAIT)) > 0)
		bed.queued += (size_t)n;
	for (unsigned i = 0; i < 8; i++)
		bed.heard[bed.n_heard++ % BED_KEPT] = i < bed.queued ? bed.queue[i] : 0;
	size_t used = bed.queued < 8 ? bed.queued : 8;
	bed.ran_dry += bed.n_heard > 8000 ? 8 - used : 0;
	memmove(bed.queue, bed.queue + used, bed.queued - used);
	bed.queued -= used;
}

/* A millisecond of the line's clock. True when a block is complete. */
static bool line_ticks(void)
{
	line_takes();
	bed.speak(bed.block + bed.filled, 8, bed.spoken);
	bed.spoken += 8;
	bed.filled += 8;
	if (!told.block || bed.filled < told.block)
		return false;
	(void)!send(bed.fd[1], bed.block, told.block, MSG_DONTWAIT);
	bed.filled = 0;
	return true;
}

/* Moves time on to `until`: the line ticks, the thread turns when it has to. */
static void bed_run_until(uint64_t until)
{
	while (bed.tick <= until || bed.next <= until) {
		bool ticks = bed.tick <= bed.next;
		uint64_t at = ticks ? bed.tick : bed.next;
		bed.now = at > bed.now ? at : bed.now;
		if (ticks) {
			bool complete = false;
			for (unsigned i = 0; i < (bed.burst ? bed.burst : 1); i++) {
				bed.tick += bed.ms;
				complete |= line_ticks();
			}
			if (complete)
				bed_turn();
		} else {
			bed.next = UINT64_MAX;
			bed_turn();
		}
	}
	bed.now = until > bed.now ? until : bed.now;
}

static void bed_run(unsigned ms)
{
	bed_run_until(bed.now + ms * MS);
}

static bool bed_packet(uint8_t pt, bool marker, uint16_t seq, uint32_t timestamp, const uint8_t *payload, size_t len)
{
	uint8_t data[12 + 1600];
	const struct rtp_packet r = {.pt = pt, .marker = marker, .seq = seq, .timestamp = timestamp, .ssrc = 0x1234};
	rtp_write(&r, data);
	memcpy(data + 12, payload, len);
	return span_thread_rtp(NULL, BED_SLOT, bearer_deliver(bed.bearer), data, 12 + len, bed.now);
}

/* The next 20 ms of the peer: what an octet is follows from its place. */
static uint8_t bed_octet(uint64_t place)
{
	return (uint8_t)(place % 251);
}

static void bed_voice(void)
{
	uint8_t payload[160];
	for (unsigned i = 0; i < 160; i++)
		payload[i] = bed_octet(bed.timestamp + i);
	assert_true(bed_packet(bed.c.pt, false, bed.seq++, bed.timestamp, payload, sizeof payload));
	bed.timestamp += 160;
}

static inline uint64_t bed_count(enum bearer_counter which)
{
	uint64_t values[BEARER_COUNTERS];
	bearer_read(bed.bearer, values);
	return values[which];
}

static inline unsigned bed_events(enum heard_kind kind)
{
	unsigned n = 0;
	for (unsigned i = 0; i < bed.n_events; i++)
		n += bed.events[i].kind == kind;
	return n;
}
