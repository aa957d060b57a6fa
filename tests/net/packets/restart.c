// SPDX-License-Identifier: GPL-3.0-or-later
/* A process that is killed while its programs are pinned, and the next one that takes over. */
#include "wire.h"
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIN       "/sys/fs/bpf/fastpath-test"
#define PACKETS   20
#define STALE     (GW_PORT + 40)
#define MAX_IDS   32

static const bool v4[2] = {false, false};

/* Objects pinned now, to see later that they are gone. */
struct pinned {
	uint32_t maps[MAX_IDS], links[MAX_IDS];
	unsigned n_maps, n_links;
};

static void add_pinned(struct pinned *p, const char *path)
{
	int fd = bpf_obj_get(path);
	struct bpf_map_info map = {0};
	struct bpf_link_info link = {0};
	uint32_t map_len = sizeof map, link_len = sizeof link;
	char target[64] = "", self[64];
	if (fd < 0)
		return;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	(void)!readlink(self, target, sizeof target - 1);
	if (strstr(target, "bpf-map") && p->n_maps < MAX_IDS && !bpf_obj_get_info_by_fd(fd, &map, &map_len))
		p->maps[p->n_maps++] = map.id;
	else if (strstr(target, "link") && p->n_links < MAX_IDS && !bpf_obj_get_info_by_fd(fd, &link, &link_len))
		p->links[p->n_links++] = link.id;
	close(fd);
}

static void each_file(struct pinned *p, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		char path[512];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (e->d_type == DT_DIR)
			each_file(p, path);
		else
			add_pinned(p, path);
	}
	if (d)
		closedir(d);
}

static unsigned alive(const struct pinned *p)
{
	unsigned n = 0;
	for (unsigned i = 0; i < p->n_maps + p->n_links; i++) {
		int fd = i < p->n_maps ? bpf_map_get_fd_by_id(p->maps[i]) : bpf_link_get_fd_by_id(p->links[i - p->n_maps]);
		n += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return n;
}

/* The kernel frees them a little later. */
static unsigned wait_alive(const struct pinned *p, unsigned wanted)
{
	for (int i = 0; i < SOON && alive(p) != wanted; i++)
		run_loop(1);
	return alive(p);
}

/* How many objects are pinned in both. */
static unsigned both(const struct pinned *a, const struct pinned *b)
{
	unsigned n = 0;
	for (unsigned i = 0; i < a->n_maps; i++)
		for (unsigned k = 0; k < b->n_maps; k++)
			n += a->maps[i] == b->maps[k];
	for (unsigned i = 0; i < a->n_links; i++)
		for (unsigned k = 0; k < b->n_links; k++)
			n += a->links[i] == b->links[k];
	return n;
}

static bool pass(uint16_t seq, int ms)
{
	struct frame in, out;
	build(&in, &peers[0], false, &(struct shape){.seq = seq});
	put(&peers[0], &in);
	return receive(&peers[1], &out, ms);
}

static uint32_t slot_at(const struct fastpath *fp, uint16_t port)
{
	uint32_t slot;
	struct addr a = address(peers[0].gw[0], port);
	if (fastpath_slot(fp, &a, &slot))
		die("slot");
	return slot;
}

/* The process that is going to be killed: two streams that run, and one that the next process will know nothing of. */
_Noreturn static void first_life(int told)
{
	uint32_t slot[2];
	struct fp_stream stale = stream_to("10.77.1.2", false, 46);
	if (loop_init())
		die("loop");
	struct fastpath *fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	start(fp, slot, v4, 46);
	await_engine(fp, slot[0], FP_XDP_NATIVE);
	for (uint16_t i = 0; i < PACKETS; i++)
		if (!pass((uint16_t)(100 + i), SOON))
			die("first life");
	if (fastpath_upsert(fp, slot_at(fp, STALE), &stale) || write(told, "1", 1) != 1)
		die("first life");
	for (;;)
		pause();
}

static void live_and_die(void)
{
	int told[2];
	char c;
	if (pipe(told))
		die("pipe");
	pid_t pid = fork();
	if (!pid)
		first_life(told[1]);
	close(told[1]);
	bool lived = read(told[0], &c, 1) == 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(told[0]);
	if (!lived)
		die("the first process failed");
}

static const char *goes_on_alone(void)
{
	for (uint16_t i = 0; i < PACKETS; i++)
		if (!pass((uint16_t)(100 + PACKETS + i), SOON))
			return "a packet was lost while nobody was there";
	return NULL;
}

static const char *adopted(struct fastpath *fp)
{
	struct fp_stats s;
	if (fastpath_read(fp, slot_at(fp, GW_PORT), &s))
		return "the stream is not there";
	if (!s.latched || s.ssrc != SSRC)
		return "the latch was lost";
	if (s.by_engine[FP_XDP_NATIVE] != 2 * PACKETS || s.rx_packets != 2 * PACKETS || s.lost)
		return "the statistics are not those of both lives";
	return s.engine == FP_XDP_NATIVE ? NULL : fp_why_text(s.why);
}

static const char *set_again(struct fastpath *fp)
{
	struct fp_stats s;
	uint32_t slot[2] = {slot_at(fp, GW_PORT)};
	struct addr b = address(peers[1].gw[0], GW_PORT);
	struct fp_stream from[2] = {stream_to(peers[0].ip[0], true, 46), stream_to(peers[1].ip[0], true, 46)};
	if (fastpath_slot(fp, &b, &slot[1]) || fastpath_upsert(fp, slot[0], &from[0]) || fastpath_upsert(fp, slot[1], &from[1]) ||
	    fastpath_join(fp, slot[0], slot[1]))
		return "cannot be set";
	fastpath_read(fp, slot[0], &s);
	if (!s.latched || s.rx_packets != 2 * PACKETS)
		return "setting the stream again lost what it had";
	if (!pass(100 + 2 * PACKETS, SOON))
		return "no packet passes";
	fastpath_read(fp, slot[0], &s);
	return s.by_engine[FP_XDP_NATIVE] == 2 * PACKETS + 1 ? NULL : "XDP no longer forwards";
}

static const char *follows_again(struct fastpath *fp)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0x77, 2};
	struct frame in, out;
	(void)fp;
	command(NULL, "ip neigh replace 10.77.2.2 lladdr 02:00:00:00:77:02 dev gwb nud permanent");
	run_loop(20);
	build(&in, &peers[0], false, &(struct shape){.seq = 101 + 2 * PACKETS});
	put(&peers[0], &in);
	return receive(&peers[1], &out, SOON) && !memcmp(out.b, mac, 6) ? NULL : "next hops are not followed";
}

/* RTCP and what XDP passes up reach the new process' sockets. */
static const char *hears(struct fastpath *fp)
{
	struct frame in, out;
	struct fp_stats before, after;
	fastpath_read(fp, slot_at(fp, GW_PORT), &before);
	build(&in, &peers[0], false, &(struct shape){.seq = 102 + 2 * PACKETS, .options = true});
	put(&peers[0], &in);
	if (!receive(&peers[1], &out, SOON))
		return "nothing reaches the new process";
	fastpath_read(fp, slot_at(fp, GW_PORT), &after);
	return after.by_engine[FP_NULL] == before.by_engine[FP_NULL] + 1 ? NULL : "the new process did not forward it";
}

static bool is_known(void *arg, uint32_t slot)
{
	const struct fastpath *fp = arg;
	struct addr b = address(peers[1].gw[0], GW_PORT);
	uint32_t other;
	return slot == slot_at(fp, GW_PORT) || (!fastpath_slot(fp, &b, &other) && slot == other);
}

static const char *swept(struct fastpath *fp)
{
	struct fp_stats s;
	if (fastpath_read(fp, slot_at(fp, STALE), &s))
		return "there was nothing stale";
	if (fastpath_sweep(fp, is_known, fp) != 1)
		return "not one was ended";
	return fastpath_read(fp, slot_at(fp, STALE), &s) == -ENOENT && !fastpath_read(fp, slot_at(fp, GW_PORT), &s) ? NULL : "the wrong one";
}

/* The table is another one then, and the one before goes; its streams are carried over (migrate.c). */
static const char *other_ranges(struct pinned *p)
{
	struct fp_stats s;
	char line[256];
	each_file(p, PIN);
	struct fastpath *fp = open_engine(FP_WANT_NATIVE, PIN, PORTS + 20);
	const char *wrong = fastpath_read(fp, slot_at(fp, GW_PORT), &s) || !s.latched ? "the stream was not carried over" : NULL;
	struct pinned now = {0};
	each_file(&now, PIN);
	unsigned kept = both(p, &now);
	if (!wrong && wait_alive(p, kept) != kept)
		wrong = "what was pinned before is still there";
	command_output(line, sizeof line, "cat /proc/sys/net/ipv4/ip_local_reserved_ports");
	if (!wrong && strcmp(line, "7-9,20000-20119"))
		wrong = "reserved ports";
	*p = now;
	mem_deref(fp);
	return wrong;
}

static const char *nothing_left(const struct pinned *p)
{
	char line[256];
	if (!p->n_maps || !p->n_links)
		return "nothing was pinned at all";
	if (wait_alive(p, 0))
		return "maps or links";
	if (!access(PIN, F_OK))
		return PIN;
	command_output(line, sizeof line, "cat /proc/sys/net/ipv4/ip_local_reserved_ports");
	return strcmp(line, "7-9") ? "reserved ports" : NULL;
}

int test_restart(void)
{
	struct pinned p = {0};
	command(NULL, "echo 7-9 >/proc/sys/net/ipv4/ip_local_reserved_ports");
	live_and_die();
	result("packets go on while no process is there", goes_on_alone());
	struct fastpath *fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	result("streams are adopted with latch and statistics", adopted(fp));
	result("setting them again changes nothing", set_again(fp));
	result("what XDP passes up is heard", hears(fp));
	result("next hops are followed again", follows_again(fp));
	result("stale streams are ended", swept(fp));
	fastpath_leave(fp);
	mem_deref(fp);
	result("other ranges are another table", other_ranges(&p));
	result("a clean end leaves nothing", nothing_left(&p));
	command(NULL, "echo >/proc/sys/net/ipv4/ip_local_reserved_ports");
	return summary();
}
