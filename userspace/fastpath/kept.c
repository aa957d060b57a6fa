// SPDX-License-Identifier: GPL-3.0-or-later
/* The steered sockets across restarts: tandem-keep holds them as media-v4-N and media-v6-N, one for thread N, so that what arrives meanwhile waits
 * there. Another number of threads gets new sockets; the old ones are emptied first. */
#include "fastpath/private.h"
#include "base/fdstore.h"
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_LEN 32

static const char *kept_name(char *to, unsigned which, unsigned thread)
{
	snprintf(to, NAME_LEN, "media-v%c-%u", which ? '6' : '4', thread);
	return to;
}

unsigned fp_threads_wanted(unsigned configured)
{
	cpu_set_t cpus;
	unsigned n = configured;
	if (!n)
		n = sched_getaffinity(0, sizeof cpus, &cpus) ? 1 : (unsigned)CPU_COUNT(&cpus);
	return n < FP_MAX_THREADS ? n : FP_MAX_THREADS;
}

void fp_kept_take(struct fp_kept *k)
{
	char name[NAME_LEN];
	int fd = 0;
	*k = (struct fp_kept){0};
	for (unsigned which = 0; which < 2; which++)
		for (k->n[which] = 0; k->n[which] < FP_MAX_THREADS; k->n[which]++) {
			fd = fdstore_take(kept_name(name, which, k->n[which]));
			if (fd < 0)
				break;
			k->fd[k->n[which]][which] = fd;
		}
}

bool fp_kept_serves(const struct fp_kept *k, const struct fp_params *p, unsigned threads)
{
	for (unsigned i = 0; i < p->n_locals; i++)
		if (k->n[p->locals[i].ip.family == AF_INET6] != threads)
			return false;
	return true;
}

void fp_kept_use(const struct fp_kept *k, unsigned threads, struct fp_sockets *ret)
{
	ret->threads = threads;
	for (unsigned which = 0; which < 2; which++)
		for (unsigned i = 0; i < threads; i++)
			ret->steer[i][which] = i < k->n[which] ? k->fd[i][which] : -1;
	for (unsigned which = 0; which < 2; which++)
		for (unsigned i = threads; i < k->n[which]; i++)
			ret->old[ret->n_old++] = k->fd[i][which];
}

void fp_kept_replace(const struct fp_kept *k, struct fp_sockets *ret)
{
	char name[NAME_LEN];
	for (unsigned which = 0; which < 2; which++) {
		for (unsigned i = 0; i < k->n[which]; i++) {
			ret->old[ret->n_old++] = k->fd[i][which];
			fdstore_remove(kept_name(name, which, i));
		}
		for (unsigned i = 0; i < ret->threads; i++)
			if (ret->steer[i][which] >= 0)
				(void)fdstore_put(kept_name(name, which, i), ret->steer[i][which]);
	}
}

void fp_kept_forget(void)
{
	char name[NAME_LEN];
	for (unsigned which = 0; which < 2; which++)
		for (unsigned i = 0; i < FP_MAX_THREADS; i++)
			fdstore_remove(kept_name(name, which, i));
}

void fp_sockets_close_old(struct fp_sockets *s)
{
	while (s->n_old)
		close(s->old[--s->n_old]);
}
