// SPDX-License-Identifier: GPL-3.0-or-later
/* The threads that forward what is steered to them, and the main loop's side of what they hand over. */
#include "fastpath/null.h"
#include "base/log.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Under load a thread sleeps so long between two looks at its sockets: packets gather, and neither they nor their senders wake anybody. */
#define NAP_NS     250000
#define NAP_SLACK  10000
#define BUSY_NS    1000000 /* a look that found something, and one so soon before did too: that is load */
/* Of packets that were all delivered: who takes them looks when a telephone line's clock says, not when they come. */
#define DELIVERED_NAP_NS  1000000
#define DELIVERED_BUSY_NS 3000000
#define MESSAGES_A_TURN 256 /* signalling must get its share */

struct thread {
	struct fp_threads *all;
	struct fp_worker worker;
	struct loop_watch *watch;
	pthread_t id;
	bool running;
	int fd[2]; /* IPv4, IPv6; not ours */
};

struct fp_threads {
	struct fp_null *null;
	atomic_bool stop;
	int stop_fd; /* readable when they are to stop */
	unsigned n;
	struct thread thread[];
};

/* --- in a thread --------------------------------------------------------------------------------------------------- */

static bool stopped(const struct thread *t)
{
	return atomic_load_explicit(&t->all->stop, memory_order_relaxed);
}

/* Everything that waits at the sockets: how many packets. */
static unsigned look(struct thread *t)
{
	unsigned all = 0;
	bool more = true;
	t->worker.delivered = 0;
	while (more && !stopped(t)) {
		more = false;
		for (unsigned i = 0; i < 2; i++) {
			unsigned got = t->fd[i] < 0 ? 0 : fp_worker_receive(&t->worker, t->fd[i], TANDEM_NONE);
			all += got;
			more |= got == FP_BATCH;
		}
		fp_handover_wake(t->worker.handover);
	}
	return all;
}

static void wait_for_packets(struct thread *t)
{
	struct pollfd p[3] = {
		{.fd = t->fd[0], .events = POLLIN},
		{.fd = t->fd[1], .events = POLLIN},
		{.fd = t->all->stop_fd, .events = POLLIN},
	};
	(void)poll(p, 3, -1);
}

static void nap(bool delivered, uint64_t since_ns)
{
	const struct timespec time = {.tv_nsec = delivered ? DELIVERED_NAP_NS : NAP_NS};
	if (since_ns < (delivered ? DELIVERED_BUSY_NS : BUSY_NS))
		clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	uint64_t before = 0;
	pthread_setname_np(pthread_self(), "tandem-media");
	prctl(PR_SET_TIMERSLACK, NAP_SLACK, 0, 0, 0);
	while (!stopped(t)) {
		unsigned n = look(t);
		if (!n) {
			wait_for_packets(t);
			continue;
		}
		nap(t->worker.delivered == n, t->worker.now_ns - before);
		before = t->worker.now_ns;
	}
	return NULL;
}

/* --- on the main loop ---------------------------------------------------------------------------------------------- */

static void on_handover(void *arg, int events)
{
	struct thread *t = arg;
	struct fp_threads *all = mem_ref(t->all); /* a handler may close the engine */
	struct fp_handover *h = t->worker.handover;
	const struct fp_message *m;
	unsigned n = 0;
	fp_handover_woken(h);
	for (; n < MESSAGES_A_TURN && all->null->fp && (m = fp_handover_first(h)); n++) {
		fp_null_message(all->null, m);
		fp_handover_done(h);
	}
	if (n == MESSAGES_A_TURN)
		fp_handover_again(h);
	mem_deref(all);
}

static int start(struct thread *t)
{
	sigset_t all, was;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	int err = -pthread_create(&t->id, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	t->running = !err;
	return err;
}

void fp_threads_settle(const struct fp_threads *t)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < t->n; i++) {
		const uint32_t *turns = &t->thread[i].worker.turns, was = __atomic_load_n(turns, __ATOMIC_SEQ_CST);
		while (was & 1 && __atomic_load_n(turns, __ATOMIC_ACQUIRE) == was)
			sched_yield();
	}
}

void fp_threads_close(struct fp_threads *t)
{
	const uint64_t one = 1;
	atomic_store(&t->stop, true);
	if (t->stop_fd >= 0)
		(void)!write(t->stop_fd, &one, sizeof one);
	for (unsigned i = 0; i < t->n; i++) {
		if (t->thread[i].running)
			pthread_join(t->thread[i].id, NULL);
		t->thread[i].running = false;
		t->thread[i].watch = mem_deref(t->thread[i].watch);
	}
}

static void threads_destroy(void *obj)
{
	struct fp_threads *t = obj;
	fp_threads_close(t);
	for (unsigned i = 0; i < t->n; i++)
		fp_worker_free(&t->thread[i].worker);
	if (t->stop_fd >= 0)
		close(t->stop_fd);
	mem_deref(t->null);
}

static int add(struct thread *t, const int raw[2])
{
	int err = fp_worker_init(&t->worker, t->all->null, raw);
	if (!err)
		err = fp_handover_open(&t->worker.handover);
	for (unsigned i = 0; !err && i < 2; i++)
		if (t->fd[i] >= 0)
			fp_receive_prepare(t->fd[i], i ? AF_INET6 : AF_INET, true);
	if (!err)
		err = loop_watch(&t->watch, fp_handover_fd(t->worker.handover), UV_READABLE, on_handover, t);
	return err;
}

/* What waits at sockets that an earlier process received by goes first, before a thread runs: so no packet overtakes another. */
static void drain(struct fp_threads *t, const struct fp_sockets *sockets)
{
	for (unsigned i = 0; t->n && i < sockets->n_old; i++)
		while (fp_worker_receive(&t->thread[0].worker, sockets->old[i], TANDEM_NONE))
			;
	if (t->n)
		fp_handover_wake(t->thread[0].worker.handover);
}

int fp_threads_open(struct fp_threads **ret, struct fp_null *n, const struct fp_sockets *sockets)
{
	struct fp_threads *t = mem_alloc(sizeof *t + sockets->threads * sizeof t->thread[0], threads_destroy);
	if (!t)
		return -ENOMEM;
	t->null = mem_ref(n);
	t->stop_fd = eventfd(0, EFD_CLOEXEC);
	int err = t->stop_fd < 0 ? -errno : 0;
	for (; !err && t->n < sockets->threads; t->n++) {
		struct thread *one = &t->thread[t->n];
		*one = (struct thread){.all = t, .fd = {sockets->steer[t->n][0], sockets->steer[t->n][1]}};
		err = add(one, sockets->raw);
	}
	if (!err)
		drain(t, sockets);
	for (unsigned i = 0; !err && i < t->n; i++)
		err = start(&t->thread[i]);
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}

uint64_t fp_threads_count(const struct fp_threads *t, uint64_t *sum)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < t->n; i++)
		lost += fp_worker_count(&t->thread[i].worker, sum);
	return lost;
}
