// SPDX-License-Identifier: GPL-3.0-or-later
/* Descriptors held for the children. Each is also handed to our own keeper (systemd) as "CHILD.NAME", so that it outlives us too. */
#include "keep/private.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_HELD 16384 /* their names are one environment variable of at most 128 KB */

/* Those whose names have the same hash. */
static struct list *names_like(const struct child *c, const char *name)
{
	return (struct list *)(uintptr_t)&c->held_names[slice_hash(slice_str(name), false) % HELD_LISTS];
}

static struct held_fd *find(const struct child *c, const char *name)
{
	const struct list *alike = names_like(c, name);
	struct held_fd *h;
	list_foreach(h, alike, alike)
		if (!strcmp(h->name, name))
			return h;
	return NULL;
}

static void upward_name(const struct child *c, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s.%s", c->spec->name, name);
}

static void drop(struct child *c, struct held_fd *h)
{
	list_remove(&h->link);
	list_remove(&h->alike);
	c->n_held--;
	close(h->fd);
	mem_free(h);
}

static int add(struct child *c, const char *name, int fd)
{
	size_t len = strlen(name);
	struct held_fd *h = c->n_held < MAX_HELD ? mem_raw(sizeof *h + len + 1) : NULL, *old = find(c, name);
	if (!h) {
		log_error(c->spec->name, "descriptor %s is not held: memory is out, or too many", name);
		close(fd);
		return -ENOMEM;
	}
	*h = (struct held_fd){.fd = fd};
	memcpy(h->name, name, len + 1);
	if (old)
		drop(c, old);
	list_append(&c->held, &h->link);
	list_append(names_like(c, name), &h->alike);
	c->n_held++;
	return 0;
}

int held_put(struct child *c, const char *name, int fd)
{
	char upward[320];
	int err = add(c, name, fd);
	if (err)
		return err;
	upward_name(c, name, upward, sizeof upward);
	fdstore_put(upward, fd);
	log_debug(c->spec->name, "holding descriptor %s", name);
	return 0;
}

void held_remove(struct child *c, const char *name)
{
	char upward[320];
	struct held_fd *h = find(c, name);
	if (!h)
		return;
	upward_name(c, name, upward, sizeof upward);
	fdstore_remove(upward);
	drop(c, h);
}

void held_free(struct child *c)
{
	while (list_first(&c->held))
		drop(c, container_of(list_first(&c->held), struct held_fd, link));
}

void held_recover(struct keeper *k)
{
	const char *name;
	while ((name = fdstore_waiting())) {
		struct slice rest = slice_str(name), first = slice_cut(&rest, '.');
		char own[256] = "";
		struct child *c = NULL;
		if (slice_is_set(rest) && !slice_copy(rest, own, sizeof own))
			for (unsigned i = 0; i < k->n; i++)
				if (slice_eq(first, slice_str(k->children[i].spec->name)))
					c = &k->children[i];
		if (!c)
			return; /* what is nobody's is closed when we have started */
		int fd = fdstore_take(name);
		if (fd >= 0)
			add(c, own, fd);
	}
}
