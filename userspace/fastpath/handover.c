// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/handover.h"
#include "base/mem.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MESSAGES 1024 /* a power of two */

struct fp_handover {
	int fd;
	struct fp_message *message;
	uint8_t apart[64]; /* what writer and reader write is not in one cache line */
	atomic_uint written;
	bool unsaid; /* the writer's: published since the last wake */
	uint8_t apart_too[64];
	atomic_uint read;
};

static void handover_destroy(void *obj)
{
	struct fp_handover *h = obj;
	if (h->fd >= 0)
		close(h->fd);
	mem_free(h->message);
}

int fp_handover_open(struct fp_handover **ret)
{
	struct fp_handover *h = mem_alloc(sizeof *h, handover_destroy);
	if (!h)
		return -ENOMEM;
	h->fd = -1;
	h->message = mem_raw(MESSAGES * sizeof *h->message);
	int err = h->message ? 0 : -ENOMEM;
	if (!err) {
		h->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		err = h->fd < 0 ? -errno : 0;
	}
	if (err)
		mem_deref(h);
	else
		*ret = h;
	return err;
}

int fp_handover_fd(const struct fp_handover *h)
{
	return h->fd;
}

struct fp_message *fp_handover_room(struct fp_handover *h)
{
	unsigned written = atomic_load_explicit(&h->written, memory_order_relaxed);
	if (written - atomic_load_explicit(&h->read, memory_order_acquire) == MESSAGES)
		return NULL;
	return &h->message[written % MESSAGES];
}

void fp_handover_publish(struct fp_handover *h)
{
	atomic_fetch_add_explicit(&h->written, 1, memory_order_release);
	h->unsaid = true;
}

void fp_handover_again(struct fp_handover *h)
{
	const uint64_t one = 1;
	(void)!write(h->fd, &one, sizeof one); /* fails only when it is readable already */
}

void fp_handover_wake(struct fp_handover *h)
{
	if (h->unsaid)
		fp_handover_again(h);
	h->unsaid = false;
}

void fp_handover_woken(struct fp_handover *h)
{
	uint64_t n;
	(void)!read(h->fd, &n, sizeof n);
}

const struct fp_message *fp_handover_first(struct fp_handover *h)
{
	unsigned done = atomic_load_explicit(&h->read, memory_order_relaxed);
	if (atomic_load_explicit(&h->written, memory_order_acquire) == done)
		return NULL;
	return &h->message[done % MESSAGES];
}

void fp_handover_done(struct fp_handover *h)
{
	atomic_fetch_add_explicit(&h->read, 1, memory_order_release);
}
