// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/privileged.h"
#include "fastpath/attach.h"
#include "fastpath/reserve.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/rtnl.h"
#include "tandem/flow.h"
#include "relay.skel.h"
#include "steer.skel.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RECEIVE_BUFFER (4 << 20) /* a second of 500 streams */
#define MAX_FDS        16

/* One fastpath-open on its way. */
struct open {
	json_t *request, *reply;
	struct addr locals[TANDEM_MAX_LOCALS];
	struct tandem_local ranges[TANDEM_MAX_LOCALS];
	unsigned n_locals;
	uint32_t n_slots;
	struct pin pin;
	struct relay *relay;
	struct steer *steer;
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
	struct open *o = arg;
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

static int give_copy(struct open *o, const char *name, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return give(o, name, copy < 0 ? -errno : copy);
}

/* --- the request --------------------------------------------------------------------------------------------------- */

static int read_local(struct open *o, json_t *row)
{
	struct addr *ip = &o->locals[o->n_locals];
	json_int_t min = json_integer_value(json_object_get(row, "min")), max = json_integer_value(json_object_get(row, "max"));
	const char *z = text(row, "ip");
	if (!z || addr_parse_ip(ip, slice_str(z)) || min < 1 || max > 65535 || min > max)
		return -EINVAL;
	o->ranges[o->n_locals++] = (struct tandem_local){o->n_slots, (uint16_t)min, (uint16_t)max};
	o->n_slots += (uint32_t)(max - min) + 1;
	return 0;
}

static int read_locals(struct open *o)
{
	json_t *locals = json_object_get(o->request, "locals"), *row;
	size_t i;
	if (!json_array_size(locals) || json_array_size(locals) > TANDEM_MAX_LOCALS)
		return -EINVAL;
	json_array_foreach(locals, i, row) {
		int err = read_local(o, row);
		if (err)
			return err;
	}
	return 0;
}

/* What the slots' indices mean: pinned maps are adopted only when this is the same. */
static uint32_t fingerprint(const struct open *o)
{
	uint32_t h = o->n_slots;
	for (unsigned i = 0; i < o->n_locals; i++) {
		uint8_t ip[16];
		addr_mapped(&o->locals[i], ip);
		h = h * 31 + slice_hash(slice_of((const char *)ip, sizeof ip), false);
		h = h * 31 + slice_hash(slice_of((const char *)&o->ranges[i], sizeof o->ranges[i]), false);
	}
	return h;
}

/* --- programs and maps --------------------------------------------------------------------------------------------- */

/* Maps of an object that are pinned already are taken instead of new ones. */
static int adopt_maps(struct open *o, struct bpf_object *obj)
{
	struct bpf_map *m;
	bpf_object__for_each_map(m, obj) {
		int fd = pin_get(&o->pin, bpf_map__name(m));
		if (fd < 0)
			continue;
		int err = bpf_map__reuse_fd(m, fd);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int pin_maps(struct open *o, struct bpf_object *obj)
{
	struct bpf_map *m;
	bpf_object__for_each_map(m, obj) {
		int fd = bpf_map__fd(m), have = pin_get(&o->pin, bpf_map__name(m));
		if (have >= 0)
			close(have);
		int err = have >= 0 ? 0 : pin_put(&o->pin, bpf_map__name(m), fd);
		if (err)
			return err;
	}
	return 0;
}

static int load_relay(struct open *o)
{
	o->relay = relay__open();
	if (!o->relay)
		return -errno;
	int err = bpf_map__set_max_entries(o->relay->maps.slots, o->n_slots);
	if (!err)
		err = adopt_maps(o, o->relay->obj);
	if (!err)
		err = relay__load(o->relay);
	return err ? err : pin_maps(o, o->relay->obj);
}

static int load_steer(struct open *o)
{
	o->steer = steer__open();
	if (!o->steer)
		return -errno;
	int err = adopt_maps(o, o->steer->obj);
	if (!err)
		err = bpf_map__reuse_fd(o->steer->maps.locals, bpf_map__fd(o->relay->maps.locals));
	if (!err)
		err = steer__load(o->steer);
	return err ? err : pin_maps(o, o->steer->obj);
}

static int write_locals(struct open *o)
{
	int fd = bpf_map__fd(o->relay->maps.locals), near_fd = bpf_map__fd(o->relay->maps.near);
	for (unsigned i = o->n_locals; i-- > 0;) { /* where two want the same near place, the first one is to have it */
		struct tandem_near near = {.local = o->ranges[i]};
		uint8_t ip[16];
		addr_mapped(&o->locals[i], ip);
		memcpy(&near.ip, ip, sizeof near.ip);
		uint32_t index = tandem_near_index(&near.ip);
		if (bpf_map_update_elem(fd, ip, &o->ranges[i], 0) || bpf_map_update_elem(near_fd, &index, &near, 0))
			return -errno;
	}
	return 0;
}

static int give_maps(struct open *o)
{
	const struct {
		const char *name;
		struct bpf_map *map;
	} rows[] = {
		{"slots", o->relay->maps.slots},
		{"hops", o->relay->maps.hops},
		{"reasons", o->relay->maps.reasons},
		{"events", o->relay->maps.events},
	};
	int err = 0;
	for (size_t i = 0; !err && i < sizeof rows / sizeof rows[0]; i++)
		err = give_copy(o, rows[i].name, bpf_map__fd(rows[i].map));
	return err;
}

static int attach_relay(struct open *o)
{
	json_t *names = json_object_get(o->request, "interfaces");
	const char *want = text(o->request, "want");
	struct attach a = {
		.pin = &o->pin,
		.native_prog = bpf_program__fd(o->relay->progs.relay_native),
		.generic_prog = bpf_program__fd(o->relay->progs.relay_generic),
		.devices = bpf_map__fd(o->relay->maps.devices),
		.want = want ? want : "auto",
		.names = json_is_array(names) ? names : NULL,
		.locals = o->locals,
		.n_locals = o->n_locals,
		.give = give,
		.arg = o,
	};
	return attach_all(&a, json_object_get(o->reply, "interfaces"));
}

/* --- sockets ------------------------------------------------------------------------------------------------------- */

static int socket_of(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), on = 1;
	if (fd >= 0 && family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	return fd < 0 ? -errno : fd;
}

/* A socket that the program may assign has to be bound to something; to what does not matter. */
static int steer_socket(struct open *o, uint32_t which)
{
	const int size = RECEIVE_BUFFER;
	struct addr any = {.family = which ? AF_INET6 : AF_INET};
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&any, &ss);
	int fd = socket_of(any.family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	uint64_t value = (uint64_t)fd;
	if (bind(fd, (struct sockaddr *)&ss, len) || bpf_map_update_elem(bpf_map__fd(o->steer->maps.sockets), &which, &value, 0)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return give(o, which ? "steer6" : "steer4", fd);
}

static int raw_socket(struct open *o, bool v6)
{
	int fd = socket_of(v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW), on = 1;
	if (fd < 0)
		return fd;
	if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return give(o, v6 ? "raw6" : "raw4", fd);
}

static bool uses(const struct open *o, sa_family_t family)
{
	for (unsigned i = 0; i < o->n_locals; i++)
		if (o->locals[i].family == family)
			return true;
	return false;
}

static int open_sockets(struct open *o)
{
	bool steer = json_is_true(json_object_get(o->request, "sockets")) || !o->pin.adopted;
	int err = 0;
	for (uint32_t which = 0; !err && which < 2; which++) {
		if (!uses(o, which ? AF_INET6 : AF_INET))
			continue;
		if (steer)
			err = steer_socket(o, which);
		if (!err)
			err = raw_socket(o, which);
	}
	return err;
}

static int attach_steer(struct open *o)
{
	int prog = bpf_program__fd(o->steer->progs.steer), link = pin_get(&o->pin, "link-steer");
	if (link >= 0) {
		int err = bpf_link_update(link, prog, NULL) ? -errno : 0;
		close(link);
		if (!err)
			return 0;
	}
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return -errno;
	link = bpf_link_create(prog, netns, BPF_SK_LOOKUP, NULL);
	int err = link < 0 ? -errno : 0;
	close(netns);
	if (err)
		return err;
	if (!o->pin.dir[0])
		return give(o, "link", link);
	err = pin_put(&o->pin, "link-steer", link);
	close(link);
	return err;
}

/* --- reserved ports: what was reserved here is undone at the end, what was reserved before us stays ----------------- */

#define NOTE "ports-"

static void unreserve(const char *range)
{
	struct slice max = slice_str(range), min = slice_cut(&max, '-');
	uint16_t low, high;
	if (!slice_u16(min, &low) && !slice_u16(max, &high) && low <= high)
		(void)ports_unreserve(low, high);
}

static void unreserve_noted(void *arg, const char *note)
{
	unreserve(note + strlen(NOTE));
	pin_unnote(arg, note);
}

/* Noted where it is pinned, told in the answer where it is not. */
static void on_reserved(void *arg, uint16_t min, uint16_t max)
{
	struct open *o = arg;
	char note[32];
	snprintf(note, sizeof note, NOTE "%u-%u", min, max);
	if (o->pin.dir[0])
		(void)pin_note(text(o->request, "pin"), note);
	else
		json_array_append_new(json_object_get(o->reply, "ports"), json_string(note + strlen(NOTE)));
}

/* A kernel that does not let us is no reason to stop. */
static void reserve_ports(struct open *o)
{
	const char *dir = text(o->request, "pin");
	if (o->pin.dir[0])
		pin_notes(dir, NOTE, unreserve_noted, (void *)dir);
	for (unsigned i = 0; i < o->n_locals; i++)
		(void)ports_reserve(o->ranges[i].port_min, o->ranges[i].port_max, on_reserved, o);
}

/* --- verbs --------------------------------------------------------------------------------------------------------- */

static int fail(json_t *reply, int err, const char *what)
{
	if (err)
		json_object_set_new(reply, "error", json_sprintf("%s: %s", what, strerror(-err)));
	return err;
}

/* Without a folder it works too, but does not survive a restart. What a process left that was killed before it had finished is not adopted:
 * the link of the steering program is made last. */
static void open_pin(struct open *o, const char *dir)
{
	if (pin_open(&o->pin, dir, fingerprint(o))) {
		o->pin.dir[0] = '\0';
		return;
	}
	int last = pin_get(&o->pin, "link-steer");
	o->pin.adopted = last >= 0;
	if (last >= 0)
		close(last);
}

static int open_steps(struct open *o)
{
	static const struct {
		int (*step)(struct open *o);
		const char *what;
	} steps[] = {
		{load_relay, "loading the XDP program"},
		{write_locals, "writing local addresses"},
		{give_maps, "handing over maps"},
		{load_steer, "loading the socket steering program"},
		{open_sockets, "opening media sockets"},
		{attach_steer, "attaching the socket steering program"},
	};
	int err = fail(o->reply, read_locals(o), "locals");
	const char *dir = text(o->request, "pin"), *want = text(o->request, "want");
	if (!err && dir)
		open_pin(o, dir);
	for (size_t i = 0; !err && i < sizeof steps / sizeof steps[0]; i++)
		err = fail(o->reply, steps[i].step(o), steps[i].what);
	if (!err && (!want || strcmp(want, "null")))
		err = fail(o->reply, attach_relay(o), "attaching the XDP program");
	if (!err)
		reserve_ports(o);
	return err;
}

static void undo_pins(const char *dir)
{
	pin_notes(dir, NOTE, unreserve_noted, (void *)dir);
	pin_clear(dir);
}

static int verb_open(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	struct open *o = mem_alloc(sizeof *o, NULL);
	if (!o)
		return -ENOMEM;
	o->request = request;
	o->reply = reply;
	o->max_fds = *n < MAX_FDS ? *n : MAX_FDS;
	json_object_set_new(reply, "fds", json_array());
	json_object_set_new(reply, "interfaces", json_array());
	json_object_set_new(reply, "ports", json_array());
	int err = open_steps(o);
	json_object_set_new(reply, "adopted", json_boolean(o->pin.adopted));
	json_object_set_new(reply, "pinned", json_boolean(o->pin.dir[0] != '\0'));
	for (unsigned i = 0; err && i < o->n_fds; i++)
		close(o->fds[i]);
	/* Nobody will look after what is pinned, or after a table that an earlier process left. */
	if (err && o->pin.dir[0])
		undo_pins(text(request, "pin"));
	*n = err ? 0 : o->n_fds;
	memcpy(fds, o->fds, *n * sizeof *fds);
	relay__destroy(o->relay);
	steer__destroy(o->steer);
	mem_deref(o);
	return err;
}

static int verb_neighbour(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	struct rtnl *r = NULL;
	struct addr ip;
	const char *z = text(request, "ip");
	int err = z ? addr_parse_ip(&ip, slice_str(z)) : -EINVAL;
	*n = 0;
	if (!err)
		err = rtnl_open(&r, NULL, NULL);
	if (!err)
		err = rtnl_neighbour_manage(r, (int)json_integer_value(json_object_get(request, "ifindex")), &ip,
					    json_is_true(json_object_get(request, "on")));
	mem_deref(r);
	return fail(reply, err, "neighbour");
}

static int verb_close(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	const char *dir = text(request, "pin");
	size_t i;
	json_t *range;
	*n = 0;
	json_array_foreach(json_object_get(request, "ports"), i, range)
		if (json_is_string(range))
			unreserve(json_string_value(range));
	if (dir)
		undo_pins(dir);
	return 0;
}

static int on_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof line, format, args);
	log_debug("libbpf", "%.*s", n > 0 ? (int)strcspn(line, "\n") : 0, line);
	return 0;
}

int fastpath_privileged(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	static const struct {
		const char *name;
		int (*fn)(json_t *request, json_t *reply, int *fds, unsigned *n);
	} verbs[] = {
		{"fastpath-open", verb_open},
		{"fastpath-neighbour", verb_neighbour},
		{"fastpath-close", verb_close},
	};
	const char *verb = text(request, "do");
	json_t *r = json_object();
	if (!r)
		return -ENOMEM;
	libbpf_set_print(on_libbpf);
	int err = -ENOSYS;
	for (size_t i = 0; verb && i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(verb, verbs[i].name))
			err = verbs[i].fn(request, r, fds, n);
	if (err == -ENOSYS)
		*n = 0;
	*reply = r;
	return err;
}
