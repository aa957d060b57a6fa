// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/programs.h"
#include "relay.skel.h"
#include "steer.skel.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRAM_PIN "prog-"

static const char *const pins[] = {[PROGRAM_NATIVE] = PROGRAM_PIN "native", [PROGRAM_GENERIC] = PROGRAM_PIN "generic"};

struct program_name {
	char text[32];
};

/* Name under which a program of the relay is pinned; it says what it was made from. */
static struct program_name program_pin(enum program which)
{
	struct program_name n;
	size_t len;
	const void *file = relay__elf_bytes(&len);
	snprintf(n.text, sizeof n.text, "%s-%08x", pins[which], slice_hash(slice_of(file, len), false));
	return n;
}

int programs_open(struct programs *p, const struct ranges *r, bool xdp)
{
	p->relay = relay__open();
	p->steer = p->relay ? steer__open() : NULL;
	if (!p->steer)
		return -errno;
	bpf_program__set_autoload(p->relay->progs.relay_native, xdp);
	bpf_program__set_autoload(p->relay->progs.relay_generic, xdp);
	return bpf_map__set_max_entries(p->relay->maps.slots, r->n_slots);
}

static bool same_shape(const struct bpf_map *m, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == (uint32_t)bpf_map__type(m) && info.key_size == bpf_map__key_size(m) &&
	       info.value_size == bpf_map__value_size(m) && info.max_entries == bpf_map__max_entries(m);
}

static bool is_among(const char *name, const char *const *names)
{
	while (names && *names && strcmp(*names, name))
		names++;
	return !names || *names;
}

static int take_maps(struct bpf_object *obj, const struct pin *from, const char *const *names)
{
	struct bpf_map *m;
	bpf_object__for_each_map(m, obj) {
		int fd = is_among(bpf_map__name(m), names) ? pin_get(from, bpf_map__name(m)) : -1;
		if (fd < 0)
			continue;
		int err = same_shape(m, fd) ? bpf_map__reuse_fd(m, fd) : 0;
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

int programs_take_maps(struct programs *p, const struct pin *from, const char *const *names)
{
	int err = take_maps(p->relay->obj, from, names);
	return err ? err : take_maps(p->steer->obj, from, names);
}

/* A program works on the maps that it was loaded with. */
static bool has_all_maps(const struct relay *r)
{
	const struct bpf_map *m;
	bpf_object__for_each_map(m, r->obj)
		if (bpf_map__fd(m) < 0)
			return false;
	return true;
}

static void let_go(struct programs *p)
{
	for (enum program i = PROGRAM_NATIVE; i < PROGRAM_STEER; i++) {
		if (p->taken[i] > 0)
			close(p->taken[i]);
		p->taken[i] = 0;
	}
}

void programs_take(struct programs *p, const struct pin *from)
{
	bool all = has_all_maps(p->relay);
	for (enum program i = PROGRAM_NATIVE; all && i < PROGRAM_STEER; i++) {
		p->taken[i] = pin_get(from, program_pin(i).text);
		all = p->taken[i] >= 0;
	}
	if (!all) {
		let_go(p);
		return;
	}
	bpf_program__set_autoload(p->relay->progs.relay_native, false);
	bpf_program__set_autoload(p->relay->progs.relay_generic, false);
}

static bool is_pinned(const struct pin *pin, const struct bpf_map *m)
{
	struct bpf_map_info have = {0}, is = {0};
	uint32_t len = sizeof have;
	int fd = pin_get(pin, bpf_map__name(m));
	if (fd < 0)
		return false;
	bool same = !bpf_obj_get_info_by_fd(fd, &have, &len) && (len = sizeof is, !bpf_obj_get_info_by_fd(bpf_map__fd(m), &is, &len)) &&
		    have.id == is.id;
	close(fd);
	return same;
}

static int pin_maps(struct bpf_object *obj, const struct pin *pin)
{
	struct bpf_map *m;
	bpf_object__for_each_map(m, obj) {
		int err = is_pinned(pin, m) ? 0 : pin_put(pin, bpf_map__name(m), bpf_map__fd(m));
		if (err)
			return err;
	}
	return 0;
}

static void drop_program(void *arg, const char *name)
{
	pin_remove(arg, name);
}

/* Those of another file, and those that are not wanted now, may be there from an earlier start. */
static int pin_programs(const struct programs *p, const struct pin *pin)
{
	int err = 0;
	if (p->taken[PROGRAM_NATIVE])
		return 0;
	pin_each(pin, PROGRAM_PIN, drop_program, (void *)(uintptr_t)pin);
	for (enum program i = PROGRAM_NATIVE; !err && i < PROGRAM_STEER; i++)
		if (programs_fd(p, i) >= 0)
			err = pin_put(pin, program_pin(i).text, programs_fd(p, i));
	return err;
}

int programs_load(struct programs *p, const struct pin *pin)
{
	int err = relay__load(p->relay);
	if (!err)
		err = bpf_map__reuse_fd(p->steer->maps.locals, bpf_map__fd(p->relay->maps.locals));
	if (!err)
		err = pin_maps(p->relay->obj, pin);
	p->new_sockets = bpf_map__fd(p->steer->maps.sockets) < 0;
	if (!err)
		err = steer__load(p->steer);
	if (!err)
		err = pin_maps(p->steer->obj, pin);
	return err ? err : pin_programs(p, pin);
}

int programs_again(struct programs *p, const struct pin *from)
{
	struct bpf_map *m;
	*p = (struct programs){.relay = relay__open()};
	if (!p->relay)
		return -errno;
	bpf_object__for_each_map(m, p->relay->obj) {
		int fd = pin_get(from, bpf_map__name(m));
		int err = fd < 0 ? -ENOENT : bpf_map__reuse_fd(m, fd);
		if (fd >= 0)
			close(fd);
		if (err)
			return err;
	}
	return 0;
}

struct bpf_object *programs_relay(const struct programs *p)
{
	return p->relay->obj;
}

int programs_write_locals(const struct programs *p, const struct ranges *r)
{
	int fd = bpf_map__fd(p->relay->maps.locals), near_fd = bpf_map__fd(p->relay->maps.near);
	for (unsigned i = r->n; i-- > 0;) { /* where two want the same near place, the first one is to have it */
		struct tandem_near near = {.local = r->ports[i]};
		uint8_t ip[16];
		addr_mapped(&r->ip[i], ip);
		memcpy(&near.ip, ip, sizeof near.ip);
		uint32_t index = tandem_near_index(&near.ip);
		if (bpf_map_update_elem(fd, ip, &r->ports[i], 0) || bpf_map_update_elem(near_fd, &index, &near, 0))
			return -errno;
	}
	return 0;
}

void programs_close(struct programs *p)
{
	let_go(p);
	relay__destroy(p->relay);
	steer__destroy(p->steer);
}

int programs_fd(const struct programs *p, enum program which)
{
	const struct bpf_program *const progs[] = {
		[PROGRAM_NATIVE] = p->relay->progs.relay_native,
		[PROGRAM_GENERIC] = p->relay->progs.relay_generic,
		[PROGRAM_STEER] = p->steer->progs.steer,
	};
	return which < PROGRAM_STEER && p->taken[which] ? p->taken[which] : bpf_program__fd(progs[which]);
}

struct looking {
	const struct pin *from;
	int fd;
};

static void on_pinned(void *arg, const char *name)
{
	struct looking *l = arg;
	if (l->fd < 0)
		l->fd = pin_get(l->from, name);
}

int programs_pinned(const struct pin *from, enum program which)
{
	struct looking l = {.from = from, .fd = -1};
	pin_each(from, pins[which], on_pinned, &l);
	return l.fd;
}

int programs_map(const struct programs *p, const char *name)
{
	const struct bpf_map *m = bpf_object__find_map_by_name(p->relay->obj, name);
	if (!m)
		m = bpf_object__find_map_by_name(p->steer->obj, name);
	return m ? bpf_map__fd(m) : -1;
}
