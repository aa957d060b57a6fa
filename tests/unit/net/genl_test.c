// SPDX-License-Identifier: GPL-3.0-or-later
/* Generic netlink against the one family that every kernel has, and what messages of "nlctrl" are taken for. */
#include "unit.h"
#include "base/loop.h"
#include "net/genl.h"
#include "net/netlink.h"
#include <errno.h>

static void control_family(void **state)
{
	struct genl *g;
	struct genl_family f, listed;
	assert_int_equal(genl_open(&g, NULL, NULL), 0);
	assert_int_equal(genl_family(g, "nlctrl", true, &f), 0);
	assert_int_equal(f.id, GENL_ID_CTRL);
	assert_string_equal(f.name, "nlctrl");
	assert_true(genl_group(&f, "notify") != 0);
	assert_int_equal(genl_group(&f, "nothing"), 0);
	assert_int_equal(genl_family(g, "nlctrl", false, &listed), 0);
	assert_int_equal(listed.id, f.id);
	assert_int_equal(genl_group(&listed, "notify"), genl_group(&f, "notify"));
	mem_deref(g);
}

static void unknown_family(void **state)
{
	struct genl *g;
	struct genl_family f = {.id = 7};
	assert_int_equal(genl_open(&g, NULL, NULL), 0);
	assert_int_equal(genl_family(g, "tandem-none", true, &f), -ENOENT);
	assert_int_equal(genl_family(g, "tandem-none", false, &f), -ENOENT);
	assert_int_equal(genl_family(g, "a-name-longer-than-any", true, &f), -ENOENT);
	assert_int_equal(f.id, 7);
	mem_deref(g);
}

/* EPROTO is what libmnl calls an answer to another question, but it is an answer too: a module of another layout gives it. */
static void an_answer_may_be_any_error(void **state)
{
	char request[GENL_REQUEST], mem[256] = "";
	struct netlink asks, answers;
	assert_int_equal(netlink_open(&asks, NETLINK_GENERIC, 0, 0), 0);
	assert_int_equal(netlink_open(&answers, NETLINK_GENERIC, 0, 0), 0);
	struct nlmsghdr *h = mnl_nlmsg_put_header(mem);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(h, sizeof *e);
	h->nlmsg_type = NLMSG_ERROR;
	h->nlmsg_seq = asks.seq + 1;
	e->error = -EPROTO;
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = mnl_socket_get_portid(asks.socket)};
	ssize_t sent = sendto(mnl_socket_get_fd(answers.socket), mem, h->nlmsg_len, 0, (struct sockaddr *)&to, sizeof to);
	if (sent < 0 && errno == EPERM)
		skip();
	assert_int_equal(sent, h->nlmsg_len);
	h = genl_request(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, "nlctrl");
	assert_int_equal(netlink_ask(&asks, h, NULL, NULL, NULL), -EPROTO);
	netlink_close(&asks);
	netlink_close(&answers);
}

/* The socket goes on after an error, and the error has the kernel's words where it has any. */
static void refusals(void **state)
{
	char request[GENL_REQUEST], mem[256];
	struct genl *g;
	struct genl_family f;
	assert_int_equal(genl_open(&g, NULL, NULL), 0);
	struct buf why = buf_fixed(mem, sizeof mem);
	struct nlmsghdr *h = genl_request(request, GENL_ID_CTRL, 250, 1);
	assert_int_equal(genl_ask(g, h, NULL, NULL, &why), -EOPNOTSUPP);
	h = genl_request(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put(h, CTRL_ATTR_FAMILY_ID, 1, "x");
	assert_int_equal(genl_ask(g, h, NULL, NULL, &why), -ERANGE);
	assert_true(why.len > 0);
	assert_int_equal(genl_family(g, "nlctrl", true, &f), 0);
	assert_int_equal(genl_join(g, genl_group(&f, "notify")), -EINVAL); /* no watch: nobody would hear */
	mem_deref(g);
}

static struct nlmsghdr *news(char *buf, const char *name, uint16_t id)
{
	struct nlmsghdr *h = genl_request(buf, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 2);
	if (name)
		mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, name);
	if (id)
		mnl_attr_put_u16(h, CTRL_ATTR_FAMILY_ID, id);
	return h;
}

static void put_group(struct nlmsghdr *h, uint16_t index, const char *name, uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(h, index);
	mnl_attr_put_u32(h, CTRL_ATTR_MCAST_GRP_ID, id);
	mnl_attr_put_strz(h, CTRL_ATTR_MCAST_GRP_NAME, name);
	mnl_attr_nest_end(h, nest);
}

static void news_of_a_family(void **state)
{
	char buf[GENL_REQUEST];
	struct genl_family f;
	struct nlmsghdr *h = news(buf, "tandem", 33);
	mnl_attr_put_u32(h, CTRL_ATTR_VERSION, 5);
	struct nlattr *groups = mnl_attr_nest_start(h, CTRL_ATTR_MCAST_GROUPS);
	for (uint16_t i = 1; i <= GENL_MAX_GROUPS + 3; i++)
		put_group(h, i, i == 2 ? "events" : "others", 40u + i);
	mnl_attr_nest_end(h, groups);
	assert_int_equal(genl_parse_family(h, &f), 0);
	assert_string_equal(f.name, "tandem");
	assert_int_equal(f.id, 33);
	assert_int_equal(f.version, 5);
	assert_int_equal(f.n_groups, GENL_MAX_GROUPS);
	assert_int_equal(genl_group(&f, "events"), 42);
}

static void malformed_news(void **state)
{
	char buf[GENL_REQUEST];
	struct genl_family f = {.id = 7};
	assert_int_equal(genl_parse_family(news(buf, NULL, 33), &f), -EBADMSG);
	assert_int_equal(genl_parse_family(news(buf, "tandem", 0), &f), -EBADMSG);
	struct nlmsghdr *h = news(buf, NULL, 33);
	mnl_attr_put(h, CTRL_ATTR_FAMILY_NAME, 4, "name"); /* without its NUL */
	assert_int_equal(genl_parse_family(h, &f), -EBADMSG);
	h = mnl_nlmsg_put_header(buf);
	assert_int_equal(genl_parse_family(h, &f), -EBADMSG);
	assert_int_equal(f.id, 7);
}

static void on_family(void *arg, const struct genl_family *f, bool exists)
{
}

static void open_and_close(void *arg)
{
	static const struct genl_handlers handlers = {.family = on_family};
	struct genl *g = NULL;
	int err = genl_open(&g, &handlers, NULL);
	assert_true(!err || err == -ENOMEM);
	mem_deref(g);
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
		cmocka_unit_test(control_family),   cmocka_unit_test(unknown_family), cmocka_unit_test(refusals),
		cmocka_unit_test(news_of_a_family), cmocka_unit_test(malformed_news), cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(an_answer_may_be_any_error),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
