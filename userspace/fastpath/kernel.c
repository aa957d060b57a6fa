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

#define MAX_FDS 200

static uint64_t xdp_counters[TANDEM_REASON_COUNT];

struct fp_kernel {
	struct fastpath *fp;
	int fds[MAX_FDS]; /* all that came back; closed at the end */
	unsigned n_fds;
	int slots_fd, reasons_fd;
	struct tandem_hop *hops;
	struct fp_devices *devices;
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
	struct tandem_event ev;
	if (len >= sizeof ev) {
		memcpy(&ev, data, sizeof ev);
		fp_event(arg, &ev);
	}
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

/* The steered sockets: new ones when the privileged side made any, else those kept for us across a restart. */
static void steer_sockets(struct fp_kernel *k, json_t *reply, const struct fp_kept *kept, unsigned threads, struct fp_sockets *ret)
{
	bool made = fd_named(k, reply, "steer4-0") >= 0 || fd_named(k, reply, "steer6-0") >= 0;
	char name[32];
	if (!made)
		fp_kept_use(kept, threads, ret);
	for (unsigned i = 0; made && i < 2 * threads; i++) {
		snprintf(name, sizeof name, "steer%c-%u", i & 1 ? '6' : '4', i / 2);
		ret->steer[i / 2][i & 1] = fd_named(k, reply, name);
	}
	ret->threads = threads;
	if (made)
		fp_kept_replace(kept, ret);
	for (unsigned i = 0; !made && i < 2 * threads; i++)
		if (ret->steer[i / 2][i & 1] >= 0 && k->n_fds < MAX_FDS)
			k->fds[k->n_fds++] = ret->steer[i / 2][i & 1];
}

static json_t *open_request(const struct fastpath *fp, const struct fp_params *p, bool sockets, unsigned threads)
{
	static const char *const want[] = {
		[FP_WANT_AUTO] = "auto", [FP_WANT_NATIVE] = "native", [FP_WANT_GENERIC] = "generic", [FP_WANT_MODULE] = "module",
		[FP_WANT_NULL] = "null",
	};
	json_t *names = p->interfaces ? json_array() : json_null();
	for (unsigned i = 0; p->interfaces && i < p->n_interfaces; i++)
		json_array_append_new(names, json_string(p->interfaces[i]));
	return json_pack("{s:s,s:o,s:s,s:o,s:s?,s:b,s:i,s:b}", "do", "fastpath-open", "locals", fp_locals_json(fp), "want", want[p->want],
			 "interfaces", names, "pin", p->pin_dir, "sockets", sockets, "threads", (int)threads, "keep-xdp", p->keep_xdp);
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
	k->slots_fd = slots;
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

static int follow_devices(struct fp_kernel *k, const struct fp_params *params, json_t *reply)
{
	json_t *request = open_request(k->fp, params, false, 0);
	int err = request ? fp_devices_open(&k->devices, k->fp, k->hops, request, reply) : -ENOMEM;
	json_decref(request);
	return err;
}

static void kernel_destroy(void *obj)
{
	struct fp_kernel *k = obj;
	mem_deref(k->devices);
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
	if (!k->leave)
		fp_kept_forget();
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

uint32_t fp_kernel_slots_id(const struct fp_kernel *k)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	return bpf_obj_get_info_by_fd(k->slots_fd, &info, &len) ? 0 : info.id;
}

/* Takes over what the privileged side answered. */
static int take_over(struct fp_kernel *k, const struct fp_params *params, json_t *reply)
{
	int err = map_tables(k, reply);
	if (!err && json_is_true(json_object_get(reply, "adopted")))
		fp_slots_repair(k->fp);
	if (!err)
		err = watch_events(k, reply);
	if (!err)
		err = show_counters(k, reply);
	return err ? err : follow_devices(k, params, reply);
}

static int ask_open(struct fp_kernel *k, const struct fp_params *params, bool sockets, unsigned threads, json_t **reply)
{
	k->n_fds = MAX_FDS;
	int err = fp_ask(open_request(k->fp, params, sockets, threads), reply, k->fds, &k->n_fds);
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
	fp_engines_none(fp, said ? said : strerror(-err));
}

static int open_kernel(struct fastpath *fp, struct fp_kernel *k, const struct fp_params *params, struct fp_sockets *sockets)
{
	struct fp_kept kept;
	unsigned threads = fp_threads_wanted(params->threads);
	json_t *reply = NULL;
	fp_kept_take(&kept);
	k->fp = fp;
	k->pin = params->pin_dir ? mem_strdup(params->pin_dir) : NULL;
	int err = params->pin_dir && !k->pin ? -ENOMEM : ask_open(k, params, !fp_kept_serves(&kept, params, threads), threads, &reply);
	k->opened = !err;
	k->ports = json_incref(json_object_get(reply, "ports"));
	k->pinned = !err && json_is_true(json_object_get(reply, "pinned"));
	steer_sockets(k, reply, &kept, threads, sockets);
	sockets->raw[0] = fd_named(k, reply, "raw4");
	sockets->raw[1] = fd_named(k, reply, "raw6");
	if (!err)
		err = take_over(k, params, reply);
	if (err)
		give_up(fp, err, reply);
	json_decref(reply);
	return err;
}

int fp_kernel_open(struct fastpath *fp, const struct fp_params *params, struct fp_sockets *sockets)
{
	if (params->want == FP_WANT_NULL && params->plain) {
		fp_engines_none(fp, "configured");
		return -ENOTSUP;
	}
	struct fp_kernel *k = mem_alloc(sizeof *k, kernel_destroy);
	if (!k)
		return -ENOMEM;
	int err = open_kernel(fp, k, params, sockets);
	if (err) {
		fp_sockets_close_old(sockets);
		*sockets = FP_NO_SOCKETS;
		fp->hops = mem_deref(fp->hops);
		mem_deref(k);
	} else {
		fp->kernel = k;
	}
	return err;
}
