// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "mediagw/bearer_private.h"
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define READY    64
#define EARLY_NS (16 * (uint64_t)OCTET_NS) /* what is due so soon is done at once: channels gather in one turn */
#define SLACK_NS 20000
#define TO_SPAN  16 /* `to`: the span's number, and below the bearer's index + 1 */
#define STOPS    UINT64_MAX

static _Atomic(struct span_thread *) threads[TDM_MAX_SPANS + 1]; /* by number, for those that receive */

/* --- packets ------------------------------------------------------------------------------------------------------- */

bool span_thread_rtp(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns)
{
	uint32_t number = to >> TO_SPAN;
	struct span_thread *t = number <= TDM_MAX_SPANS ? atomic_load(&threads[number]) : NULL;
	return t && inbox_put(t->inbox, slot, to, data, len, now_ns);
}

uint32_t bearer_deliver(const struct bearer *b)
{
	return b->thread->number << TO_SPAN | (b->index + 1);
}

static struct bearer *bearer_at(const struct span_thread *t, unsigned index)
{
	return index < t->used ? t->bearers[index] : NULL;
}

/* Packets of a stream that has ended meanwhile are nobody's. */
static void take_packets(struct span_thread *t)
{
	const struct inbox_packet *k;
	for (; (k = inbox_first(t->inbox)); inbox_done(t->inbox)) {
		struct bearer *b = bearer_at(t, (k->to & ((1u << TO_SPAN) - 1)) - 1);
		struct stream *s = b ? bearer_stream(b, k->slot) : NULL;
		if (s)
			bearer_received(b, s, k);
	}
}

static void flush(struct span_thread *t)
{
	if (t->out)
		fp_outlet_flush(t->outlet);
	t->out = 0;
}

uint8_t *span_thread_room(struct span_thread *t)
{
	if (t->out == FP_OUTLET)
		flush(t);
	return t->packet[t->out].data;
}

int span_thread_send(struct span_thread *t, uint32_t slot, size_t len)
{
	int err = fp_outlet_put(t->outlet, slot, t->packet[t->out].data, len);
	t->out += !err;
	return err;
}

/* --- a turn -------------------------------------------------------------------------------------------------------- */

static void ready(struct span_thread *t, const struct epoll_event *e, uint64_t now_ns)
{
	unsigned index = (uint32_t)e->data.u64;
	struct bearer *b = bearer_at(t, index);
	if (e->data.u64 != STOPS && b && t->generation[index] == e->data.u64 >> 32)
		bearer_ready(b, e->events, now_ns);
}

static void wake_main(struct span_thread *t)
{
	const uint64_t one = 1;
	if (t->heard_unsaid)
		(void)!write(t->heard_fd, &one, sizeof one);
	t->heard_unsaid = false;
}

static uint64_t turn(struct span_thread *t, const struct epoll_event *e, int n, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;
	pthread_mutex_lock(&t->lock);
	t->ticked = false;
	take_packets(t);
	for (int i = 0; i < n; i++)
		ready(t, &e[i], now_ns);
	for (unsigned i = 0; i < t->used; i++) {
		struct bearer *b = t->bearers[i];
		if (!b || !b->flows)
			continue;
		if (t->ticked)
			bearer_align(b);
		if (b->due_ns <= now_ns + EARLY_NS)
			bearer_write(b, now_ns);
		next = b->due_ns < next ? b->due_ns : next;
	}
	flush(t);
	wake_main(t);
	pthread_mutex_unlock(&t->lock);
	return next;
}

uint64_t span_thread_turn(struct span_thread *t, uint64_t now_ns)
{
	struct epoll_event e[READY];
	int n = epoll_wait(t->epoll, e, READY, 0);
	return turn(t, e, n > 0 ? n : 0, now_ns);
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int wait_until(struct span_thread *t, struct epoll_event *e, uint64_t until)
{
	uint64_t at = now(), left = until > at ? until - at : 0;
	struct timespec wait = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
	int n = epoll_pwait2(t->epoll, e, READY, until == UINT64_MAX ? NULL : &wait, NULL);
	return n > 0 ? n : 0;
}

/* Before everything that is not urgent, where that is allowed (RLIMIT_RTPRIO): a line waits for nobody. */
static void be_prompt(void)
{
	const struct sched_param p = {.sched_priority = 1};
	(void)pthread_setschedparam(pthread_self(), SCHED_RR, &p);
	prctl(PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
}

static void *run(void *arg)
{
	struct span_thread *t = arg;
	struct epoll_event e[READY];
	uint64_t next = UINT64_MAX;
	pthread_setname_np(pthread_self(), "tandem-span");
	be_prompt();
	while (!atomic_load_explicit(&t->stop, memory_order_relaxed)) {
		int n = wait_until(t, e, next);
		next = turn(t, e, n, now());
	}
	return NULL;
}

/* --- what is heard ------------------------------------------------------------------------------------------------- */

void span_thread_heard(struct bearer *b, const struct heard *h)
{
	struct span_thread *t = b->thread;
	if (t->heard_count == SPAN_HEARD) {
		b->first.count[BEARER_UNTOLD]++;
		return;
	}
	unsigned at = (t->heard_first + t->heard_count++) % SPAN_HEARD;
	t->heard[at].bearer = b;
	t->heard[at].heard = *h;
	t->heard_unsaid = true;
}

/* One at a time: whoever is told may end bearers. */
static bool tell_one(struct span_thread *t)
{
	struct bearer *b = NULL;
	struct heard h;
	pthread_mutex_lock(&t->lock);
	bool any = t->heard_count;
	if (any) {
		b = t->heard[t->heard_first].bearer;
		h = t->heard[t->heard_first].heard;
		t->heard_first = (t->heard_first + 1) % SPAN_HEARD;
		t->heard_count--;
	}
	pthread_mutex_unlock(&t->lock);
	if (b && b->p.heard)
		b->p.heard(b->p.arg, &h);
	return any;
}

static void on_heard(void *arg, int events)
{
	struct span_thread *t = mem_ref(arg);
	uint64_t n;
	(void)!read(t->heard_fd, &n, sizeof n);
	for (unsigned i = 0; i < SPAN_HEARD && tell_one(t); i++)
		;
	mem_deref(t);
}

static void forget_heard(struct span_thread *t, const struct bearer *b)
{
	for (unsigned i = 0; i < t->heard_count; i++) {
		unsigned at = (t->heard_first + i) % SPAN_HEARD;
		if (t->heard[at].bearer == b)
			t->heard[at].bearer = NULL;
	}
}

/* --- its bearers --------------------------------------------------------------------------------------------------- */

static int control(const struct bearer *b, int operation)
{
	const struct span_thread *t = b->thread;
	struct epoll_event e = {.events = EPOLLPRI | (b->flows ? EPOLLIN : 0), .data.u64 = (uint64_t)t->generation[b->index] << 32 | b->index};
	return epoll_ctl(t->epoll, operation, b->p.fd, &e) ? -errno : 0;
}

int span_thread_watch(const struct bearer *b)
{
	return control(b, EPOLL_CTL_MOD);
}

void span_thread_forget(const struct bearer *b)
{
	(void)control(b, EPOLL_CTL_DEL);
}

int span_thread_add(struct span_thread *t, struct bearer *b)
{
	unsigned i = 0;
	pthread_mutex_lock(&t->lock);
	while (i < SPAN_BEARERS && t->bearers[i])
		i++;
	int err = i < SPAN_BEARERS ? 0 : -ENOSPC;
	if (!err) {
		b->index = i;
		b->thread = t;
		t->generation[i]++;
		err = control(b, EPOLL_CTL_ADD);
	}
	if (err) {
		b->thread = NULL;
	} else {
		mem_ref(t);
		t->bearers[i] = b;
		t->used = i >= t->used ? i + 1 : t->used;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

void span_thread_remove(struct bearer *b)
{
	struct span_thread *t = b->thread;
	if (t->bearers[b->index] != b)
		return;
	if (!b->lost)
		(void)control(b, EPOLL_CTL_DEL);
	t->bearers[b->index] = NULL;
	while (t->used && !t->bearers[t->used - 1])
		t->used--;
	forget_heard(t, b);
}

/* --- opening and closing ------------------------------------------------------------------------------------------- */

/* Nobody that receives has it in hand any more when it is freed. */
static void span_thread_destroy(void *obj)
{
	struct span_thread *t = obj;
	const uint64_t one = 1;
	if (t->number) {
		atomic_store(&threads[t->number], NULL);
		fastpath_settle(t->fp);
	}
	atomic_store(&t->stop, true);
	if (t->running) {
		(void)!write(t->stop_fd, &one, sizeof one);
		pthread_join(t->id, NULL);
	}
	mem_deref(t->watch);
	mem_deref(t->outlet);
	mem_deref(t->inbox);
	const int fds[] = {t->epoll, t->stop_fd, t->heard_fd};
	for (unsigned i = 0; i < sizeof fds / sizeof fds[0]; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	pthread_mutex_destroy(&t->lock);
}

static int open_parts(struct span_thread *t)
{
	struct epoll_event stops = {.events = EPOLLIN, .data.u64 = STOPS};
	t->inbox = inbox_new();
	if (!t->inbox)
		return -ENOMEM;
	int err = fastpath_outlet(&t->outlet, t->fp);
	if (err)
		return err;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->heard_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->epoll < 0 || t->stop_fd < 0 || t->heard_fd < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->stop_fd, &stops))
		return -errno;
	return loop_watch(&t->watch, t->heard_fd, UV_READABLE, on_heard, t);
}

int span_thread_manual(struct span_thread **ret, struct fastpath *fp, unsigned number)
{
	struct span_thread *t, *none = NULL;
	if (!number || number > TDM_MAX_SPANS)
		return -EINVAL;
	t = mem_alloc(sizeof *t, span_thread_destroy);
	if (!t)
		return -ENOMEM;
	t->fp = fp;
	t->epoll = t->stop_fd = t->heard_fd = -1;
	pthread_mutex_init(&t->lock, NULL);
	int err = open_parts(t);
	if (!err && !atomic_compare_exchange_strong(&threads[number], &none, t))
		err = -EEXIST;
	if (err) {
		mem_deref(t);
		return err;
	}
	t->number = number;
	*ret = t;
	return 0;
}

int span_thread_open(struct span_thread **ret, struct fastpath *fp, unsigned number)
{
	struct span_thread *t;
	sigset_t all, was;
	int err = span_thread_manual(&t, fp, number);
	if (err)
		return err;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	err = -pthread_create(&t->id, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	t->running = !err;
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}
