// SPDX-License-Identifier: GPL-3.0-or-later
/* nlfuzz COUNT SEED [powerless]: throws random messages at the module's netlink family: attributes of its grammar in any number and order with wrong lengths and
 * wrong nesting, descriptors of everything but a slot table, and some that are right; many of them damaged afterwards. A run is repeated by its seed.
 *
 * Some have to be accepted and some refused, and a proper request works afterwards; without capabilities none may change anything. */
#include "tandem/flow.h"
#include "tandem/netlink.h"
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOTS    4096u
#define MAX_FDS  32
#define ROOM     32768 /* bytes of a message */

static const struct {
	const char *type;
	uint16_t len;
} grammar[TANDEM_A_COUNT] = {
#define ROW(name, type, len) [TANDEM_A_##name] = {#type, len},
	TANDEM_NL_ATTRS(ROW)
#undef ROW
};

static struct mnl_socket *sock;
static uint16_t family;
static int fds[MAX_FDS]; /* the first is a slot table, the others are something else */
static unsigned n_fds;
static uint64_t state;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

/* xorshift64* */
static uint32_t any(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 32);
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

/* --- descriptors ---------------------------------------------------------------------------------------------------- */

static void add(int fd)
{
	if (fd >= 0 && n_fds < MAX_FDS)
		fds[n_fds++] = fd;
}

static void add_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = flags);
	add(bpf_map_create(type, "fuzz", key, value, entries, &o));
}

static int slot_table(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_MMAPABLE);
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "slots", 4, sizeof(struct tandem_slot), SLOTS, &o);
}

static void open_descriptors(void)
{
	int pair[2];
	add(slot_table());
	add_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct tandem_slot), SLOTS, 0);
	add_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct tandem_slot), 1, BPF_F_MMAPABLE);
	add_map(BPF_MAP_TYPE_ARRAY, 4, 8, SLOTS, BPF_F_MMAPABLE);
	add_map(BPF_MAP_TYPE_ARRAY, 4, 4 * sizeof(struct tandem_slot), SLOTS, BPF_F_MMAPABLE);
	add_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct tandem_slot), SLOTS, BPF_F_RDONLY_PROG);
	add_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct tandem_slot), 16, 0);
	add_map(BPF_MAP_TYPE_HASH, 4, sizeof(struct tandem_slot), SLOTS, 0);
	add_map(BPF_MAP_TYPE_HASH, 16, 8, 64, 0);
	add_map(BPF_MAP_TYPE_LRU_HASH, 4, sizeof(struct tandem_slot), 64, 0);
	add_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, SLOTS, 0);
	add_map(BPF_MAP_TYPE_SOCKMAP, 4, 4, 64, 0);
	add_map(BPF_MAP_TYPE_DEVMAP, 4, 8, 64, 0);
	add_map(BPF_MAP_TYPE_QUEUE, 0, sizeof(struct tandem_slot), 64, 0);
	add_map(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
	add_map(BPF_MAP_TYPE_LPM_TRIE, 8, sizeof(struct tandem_slot), 64, BPF_F_NO_PREALLOC);
	add(socket(AF_INET, SOCK_DGRAM, 0));
	add(eventfd(0, 0));
	add(open("/dev/zero", O_RDWR));
	add(open("/", O_PATH));
	if (!pipe(pair)) {
		add(pair[0]);
		add(pair[1]);
	}
}

/* --- messages ------------------------------------------------------------------------------------------------------- */

static void put(struct nlmsghdr *h, uint16_t type, uint16_t len, const void *data)
{
	mnl_attr_put_check(h, ROOM, type, len, data);
}

static uint32_t number(void)
{
	static const uint32_t special[] = {0, 1, TANDEM_LAYOUT, TANDEM_LAYOUT + 1, SLOTS - 1, SLOTS, SLOTS + 1, 0x7fffffff, 0x80000000, 0xffffffff};
	return one_in(4) ? any() : special[below(sizeof special / sizeof special[0])];
}

static uint32_t descriptor(void)
{
	if (one_in(3))
		return (uint32_t)fds[0];
	return one_in(8) ? number() : (uint32_t)fds[below(n_fds)];
}

static void put_local(struct nlmsghdr *h, unsigned depth);

static void put_number(struct nlmsghdr *h, uint16_t type)
{
	uint32_t value = type == TANDEM_A_SLOTS_FD ? descriptor() : type == TANDEM_A_LAYOUT && !one_in(4) ? TANDEM_LAYOUT : number();
	put(h, type, sizeof value, &value);
}

/* An attribute as the grammar has it or, one time in six, with another length. */
static void put_any(struct nlmsghdr *h, uint16_t type, unsigned depth)
{
	uint8_t bytes[512];
	const char *kind = type ? grammar[type].type : "BINARY";
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)any();
	if (one_in(6))
		put(h, type, (uint16_t)below(one_in(8) ? sizeof bytes : 40), bytes);
	else if (!strcmp(kind, "U32"))
		put_number(h, type);
	else if (!strcmp(kind, "U64"))
		put(h, type, 8, bytes);
	else if (!strcmp(kind, "NESTED"))
		put_local(h, depth + 1);
	else
		put(h, type, grammar[type].len, bytes);
}

/* The address and ports of something local, often such as the module can take. */
static void put_local(struct nlmsghdr *h, unsigned depth)
{
	uint16_t type = one_in(10) ? (uint16_t)(1 + below(TANDEM_A_COUNT - 1)) : TANDEM_A_LOCAL;
	struct nlattr *nest = mnl_attr_nest_start_check(h, ROOM, one_in(8) ? type & (uint16_t)~NLA_F_NESTED : type);
	struct tandem_ip ip = {{0, 0, htonl(0xffff), htonl(0x0a000001 + below(400))}};
	struct tandem_local range = {.port_min = 20000, .port_max = 20015};
	range.base = below(SLOTS / 16) * 16;
	if (!nest)
		return;
	if (one_in(8))
		range = (struct tandem_local){number(), (uint16_t)any(), (uint16_t)any()};
	if (!one_in(20))
		put(h, TANDEM_A_IP, sizeof ip, &ip);
	if (!one_in(20))
		put(h, TANDEM_A_RANGE, sizeof range, &range);
	while (depth < 12 && one_in(6))
		put_any(h, (uint16_t)(1 + below(TANDEM_A_COUNT - 1)), depth);
	mnl_attr_nest_end(h, nest);
}

/* A request that may well be good. */
static void put_attach(struct nlmsghdr *h)
{
	unsigned n = one_in(20) ? below(2 * TANDEM_MAX_LOCALS) : below(6);
	if (!one_in(10))
		put_number(h, TANDEM_A_LAYOUT);
	if (!one_in(10))
		put_number(h, TANDEM_A_SLOTS_FD);
	for (unsigned i = 0; i < n; i++)
		put_local(h, 0);
}

/* Some bytes change, but not the family: others are not to be tried here. */
static void damage(struct nlmsghdr *h)
{
	uint8_t *bytes = (uint8_t *)h;
	for (unsigned i = below(8); i; i--) {
		uint32_t at = 6 + below(h->nlmsg_len - 6);
		bytes[at] = one_in(2) ? (uint8_t)any() : (uint8_t)(bytes[at] ^ 1u << below(8));
	}
	if (one_in(4))
		h->nlmsg_len = one_in(2) ? below(h->nlmsg_len + 64) : any();
}

static struct nlmsghdr *request(void *buf, uint8_t command, uint16_t flags)
{
	static uint32_t seq;
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = family;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++seq;
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->cmd = command;
	g->version = TANDEM_NL_VERSION;
	return h;
}

/* Makes a message; returns how many bytes of it are to be sent. */
static size_t random_message(void *buf)
{
	static const uint16_t flags[] = {NLM_F_ACK, NLM_F_ACK, NLM_F_ACK, NLM_F_DUMP, NLM_F_ACK | NLM_F_ECHO, NLM_F_ACK | NLM_F_REPLACE | NLM_F_EXCL};
	uint8_t command = one_in(2) ? TANDEM_C_ATTACH : (uint8_t)(one_in(10) ? any() : below(TANDEM_C_COUNT + 1));
	struct nlmsghdr *h = request(buf, command, flags[below(6)]);
	if (command == TANDEM_C_ATTACH && !one_in(4))
		put_attach(h);
	while (one_in(command == TANDEM_C_ATTACH ? 10 : 2))
		put_any(h, one_in(30) ? 0 : (uint16_t)(1 + below(TANDEM_A_COUNT - 1)), 0);
	size_t len = h->nlmsg_len;
	if (one_in(3))
		damage(h);
	return len;
}

/* --- what comes back ------------------------------------------------------------------------------------------------- */

struct answer {
	bool said;  /* acknowledged, or refused */
	int error;  /* 0 or positive errno */
	bool text;  /* a refusal was explained */
	uint32_t slots_id;
};

static void read_get(const struct nlmsghdr *h, struct answer *ret)
{
	const struct nlattr *a;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == TANDEM_A_SLOTS_ID && mnl_attr_get_payload_len(a) == 4)
			ret->slots_id = mnl_attr_get_u32(a);
}

/* The kernel answers before send() returns, so there is nothing to wait for. */
static void hear(struct answer *ret)
{
	static char buf[65536];
	ssize_t n;
	memset(ret, 0, sizeof *ret);
	while ((n = recv(mnl_socket_get_fd(sock), buf, sizeof buf, MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS)) {
		int left = (int)n;
		for (struct nlmsghdr *h = (void *)buf; n > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_type == NLMSG_ERROR && !ret->said && e->msg.nlmsg_type == family) {
				ret->said = true; /* what comes after it answers what a damaged length has cut off */
				ret->error = -e->error;
				ret->text = h->nlmsg_flags & NLM_F_ACK_TLVS;
			} else if (h->nlmsg_type == family) {
				read_get(h, ret);
			}
		}
	}
}

static struct answer ask(const void *message, size_t len)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct answer a;
	if (sendto(mnl_socket_get_fd(sock), message, len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 && errno != ENOBUFS)
		die("send");
	hear(&a);
	return a;
}

static struct answer plain(uint8_t command)
{
	char buf[256];
	struct nlmsghdr *h = request(buf, command, NLM_F_ACK);
	return ask(h, h->nlmsg_len);
}

static struct answer attach(int fd)
{
	char buf[512];
	struct nlmsghdr *h = request(buf, TANDEM_C_ATTACH, NLM_F_ACK);
	struct tandem_ip ip = {{0, 0, htonl(0xffff), htonl(0x0a000001)}};
	struct tandem_local range = {0, 20000, 20000 + SLOTS - 1};
	mnl_attr_put_u32(h, TANDEM_A_LAYOUT, TANDEM_LAYOUT);
	mnl_attr_put_u32(h, TANDEM_A_SLOTS_FD, (uint32_t)fd);
	struct nlattr *nest = mnl_attr_nest_start(h, TANDEM_A_LOCAL);
	mnl_attr_put(h, TANDEM_A_IP, sizeof ip, &ip);
	mnl_attr_put(h, TANDEM_A_RANGE, sizeof range, &range);
	mnl_attr_nest_end(h, nest);
	return ask(h, h->nlmsg_len);
}

static void find_family(void)
{
	char buf[8192];
	struct nlmsghdr *h = request(buf, CTRL_CMD_GETFAMILY, 0);
	const struct nlattr *a;
	h->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, TANDEM_NL_FAMILY);
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0 || mnl_socket_recvfrom(sock, buf, sizeof buf) < 0)
		die("nlctrl");
	mnl_attr_for_each(a, (struct nlmsghdr *)buf, sizeof(struct genlmsghdr))
		if (((struct nlmsghdr *)buf)->nlmsg_type == GENL_ID_CTRL && mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(a);
	if (!family)
		die("the module is not loaded");
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* --- the run --------------------------------------------------------------------------------------------------------- */

static unsigned failed;

static void result(bool good, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	printf(good ? "ok   " : "FAIL ");
	vprintf(format, ap);
	putchar('\n');
	va_end(ap);
	failed += !good;
}

struct tally {
	unsigned long accepted, refused, unanswered, explained;
	unsigned long changes; /* an ATTACH or a DETACH was accepted */
};

static struct tally throw(unsigned long count)
{
	static char buf[ROOM + 1024];
	struct tally t = {0};
	for (unsigned long i = 0; i < count; i++) {
		size_t len = random_message(buf);
		const struct nlmsghdr *h = (struct nlmsghdr *)buf;
		uint8_t command = ((struct genlmsghdr *)mnl_nlmsg_get_payload(h))->cmd;
		bool changing = command == TANDEM_C_ATTACH || command == TANDEM_C_DETACH;
		struct answer a = ask(buf, len);
		if (!a.said)
			t.unanswered++;
		else if (a.error)
			t.refused++;
		else
			t.accepted++;
		t.explained += a.said && a.error && a.text;
		/* What is no request is acknowledged, and that is all. */
		t.changes += a.said && !a.error && changing && h->nlmsg_flags & NLM_F_REQUEST;
	}
	return t;
}

static void works_afterwards(void)
{
	int table = slot_table(), hash = bpf_map_create(BPF_MAP_TYPE_HASH, "fuzz", 4, sizeof(struct tandem_slot), SLOTS, NULL);
	struct answer a = attach(table);
	result(!a.error && plain(TANDEM_C_GET).slots_id == map_id(table), "a proper request works afterwards (%s)", strerror(a.error));
	a = attach(hash);
	result(a.error && a.text, "a descriptor of another map is refused, and it is said why (%s)", strerror(a.error));
	result(plain(TANDEM_C_GET).slots_id == map_id(table), "what was refused changes nothing");
	a = plain(TANDEM_C_DETACH);
	result(!a.error && !plain(TANDEM_C_GET).slots_id, "the table is given back (%s)", strerror(a.error));
}

static void open_socket(void)
{
	if (sock)
		mnl_socket_close(sock);
	sock = mnl_socket_open(NETLINK_GENERIC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		die("netlink");
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &(int){1}, sizeof(int));
}

static void fuzz(unsigned long count)
{
	struct tally t = throw(count);
	printf("note %lu accepted, %lu refused, %lu of them with words, %lu without an answer\n", t.accepted, t.refused, t.explained, t.unanswered);
	result(t.changes && t.refused && t.explained, "%lu random messages, %lu of them changed what is attached", count, t.changes);
	works_afterwards();
}

/* Who has no capability, in a socket opened without it. */
static void fuzz_powerless(unsigned long count)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	int table = slot_table();
	if (attach(table).error)
		die("attach");
	uint32_t id = map_id(table);
	if (syscall(SYS_capset, &head, none))
		die("capset");
	open_socket();
	struct tally t = throw(count);
	result(!t.changes && t.refused, "%lu random messages without capabilities, none is obeyed", count);
	result(attach(table).error == EPERM && plain(TANDEM_C_DETACH).error == EPERM, "proper ones are not permitted");
	struct answer a = plain(TANDEM_C_GET);
	result(!a.error && a.slots_id == id, "anyone may look, and nothing has changed");
}

int main(int argc, char **argv)
{
	bool powerless = argc == 4 && !strcmp(argv[3], "powerless");
	if (argc != 3 && !powerless)
		return fprintf(stderr, "usage: nlfuzz COUNT SEED [powerless]\n"), 2;
	unsigned long count = strtoul(argv[1], NULL, 0);
	state = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull + 1;
	open_socket();
	find_family();
	open_descriptors();
	if (powerless)
		fuzz_powerless(count);
	else
		fuzz(count);
	return failed != 0;
}
