// SPDX-License-Identifier: GPL-3.0-or-later
/* The null engine's threads, on loopback in a network namespace of its own: what is steered to them, forwarded, handed over, and how they end. Without the
 * right to load programs there are no threads, and nothing to test. */
#include "unit.h"
#include "base/loop.h"
#include "fastpath/fastpath.h"
#include "tandem/reasons.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IP4     "10.77.9.1"
#define IP6     "fd77:9::1"
#define LOW     28000
#define STREAMS 96 /* more than places that ports are dealt out to */
#define ROUNDS  40
#define A_ROUND 5 /* packets of a stream at once */
#define SOON    20000 /* ms in which what has to come has come, on any machine */

struct side {
	int fd;
	struct addr peer, local; /* of the test's socket, of the engine's port */
	uint32_t slot;
};

/* Stream i goes from a[i] to b[i] and back. */
struct bed {
	struct fastpath *fp;
	struct side a[STREAMS], b[STREAMS];
	pthread_t main;
	unsigned latched, rtcp, wrong_thread;
	bool close_at_event;
};

static bool steered; /* this process may have threads */
static bool (*deliver)(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns);

static struct addr host(const char *ip, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(ip), port), 0);
	return a;
}

static void on_event(void *arg, uint32_t slot, unsigned event, uint32_t value)
{
	struct bed *b = arg;
	b->latched += event == TANDEM_EV_LATCH;
	b->wrong_thread += !pthread_equal(pthread_self(), b->main);
	if (b->close_at_event)
		b->fp = mem_deref(b->fp);
}

static void on_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	struct bed *b = arg;
	b->rtcp++;
	b->wrong_thread += !pthread_equal(pthread_self(), b->main);
}

static void side_open(struct bed *b, struct side *s, const char *ip, uint16_t port)
{
	struct addr any = host(ip, 0);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&any, &ss);
	s->fd = socket(any.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(s->fd >= 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof ss;
	getsockname(s->fd, (struct sockaddr *)&ss, &len);
	assert_int_equal(addr_from_sockaddr(&s->peer, (struct sockaddr *)&ss), 0);
	s->local = host(ip, port);
	len = addr_to_sockaddr(&s->local, &ss);
	assert_int_equal(connect(s->fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(fastpath_slot(b->fp, &s->local, &s->slot), 0);
	struct fp_stream f = {.remote = s->peer, .signalling = s->peer, .send = true, .receive = true, .rtcp_mux = true, .clock_hz = 8000, .arm = 1};
	assert_int_equal(fastpath_open_port(b->fp, s->slot), 0);
	assert_int_equal(fastpath_upsert(b->fp, s->slot, &f), 0);
}

static int engine_open(struct bed *b, unsigned threads)
{
	struct fp_local locals[2] = {{host(IP4, 0), LOW, LOW + 2 * STREAMS}, {host(IP6, 0), LOW, LOW + 2 * STREAMS}};
	struct fp_params params = {
		.locals = locals,
		.n_locals = 2,
		.want = FP_WANT_NULL,
		.threads = threads,
		.handlers = {.rtcp = on_rtcp, .event = on_event, .rtp = deliver},
		.arg = b,
	};
	b->main = pthread_self();
	return fastpath_open(&b->fp, &params);
}

/* IPv4 on one side and IPv6 on the other. */
static void setup(struct bed *b, unsigned threads)
{
	*b = (struct bed){0};
	assert_int_equal(engine_open(b, threads), 0);
	for (uint16_t i = 0; i < STREAMS; i++) {
		side_open(b, &b->a[i], IP4, (uint16_t)(LOW + 2 * i));
		side_open(b, &b->b[i], IP6, (uint16_t)(LOW + 2 * i));
		assert_int_equal(fastpath_join(b->fp, b->a[i].slot, b->b[i].slot), 0);
	}
}

static void teardown(struct bed *b)
{
	b->fp = mem_deref(b->fp);
	for (unsigned i = 0; i < STREAMS; i++) {
		close(b->a[i].fd);
		close(b->b[i].fd);
	}
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void send_rtp(const struct side *s, uint16_t seq, uint32_t ssrc)
{
	uint8_t p[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq};
	ssrc = htonl(ssrc);
	memcpy(p + 8, &ssrc, 4);
	assert_int_equal(send(s->fd, p, sizeof p, 0), sizeof p);
}

/* The sequence number of the next packet at a side, -1 when none comes. */
static int next_seq(const struct side *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	uint8_t got[2048];
	if (poll(&p, 1, SOON) != 1 || recv(s->fd, got, sizeof got, MSG_DONTWAIT) != 172)
		return -1;
	return got[2] << 8 | got[3];
}

/* Lets the loop run until there are so many, or there ought to be long since. */
static void run_until(const unsigned *count, unsigned wanted)
{
	for (int i = 0; i < SOON && *count < wanted; i++) {
		uv_run(loop_uv(), UV_RUN_NOWAIT);
		if (*count < wanted)
			poll(NULL, 0, 1);
	}
}

static void all_streams_arrive_in_order(unsigned threads)
{
	struct bed b;
	struct fp_stats st;
	setup(&b, threads);
	for (uint16_t round = 0; round < ROUNDS; round++) {
		for (uint16_t k = 0; k < A_ROUND; k++)
			for (unsigned i = 0; i < STREAMS; i++) {
				send_rtp(&b.a[i], (uint16_t)(round * A_ROUND + k), 1000 + i);
				send_rtp(&b.b[i], (uint16_t)(round * A_ROUND + k), 2000 + i);
			}
		for (uint16_t k = 0; k < A_ROUND; k++)
			for (unsigned i = 0; i < STREAMS; i++) {
				assert_int_equal(next_seq(&b.b[i]), round * A_ROUND + k);
				assert_int_equal(next_seq(&b.a[i]), round * A_ROUND + k);
			}
	}
	run_until(&b.latched, 2 * STREAMS);
	assert_int_equal(b.latched, 2 * STREAMS);
	assert_int_equal(b.wrong_thread, 0);
	for (unsigned i = 0; i < STREAMS; i++) {
		assert_int_equal(fastpath_read(b.fp, b.a[i].slot, &st), 0);
		assert_int_equal(st.rx_packets, ROUNDS * A_ROUND);
		assert_int_equal(st.by_engine[FP_NULL], ROUNDS * A_ROUND);
		assert_int_equal(st.lost + st.reordered, 0);
	}
	teardown(&b);
}

static void threads_forward_every_stream_in_order(void **state)
{
	if (!steered)
		skip();
	all_streams_arrive_in_order(1);
	all_streams_arrive_in_order(3);
	all_streams_arrive_in_order(4);
}

static void rtcp_reaches_the_main_thread(void **state)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 0, 0, 3, 0xe8};
	struct bed b;
	if (!steered)
		skip();
	setup(&b, 4);
	for (unsigned i = 0; i < STREAMS; i++) {
		send_rtp(&b.a[i], 1, 1000);
		assert_int_equal(next_seq(&b.b[i]), 1);
		assert_int_equal(send(b.a[i].fd, rr, sizeof rr, 0), sizeof rr);
	}
	run_until(&b.rtcp, STREAMS);
	assert_int_equal(b.rtcp, STREAMS);
	assert_int_equal(b.wrong_thread, 0);
	teardown(&b);
}

struct sender {
	struct bed *b;
	atomic_bool stop;
};

static void *send_on_and_on(void *arg)
{
	struct sender *s = arg;
	for (uint16_t seq = 0; !s->stop; seq++)
		for (unsigned i = 0; i < STREAMS; i++) {
			uint8_t p[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, [11] = 1};
			(void)!send(s->b->a[i].fd, p, sizeof p, MSG_DONTWAIT); /* refused once the engine is closed */
		}
	return NULL;
}

/* Streams are set, joined to others and removed, then the engine is closed, while packets keep coming. */
static void changes_and_closes_under_load(void **state)
{
	struct bed b;
	struct fp_stats st;
	pthread_t id;
	if (!steered)
		skip();
	setup(&b, 4);
	struct sender s = {.b = &b};
	assert_int_equal(pthread_create(&id, NULL, send_on_and_on, &s), 0);
	assert_true(next_seq(&b.b[0]) >= 0);
	for (uint32_t round = 2; round < 200; round++) {
		unsigned i = round % STREAMS, other = (round * 7 + 1) % STREAMS;
		struct fp_stream f = {.remote = b.a[i].peer, .signalling = b.a[i].peer, .send = true, .receive = true, .clock_hz = 8000, .arm = round};
		fastpath_remove(b.fp, b.a[i].slot);
		assert_int_equal(fastpath_upsert(b.fp, b.a[i].slot, &f), 0);
		assert_int_equal(fastpath_join(b.fp, b.a[i].slot, b.b[other].slot), 0);
		assert_int_equal(fastpath_read(b.fp, b.a[i].slot, &st), 0);
		uv_run(loop_uv(), UV_RUN_NOWAIT);
	}
	b.fp = mem_deref(b.fp);
	s.stop = true;
	pthread_join(id, NULL);
	teardown(&b);
}

static void a_handler_may_close_the_engine(void **state)
{
	struct bed b;
	if (!steered)
		skip();
	setup(&b, 2);
	b.close_at_event = true;
	for (unsigned i = 0; i < STREAMS; i++)
		send_rtp(&b.a[i], 1, 1000);
	run_until(&b.latched, 1);
	assert_int_equal(b.latched, 1);
	assert_null(b.fp);
	teardown(&b);
}

/* What takes packets is freed as soon as none is on its way there. */
static uint64_t *_Atomic taker;

static bool on_rtp(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns)
{
	uint64_t *t = atomic_load(&taker);
	if (t)
		(*t)++;
	return t;
}

static void delivered_packets_are_settled(void **state)
{
	struct bed b = {0};
	pthread_t id;
	if (!steered)
		skip();
	deliver = on_rtp;
	setup(&b, 1);
	deliver = NULL;
	struct sender s = {.b = &b};
	uint64_t *mine = calloc(1, sizeof *mine);
	atomic_store(&taker, mine);
	assert_int_equal(pthread_create(&id, NULL, send_on_and_on, &s), 0);
	for (uint32_t round = 2; round < 30; round++) {
		struct fp_stream f = {.remote = b.a[0].peer, .signalling = b.a[0].peer, .send = true, .receive = true, .clock_hz = 8000, .arm = round, .deliver = 1};
		struct fp_stats st = {0};
		assert_int_equal(fastpath_upsert(b.fp, b.a[0].slot, &f), 0);
		fastpath_read(b.fp, b.a[0].slot, &st);
		for (uint64_t before = st.rx_packets; st.rx_packets < before + 3; fastpath_read(b.fp, b.a[0].slot, &st))
			sched_yield();
		atomic_store(&taker, NULL);
		fastpath_settle(b.fp);
		assert_true(*mine > 0);
		free(mine);
		mine = calloc(1, sizeof *mine);
		atomic_store(&taker, mine);
		uv_run(loop_uv(), UV_RUN_NOWAIT);
	}
	b.fp = mem_deref(b.fp);
	free(mine);
	s.stop = true;
	pthread_join(id, NULL);
	teardown(&b);
}

static void open_and_close(void *arg)
{
	struct bed b = {0};
	int err = engine_open(&b, 2);
	assert_true(!err || err == -ENOMEM);
	b.fp = mem_deref(b.fp);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void survives_lack_of_memory(void **state)
{
	if (!steered)
		skip();
	each_allocation_fails(open_and_close, NULL);
}

/* Nobody may speak from a loopback address. */
static bool have_addresses(void)
{
	return !system("ip link set lo up && ip addr add " IP4 "/32 dev lo && ip addr add " IP6 "/128 dev lo nodad");
}

static unsigned threads_now(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

/* Whether the kernel lets us steer: without, the engine falls back to sockets that bind to ports. */
static bool may_steer(void)
{
	struct bed b = {0};
	unsigned before = threads_now();
	if (unshare(CLONE_NEWNET) || !have_addresses() || engine_open(&b, 2))
		return false;
	bool may = threads_now() >= before + 2;
	mem_deref(b.fp);
	if (!may)
		printf("SKIP: no threads: socket steering needs CAP_BPF and CAP_NET_ADMIN\n");
	return may;
}

static int start(void **state)
{
	int err = loop_init();
	steered = !err && may_steer();
	return err;
}

static int stop(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_forward_every_stream_in_order),
		cmocka_unit_test(rtcp_reaches_the_main_thread),
		cmocka_unit_test(changes_and_closes_under_load),
		cmocka_unit_test(a_handler_may_close_the_engine),
		cmocka_unit_test(delivered_packets_are_settled),
		cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
