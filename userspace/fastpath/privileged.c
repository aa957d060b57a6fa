// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/privileged.h"
#include "fastpath/attach.h"
#include "fastpath/module.h"
#include "fastpath/opening.h"
#include "fastpath/programs.h"
#include "fastpath/reserve.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/rtnl.h"
#include <errno.h>
#include <unistd.h>

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int fail(json_t *reply, int err, const char *what)
{
	if (err)
		json_object_set_new(reply, "error", json_sprintf("%s: %s", what, strerror(-err)));
	return err;
}

/* Descriptors of what is pinned, for attaching again. */
enum { PINNED_NATIVE, PINNED_GENERIC, PINNED_DEVICES, PINNED_HOPS, PINNED_COUNT };

static int get_pinned(const struct pin *pin, int fds[PINNED_COUNT])
{
	fds[PINNED_NATIVE] = programs_pinned(pin, PROGRAM_NATIVE);
	fds[PINNED_GENERIC] = programs_pinned(pin, PROGRAM_GENERIC);
	fds[PINNED_DEVICES] = pin_get(pin, "devices");
	fds[PINNED_HOPS] = pin_get(pin, "hops");
	for (int i = 0; i < PINNED_COUNT; i++)
		if (fds[i] < 0)
			return -ENOENT;
	return 0;
}

static int attach_again(json_t *request, json_t *reply, const struct ranges *ranges, const struct pin *pin)
{
	json_t *names = json_object_get(request, "interfaces");
	const char *want = text(request, "want");
	int fds[PINNED_COUNT], err = get_pinned(pin, fds);
	struct attach a = {
		.pin = pin,
		.native_prog = fds[PINNED_NATIVE],
		.generic_prog = fds[PINNED_GENERIC],
		.devices = fds[PINNED_DEVICES],
		.hops = fds[PINNED_HOPS],
		.keep = json_is_true(json_object_get(request, "keep-xdp")),
		.want = want ? want : "auto",
		.names = json_is_array(names) ? names : NULL,
		.locals = ranges->ip,
		.n_locals = ranges->n,
	};
	if (!err)
		err = attach_all(&a, json_object_get(reply, "interfaces"), json_object_get(reply, "vrfs"));
	for (int i = 0; i < PINNED_COUNT; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

static int verb_attach(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	const char *dir = text(request, "pin");
	struct pin pin;
	struct ranges *ranges = mem_raw(sizeof *ranges);
	*n = 0;
	int err = ranges ? ranges_read(ranges, json_object_get(request, "locals")) : -ENOMEM;
	json_object_set_new(reply, "interfaces", json_array());
	json_object_set_new(reply, "vrfs", json_array());
	if (!err)
		err = dir ? pin_find(&pin, dir, ranges_fingerprint(ranges)) : -ENOENT;
	if (!err)
		err = attach_again(request, reply, ranges, &pin);
	mem_free(ranges);
	return fail(reply, err, "attaching the XDP program");
}

static int manage_neighbour(struct rtnl *r, const json_t *row)
{
	struct addr ip;
	const char *z = json_string_value(json_object_get(row, "ip"));
	int err = z ? addr_parse_ip(&ip, slice_str(z)) : -EINVAL;
	return err ? err : rtnl_neighbour_manage(r, (int)json_integer_value(json_object_get(row, "ifindex")), &ip, json_is_true(json_object_get(row, "on")));
}

/* One that the kernel refuses (its interface went away) does not keep the others from being asked for. */
static int verb_neighbours(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	struct rtnl *r = NULL;
	json_t *row;
	size_t i;
	unsigned refused = 0;
	*n = 0;
	int err = rtnl_open(&r, NULL, NULL);
	json_array_foreach(json_object_get(request, "neighbours"), i, row)
		refused += !err && manage_neighbour(r, row);
	mem_deref(r);
	json_object_set_new(reply, "refused", json_integer(refused));
	return fail(reply, err, "neighbours");
}

static int verb_close(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	const char *dir = text(request, "pin");
	size_t i;
	json_t *range;
	*n = 0;
	json_array_foreach(json_object_get(request, "ports"), i, range)
		if (json_is_string(range))
			ports_unreserve_text(json_string_value(range));
	if (dir) {
		ports_unreserve_noted(dir);
		pin_clear(dir);
	}
	return 0;
}

static int attach_module(const char *dir, const struct ranges *ranges, uint32_t map_id, struct buf *why)
{
	struct module_table t = {module_slots(dir, map_id, ranges->n_slots), ranges->ip, ranges->ports, ranges->n};
	int err = t.fd < 0 ? t.fd : module_attach(&t, why);
	if (t.fd >= 0)
		close(t.fd);
	return err;
}

static int verb_module(json_t *request, json_t *reply, int *fds, unsigned *n)
{
	struct buf why = buf_growing();
	uint32_t map_id = (uint32_t)json_integer_value(json_object_get(request, "map"));
	struct ranges *ranges = mem_raw(sizeof *ranges);
	int err = ranges ? 0 : -ENOMEM;
	*n = 0;
	if (!err && json_is_true(json_object_get(request, "on"))) {
		err = ranges_read(ranges, json_object_get(request, "locals"));
		if (!err)
			err = attach_module(text(request, "pin"), ranges, map_id, &why);
	} else if (!err) {
		err = module_detach(map_id, &why);
	}
	mem_free(ranges);
	if (err)
		json_object_set_new(reply, "error", json_string(why.len ? buf_z(&why) : strerror(-err)));
	buf_reset(&why);
	return err;
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
		{"fastpath-open", opening_run},
		{"fastpath-attach", verb_attach},
		{"fastpath-neighbours", verb_neighbours},
		{"fastpath-module", verb_module},
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
