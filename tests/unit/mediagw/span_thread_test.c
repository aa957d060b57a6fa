// SPDX-License-Identifier: GPL-3.0-or-later
/* A span's thread, in real time: channels that tick, packets from several threads, and bearers that come and go meanwhile. */
#include "unit.h"
#include "base/loop.h"
#include "mediagw/bearer.h"
#include "mediagw/span_thread.h"
#include "rtp/packet.h"
#include "tdm/driver.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS 4
#define BLOCK    160

static struct channel {
	int fd[2];
	struct bearer *_Atomic bearer;
	atomic_uint heard; /* octets that the line got */
} channels[CHANNELS];
static atomic_bool stop;
static atomic_uint sent[CHANNELS];
static unsigned heard_digits;

/* --- a fast path and a driver that do nothing ---------------------------------------------------------------------- */

struct fp_outlet {
	int nothing;
};

int fastpath_outlet(struct fp_outlet **ret, struct fastpath *fp)
{
	*ret = mem_alloc(sizeof **ret, NULL);
	return *ret ? 0 : -ENOMEM;
}

int fp_outlet_put(struct fp_outlet *o, uint32_t slot, uint8_t *data, size_t len)
{
	atomic_fetch_add(&sent[slot], len == 12 + BLOCK);
	return 0;
}

void fp_outlet_flush(struct fp_outlet *o)
{
}

void fastpath_settle(struct fastpath *fp)
{
}

static int take(int fd, bool on) { return 0; }
static int take_unsigned(int fd, unsigned n) { return 0; }
static int take_buffers(int fd, const struct tdm_buffers *b) { return 0; }
static int take_gains(int fd, const struct tdm_gains *g) { return 0; }
static int no_event(int fd, struct tdm_event *ret)
{
	*ret = (struct tdm_event){0};
	return 0;
}

static const struct tdm_driver driver = {.audio = take, .buffers = take_buffers, .cancel_echo = take_unsigned, .gains = take_gains, .loop = take,
	.flush = take_unsigned, .buffer_events = take, .event = no_event};

/* --- the clock of the lines, and their peers ----------------------------------------------------------------------- */

static void *tick(void *arg)
{
	uint8_t block[BLOCK];
	memset(block, 0xd5, sizeof block);
	while (!stop) {
		for (unsigned i = 0; i < CHANNELS; i++) {
			uint8_t got[256];
			ssize_t n;
			(void)!send(channels[i].fd[1], block, sizeof block, MSG_DONTWAIT);
			while ((n = recv(channels[i].fd[1], got, sizeof got, MSG_DONTWAIT)) > 0)
				atomic_fetch_add(&channels[i].heard, (unsigned)n);
		}
		poll(NULL, 0, 5);
	}
	return NULL;
}

static void *talk(void *arg)
{
	const uint32_t to = *(uint32_t *)arg;
	uint8_t data[12 + BLOCK] = {0};
	for (uint16_t seq = 0; !stop; seq++) {
		struct timespec t;
		struct rtp_packet r = {.pt = 8, .seq = seq, .timestamp = seq * 160u, .ssrc = 9};
		clock_gettime(CLOCK_MONOTONIC, &t);
		rtp_write(&r, data);
		for (uint32_t slot = 0; slot < CHANNELS; slot++)
			(void)span_thread_rtp(NULL, slot, to + slot, data, sizeof data, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void on_heard(void *arg, const struct heard *h)
{
	heard_digits += h->kind == HEARD_PLAYED;
}

static void begin(struct span_thread *t, unsigned i)
{
	struct bearer_params p = {.driver = &driver, .fd = channels[i].fd[0], .law = LAW_A, .tail = 1, .heard = on_heard};
	struct bearer_connection c = {.slot = i, .mode = BEARER_SENDRECV, .format = PLAYOUT_PCMA, .pt = 8, .echo = true, .ptime = 20};
	struct bearer *b;
	assert_int_equal(bearer_start(&b, t, &p), 0);
	assert_int_equal(bearer_connect(b, &c), 0);
	channels[i].bearer = b;
}

static void turn_until(const unsigned *what, unsigned n)
{
	for (unsigned i = 0; i < 5000 && *what < n; i++) {
		uv_run(loop_uv(), UV_RUN_NOWAIT);
		poll(NULL, 0, 1);
	}
	assert_true(*what >= n);
}

static void bearers_come_and_go_while_packets_keep_coming(void **state)
{
	struct span_thread *t, *second;
	struct sound *s;
	struct tone tone;
	pthread_t ticker, talkers[2];
	uint64_t values[BEARER_COUNTERS];
	assert_int_equal(span_thread_open(&t, NULL, 1), 0);
	assert_int_equal(span_thread_open(&second, NULL, 1), -EEXIST);
	for (unsigned i = 0; i < CHANNELS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, channels[i].fd), 0);
		begin(t, i);
	}
	uint32_t to = bearer_deliver(channels[0].bearer);
	assert_int_equal(pthread_create(&ticker, NULL, tick, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&talkers[i], NULL, talk, &to), 0);
	assert_int_equal(tone_read(&tone, SLICE("!440/20")), 0);
	for (unsigned round = 0; round < 60; round++) {
		unsigned i = round % CHANNELS;
		assert_int_equal(sound_tone(&s, &tone, false), 0);
		assert_int_equal(bearer_play(channels[i].bearer, BEARER_LINE, s), 0);
		mem_deref(s);
		if (round % 5 == 0)
			turn_until(&heard_digits, heard_digits + 1);
		bearer_read(channels[i].bearer, values);
		mem_deref(channels[i].bearer);
		begin(t, i);
	}
	/* What was begun last goes on by itself. */
	for (unsigned i = 0; i < CHANNELS; i++) {
		unsigned before = sent[i], heard = channels[i].heard;
		for (unsigned k = 0; k < 5000 && (sent[i] < before + 5 || channels[i].heard < heard + 5 * BLOCK); k++)
			poll(NULL, 0, 1);
		assert_true(sent[i] >= before + 5 && channels[i].heard >= heard + 5 * BLOCK);
		bearer_read(channels[i].bearer, values);
		assert_true(values[BEARER_RECEIVED] > 0);
	}
	mem_deref(channels[1].bearer);
	stop = true;
	pthread_join(ticker, NULL);
	pthread_join(talkers[0], NULL);
	pthread_join(talkers[1], NULL);
	for (unsigned i = 0; i < CHANNELS; i++) {
		if (i != 1)
			mem_deref(channels[i].bearer);
		close(channels[i].fd[0]);
		close(channels[i].fd[1]);
	}
	mem_deref(t);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static int start(void **state)
{
	return loop_init();
}

static int finish(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bearers_come_and_go_while_packets_keep_coming)};
	return cmocka_run_group_tests(tests, start, finish);
}
