// SPDX-License-Identifier: GPL-3.0-or-later
/* The daemon's side of what runs in the kernel. Privileged work is asked for; what comes back are descriptors, and from
 * then on the daemon works by mapped memory and needs no privilege. */
#include "fastpath/private.h"
#include "fastpath/privileged.h"
#include "base/fdstore.h"
#include "base/log.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FDS 16

static uint64_t xdp_counters[TANDEM_REASON_COUNT];

struct fp_kernel {
	struct fastpath *fp;
	int fds[MAX_FDS]; /* all that came back; closed at the end */
	unsigned n_fds;
	int reasons_fd;
	struct tandem_hop *hops;
	struct ring_buffer *ring;
	struct loop_watch *watch;
	struct counter_group counters;
	uint64_t *per_cpu;
	int cpus;
	char *pin; /* removed when closed, unless `leave` */
	json_t *ports; /* reserved, to be given back */
	bool opened, leave, pinned;
};

int fp_ask(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	unsigned room = *n;
	if (!request)
		return -ENOMEM;
	int err = keep_request(request, reply, fds, n);
	if (err == -ENOTCONN) {
		*n = room;
		err = fastpath_privileged(request, reply, fds, n);
	}
	json_decref(request);
	return err;
}

static void refresh_counters(struct counter_group *g)
{
	struct fp_kernel *k = container_of(g, struct fp_kernel, counters);
	for (uint32_t i = 0; i < TANDEM_REASON_COUNT; i++) {
		if (bpf_map_lookup_elem(k->reasons_fd, &i, k->per_cpu))
			continue;
		xdp_counters[i] = 0;
		for (int c = 0; c < k->cpus; c++)
			xdp_counters[i] += k->per_cpu[c];
	}
}

static int on_event(void *arg, void *data, size_t len)
{
	struct fastpath *fp = arg;
	struct tandem_event ev;
	if (len < sizeof ev)
		return 0;
	memcpy(&ev, data, sizeof ev);
	if (ev.slot >= fp->n_slots)
		return 0;
	fp_slot_resolve(fp, ev.slot);
	if (fp->handlers.event)
		fp->handlers.event(fp->arg, ev.slot, ev.kind, ev.value);
	return 0;
}

static void on_ring(void *arg, int events)
{
	struct fp_kernel *k = arg;
	(void)events;
	(void)ring_buffer__consume(k->ring);
}

/* The descriptor that came back under `name`, or -1. */
static int fd_named(const struct fp_kernel *k, json_t *reply, const char *name)
{
	json_t *names = json_object_get(reply, "fds"), *v;
	size_t i;
	json_array_foreach(names, i, v)
		if (i < k->n_fds && json_is_string(v) && !strcmp(json_string_value(v), name))
			return k->fds[i];
	return -1;
}

/* A steering socket: a new one when the privileged side made it, else the one kept for us across a restart. */
static int steer_fd(struct fp_kernel *k, json_t *reply, const char *name, const char *kept_name, int kept)
{
	int fd = fd_named(k, reply, name);
	if (fd >= 0) {
		if (kept >= 0)
			close(kept);
		(void)fdstore_put(kept_name, fd);
		return fd;
	}
	if (kept >= 0 && k->n_fds < MAX_FDS)
		k->fds[k->n_fds++] = kept;
	return kept;
}

static json_t *locals_json(const struct fp_params *p)
{
	json_t *a = json_array();
	for (unsigned i = 0; i < p->n_locals; i++) {
		char z[ADDR_STR_LEN];
		json_array_append_new(a, json_pack("{s:s,s:i,s:i}", "ip", addr_ip_str(&p->locals[i].ip, z), "min",
						   p->locals[i].port_min, "max", p->locals[i].port_max));
	}
	return a;
}

static json_t *open_request(const struct fp_params *p, bool sockets)
{
	static const char *const want[] = {
		[FP_WANT_AUTO] = "auto", [FP_WANT_NATIVE] = "native", [FP_WANT_GENERIC] = "generic", [FP_WANT_MODULE] = "module",
		[FP_WANT_NULL] = "null",
	};
	json_t *names = p->interfaces ? json_array() : json_null();
	for (unsigned i = 0; p->interfaces && i < p->n_interfaces; i++)
		json_array_append_new(names, json_string(p->interfaces[i]));
	return json_pack("{s:s,s:o,s:s,s:o,s:s?,s:b}", "do", "fastpath-open", "locals", locals_json(p), "want", want[p->want],
			 "interfaces", names, "pin", p->pin_dir, "sockets", sockets);
}

static int map_tables(struct fp_kernel *k, json_t *reply)
{
	struct fastpath *fp = k->fp;
	int slots = fd_named(k, reply, "slots"), hops = fd_named(k, reply, "hops");
	if (slots < 0 || hops < 0)
		return -EPROTO;
	void *p = mmap(NULL, fp->n_slots * sizeof *fp->slots, PROT_READ | PROT_WRITE, MAP_SHARED, slots, 0);
	if (p == MAP_FAILED)
		return -errno;
	fp->slots = p;
	p = mmap(NULL, TANDEM_MAX_HOPS * sizeof *k->hops, PROT_READ | PROT_WRITE, MAP_SHARED, hops, 0);
	if (p == MAP_FAILED)
		return -errno;
	k->hops = p;
	return 0;
}

static int watch_events(struct fp_kernel *k, json_t *reply)
{
	k->ring = ring_buffer__new(fd_named(k, reply, "events"), on_event, k->fp, NULL);
	if (!k->ring)
		return -errno;
	return loop_watch(&k->watch, ring_buffer__epoll_fd(k->ring), UV_READABLE, on_ring, k);
}

static int show_counters(struct fp_kernel *k, json_t *reply)
{
	k->reasons_fd = fd_named(k, reply, "reasons");
	k->cpus = libbpf_num_possible_cpus();
	k->per_cpu = k->cpus > 0 ? mem_raw((size_t)k->cpus * sizeof *k->per_cpu) : NULL;
	if (!k->per_cpu)
		return -ENOMEM;
	k->counters = (struct counter_group)COUNTER_GROUP("relay-xdp", fp_reason_defs, xdp_counters);
	k->counters.refresh = refresh_counters;
	counter_register(&k->counters);
	return 0;
}

static int follow_hops(struct fp_kernel *k, json_t *reply)
{
	struct fp_device devices[TANDEM_MAX_DEVICES];
	unsigned n = 0;
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(reply, "interfaces"), i, row) {
		const char *mode = json_string_value(json_object_get(row, "mode"));
		json_int_t key = json_integer_value(json_object_get(row, "device"));
		if (!mode || !strcmp(mode, "null") || key >= TANDEM_MAX_DEVICES || n == TANDEM_MAX_DEVICES)
			continue;
		devices[n++] = (struct fp_device){
			.ifindex = (int)json_integer_value(json_object_get(row, "ifindex")),
			.key = (uint32_t)key,
			.native = !strcmp(mode, "native"),
		};
	}
	return n ? fp_hops_open(&k->fp->hops, k->fp, k->hops, devices, n) : 0;
}

static void say_engine(struct fastpath *fp, const char *interface, const char *mode, const char *why)
{
	json_array_append_new(fp->engines, json_pack("{s:s,s:s,s:s?}", "interface", interface, "mode", mode, "why", why));
	log_info("fastpath", "interface %s: %s%s%s", interface, mode, why ? ": " : "", why ? why : "");
}

static void say_engines(struct fastpath *fp, json_t *reply, const struct fp_params *p)
{
	json_t *rows = json_object_get(reply, "interfaces"), *row;
	size_t i;
	json_array_foreach(rows, i, row)
		say_engine(fp, json_string_value(json_object_get(row, "interface")), json_string_value(json_object_get(row, "mode")),
			   json_string_value(json_object_get(row, "why")));
	if (!json_array_size(rows))
		say_engine(fp, "*", "null",
			   p->want == FP_WANT_NULL ? "configured" : "no interface but loopback and the default route's has our addresses");
}

static void kernel_destroy(void *obj)
{
	struct fp_kernel *k = obj;
	mem_deref(k->watch);
	if (k->ring)
		ring_buffer__free(k->ring);
	counter_unregister(&k->counters);
	mem_free(k->per_cpu);
	if (k->hops)
		munmap(k->hops, TANDEM_MAX_HOPS * sizeof *k->hops);
	for (unsigned i = 0; i < k->n_fds; i++)
		if (k->fds[i] >= 0)
			close(k->fds[i]);
	if (k->opened && !k->leave) {
		json_t *reply = NULL;
		unsigned n = 0;
		(void)fp_ask(json_pack("{s:s,s:s?,s:O?}", "do", "fastpath-close", "pin", k->pinned ? k->pin : NULL, "ports", k->ports),
			     &reply, NULL, &n);
		json_decref(reply);
	}
	json_decref(k->ports);
	if (!k->leave) {
		fdstore_remove("media-v4");
		fdstore_remove("media-v6");
	}
	mem_free(k->pin);
}

void fp_kernel_leave(struct fp_kernel *k)
{
	k->leave = true;
}

bool fp_kernel_leaves(const struct fp_kernel *k)
{
	return k->leave;
}

/* Takes over what the privileged side answered. */
static int take_over(struct fp_kernel *k, json_t *reply, const struct fp_params *params)
{
	int err = map_tables(k, reply);
	if (!err && json_is_true(json_object_get(reply, "adopted")))
		fp_slots_repair(k->fp);
	if (!err)
		err = watch_events(k, reply);
	if (!err)
		err = show_counters(k, reply);
	if (!err)
		err = follow_hops(k, reply);
	if (!err)
		say_engines(k->fp, reply, params);
	return err;
}

static int ask_open(struct fp_kernel *k, const struct fp_params *params, bool sockets, json_t **reply)
{
	k->n_fds = MAX_FDS;
	int err = fp_ask(open_request(params, sockets), reply, k->fds, &k->n_fds);
	if (err)
		k->n_fds = 0;
	return err;
}

static void give_up(struct fastpath *fp, int err, json_t *reply)
{
	const char *said = json_string_value(json_object_get(reply, "error"));
	if (fp->slots)
		munmap(fp->slots, fp->n_slots * sizeof *fp->slots);
	fp->slots = NULL;
	say_engine(fp, "*", "null", said ? said : strerror(-err));
}

static int open_kernel(struct fastpath *fp, struct fp_kernel *k, const struct fp_params *params, struct fp_sockets *sockets)
{
	int kept4 = fdstore_take("media-v4"), kept6 = fdstore_take("media-v6");
	json_t *reply = NULL;
	k->fp = fp;
	k->pin = params->pin_dir ? mem_strdup(params->pin_dir) : NULL;
	int err = params->pin_dir && !k->pin ? -ENOMEM : ask_open(k, params, kept4 < 0 && kept6 < 0, &reply);
	k->opened = !err;
	k->ports = json_incref(json_object_get(reply, "ports"));
	k->pinned = !err && json_is_true(json_object_get(reply, "pinned"));
	sockets->steer[0] = steer_fd(k, reply, "steer4", "media-v4", kept4);
	sockets->steer[1] = steer_fd(k, reply, "steer6", "media-v6", kept6);
	sockets->raw[0] = fd_named(k, reply, "raw4");
	sockets->raw[1] = fd_named(k, reply, "raw6");
	if (!err)
		err = take_over(k, reply, params);
	if (err)
		give_up(fp, err, reply);
	json_decref(reply);
	return err;
}

int fp_kernel_open(struct fastpath *fp, const struct fp_params *params, struct fp_sockets *sockets)
{
	fp->engines = json_array();
	if (params->want == FP_WANT_NULL && params->plain) {
		say_engine(fp, "*", "null", "configured");
		return -ENOTSUP;
	}
	struct fp_kernel *k = mem_alloc(sizeof *k, kernel_destroy);
	if (!k)
		return -ENOMEM;
	int err = open_kernel(fp, k, params, sockets);
	if (err) {
		*sockets = (struct fp_sockets){.steer = {-1, -1}, .raw = {-1, -1}};
		fp->hops = mem_deref(fp->hops);
		mem_deref(k);
	} else {
		fp->kernel = k;
	}
	return err;
}
