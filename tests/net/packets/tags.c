// SPDX-License-Identifier: GPL-3.0-or-later
/* VLAN tags, in and out: frames are given to the attached program itself, which needs no VLAN interface. */
#include "wire.h"
#include "tandem/csum.h"
#include "tandem/flow.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct program {
	int fd;
	struct tandem_hop *hops;
};

static int map_named(int prog, const char *name)
{
	uint32_t ids[16], len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {.nr_map_ids = 16, .map_ids = (uint64_t)(uintptr_t)ids};
	if (bpf_obj_get_info_by_fd(prog, &info, &len))
		die("program info");
	for (uint32_t i = 0; i < info.nr_map_ids; i++) {
		struct bpf_map_info map = {0};
		uint32_t map_len = sizeof map;
		int fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &map, &map_len) && !strcmp(map.name, name))
			return fd;
		close(fd);
	}
	die(name);
}

static void open_program(struct program *p)
{
	uint32_t id;
	if (bpf_xdp_query_id(peers[0].gw_ifindex, 0, &id))
		die("XDP program");
	p->fd = bpf_prog_get_fd_by_id(id);
	int map = map_named(p->fd, "hops");
	p->hops = mmap(NULL, TANDEM_MAX_HOPS * sizeof *p->hops, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	close(map);
	if (p->fd < 0 || p->hops == MAP_FAILED)
		die("program");
}

static void tag(struct frame *f, unsigned tags)
{
	static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x2a};
	for (unsigned i = 0; i < tags; i++, f->len += 4, f->ip_at += 4, f->udp_at += 4) {
		memmove(f->b + 16, f->b + 12, f->len - 12);
		memcpy(f->b + 12, tag, 4);
	}
}

/* The same tag on everything that leaves. */
static void tag_hops(const struct program *p, uint16_t vlan)
{
	for (uint32_t i = 0; i < TANDEM_MAX_HOPS; i++)
		if (p->hops[i].state != TANDEM_HOP_FREE)
			p->hops[i].vlan = vlan;
}

static const char *check_frame(const struct frame *in, const struct frame *out, bool v6_out, uint16_t vlan)
{
	size_t type = vlan ? 16 : 12, udp_len = in->len - in->udp_at;
	if (vlan && (out->b[12] != 0x81 || out->b[13] || out->b[14] != vlan >> 8 || out->b[15] != (vlan & 255)))
		return "tag";
	if (out->b[type] != (v6_out ? 0x86 : 0x08) || memcmp(out->b, peers[1].mac, 6) || memcmp(out->b + 6, peers[1].gw_mac, 6))
		return "Ethernet header";
	if (out->len - out->udp_at != udp_len || memcmp(out->b + out->udp_at + 8, in->b + in->udp_at + 8, udp_len - 8))
		return "payload";
	if (!v6_out && tandem_csum_fold(tandem_csum_bytes(out->b + out->ip_at, 20)) != 0xffff)
		return "IP checksum";
	return udp_sum(out, !v6_out) == 0xffff ? NULL : "UDP checksum";
}

static const char *run(const struct program *p, const bool v6[2], unsigned tags_in, uint16_t vlan, uint16_t seq)
{
	struct frame in, out = {0};
	build(&in, &peers[0], v6[0], &(struct shape){.seq = seq});
	tag(&in, tags_in);
	tag_hops(p, vlan);
	struct xdp_md ctx = {.data_end = (uint32_t)in.len, .ingress_ifindex = (uint32_t)peers[0].gw_ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = in.b, .data_size_in = (uint32_t)in.len, .data_out = out.b, .data_size_out = sizeof out.b,
		    .ctx_in = &ctx, .ctx_size_in = sizeof ctx, .repeat = 1);
	if (bpf_prog_test_run_opts(p->fd, &o))
		return strerror(errno);
	if (o.retval != XDP_REDIRECT)
		return "not forwarded";
	out.len = o.data_size_out;
	out.ip_at = vlan ? 18 : 14;
	out.udp_at = out.ip_at + (v6[1] ? 40 : 20);
	return check_frame(&in, &out, v6[1], vlan);
}

int test_tags(void)
{
	struct program p;
	struct fastpath *fp = open_engine(FP_WANT_NATIVE, NULL, PORTS);
	open_program(&p);
	for (unsigned pair = 0; pair < 4; pair++) {
		const bool v6[2] = {pair & 1, pair & 2};
		uint32_t slot[2];
		uint16_t seq = 100;
		start(fp, slot, v6, 46);
		await_engine(fp, slot[0], FP_XDP_NATIVE);
		for (unsigned tags = 0; tags < 3; tags++) {
			for (int out = 0; out < 2; out++) {
				char name[64];
				snprintf(name, sizeof name, "%u tags in, %d out, %c-%c", tags, out, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
				result(name, run(&p, v6, tags, out ? 0x123 : 0, seq++));
			}
		}
		end(fp, slot);
	}
	munmap(p.hops, TANDEM_MAX_HOPS * sizeof *p.hops);
	close(p.fd);
	mem_deref(fp);
	return summary();
}
