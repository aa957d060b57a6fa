// SPDX-License-Identifier: GPL-3.0-or-later
/* What rtnetlink messages are taken for; and what this kernel says of its loopback. */
#include "unit.h"
#include "base/loop.h"
#include "net/rtnl.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mac[6] = {2, 0, 0, 1, 2, 3};

static struct nlmsghdr *message(char *buf, uint16_t type, size_t size, void *header)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(h, size), header, size);
	return h;
}

static struct nlmsghdr *neighbour(char *buf, uint16_t type, const char *ip, uint16_t state, size_t mac_len)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(&a, slice_str(ip)), 0);
	struct ndmsg m = {.ndm_family = (unsigned char)a.family, .ndm_ifindex = 7, .ndm_state = state};
	struct nlmsghdr *h = message(buf, type, sizeof m, &m);
	mnl_attr_put(h, NDA_DST, a.family == AF_INET ? 4 : 16, a.bytes);
	if (mac_len)
		mnl_attr_put(h, NDA_LLADDR, mac_len, mac);
	return h;
}

static void neighbours(void **state)
{
	static const struct {
		const char *ip;
		uint16_t type, state;
		size_t mac_len;
		enum rtnl_neighbour_state is;
	} rows[] = {
		{"192.0.2.1", RTM_NEWNEIGH, NUD_REACHABLE, 6, RTNL_NEIGHBOUR_GOOD},
		{"2001:db8::1", RTM_NEWNEIGH, NUD_STALE, 6, RTNL_NEIGHBOUR_GOOD},
		{"2001:db8::1", RTM_NEWNEIGH, NUD_PROBE, 6, RTNL_NEIGHBOUR_GOOD},
		{"192.0.2.1", RTM_NEWNEIGH, NUD_PERMANENT, 6, RTNL_NEIGHBOUR_FIXED},
		{"192.0.2.1", RTM_NEWNEIGH, NUD_INCOMPLETE, 0, RTNL_NEIGHBOUR_BAD},
		{"192.0.2.1", RTM_NEWNEIGH, NUD_FAILED, 6, RTNL_NEIGHBOUR_BAD},
		{"192.0.2.1", RTM_NEWNEIGH, NUD_REACHABLE, 4, RTNL_NEIGHBOUR_BAD}, /* not Ethernet's */
		{"192.0.2.1", RTM_DELNEIGH, NUD_REACHABLE, 6, RTNL_NEIGHBOUR_NONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char buf[256];
		struct rtnl_change c;
		struct addr ip;
		addr_parse_ip(&ip, slice_str(rows[i].ip));
		assert_int_equal(rtnl_parse(neighbour(buf, rows[i].type, rows[i].ip, rows[i].state, rows[i].mac_len), &c), 0);
		assert_int_equal(c.what, RTNL_NEIGHBOUR);
		assert_int_equal(c.neighbour.ifindex, 7);
		assert_true(addr_ip_eq(&c.neighbour.ip, &ip));
		assert_int_equal(c.neighbour.state, rows[i].is);
		if (rows[i].is >= RTNL_NEIGHBOUR_GOOD)
			assert_memory_equal(c.neighbour.mac, mac, 6);
	}
}

static void links(void **state)
{
	static const struct {
		uint16_t type;
		unsigned flags;
		bool up;
	} rows[] = {
		{RTM_NEWLINK, IFF_UP | IFF_RUNNING, true},
		{RTM_NEWLINK, IFF_UP, false}, /* no carrier */
		{RTM_NEWLINK, 0, false},
		{RTM_DELLINK, IFF_UP | IFF_RUNNING, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char buf[256];
		struct rtnl_change c;
		struct ifinfomsg m = {.ifi_index = 9, .ifi_flags = rows[i].flags};
		assert_int_equal(rtnl_parse(message(buf, rows[i].type, sizeof m, &m), &c), 0);
		assert_int_equal(c.what, RTNL_LINK);
		assert_int_equal(c.ifindex, 9);
		assert_int_equal(c.up, rows[i].up);
	}
}

static void routes_and_the_rest(void **state)
{
	char buf[256];
	struct rtnl_change c;
	struct rtmsg m = {.rtm_family = AF_INET};
	assert_int_equal(rtnl_parse(message(buf, RTM_DELROUTE, sizeof m, &m), &c), 0);
	assert_int_equal(c.what, RTNL_ROUTES);
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWRULE, sizeof m, &m), &c), -ENOENT);
}

/* On a point-to-point link IFA_LOCAL is ours; elsewhere IPv6 says IFA_ADDRESS only. */
static void addresses(void **state)
{
	static const struct {
		uint16_t type;
		const char *address, *local, *is;
	} rows[] = {
		{RTM_NEWADDR, "192.0.2.9", "192.0.2.1", "192.0.2.1"},
		{RTM_DELADDR, "192.0.2.1", "192.0.2.1", "192.0.2.1"},
		{RTM_NEWADDR, "2001:db8::1", NULL, "2001:db8::1"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char buf[256];
		struct rtnl_change c;
		struct addr ip;
		assert_int_equal(addr_parse_ip(&ip, slice_str(rows[i].address)), 0);
		struct ifaddrmsg m = {.ifa_family = (unsigned char)ip.family, .ifa_index = 8};
		struct nlmsghdr *h = message(buf, rows[i].type, sizeof m, &m);
		mnl_attr_put(h, IFA_ADDRESS, ip.family == AF_INET ? 4 : 16, ip.bytes);
		if (rows[i].local) {
			addr_parse_ip(&ip, slice_str(rows[i].local));
			mnl_attr_put(h, IFA_LOCAL, 4, ip.bytes);
		}
		assert_int_equal(rtnl_parse(h, &c), 0);
		addr_parse_ip(&ip, slice_str(rows[i].is));
		assert_int_equal(c.what, RTNL_ADDRESS);
		assert_int_equal(c.ifindex, 8);
		assert_true(addr_ip_eq(&c.ip, &ip));
		assert_int_equal(c.gone, rows[i].type == RTM_DELADDR);
	}
}

static void malformed(void **state)
{
	char buf[256];
	struct rtnl_change c = {.ifindex = 5};
	struct ndmsg m = {.ndm_family = AF_INET};
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWNEIGH, sizeof m, &m), &c), -EBADMSG); /* of whom? */
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWNEIGH, 4, &m), &c), -EBADMSG);
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWLINK, 4, &m), &c), -EBADMSG);
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWADDR, 4, &m), &c), -EBADMSG);
	assert_int_equal(rtnl_parse(message(buf, RTM_NEWADDR, sizeof(struct ifaddrmsg), &(struct ifaddrmsg){.ifa_family = AF_INET}), &c), -EBADMSG);
	struct nlmsghdr *h = message(buf, RTM_NEWNEIGH, sizeof m, &m);
	mnl_attr_put(h, NDA_DST, 3, mac);
	assert_int_equal(rtnl_parse(h, &c), -EBADMSG);
	assert_int_equal(c.ifindex, 5);
}

static void see_link(void *arg, const struct rtnl_link *link)
{
	unsigned *seen = arg;
	*seen += link->loopback && !strcmp(link->name, "lo") && link->ifindex == (int)if_nametoindex("lo");
}

static void loopback(void **state)
{
	struct rtnl *r;
	struct rtnl_link link;
	unsigned seen = 0;
	int lo = (int)if_nametoindex("lo");
	assert_int_equal(rtnl_open(&r, NULL, NULL), 0);
	assert_int_equal(rtnl_link(r, lo, &link), 0);
	assert_true(!link.ethernet && !link.vlan && link.loopback && !link.master && !link.kind[0]);
	assert_string_equal(link.name, "lo");
	assert_int_equal(rtnl_link(r, 0x7ffffff0, &link), -ENODEV);
	assert_int_equal(rtnl_links(r, see_link, &seen), 0);
	assert_int_equal(seen, 1);
	assert_false(rtnl_is_default(r, lo));
	mem_deref(r);
}

/* More than are asked at once; each gets its own answer, of either family. */
static void many_questions(void **state)
{
	struct rtnl *r;
	struct rtnl_question q[100];
	int lo = (int)if_nametoindex("lo");
	assert_int_equal(rtnl_open(&r, NULL, NULL), 0);
	for (unsigned i = 0; i < 100; i++) {
		char z[32];
		snprintf(z, sizeof z, i % 3 ? "127.0.0.%u" : "240.0.0.%u", i + 1);
		q[i] = (struct rtnl_question){0};
		addr_parse_ip(&q[i].dst, i % 10 == 5 ? SLICE("::1") : slice_str(z));
	}
	rtnl_routes(r, q, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(q[i].err <= 0 && q[i].err != -EINPROGRESS);
		if (i % 10 == 5 || i % 3)
			assert_true(!q[i].err && q[i].route.local && q[i].route.ifindex == lo && !addr_is_set(&q[i].route.gateway));
		else
			assert_true(q[i].err || !q[i].route.local);
	}
	mem_deref(r);
}

static void on_change(void *arg, const struct rtnl_change *c)
{
}

static void open_and_close(void *arg)
{
	struct rtnl *r = NULL;
	int err = rtnl_open(&r, on_change, NULL);
	assert_true(!err || err == -ENOMEM);
	mem_deref(r);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void survives_lack_of_memory(void **state)
{
	each_allocation_fails(open_and_close, NULL);
}

static int start(void **state)
{
	return loop_init();
}

static int stop(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours),     cmocka_unit_test(links),    cmocka_unit_test(routes_and_the_rest),
		cmocka_unit_test(malformed),      cmocka_unit_test(loopback), cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(addresses),      cmocka_unit_test(many_questions),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
