// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/attach.h"
#include "base/mem.h"
#include "net/rtnl.h"
#include "tandem/flow.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

static const struct mode {
	const char *name;
	uint32_t flags;
	bool native;
} modes[] = {
	{"native", XDP_FLAGS_DRV_MODE, true},
	{"generic", XDP_FLAGS_SKB_MODE, false},
};
#define MODES (sizeof modes / sizeof modes[0])

static bool wanted(const struct attach *a, const struct mode *m)
{
	return !strcmp(a->want, "auto") || !strcmp(a->want, m->name);
}

static void link_name(char out[64], const struct mode *m, int ifindex)
{
	snprintf(out, 64, "link-%s-%d", m->name, ifindex);
}

/* The interface's key in the device map: the one it has (next hops of adopted streams use it), else a free one. */
static int device_key(int map, int ifindex, uint32_t *ret)
{
	uint32_t unused = TANDEM_NONE, value;
	for (uint32_t key = 0; key < TANDEM_MAX_DEVICES; key++) {
		if (bpf_map_lookup_elem(map, &key, &value)) {
			if (unused == TANDEM_NONE)
				unused = key;
		} else if (value == (uint32_t)ifindex) {
			*ret = key;
			return 0;
		}
	}
	if (unused == TANDEM_NONE)
		return -ENOSPC;
	value = (uint32_t)ifindex;
	if (bpf_map_update_elem(map, &unused, &value, 0))
		return -errno;
	*ret = unused;
	return 0;
}

static int attach_mode(const struct attach *a, const struct mode *m, int ifindex)
{
	char name[64];
	int prog = m->native ? a->native_prog : a->generic_prog;
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

static void say_why(char *why, size_t size, const struct mode *m, int err)
{
	size_t at = strlen(why);
	snprintf(why + at, size - at, "%s%s mode: %s", at ? "; " : "", m->name,
		 err == -EBUSY ? "another XDP program is attached" : strerror(-err));
}

static int attach_one(const struct attach *a, const char *name, json_t *report)
{
	char why[256] = "";
	const struct mode *got = NULL;
	uint32_t key = TANDEM_NONE;
	int ifindex = (int)if_nametoindex(name);
	if (!ifindex)
		snprintf(why, sizeof why, "no such interface");
	for (size_t i = 0; ifindex && i < MODES && !got; i++) {
		if (!wanted(a, &modes[i]))
			continue;
		int err = attach_mode(a, &modes[i], ifindex);
		if (err)
			say_why(why, sizeof why, &modes[i], err);
		else
			got = &modes[i];
	}
	int err = got ? device_key(a->devices, ifindex, &key) : 0;
	if (err)
		snprintf(why, sizeof why, "cannot be sent on: %s", strerror(-err));
	json_t *row = json_pack("{s:s,s:i,s:I,s:s,s:s?}", "interface", name, "ifindex", ifindex, "device", (json_int_t)key, "mode",
				got ? got->name : "null", "why", why[0] ? why : NULL);
	return json_array_append_new(report, row) ? -ENOMEM : 0;
}

static bool is_ours(const struct attach *a, const struct sockaddr *sa)
{
	struct addr ip;
	if (!sa || addr_from_sockaddr(&ip, sa))
		return false;
	for (unsigned i = 0; i < a->n_locals; i++)
		if (addr_ip_eq(&ip, &a->locals[i]))
			return true;
	return false;
}

static bool has_name(json_t *names, const char *name)
{
	size_t i;
	json_t *v;
	json_array_foreach(names, i, v)
		if (json_is_string(v) && !strcmp(json_string_value(v), name))
			return true;
	return false;
}

/* The interface to attach to for an interface that has an address: a VLAN's packets come by its lower one. */
static void add_interface(struct rtnl *r, json_t *names, const char *name)
{
	char lower[IF_NAMESIZE];
	struct rtnl_link link;
	int ifindex = (int)if_nametoindex(name);
	if (!rtnl_link(r, ifindex, &link) && link.vlan && if_indextoname((unsigned)link.lower, lower))
		name = lower;
	if (!has_name(names, name))
		json_array_append_new(names, json_string(name));
}

static const char *why_not(struct rtnl *r, const struct ifaddrs *i)
{
	if (i->ifa_flags & IFF_LOOPBACK)
		return "loopback";
	return rtnl_is_default(r, (int)if_nametoindex(i->ifa_name)) ? "carries the default route: name it in media.interfaces to attach" : NULL;
}

static void say_skipped(json_t *report, const char *name, const char *why)
{
	size_t i;
	json_t *row;
	json_array_foreach(report, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "interface")), name))
			return;
	json_array_append_new(report, json_pack("{s:s,s:i,s:I,s:s,s:s}", "interface", name, "ifindex", (int)if_nametoindex(name), "device",
						(json_int_t)TANDEM_NONE, "mode", "null", "why", why));
}

/* Every interface with an address of ours, except loopback and the default route's: a mistake there cuts the
 * machine off, so that one has to be named. Those that are left out get their row in `report`. */
static json_t *choose(const struct attach *a, json_t *report)
{
	struct ifaddrs *all = NULL;
	struct rtnl *r = NULL;
	json_t *names = json_array();
	if (!names || rtnl_open(&r, NULL, NULL) || getifaddrs(&all))
		goto out;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!is_ours(a, i->ifa_addr))
			continue;
		const char *why = why_not(r, i);
		if (why)
			say_skipped(report, i->ifa_name, why);
		else
			add_interface(r, names, i->ifa_name);
	}
out:
	if (all)
		freeifaddrs(all);
	mem_deref(r);
	return names;
}

struct sweep {
	const struct attach *a;
	json_t *report;
};

/* Unpins links to interfaces that are no longer asked for, which detaches them. */
static void drop_unwanted(void *arg, const char *name)
{
	const struct sweep *s = arg;
	size_t i;
	json_t *row;
	json_array_foreach(s->report, i, row) {
		char kept[64];
		for (size_t m = 0; m < MODES; m++) {
			link_name(kept, &modes[m], (int)json_integer_value(json_object_get(row, "ifindex")));
			if (!strcmp(name, kept) && !strcmp(modes[m].name, json_string_value(json_object_get(row, "mode"))))
				return;
		}
	}
	pin_remove(s->a->pin, name);
}

int attach_all(const struct attach *a, json_t *report)
{
	json_t *names = a->names ? json_incref(a->names) : choose(a, report), *v;
	size_t i;
	int err = names ? 0 : -ENOMEM;
	json_array_foreach(names, i, v)
		if (!err && json_is_string(v))
			err = attach_one(a, json_string_value(v), report);
	struct sweep s = {a, report};
	pin_each(a->pin, "link-native-", drop_unwanted, &s);
	pin_each(a->pin, "link-generic-", drop_unwanted, &s);
	json_decref(names);
	return err;
}
