// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/module.h"
#include "base/mem.h"
#include "net/genl.h"
#include "tandem/netlink.h"
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

struct module {
	struct genl *genl;
	struct genl_family family;
	uint32_t attached; /* map id of the table it relays by, 0: none */
};

static int on_state(const struct nlmsghdr *h, void *arg)
{
	struct module *m = arg;
	const struct nlattr *a;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == TANDEM_A_SLOTS_ID && !mnl_attr_validate(a, MNL_TYPE_U32))
			m->attached = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int find(struct module *m, struct buf *why)
{
	char buf[GENL_REQUEST];
	int err = genl_open(&m->genl, NULL, NULL);
	if (!err)
		err = genl_family(m->genl, TANDEM_NL_FAMILY, false, &m->family);
	return err ? err : genl_ask(m->genl, genl_request(buf, m->family.id, TANDEM_C_GET, TANDEM_NL_VERSION), on_state, m, why);
}

static bool put_local(struct nlmsghdr *h, const struct addr *local, const struct tandem_local *range)
{
	uint8_t ip[16];
	addr_mapped(local, ip);
	struct nlattr *nest = mnl_attr_nest_start_check(h, GENL_REQUEST, TANDEM_A_LOCAL);
	if (!nest || !mnl_attr_put_check(h, GENL_REQUEST, TANDEM_A_IP, sizeof ip, ip) ||
	    !mnl_attr_put_check(h, GENL_REQUEST, TANDEM_A_RANGE, sizeof *range, range))
		return false;
	mnl_attr_nest_end(h, nest);
	return true;
}

static int attach(struct module *m, const struct module_table *t, struct buf *why)
{
	char buf[GENL_REQUEST];
	struct nlmsghdr *h = genl_request(buf, m->family.id, TANDEM_C_ATTACH, TANDEM_NL_VERSION);
	mnl_attr_put_u32(h, TANDEM_A_LAYOUT, TANDEM_LAYOUT);
	mnl_attr_put_u32(h, TANDEM_A_SLOTS_FD, (uint32_t)t->fd);
	for (unsigned i = 0; i < t->n; i++)
		if (!put_local(h, &t->locals[i], &t->ranges[i]))
			return -EMSGSIZE;
	return genl_ask(m->genl, h, NULL, NULL, why);
}

int module_attach(const struct module_table *t, struct buf *why)
{
	struct module m = {0};
	int err = find(&m, why);
	if (!err)
		err = attach(&m, t, why);
	mem_deref(m.genl);
	return err;
}

int module_replace(const struct module_table *t, struct buf *why)
{
	struct module m = {0};
	int err = find(&m, why);
	if (!err && m.attached)
		err = attach(&m, t, why);
	mem_deref(m.genl);
	return err == -ENOENT ? 0 : err;
}

int module_detach(uint32_t map_id, struct buf *why)
{
	char buf[GENL_REQUEST];
	struct module m = {0};
	int err = find(&m, why);
	if (!err && m.attached == map_id)
		err = genl_ask(m.genl, genl_request(buf, m.family.id, TANDEM_C_DETACH, TANDEM_NL_VERSION), NULL, NULL, why);
	mem_deref(m.genl);
	return err == -ENOENT ? 0 : err;
}

/* --- the table ----------------------------------------------------------------------------------------------------- */

static bool is_table(int fd, uint32_t map_id, uint32_t n_slots)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.id == map_id && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.value_size == sizeof(struct tandem_slot) && info.max_entries == n_slots;
}

static int pinned_table(const char *dir, uint32_t map_id, uint32_t n_slots)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int fd = -1;
	while (d && fd < 0 && (e = readdir(d))) {
		char path[PATH_MAX];
		if (snprintf(path, sizeof path, "%s/%s/slots", dir, e->d_name) >= (int)sizeof path)
			continue;
		fd = bpf_obj_get(path);
		if (fd >= 0 && !is_table(fd, map_id, n_slots)) {
			close(fd);
			fd = -1;
		}
	}
	if (d)
		closedir(d);
	return fd;
}

int module_slots(const char *dir, uint32_t map_id, uint32_t n_slots)
{
	int fd = dir ? pinned_table(dir, map_id, n_slots) : -1;
	if (fd >= 0)
		return fd;
	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return -errno;
	if (is_table(fd, map_id, n_slots))
		return fd;
	close(fd);
	return -EPERM;
}
