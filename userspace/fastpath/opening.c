// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/opening.h"
#include "fastpath/attach.h"
#include "fastpath/migrate.h"
#include "fastpath/module.h"
#include "fastpath/reserve.h"
#include "fastpath/sockets.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_FDS 200

struct opening {
	json_t *request, *reply;
	struct ranges ranges;
	struct pin pin;
	bool adopted; /* what is pinned there already, as it is */
	struct migration *migration; /* ... or another table's streams */
	struct programs programs;
	int fds[MAX_FDS];
	unsigned n_fds, max_fds;
};

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Keeps a descriptor for the answer under `name`; takes it in any case. */
static int give(void *arg, const char *name, int fd)
{
	struct opening *o = arg;
	json_t *names = json_object_get(o->reply, "fds");
	if (fd < 0)
		return fd;
	if (o->n_fds == o->max_fds || json_array_append_new(names, json_string(name))) {
		close(fd);
		return o->n_fds == o->max_fds ? -EMFILE : -ENOMEM;
	}
	o->fds[o->n_fds++] = fd;
	return 0;
}

static int give_copy(struct opening *o, const char *name, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return give(o, name, copy < 0 ? -errno : copy);
}

/* --- steps --------------------------------------------------------------------------------------------------------- */

static int read_request(struct opening *o)
{
	return ranges_read(&o->ranges, json_object_get(o->request, "locals"));
}

/* Without a folder it works too, but does not survive a restart. What a process left that was killed before it had finished is not adopted:
 * the link of the steering program is made last. */
static int open_pins(struct opening *o)
{
	const char *dir = text(o->request, "pin");
	if (!dir || pin_open(&o->pin, dir, ranges_fingerprint(&o->ranges)))
		return 0;
	int last = pin_get(&o->pin, "link-steer");
	o->adopted = last >= 0;
	if (last >= 0)
		close(last);
	if (!o->adopted)
		return migration_find(&o->migration, &o->pin, dir);
	migration_clean(&o->pin, dir);
	return 0;
}

static const char *wanted(const struct opening *o)
{
	const char *want = text(o->request, "want");
	return want ? want : "auto";
}

static bool wants_null(const struct opening *o)
{
	return !strcmp(wanted(o), "null");
}

static int load(struct opening *o)
{
	int err = programs_open(&o->programs, &o->ranges, !wants_null(o));
	if (!err && o->adopted)
		err = programs_take_maps(&o->programs, &o->pin, NULL);
	if (!err && o->adopted && !wants_null(o))
		programs_take(&o->programs, &o->pin);
	if (!err && o->migration)
		err = migration_take_maps(o->migration, &o->programs);
	return err ? err : programs_load(&o->programs, &o->pin);
}

static int fill(struct opening *o)
{
	int err = programs_write_locals(&o->programs, &o->ranges);
	return err || !o->migration ? err : migration_fill(o->migration, &o->programs, &o->ranges);
}

static int give_maps(struct opening *o)
{
	static const char *const names[] = {"slots", "hops", "reasons", "events"};
	int err = 0;
	for (size_t i = 0; !err && i < sizeof names / sizeof names[0]; i++)
		err = give_copy(o, names[i], programs_map(&o->programs, names[i]));
	return err;
}

static struct sockets sockets_of(struct opening *o)
{
	json_int_t threads = json_integer_value(json_object_get(o->request, "threads"));
	return (struct sockets){
		.threads = threads > 0 && threads <= TANDEM_STEER_PLACES ? (unsigned)threads : 1,
		.pin = &o->pin,
		.locals = o->ranges.ip,
		.n_locals = o->ranges.n,
		.map = programs_map(&o->programs, "sockets"),
		.prog = programs_fd(&o->programs, PROGRAM_STEER),
		.steer = json_is_true(json_object_get(o->request, "sockets")) || o->programs.new_sockets,
		.give = give,
		.arg = o,
	};
}

static int open_sockets(struct opening *o)
{
	struct sockets s = sockets_of(o);
	return sockets_open(&s);
}

/* Where XDP is not wanted, what is attached is detached. */
static int attach_relay(struct opening *o)
{
	json_t *names = json_object_get(o->request, "interfaces"), *none = json_array();
	struct attach a = {
		.pin = &o->pin,
		.native_prog = programs_fd(&o->programs, PROGRAM_NATIVE),
		.generic_prog = programs_fd(&o->programs, PROGRAM_GENERIC),
		.devices = programs_map(&o->programs, "devices"),
		.hops = programs_map(&o->programs, "hops"),
		.keep = json_is_true(json_object_get(o->request, "keep-xdp")),
		.want = wanted(o),
		.names = wants_null(o) ? none : json_is_array(names) ? names : NULL,
		.locals = o->ranges.ip,
		.n_locals = o->ranges.n,
		.give = give,
		.arg = o,
	};
	if (o->migration)
		migration_move_links(o->migration, &o->pin);
	int err = attach_all(&a, json_object_get(o->reply, "interfaces"), json_object_get(o->reply, "vrfs"));
	json_decref(none);
	return err;
}

/* The module goes on with the new table at once, where it has one of ours: what it writes to the old one would be lost. */
static int finish_migration(struct opening *o)
{
	struct buf why = buf_growing();
	struct module_table t = {programs_map(&o->programs, "slots"), o->ranges.ip, o->ranges.ports, o->ranges.n};
	if (!o->migration)
		return 0;
	if (module_replace(&t, &why))
		log_warn("fastpath", "kernel module: %s", buf_z(&why));
	buf_reset(&why);
	migration_merge(o->migration);
	migration_move_last(o->migration, &o->pin);
	return 0;
}

static int attach_steer(struct opening *o)
{
	struct sockets s = sockets_of(o);
	return sockets_attach(&s);
}

/* A kernel that does not let us is no reason to stop. */
static void on_reserved(void *arg, uint16_t min, uint16_t max)
{
	struct opening *o = arg;
	char range[32];
	snprintf(range, sizeof range, "%u-%u", min, max);
	json_array_append_new(json_object_get(o->reply, "ports"), json_string(range));
}

/* Noted where it is pinned, told in the answer where it is not. */
static int reserve_ports(struct opening *o)
{
	const char *dir = text(o->request, "pin");
	if (o->pin.dir[0])
		ports_unreserve_noted(dir);
	for (unsigned i = 0; i < o->ranges.n; i++) {
		const struct tandem_local *l = &o->ranges.ports[i];
		if (o->pin.dir[0])
			ports_reserve_noted(l->port_min, l->port_max, dir);
		else
			(void)ports_reserve(l->port_min, l->port_max, on_reserved, o);
	}
	return 0;
}

static int clean(struct opening *o)
{
	if (o->pin.dir[0])
		migration_clean(&o->pin, text(o->request, "pin"));
	return 0;
}

static int run_steps(struct opening *o)
{
	static const struct {
		int (*step)(struct opening *o);
		const char *what;
	} steps[] = {
		{read_request, "locals"},
		{open_pins, "opening the folder of pins"},
		{load, "loading programs"},
		{fill, "filling the tables"},
		{give_maps, "handing over maps"},
		{open_sockets, "opening media sockets"},
		{attach_relay, "attaching the XDP program"},
		{finish_migration, "taking over streams"},
		{attach_steer, "attaching the socket steering program"},
		{reserve_ports, "reserving ports"},
		{clean, "removing earlier tables"},
	};
	int err = 0;
	for (size_t i = 0; !err && i < sizeof steps / sizeof steps[0]; i++) {
		err = steps[i].step(o);
		if (err)
			json_object_set_new(o->reply, "error", json_sprintf("%s: %s", steps[i].what, strerror(-err)));
	}
	return err;
}

static void opening_destroy(void *obj)
{
	struct opening *o = obj;
	mem_deref(o->migration);
	programs_close(&o->programs);
}

int opening_run(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	static const char *const lists[] = {"fds", "interfaces", "vrfs", "ports"};
	struct opening *o = mem_alloc(sizeof *o, opening_destroy);
	if (!o)
		return -ENOMEM;
	o->request = request;
	o->reply = reply;
	o->max_fds = *n < MAX_FDS ? *n : MAX_FDS;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		json_object_set_new(reply, lists[i], json_array());
	int err = run_steps(o);
	json_object_set_new(reply, "adopted", json_boolean(o->adopted || o->migration));
	json_object_set_new(reply, "pinned", json_boolean(o->pin.dir[0] != '\0'));
	for (unsigned i = 0; err && i < o->n_fds; i++)
		close(o->fds[i]);
	/* Nobody will look after what is pinned, or after a table that an earlier process left. */
	if (err && o->pin.dir[0]) {
		ports_unreserve_noted(text(request, "pin"));
		pin_clear(text(request, "pin"));
	}
	*n = err ? 0 : o->n_fds;
	memcpy(fds, o->fds, *n * sizeof *fds);
	mem_deref(o);
	return err;
}
