// SPDX-License-Identifier: GPL-3.0-or-later
/* Interfaces that come, go, or get and lose addresses of ours: the pinned programs are attached again where they belong, and next hops learn
 * which interfaces can be sent on. Attaching is asked of the privileged side; what is not pinned it cannot find, and stays as it was. */
#include "fastpath/private.h"
#include "base/log.h"
#include "base/timer.h"
#include "net/rtnl.h"
#include <errno.h>

#define SOON_MS  20   /* changes come in groups */
#define PAUSE_MS 250  /* between two rounds */
#define RETRY_MS 1000 /* while nobody answers */

struct fp_devices {
	struct fastpath *fp;
	json_t *request; /* fastpath-attach */
	json_t *vrfs;
	struct rtnl *rtnl;
	struct timer timer;
	uint64_t asked_ms;
};

static unsigned read_rows(const json_t *rows, struct fp_device devices[TANDEM_MAX_DEVICES])
{
	unsigned n = 0;
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row) {
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
	return n;
}

/* Whether any address is in another VRF than before. */
static bool take_vrfs(struct fp_devices *d, json_t *vrfs)
{
	struct fastpath *fp = d->fp;
	if (json_equal(vrfs, d->vrfs))
		return false;
	json_decref(d->vrfs);
	d->vrfs = json_incref(vrfs);
	for (unsigned i = 0; i < fp->n_ranges; i++)
		fp->ranges[i].vrf = (int)json_integer_value(json_array_get(vrfs, i));
	return true;
}

static void take_reply(struct fp_devices *d, json_t *reply)
{
	struct fp_device devices[TANDEM_MAX_DEVICES];
	json_t *rows = json_object_get(reply, "interfaces");
	bool moved = take_vrfs(d, json_object_get(reply, "vrfs"));
	if (!moved && json_equal(rows, d->fp->engines))
		return;
	unsigned n = read_rows(rows, devices);
	fp_hops_devices(d->fp->hops, devices, n);
	if (moved)
		fp_slots_resolve_again(d->fp);
	fp_engines_set(d->fp, rows);
}

static void attach(void *arg)
{
	struct fp_devices *d = arg;
	json_t *reply = NULL;
	unsigned none = 0;
	d->asked_ms = clock_ms();
	int err = fp_ask(json_incref(d->request), &reply, NULL, &none);
	if (!err)
		take_reply(d, reply);
	else if (err == -ENOENT)
		log_warn("fastpath", "interfaces are not followed: the programs are not pinned any more");
	else
		timer_start(&d->timer, RETRY_MS, attach, d);
	json_decref(reply);
}

static void soon(struct fp_devices *d)
{
	uint64_t since = clock_ms() - d->asked_ms;
	if (!timer_running(&d->timer))
		timer_start(&d->timer, since + SOON_MS < PAUSE_MS ? PAUSE_MS - since : SOON_MS, attach, d);
}

static bool is_ours(const struct fastpath *fp, const struct addr *ip)
{
	for (unsigned i = 0; i < fp->n_ranges; i++)
		if (addr_ip_eq(&fp->ranges[i].ip, ip))
			return true;
	return false;
}

static void on_change(void *arg, const struct rtnl_change *c)
{
	struct fp_devices *d = arg;
	switch (c->what) {
	case RTNL_ADDRESS:
		if (is_ours(d->fp, &c->ip))
			soon(d);
		break;
	case RTNL_LINK: /* a VLAN or VRF elsewhere may matter to one of ours */
	case RTNL_LOST:
		soon(d);
		break;
	case RTNL_ROUTES:
	case RTNL_NEIGHBOUR:
		break;
	}
}

static void devices_destroy(void *obj)
{
	struct fp_devices *d = obj;
	timer_stop(&d->timer);
	mem_deref(d->rtnl);
	json_decref(d->request);
	json_decref(d->vrfs);
}

int fp_devices_open(struct fp_devices **ret, struct fastpath *fp, struct tandem_hop *table, json_t *request, json_t *reply)
{
	struct fp_device devices[TANDEM_MAX_DEVICES];
	json_t *rows = json_object_get(reply, "interfaces");
	struct fp_devices *d = mem_alloc(sizeof *d, devices_destroy);
	if (!d)
		return -ENOMEM;
	d->fp = fp;
	d->request = json_pack("{s:s,s:O,s:O,s:O,s:O,s:O}", "do", "fastpath-attach", "locals", json_object_get(request, "locals"), "want",
			       json_object_get(request, "want"), "interfaces", json_object_get(request, "interfaces"), "pin",
			       json_object_get(request, "pin"), "keep-xdp", json_object_get(request, "keep-xdp"));
	int err = d->request ? 0 : -ENOMEM;
	(void)take_vrfs(d, json_object_get(reply, "vrfs"));
	if (!err && fp->want != FP_WANT_NULL) {
		unsigned n = read_rows(rows, devices);
		err = fp_hops_open(&fp->hops, fp, table, devices, n);
		if (!err && json_is_true(json_object_get(reply, "pinned")))
			err = rtnl_open(&d->rtnl, on_change, d);
	}
	if (!err)
		fp_engines_set(fp, rows);
	if (err)
		mem_deref(d);
	else
		*ret = d;
	return err;
}
