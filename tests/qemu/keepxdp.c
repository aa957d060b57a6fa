// SPDX-License-Identifier: GPL-3.0-or-later
/* keepxdp beside|plain: an operator's XDP program that counts is on the interface where the packets come in, in libxdp's dispatcher or by
 * itself. It stays, whatever Tandem does; in the dispatcher Tandem's own runs behind it. Run by tests/net/packets/run with BUILD set. */
#include "storm.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#define PIN      "/sys/fs/bpf/fastpath-test"
#define OPERATOR "operators"
#define PACKETS  20

static const bool v4[2] = {false, false};
static uint16_t seq;

/* Programs in the interface's dispatcher called `name`, and the id of the last one. */
static unsigned programs(const char *name, uint32_t *id)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(peers[0].gw_ifindex);
	struct xdp_program *p = NULL;
	unsigned n = 0;
	if (libxdp_get_error(mp))
		return 0;
	while ((p = xdp_multiprog__next_prog(p, mp)))
		if (!strcmp(xdp_program__name(p), name)) {
			n++;
			*id = xdp_program__id(p);
		}
	xdp_multiprog__close(mp);
	return n;
}

/* What the operator's program has counted, by its map called "seen". */
static uint64_t seen(void)
{
	uint32_t id = 0, key = 0;
	uint64_t n = 0;
	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof info;
		int fd = bpf_map_get_fd_by_id(id);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, "seen"))
			bpf_map_lookup_elem(fd, &key, &n);
		if (fd >= 0)
			close(fd);
	}
	return n;
}

static struct fastpath *open_keeping(bool keep)
{
	engine_keep_xdp = keep;
	return open_engine(FP_WANT_AUTO, PIN, PORTS);
}

/* Packets from peer a to peer b; how many of them native XDP forwarded, or -1 when one did not arrive, or went past the operator's program. */
static int flow(struct fastpath *fp, uint32_t slot)
{
	struct fp_stats before, after;
	struct frame in, out;
	uint64_t counted = seen();
	fastpath_read(fp, slot, &before);
	for (int i = 0; i < PACKETS; i++) {
		build(&in, &peers[0], false, &(struct shape){.seq = ++seq});
		put(&peers[0], &in);
		if (!receive(&peers[1], &out, SOON))
			return -1;
	}
	fastpath_read(fp, slot, &after);
	return seen() < counted + PACKETS ? -1 : (int)(after.by_engine[FP_XDP_NATIVE] - before.by_engine[FP_XDP_NATIVE]);
}

static const char *says(struct fastpath *fp, const char *text)
{
	static char wrong[512];
	json_t *rows = fastpath_engines(fp);
	char *z = json_dumps(rows, 0);
	snprintf(wrong, sizeof wrong, "%s", z);
	bool told = strstr(z, text);
	free(z);
	json_decref(rows);
	return told ? NULL : wrong;
}

static const char *operator_alone(void)
{
	uint32_t id;
	return programs(OPERATOR, &id) == 1 && !programs("relay_native", &id) ? NULL : "other programs are in the dispatcher";
}

/* The same one program of ours as before. */
static const char *ours_is(uint32_t was)
{
	uint32_t id = 0;
	return programs("relay_native", &id) != 1 ? "not one program of ours" : id != was ? "it is another one" : NULL;
}

static void beside(const char *object)
{
	uint32_t slot[2], id = 0;
	command(NULL, "xdp-loader load -m native %s %s", peers[0].gw_ifname, object);
	struct fastpath *fp = open_keeping(true);
	start(fp, slot, v4, 46);
	result("it relays behind the operator's program", flow(fp, slot[0]) == PACKETS ? NULL : says(fp, "?"));
	result("once", programs("relay_native", &id) == 1 ? NULL : "not one program of ours");
	fastpath_leave(fp);
	mem_deref(fp);
	result("it stays without the daemon", ours_is(id));
	fp = open_keeping(true);
	result("a restart leaves it as it is", ours_is(id));
	result("and it relays", flow(fp, slot[0]) == PACKETS ? NULL : says(fp, "?"));
	command(NULL, "xdp-loader unload %s --all", peers[0].gw_ifname);
	command(NULL, "xdp-loader load -m native %s %s", peers[0].gw_ifname, object);
	result("without it packets go on", flow(fp, slot[0]) >= 0 ? NULL : "a packet is missing");
	fastpath_leave(fp);
	mem_deref(fp);
	fp = open_keeping(true);
	result("it comes back", flow(fp, slot[0]) == PACKETS ? NULL : says(fp, "?"));
	mem_deref(fp);
	result("a clean end leaves the operator's", operator_alone());
	fp = open_keeping(false);
	result("without the option it keeps off, and says so", says(fp, "another XDP program is attached"));
	result("the operator's stays", operator_alone());
	mem_deref(fp);
	command(NULL, "xdp-loader unload %s --all", peers[0].gw_ifname);
}

static void plain(const char *object)
{
	uint32_t slot[2];
	command(NULL, "ip link set dev %s xdpdrv object %s section xdp", peers[0].gw_ifname, object);
	for (int keep = 0; keep < 2; keep++) {
		struct fastpath *fp = open_keeping(keep);
		start(fp, slot, v4, 46);
		result(keep ? "keep-xdp: the daemon or the module relays" : "the daemon or the module relays", flow(fp, slot[0]) ? "not all packets" : NULL);
		result(keep ? "keep-xdp: and it says why" : "and it says why", says(fp, "another XDP program is attached"));
		mem_deref(fp);
	}
	command(NULL, "ip link set dev %s xdpdrv off", peers[0].gw_ifname);
}

int main(int argc, char **argv)
{
	char object[256];
	const char *build = getenv("BUILD");
	if (argc != 2 || !build)
		return fprintf(stderr, "usage: BUILD=FOLDER keepxdp beside|plain\n"), 2;
	snprintf(object, sizeof object, "%s/qemu/operators.bpf.o", build);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (loop_init())
		return 2;
	open_wires();
	(strcmp(argv[1], "plain") ? beside : plain)(object);
	loop_close();
	return summary();
}
