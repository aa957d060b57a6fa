// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/attach.h"
#include "fastpath/beside.h"
#include "fastpath/topology.h"
#include "base/mem.h"
#include "tandem/slot.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct mode {
	const char *name, *program;
	uint32_t flags;
	bool native;
} modes[] = {
	{"native", "relay_native", XDP_FLAGS_DRV_MODE, true},
	{"generic", "relay_generic", XDP_FLAGS_SKB_MODE, false},
};
#define MODES (sizeof modes / sizeof modes[0])

/* One attach_all() on its way. */
struct round {
	const struct attach *a;
	struct topology *t;
	json_t *report;
	int vrf; /* the one that is served */
};

static bool wanted(const struct attach *a, const struct mode *m)
{
	return !strcmp(a->want, "auto") || !strcmp(a->want, m->name);
}

static void link_name(char out[64], const struct mode *m, int ifindex)
{
	snprintf(out, 64, "link-%s-%d", m->name, ifindex);
}

/* --- devices ------------------------------------------------------------------------------------------------------- */

/* Next hops that still say a key which another interface had before would send by the wrong one. */
static int forget_hops(int map, uint32_t key)
{
	const size_t size = TANDEM_MAX_HOPS * sizeof(struct tandem_hop);
	struct tandem_hop *hops = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (hops == MAP_FAILED)
		return -errno;
	for (uint32_t i = 0; i < TANDEM_MAX_HOPS; i++) {
		struct tandem_hop *h = &hops[i];
		if (h->device != key || h->state < TANDEM_HOP_EGRESS)
			continue;
		bool taken = tandem_seq_take(&h->seq, h->seq);
		h->state = TANDEM_HOP_UNRESOLVED;
		if (taken)
			tandem_seq_give(&h->seq);
	}
	munmap(hops, size);
	return 0;
}

/* The interface's key in the device map: the one it has (next hops of adopted streams use it), else a free one. The kernel frees that of an
 * interface that goes away. */
static int device_key(const struct attach *a, int ifindex, uint32_t *ret)
{
	uint32_t unused = TANDEM_NONE, value;
	for (uint32_t key = 0; key < TANDEM_MAX_DEVICES; key++) {
		if (bpf_map_lookup_elem(a->devices, &key, &value)) {
			if (unused == TANDEM_NONE)
				unused = key;
		} else if (value == (uint32_t)ifindex) {
			*ret = key;
			return 0;
		}
	}
	if (unused == TANDEM_NONE)
		return -ENOSPC;
	int err = forget_hops(a->hops, unused);
	value = (uint32_t)ifindex;
	if (!err && bpf_map_update_elem(a->devices, &unused, &value, 0))
		err = -errno;
	if (!err)
		*ret = unused;
	return err;
}

static bool is_reported(const struct round *r, int ifindex)
{
	size_t i;
	json_t *row;
	json_array_foreach(r->report, i, row)
		if (json_integer_value(json_object_get(row, "ifindex")) == ifindex && strcmp(json_string_value(json_object_get(row, "mode")), "null"))
			return true;
	return false;
}

/* What leaves by an interface that is no longer attached to is not for the program to send. */
static void drop_devices(const struct round *r)
{
	uint32_t value;
	for (uint32_t key = 0; key < TANDEM_MAX_DEVICES; key++)
		if (!bpf_map_lookup_elem(r->a->devices, &key, &value) && !is_reported(r, (int)value))
			(void)bpf_map_delete_elem(r->a->devices, &key);
}

/* --- links --------------------------------------------------------------------------------------------------------- */

/* One in place of the other: what was attached as it is not to be now goes first, or it would be the other program itself. */
static int attach_beside(const struct attach *a, const struct mode *m, int ifindex)
{
	char name[64];
	if (!a->pin->dir[0])
		return -ENOENT;
	for (size_t i = 0; i < MODES; i++) {
		link_name(name, &modes[i], ifindex);
		pin_remove(a->pin, name);
	}
	return beside_attach(a->pin, m->program, m->native ? a->native_prog : a->generic_prog, ifindex, m->native);
}

static int attach_mode(const struct attach *a, const struct mode *m, int ifindex)
{
	char name[64];
	int prog = m->native ? a->native_prog : a->generic_prog;
	if (a->keep)
		return attach_beside(a, m, ifindex);
	snprintf(name, sizeof name, BESIDE "%d", ifindex);
	pin_remove(a->pin, name);
	link_name(name, m, ifindex);
	int link = pin_get(a->pin, name);
	if (link >= 0) {
		int err = bpf_link_update(link, prog, NULL);
		close(link);
		if (!err)
			return 0;
		pin_remove(a->pin, name); /* its interface is gone */
	}
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = m->flags);
	link = bpf_link_create(prog, ifindex, BPF_XDP, &opts);
	if (link < 0)
		return -errno;
	if (a->pin->dir[0]) {
		int err = pin_put(a->pin, name, link);
		close(link);
		return err;
	}
	return a->give(a->arg, "link", link);
}

static const char *text_of(const struct attach *a, int err)
{
	if (err == -EBUSY)
		return a->keep ? "another XDP program is attached: not in libxdp's dispatcher" : "another XDP program is attached";
	if (a->keep && err == -EMLINK)
		return "another XDP program is attached: in the other mode";
	if (a->keep && err == -EOPNOTSUPP)
		return "media.keep-xdp: no dispatcher of libxdp can be had";
	if (a->keep && err == -ENOENT)
		return "media.keep-xdp: nothing is pinned, see state.bpffs";
	return strerror(-err);
}

static void say_why(const struct attach *a, char *why, size_t size, const struct mode *m, int err)
{
	size_t at = strlen(why);
	snprintf(why + at, size - at, "%s%s mode: %s", at ? "; " : "", m->name, text_of(a, err));
}

static int report(const struct round *r, const char *name, int ifindex, uint32_t key, const char *mode, const char *why)
{
	json_t *row = json_pack("{s:s,s:i,s:I,s:s,s:s?}", "interface", name, "ifindex", ifindex, "device", (json_int_t)key, "mode", mode, "why",
				why && why[0] ? why : NULL);
	return json_array_append_new(r->report, row) ? -ENOMEM : 0;
}

static int attach_one(const struct round *r, const struct rtnl_link *link)
{
	char why[256] = "";
	const struct mode *got = NULL;
	uint32_t key = TANDEM_NONE;
	for (size_t i = 0; i < MODES && !got; i++) {
		if (!wanted(r->a, &modes[i]))
			continue;
		int err = attach_mode(r->a, &modes[i], link->ifindex);
		if (err)
			say_why(r->a, why, sizeof why, &modes[i], err);
		else
			got = &modes[i];
	}
	int err = got ? device_key(r->a, link->ifindex, &key) : 0;
	if (err)
		snprintf(why, sizeof why, "cannot be sent on: %s", strerror(-err));
	return report(r, link->name, link->ifindex, key, got ? got->name : "null", why);
}

/* --- which interfaces ---------------------------------------------------------------------------------------------- */

static bool has_row(const struct round *r, const char *name)
{
	size_t i;
	json_t *row;
	json_array_foreach(r->report, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "interface")), name))
			return true;
	return false;
}

/* Why XDP is kept off an interface that it could be attached to, or NULL. */
static const char *why_not(const struct round *r, const struct rtnl_link *link, bool named, char room[128])
{
	if (link->loopback)
		return "loopback";
	if (!link->ethernet)
		return "not an Ethernet device";
	if (!strcmp(link->kind, "vrf"))
		return "a VRF: packets come by its interfaces";
	const struct rtnl_link *other = topology_other_vrf(r->t, link, r->vrf);
	if (other) {
		snprintf(room, 128, "in a VRF: %s is in another one than %s", other->name, r->vrf ? "our first address" : "our other addresses");
		return room;
	}
	if (!named && topology_is_default(r->t, link->ifindex))
		return "carries the default route: name it in media.interfaces to attach";
	return NULL;
}

/* A VLAN's packets come by its lower interface. */
static int try_link(const struct round *r, const struct rtnl_link *link, bool named)
{
	char room[128];
	const struct rtnl_link *lower = link->vlan ? topology_link(r->t, link->lower) : NULL;
	const char *why = named ? NULL : why_not(r, link, false, room);
	if (!why && lower)
		link = lower;
	if (has_row(r, link->name))
		return 0;
	if (!why)
		why = why_not(r, link, true, room);
	return why ? report(r, link->name, link->ifindex, TANDEM_NONE, "null", why) : attach_one(r, link);
}

static int try_named(const struct round *r)
{
	size_t i;
	json_t *v;
	int err = 0;
	json_array_foreach(r->a->names, i, v) {
		const char *name = json_string_value(v);
		const struct rtnl_link *link = name ? topology_named(r->t, name) : NULL;
		if (link)
			err = try_link(r, link, true);
		else if (name)
			err = report(r, name, 0, TANDEM_NONE, "null", "no such interface");
		if (err)
			return err;
	}
	return 0;
}

/* Every interface with an address of ours, except loopback and the default route's: a mistake there cuts the
 * machine off, so that one has to be named. */
static int try_by_address(const struct round *r)
{
	int err = 0;
	for (unsigned i = 0; !err && i < topology_count(r->t); i++) {
		const struct rtnl_link *link = topology_at(r->t, i);
		if (topology_has_ours(r->t, link->ifindex))
			err = try_link(r, link, false);
	}
	return err;
}

/* Unpins links to interfaces that are no longer asked for, which detaches them, and those of interfaces that are gone. */
static void drop_unwanted(void *arg, const char *name)
{
	const struct round *r = arg;
	size_t i;
	json_t *row;
	json_array_foreach(r->report, i, row) {
		char kept[64];
		for (size_t m = 0; m < MODES; m++) {
			link_name(kept, &modes[m], (int)json_integer_value(json_object_get(row, "ifindex")));
			if (r->a->keep)
				snprintf(kept, sizeof kept, BESIDE "%d", (int)json_integer_value(json_object_get(row, "ifindex")));
			if (!strcmp(name, kept) && !strcmp(modes[m].name, json_string_value(json_object_get(row, "mode"))))
				return;
		}
	}
	pin_remove(r->a->pin, name);
}

int attach_all(const struct attach *a, json_t *rows, json_t *vrfs)
{
	struct round r = {.a = a, .report = rows};
	int err = topology_read(&r.t, a->locals, a->n_locals);
	if (err)
		return err;
	r.vrf = topology_vrf(r.t, vrfs);
	err = a->names ? try_named(&r) : try_by_address(&r);
	if (!err) {
		pin_each(a->pin, "link-native-", drop_unwanted, &r);
		pin_each(a->pin, "link-generic-", drop_unwanted, &r);
		pin_each(a->pin, BESIDE, drop_unwanted, &r);
		drop_devices(&r);
	}
	mem_deref(r.t);
	return err;
}
