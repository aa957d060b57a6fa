// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/rtnl.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/netlink.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <unistd.h>

#define BUFFER       32768 /* MNL_SOCKET_BUFFER_SIZE is read at run time; this is its ceiling for dumps */
#define MESSAGES_MAX 256   /* in one loop turn */

struct rtnl {
	struct netlink ask, listen;
	struct loop_watch *watch;
	rtnl_change_fn changed;
	void *arg;
};

static void rtnl_destroy(void *obj)
{
	struct rtnl *r = obj;
	mem_deref(r->watch);
	netlink_close(&r->listen);
	netlink_close(&r->ask);
}

static void tell_all(struct rtnl *r, const char *buf, size_t len)
{
	int left = (int)len;
	for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct rtnl_change c;
		if (!rtnl_parse(h, &c))
			r->changed(r->arg, &c);
	}
}

static void on_readable(void *arg, int events)
{
	struct rtnl *r = arg;
	char buf[BUFFER];
	(void)events;
	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		ssize_t n = mnl_socket_recvfrom(r->listen.socket, buf, sizeof buf);
		if (n > 0)
			tell_all(r, buf, (size_t)n);
		else if (errno == ENOBUFS)
			r->changed(r->arg, &(struct rtnl_change){.what = RTNL_LOST});
		else if (errno != EINTR)
			return;
	}
}

int rtnl_open(struct rtnl **ret, rtnl_change_fn changed, void *arg)
{
	const unsigned groups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR |
				RTMGRP_IPV6_IFADDR;
	struct rtnl *r = mem_alloc(sizeof *r, rtnl_destroy);
	if (!r)
		return -ENOMEM;
	r->changed = changed;
	r->arg = arg;
	int err = netlink_open(&r->ask, NETLINK_ROUTE, 0, 0);
	if (!err && changed)
		err = netlink_open(&r->listen, NETLINK_ROUTE, groups, SOCK_NONBLOCK);
	if (!err && changed)
		err = loop_watch(&r->watch, mnl_socket_get_fd(r->listen.socket), UV_READABLE, on_readable, r);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}

static struct nlmsghdr *request(char *buf, uint16_t type, size_t extra, void *extra_ret)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = type;
	*(void **)extra_ret = mnl_nlmsg_put_extra_header(h, extra);
	return h;
}

static void put_ip(struct nlmsghdr *h, uint16_t type, const struct addr *a)
{
	mnl_attr_put(h, type, a->family == AF_INET ? 4 : 16, a->bytes);
}

static void get_ip(struct addr *ret, sa_family_t family, const void *bytes, size_t len)
{
	*ret = (struct addr){.family = family};
	if (len == (family == AF_INET ? 4u : 16u))
		memcpy(ret->bytes, bytes, len);
	else
		ret->family = AF_UNSPEC;
}

/* --- routes -------------------------------------------------------------------------------------------------------- */

static uint16_t mtu_in(const struct nlattr *metrics)
{
	const struct nlattr *a;
	uint32_t mtu = 0;
	mnl_attr_for_each_nested(a, metrics)
		if (mnl_attr_get_type(a) == RTAX_MTU)
			mtu = mnl_attr_get_u32(a);
	return (uint16_t)(mtu > 65535 ? 65535 : mtu);
}

static void read_route(const struct nlmsghdr *h, struct rtnl_route *ret)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	ret->local = m->rtm_type == RTN_LOCAL;
	mnl_attr_for_each(a, h, sizeof *m) {
		const char *p = mnl_attr_get_payload(a);
		size_t len = mnl_attr_get_payload_len(a);
		switch (mnl_attr_get_type(a)) {
		case RTA_OIF:
			ret->ifindex = (int)mnl_attr_get_u32(a);
			break;
		case RTA_GATEWAY:
			get_ip(&ret->gateway, m->rtm_family, p, len);
			break;
		case RTA_VIA:
			if (len > sizeof(struct rtvia))
				get_ip(&ret->gateway, ((const struct rtvia *)p)->rtvia_family, p + sizeof(struct rtvia),
				       len - sizeof(struct rtvia));
			break;
		case RTA_METRICS:
			ret->mtu = mtu_in(a);
			break;
		}
	}
}

/* Takes an answer to one of `n` questions, the first of which has the number `seq`; false when it is to none. */
static bool take_answer(const struct nlmsghdr *h, struct rtnl_question *q, unsigned n, unsigned seq)
{
	unsigned i = h->nlmsg_seq - seq;
	if (i >= n || q[i].err != -EINPROGRESS)
		return false;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
		q[i].err = e->error ? e->error : -ENETUNREACH;
		return true;
	}
	read_route(h, &q[i].route);
	q[i].err = q[i].route.ifindex ? 0 : -ENETUNREACH;
	return true;
}

static size_t put_question(char *buf, const struct rtnl_question *q, unsigned seq)
{
	struct rtmsg *m;
	struct nlmsghdr *h = request(buf, RTM_GETROUTE, sizeof *m, &m);
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = seq;
	m->rtm_family = (unsigned char)q->dst.family;
	m->rtm_dst_len = q->dst.family == AF_INET ? 32 : 128;
	put_ip(h, RTA_DST, &q->dst);
	if (q->vrf)
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)q->vrf);
	return MNL_ALIGN(h->nlmsg_len);
}

/* Few enough that the answers fit into the socket's buffer. */
#define QUESTIONS 32

static void ask_routes(struct rtnl *r, struct rtnl_question *q, unsigned n)
{
	char buf[BUFFER] = {0};
	size_t len = 0;
	unsigned seq = r->ask.seq + 1, left = n;
	for (unsigned i = 0; i < n; i++) {
		q[i].err = -EINPROGRESS;
		q[i].route = (struct rtnl_route){0};
		len += put_question(buf + len, &q[i], ++r->ask.seq);
	}
	ssize_t got = mnl_socket_sendto(r->ask.socket, buf, len);
	while (left && got >= 0 && (got = mnl_socket_recvfrom(r->ask.socket, buf, sizeof buf)) >= 0) {
		int rest = (int)got;
		for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, rest); h = mnl_nlmsg_next(h, &rest))
			left -= take_answer(h, q, n, seq);
	}
	for (unsigned i = 0; left && i < n; i++)
		if (q[i].err == -EINPROGRESS)
			q[i].err = -EIO;
}

void rtnl_routes(struct rtnl *r, struct rtnl_question *q, unsigned n)
{
	for (unsigned at = 0; at < n; at += QUESTIONS)
		ask_routes(r, q + at, n - at < QUESTIONS ? n - at : QUESTIONS);
}

struct default_search {
	int ifindex;
	bool found;
};

static int on_default(const struct nlmsghdr *h, void *arg)
{
	struct default_search *s = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	if (m->rtm_dst_len || m->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof *m) {
		if (mnl_attr_get_type(a) == RTA_OIF && (int)mnl_attr_get_u32(a) == s->ifindex)
			s->found = true;
		if (mnl_attr_get_type(a) != RTA_MULTIPATH)
			continue;
		const struct rtnexthop *n = mnl_attr_get_payload(a);
		for (int len = mnl_attr_get_payload_len(a); RTNH_OK(n, len); len -= RTNH_ALIGN(n->rtnh_len), n = RTNH_NEXT(n))
			s->found |= n->rtnh_ifindex == s->ifindex;
	}
	return MNL_CB_OK;
}

bool rtnl_is_default(struct rtnl *r, int ifindex)
{
	static const unsigned char families[] = {AF_INET, AF_INET6};
	struct default_search s = {.ifindex = ifindex};
	for (size_t i = 0; i < sizeof families; i++) {
		char buf[512];
		struct rtmsg *m;
		struct nlmsghdr *h = request(buf, RTM_GETROUTE, sizeof *m, &m);
		m->rtm_family = families[i];
		h->nlmsg_flags = NLM_F_DUMP;
		(void)netlink_ask(&r->ask, h, on_default, &s, NULL);
	}
	return s.found;
}

/* --- neighbours ---------------------------------------------------------------------------------------------------- */

static int read_neighbour(const struct nlmsghdr *h, struct rtnl_neighbour *n)
{
	const uint16_t fixed = NUD_PERMANENT | NUD_NOARP, good = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	bool has_mac = false;
	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return -EBADMSG;
	*n = (struct rtnl_neighbour){.ifindex = m->ndm_ifindex};
	mnl_attr_for_each(a, h, sizeof *m) {
		const void *p = mnl_attr_get_payload(a);
		size_t len = mnl_attr_get_payload_len(a);
		if (mnl_attr_get_type(a) == NDA_DST)
			get_ip(&n->ip, m->ndm_family, p, len);
		if (mnl_attr_get_type(a) == NDA_LLADDR && len == sizeof n->mac) {
			memcpy(n->mac, p, len);
			has_mac = true;
		}
		if (mnl_attr_get_type(a) == NDA_FLAGS_EXT && len == sizeof(uint32_t))
			n->managed = mnl_attr_get_u32(a) & NTF_EXT_MANAGED;
	}
	if (!addr_is_set(&n->ip))
		return -EBADMSG;
	if (h->nlmsg_type == RTM_DELNEIGH)
		n->state = RTNL_NEIGHBOUR_NONE;
	else if (!has_mac || !(m->ndm_state & (fixed | good)))
		n->state = RTNL_NEIGHBOUR_BAD;
	else
		n->state = m->ndm_state & fixed ? RTNL_NEIGHBOUR_FIXED : RTNL_NEIGHBOUR_GOOD;
	return 0;
}

static int on_neighbour(const struct nlmsghdr *h, void *arg)
{
	struct rtnl_neighbour *ret = arg, n;
	if (!read_neighbour(h, &n))
		*ret = n;
	return MNL_CB_OK;
}

int rtnl_neighbour(struct rtnl *r, int ifindex, const struct addr *ip, struct rtnl_neighbour *ret)
{
	char buf[512];
	struct ndmsg *m;
	struct rtnl_neighbour found = {.ifindex = ifindex, .ip = *ip};
	struct nlmsghdr *h = request(buf, RTM_GETNEIGH, sizeof *m, &m);
	m->ndm_family = (unsigned char)ip->family;
	m->ndm_ifindex = ifindex;
	put_ip(h, NDA_DST, ip);
	int err = netlink_ask(&r->ask, h, on_neighbour, &found, NULL);
	if (err && err != -ENOENT)
		return err;
	*ret = found;
	return 0;
}

int rtnl_neighbour_manage(struct rtnl *r, int ifindex, const struct addr *ip, bool on)
{
	char buf[512];
	struct ndmsg *m;
	struct nlmsghdr *h = request(buf, RTM_NEWNEIGH, sizeof *m, &m);
	h->nlmsg_flags = on ? NLM_F_CREATE : NLM_F_REPLACE;
	m->ndm_family = (unsigned char)ip->family;
	m->ndm_ifindex = ifindex;
	m->ndm_flags = NTF_USE;
	put_ip(h, NDA_DST, ip);
	mnl_attr_put_u32(h, NDA_FLAGS_EXT, on ? NTF_EXT_MANAGED : 0);
	return netlink_ask(&r->ask, h, NULL, NULL, NULL);
}

/* --- links --------------------------------------------------------------------------------------------------------- */

static void copy_name(char ret[RTNL_NAME], const struct nlattr *a)
{
	(void)slice_copy(slice_str(mnl_attr_get_str(a)), ret, RTNL_NAME);
}

static void read_kind(const struct nlattr *info, struct rtnl_link *ret)
{
	const struct nlattr *a, *b;
	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			copy_name(ret->kind, a);
		if (mnl_attr_get_type(a) == IFLA_INFO_DATA && !strcmp(ret->kind, "vlan"))
			mnl_attr_for_each_nested(b, a)
				if (mnl_attr_get_type(b) == IFLA_VLAN_ID)
					ret->vlan = mnl_attr_get_u16(b);
	}
}

static bool is_up(const struct ifinfomsg *m)
{
	return (m->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

static void read_link_attr(const struct nlattr *a, struct rtnl_link *ret)
{
	size_t len = mnl_attr_get_payload_len(a);
	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		copy_name(ret->name, a);
		break;
	case IFLA_ADDRESS:
		if (len == sizeof ret->mac)
			memcpy(ret->mac, mnl_attr_get_payload(a), len);
		break;
	case IFLA_MTU: {
		uint32_t mtu = mnl_attr_get_u32(a);
		ret->mtu = (uint16_t)(mtu > 65535 ? 65535 : mtu);
		break;
	}
	case IFLA_LINK:
		ret->lower = (int)mnl_attr_get_u32(a);
		break;
	case IFLA_MASTER:
		ret->master = (int)mnl_attr_get_u32(a);
		break;
	case IFLA_LINKINFO:
		read_kind(a, ret);
		break;
	}
}

static void read_link(const struct nlmsghdr *h, struct rtnl_link *ret)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	*ret = (struct rtnl_link){.ifindex = m->ifi_index, .up = is_up(m), .ethernet = m->ifi_type == ARPHRD_ETHER,
				  .loopback = m->ifi_flags & IFF_LOOPBACK};
	mnl_attr_for_each(a, h, sizeof *m)
		read_link_attr(a, ret);
}

static int on_link(const struct nlmsghdr *h, void *arg)
{
	read_link(h, arg);
	return MNL_CB_OK;
}

int rtnl_link(struct rtnl *r, int ifindex, struct rtnl_link *ret)
{
	char buf[512];
	struct ifinfomsg *m;
	struct rtnl_link found = {0};
	struct nlmsghdr *h = request(buf, RTM_GETLINK, sizeof *m, &m);
	m->ifi_index = ifindex;
	int err = netlink_ask(&r->ask, h, on_link, &found, NULL);
	if (!err)
		*ret = found;
	return err;
}

struct each_link {
	void (*fn)(void *arg, const struct rtnl_link *link);
	void *arg;
};

static int on_each_link(const struct nlmsghdr *h, void *arg)
{
	const struct each_link *e = arg;
	struct rtnl_link link;
	read_link(h, &link);
	e->fn(e->arg, &link);
	return MNL_CB_OK;
}

int rtnl_links(struct rtnl *r, void (*fn)(void *arg, const struct rtnl_link *link), void *arg)
{
	char buf[512];
	struct ifinfomsg *m;
	struct each_link e = {fn, arg};
	struct nlmsghdr *h = request(buf, RTM_GETLINK, sizeof *m, &m);
	h->nlmsg_flags = NLM_F_DUMP;
	return netlink_ask(&r->ask, h, on_each_link, &e, NULL);
}

/* --- changes ------------------------------------------------------------------------------------------------------- */

static int link_change(const struct nlmsghdr *h, struct rtnl_change *ret)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct rtnl_link link;
	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return -EBADMSG;
	if (m->ifi_family != AF_UNSPEC)
		return -ENOENT; /* it left or joined a bridge */
	read_link(h, &link);
	ret->ifindex = link.ifindex;
	ret->gone = h->nlmsg_type == RTM_DELLINK;
	ret->up = !ret->gone && link.up;
	memcpy(ret->name, link.name, sizeof ret->name);
	return 0;
}

static int address_change(const struct nlmsghdr *h, struct rtnl_change *ret)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return -EBADMSG;
	ret->ifindex = (int)m->ifa_index;
	ret->gone = h->nlmsg_type == RTM_DELADDR;
	/* On a point-to-point link IFA_ADDRESS is the other end's. */
	mnl_attr_for_each(a, h, sizeof *m)
		if (mnl_attr_get_type(a) == IFA_LOCAL || (mnl_attr_get_type(a) == IFA_ADDRESS && !addr_is_set(&ret->ip)))
			get_ip(&ret->ip, m->ifa_family, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	return addr_is_set(&ret->ip) ? 0 : -EBADMSG;
}

int rtnl_parse(const struct nlmsghdr *h, struct rtnl_change *ret)
{
	struct rtnl_change c = {0};
	int err = 0;
	switch (h->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		c.what = RTNL_NEIGHBOUR;
		err = read_neighbour(h, &c.neighbour);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		c.what = RTNL_LINK;
		err = link_change(h, &c);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		c.what = RTNL_ADDRESS;
		err = address_change(h, &c);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		c.what = RTNL_ROUTES;
		break;
	default:
		return -ENOENT;
	}
	if (!err)
		*ret = c;
	return err;
}
