// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/migrate.h"
#include "fastpath/layouts.h"
#include "base/log.h"
#include "base/mem.h"
#include "tandem/slot.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define LAST     "link-steer"
#define GRACE_US 10000 /* after that no program works on the old table any more: it ran when the link was switched */

/* A mapped BPF array. */
struct table {
	void *at;
	size_t size, value;
	uint32_t n;
};

/* A stream, and what its old slot was like when it was copied. */
struct carried {
	uint32_t from, to, in_seq, out_seq, refused;
	struct tandem_stats stats;
};

struct migration {
	struct pin pin;
	uint32_t layout;
	struct ranges from, to;
	struct table old, new;
	struct carried *carried;
	uint32_t n;
};

static void unmap(struct table *t)
{
	if (t->at)
		munmap(t->at, t->size);
	t->at = NULL;
}

static void destroy(void *obj)
{
	struct migration *m = obj;
	unmap(&m->old);
	unmap(&m->new);
	mem_free(m->carried);
}

static int map_table(struct table *t, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -ENOENT;
	t->n = info.max_entries;
	t->value = info.value_size;
	t->size = (size_t)t->n * t->value;
	void *p = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	t->at = p;
	return 0;
}

static int map_pinned(struct table *t, const struct pin *pin, const char *name)
{
	int fd = pin_get(pin, name), err = map_table(t, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

/* --- which folder -------------------------------------------------------------------------------------------------- */

static bool has(const struct pin *pin, const char *name)
{
	int fd = pin_get(pin, name);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void consider(void *arg, uint32_t layout, const struct pin *pin)
{
	struct migration *m = arg;
	if (!has(pin, LAST))
		return; /* never finished, or half removed */
	if (!layout_known(layout)) {
		log_warn("fastpath", "%s: a table of layout %u, this build knows %u: its streams end here", pin->dir, layout, TANDEM_LAYOUT);
		return;
	}
	if (m->layout && m->layout >= layout)
		return;
	m->layout = layout;
	m->pin = *pin;
}

static int read_ranges(struct migration *m)
{
	int fd = pin_get(&m->pin, "locals");
	uint8_t key[16];
	int err = fd < 0 ? -ENOENT : bpf_map_get_next_key(fd, NULL, key);
	for (; !err && m->from.n < TANDEM_MAX_LOCALS; err = bpf_map_get_next_key(fd, key, key)) {
		struct tandem_local *l = &m->from.ports[m->from.n];
		if (bpf_map_lookup_elem(fd, key, l))
			continue;
		addr_from_mapped(&m->from.ip[m->from.n++], key, 0);
		m->from.n_slots += (uint32_t)(l->port_max - l->port_min) + 1;
	}
	if (fd >= 0)
		close(fd);
	return m->from.n ? 0 : -ENOENT;
}

struct moving {
	const struct pin *from, *to;
};

static void move_link(void *arg, const char *name)
{
	const struct moving *v = arg;
	if (strcmp(name, LAST))
		(void)pin_move(v->from, v->to, name);
}

static void move_links(const struct pin *from, const struct pin *to)
{
	struct moving v = {from, to};
	pin_each(from, "link-", move_link, &v);
}

static void drop_but(void *arg, uint32_t layout, const struct pin *pin)
{
	if (strcmp(pin->dir, arg))
		pin_drop(pin);
}

static void remove_object(void *arg, const char *name)
{
	pin_remove(arg, name);
}

int migration_find(struct migration **ret, const struct pin *to, const char *dir)
{
	struct migration *m = mem_alloc(sizeof *m, destroy);
	if (!m)
		return -ENOMEM;
	pin_others(to, dir, consider, m);
	bool good = m->layout && !read_ranges(m) && !map_pinned(&m->old, &m->pin, "slots") && m->old.value == LAYOUT_SLOT &&
		    m->old.n >= m->from.n_slots;
	if (good)
		move_links(to, &m->pin);
	pin_each(to, "", remove_object, (void *)to);
	pin_others(to, dir, drop_but, good ? m->pin.dir : "");
	*ret = good ? m : mem_deref(m);
	return 0;
}

int migration_take_maps(const struct migration *m, struct programs *p)
{
	static const char *const same_layout[] = {"hops", "devices", "reasons", "events", "sockets", NULL};
	static const char *const earlier_layout[] = {"devices", "sockets", NULL};
	return programs_take_maps(p, &m->pin, m->layout == TANDEM_LAYOUT ? same_layout : earlier_layout);
}

/* --- slots --------------------------------------------------------------------------------------------------------- */

/* A copy of an old slot between two changes of it. */
static void read_old(const struct migration *m, uint32_t slot, struct tandem_slot *ret)
{
	/* The two sequence words have been where they are in every layout. */
	const struct tandem_slot *s = (const void *)((const char *)m->old.at + (size_t)slot * LAYOUT_SLOT);
	uint32_t in_seq, out_seq;
	int tries = 0;
	do {
		in_seq = tandem_seq_read(&s->in.seq);
		out_seq = tandem_seq_read(&s->out.seq);
		memcpy(ret, s, sizeof *ret);
	} while (++tries < 1000 && !(tandem_seq_good(&s->in.seq, in_seq) && tandem_seq_good(&s->out.seq, out_seq)));
	ret->in.seq = in_seq;
	ret->out.seq = out_seq;
}

/* Where the slot is joined to one that there is no longer, it leads nowhere. */
static void translate(const struct migration *m, struct tandem_slot *s)
{
	s->in.peer = ranges_translate(&m->from, &m->to, s->in.peer);
	if (s->in.peer != TANDEM_NONE)
		return;
	uint32_t seq = s->out.seq;
	s->out = (struct tandem_out){.seq = seq, .hop = TANDEM_NONE};
}

/* Today's form of an old slot, with the old one's sequence words. */
static void convert(const struct migration *m, uint32_t slot, struct tandem_slot *ret)
{
	struct tandem_slot old;
	read_old(m, slot, &old);
	layout_slot(m->layout, &old, ret);
	translate(m, ret);
}

static struct tandem_slot *new_slot(const struct migration *m, uint32_t slot)
{
	return &((struct tandem_slot *)m->new.at)[slot];
}

static bool is_open(const struct migration *m, uint32_t slot)
{
	const struct tandem_slot *s = (const void *)((const char *)m->old.at + (size_t)slot * LAYOUT_SLOT);
	return s->in.flags & TANDEM_OPEN;
}

static void carry(struct migration *m, uint32_t from, uint32_t to)
{
	struct tandem_slot s;
	convert(m, from, &s);
	m->carried[m->n++] = (struct carried){from, to, s.in.seq, s.out.seq, s.policy.refused, s.stats};
	s.in.seq = s.out.seq = 0;
	*new_slot(m, to) = s;
}

static int carry_all(struct migration *m)
{
	uint32_t open = 0;
	for (uint32_t i = 0; i < m->from.n_slots; i++)
		open += is_open(m, i);
	m->carried = mem_raw((open + 1) * sizeof *m->carried);
	if (!m->carried)
		return -ENOMEM;
	for (uint32_t i = 0, left = open; i < m->from.n_slots && left; i++) {
		if (!is_open(m, i))
			continue;
		uint32_t to = ranges_translate(&m->from, &m->to, i);
		left--;
		if (to != TANDEM_NONE)
			carry(m, i, to);
	}
	if (open)
		log_info("fastpath", "%u of %u streams go on in a new table", m->n, open);
	return 0;
}

/* Next hops have been the same in every layout; there are more of them now. */
static int copy_hops(const struct migration *m, const struct programs *p)
{
	struct table old = {0}, new = {0};
	int err = map_pinned(&old, &m->pin, "hops");
	if (!err)
		err = map_table(&new, programs_map(p, "hops"));
	if (!err && old.value != new.value)
		err = -EPROTO;
	if (!err)
		memcpy(new.at, old.at, old.size < new.size ? old.size : new.size);
	unmap(&old);
	unmap(&new);
	return err;
}

int migration_fill(struct migration *m, const struct programs *p, const struct ranges *to)
{
	m->to = *to;
	int err = map_table(&m->new, programs_map(p, "slots"));
	if (!err && m->layout != TANDEM_LAYOUT)
		err = copy_hops(m, p);
	return err ? err : carry_all(m);
}

/* --- what happened meanwhile ----------------------------------------------------------------------------------------- */

/* The old program changed a line that the new one has not touched yet. */
static bool take_changed(uint32_t *new_seq, uint32_t seq, uint32_t was)
{
	return seq != was && tandem_seq_take(new_seq, 0);
}

static void merge_lines(const struct carried *c, const struct tandem_slot *now, struct tandem_slot *s)
{
	if (take_changed(&s->in.seq, now->in.seq, c->in_seq)) {
		uint32_t refused = s->policy.refused;
		memcpy((char *)&s->in + sizeof s->in.seq, (const char *)&now->in + sizeof s->in.seq, sizeof s->in - sizeof s->in.seq);
		s->policy = now->policy;
		s->policy.refused = refused;
		tandem_seq_give(&s->in.seq);
	}
	if (take_changed(&s->out.seq, now->out.seq, c->out_seq)) {
		memcpy((char *)&s->out + sizeof s->out.seq, (const char *)&now->out + sizeof s->out.seq, sizeof s->out - sizeof s->out.seq);
		tandem_seq_give(&s->out.seq);
	}
}

static void merge_stats(const struct tandem_stats *was, const struct tandem_stats *now, struct tandem_stats *s)
{
	if (!memcmp(s, was, sizeof *s)) {
		*s = *now;
		return;
	}
	__sync_fetch_and_add(&s->bytes, now->bytes - was->bytes);
	for (int i = 0; i < TANDEM_ENGINES; i++)
		__sync_fetch_and_add(&s->packets[i], now->packets[i] - was->packets[i]);
	__sync_fetch_and_add(&s->base_packets, now->base_packets - was->base_packets);
	__sync_fetch_and_add(&s->reordered, now->reordered - was->reordered);
	__sync_fetch_and_add(&s->lost_before, now->lost_before - was->lost_before);
}

void migration_merge(struct migration *m)
{
	if (m->n)
		usleep(GRACE_US);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct carried *c = &m->carried[i];
		struct tandem_slot now, *s = new_slot(m, c->to);
		convert(m, c->from, &now);
		merge_lines(c, &now, s);
		merge_stats(&c->stats, &now.stats, &s->stats);
		__sync_fetch_and_add(&s->policy.refused, now.policy.refused - c->refused);
	}
}

/* --- links --------------------------------------------------------------------------------------------------------- */

void migration_move_links(const struct migration *m, const struct pin *to)
{
	move_links(&m->pin, to);
}

void migration_move_last(const struct migration *m, const struct pin *to)
{
	(void)pin_move(&m->pin, to, LAST);
}

static void drop(void *arg, uint32_t layout, const struct pin *pin)
{
	pin_drop(pin);
}

void migration_clean(const struct pin *to, const char *dir)
{
	pin_others(to, dir, drop, NULL);
}
