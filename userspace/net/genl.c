// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/genl.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/netlink.h"
#include <errno.h>

#define BUFFER       32768
#define MESSAGES_MAX 256 /* in one loop turn */

struct genl {
	struct netlink ask, listen;
	struct loop_watch *watch;
	struct genl_handlers handlers;
	void *arg;
};

/* --- what nlctrl says ---------------------------------------------------------------------------------------------- */

static void read_string(const struct nlattr *a, char dst[GENL_NAMSIZ])
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) || slice_copy(slice_str(mnl_attr_get_str(a)), dst, GENL_NAMSIZ))
		dst[0] = '\0';
}

static uint32_t read_u32(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U32) ? 0 : mnl_attr_get_u32(a);
}

static void read_group(const struct nlattr *nest, struct genl_family *f)
{
	struct genl_group g = {0};
	const struct nlattr *a;
	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME)
			read_string(a, g.name);
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID)
			g.id = read_u32(a);
	}
	if (g.name[0] && g.id && f->n_groups < GENL_MAX_GROUPS)
		f->groups[f->n_groups++] = g;
}

int genl_parse_family(const struct nlmsghdr *h, struct genl_family *ret)
{
	struct genl_family f = {0};
	const struct nlattr *a, *group;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case CTRL_ATTR_FAMILY_NAME:
			read_string(a, f.name);
			break;
		case CTRL_ATTR_FAMILY_ID:
			f.id = mnl_attr_validate(a, MNL_TYPE_U16) ? 0 : mnl_attr_get_u16(a);
			break;
		case CTRL_ATTR_VERSION:
			f.version = read_u32(a);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			mnl_attr_for_each_nested(group, a)
				read_group(group, &f);
			break;
		}
	}
	if (!f.name[0] || !f.id)
		return -EBADMSG;
	*ret = f;
	return 0;
}

struct search {
	const char *name;
	struct genl_family found;
};

static int on_family(const struct nlmsghdr *h, void *arg)
{
	struct search *s = arg;
	struct genl_family f;
	if (!genl_parse_family(h, &f) && !strcmp(f.name, s->name))
		s->found = f;
	return MNL_CB_OK;
}

int genl_family(struct genl *g, const char *name, bool load, struct genl_family *ret)
{
	char buf[GENL_REQUEST];
	struct search s = {.name = name};
	struct nlmsghdr *h = genl_request(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	if (strlen(name) >= GENL_NAMSIZ)
		return -ENOENT;
	if (load)
		mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, name);
	else /* who asks for one by name has its module loaded; who asks for all does not */
		h->nlmsg_flags |= NLM_F_DUMP;
	int err = genl_ask(g, h, on_family, &s, NULL);
	if (!err && !s.found.id)
		err = -ENOENT;
	if (!err)
		*ret = s.found;
	return err;
}

uint32_t genl_group(const struct genl_family *f, const char *name)
{
	for (unsigned i = 0; i < f->n_groups; i++)
		if (!strcmp(f->groups[i].name, name))
			return f->groups[i].id;
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

struct nlmsghdr *genl_request(void *buf, uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	h->nlmsg_type = family;
	g->cmd = command;
	g->version = version;
	return h;
}

int genl_ask(struct genl *g, struct nlmsghdr *h, mnl_cb_t fn, void *arg, struct buf *why)
{
	return netlink_ask(&g->ask, h, fn, arg, why);
}

/* --- what is told -------------------------------------------------------------------------------------------------- */

static void on_control(struct genl *g, const struct nlmsghdr *h)
{
	const struct genlmsghdr *m = mnl_nlmsg_get_payload(h);
	struct genl_family f;
	bool news = m->cmd == CTRL_CMD_NEWFAMILY;
	if ((news || m->cmd == CTRL_CMD_DELFAMILY) && g->handlers.family && !genl_parse_family(h, &f))
		g->handlers.family(g->arg, &f, news);
}

static void tell(struct genl *g, const char *buf, size_t len)
{
	int left = (int)len;
	for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (mnl_nlmsg_get_payload_len(h) < sizeof(struct genlmsghdr))
			continue;
		if (h->nlmsg_type == GENL_ID_CTRL)
			on_control(g, h);
		else if (h->nlmsg_type > NLMSG_MIN_TYPE && g->handlers.message)
			g->handlers.message(g->arg, h);
	}
}

static void on_readable(void *arg, int events)
{
	struct genl *g = arg;
	char buf[BUFFER];
	(void)events;
	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		ssize_t n = mnl_socket_recvfrom(g->listen.socket, buf, sizeof buf);
		if (n > 0)
			tell(g, buf, (size_t)n);
		else if (n < 0 && errno == ENOBUFS && g->handlers.lost)
			g->handlers.lost(g->arg);
		else if (n == 0 || (errno != EINTR && errno != ENOBUFS))
			return;
	}
}

int genl_join(struct genl *g, uint32_t group)
{
	if (!g->listen.socket || !group)
		return -EINVAL;
	return mnl_socket_setsockopt(g->listen.socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) ? -errno : 0;
}

static int listen_to_control(struct genl *g)
{
	struct genl_family control;
	int err = netlink_open(&g->listen, NETLINK_GENERIC, 0, SOCK_NONBLOCK);
	if (!err)
		err = genl_family(g, "nlctrl", true, &control);
	if (!err)
		err = genl_join(g, genl_group(&control, "notify"));
	return err ? err : loop_watch(&g->watch, mnl_socket_get_fd(g->listen.socket), UV_READABLE, on_readable, g);
}

static void genl_destroy(void *obj)
{
	struct genl *g = obj;
	mem_deref(g->watch);
	netlink_close(&g->listen);
	netlink_close(&g->ask);
}

int genl_open(struct genl **ret, const struct genl_handlers *handlers, void *arg)
{
	struct genl *g = mem_alloc(sizeof *g, genl_destroy);
	if (!g)
		return -ENOMEM;
	int err = netlink_open(&g->ask, NETLINK_GENERIC, 0, 0);
	if (!err && handlers) {
		g->handlers = *handlers;
		g->arg = arg;
		err = listen_to_control(g);
	}
	if (err)
		mem_deref(g);
	else
		*ret = g;
	return err;
}
