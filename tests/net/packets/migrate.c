// SPDX-License-Identifier: GPL-3.0-or-later
/* A newer program, other ranges, another layout: the streams that there are go on, and not one packet of them is lost, repeated or
 * overtaken while another process sends and counts. */
#include "wire.h"
#include "fastpath/layouts.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIN     "/sys/fs/bpf/fastpath-test"
#define EXTRA   "10.77.1.9" /* another address of the gateway, on its side a */
#define DROPPED (GW_PORT + PORTS - 2) /* not in the smaller range */
#define SOME    20 /* packets before a change, and after it */

static const bool v4[2] = {false, false};
static uint16_t next_seq = 1000;

/* --- traffic of another process -------------------------------------------------------------------------------------- */

struct told {
	unsigned sent, lost, wrong;
};

struct traffic {
	pid_t pid;
	int from;
	atomic_uint *sent; /* as yet, by the other process */
};

static volatile sig_atomic_t enough;

static void on_enough(int signo)
{
	enough = 1;
}

/* One packet at a time: what comes out has to be the one that went in last. */
_Noreturn static void send_and_count(int to, uint16_t seq, atomic_uint *sent)
{
	struct told t = {0};
	struct frame in, out;
	signal(SIGTERM, on_enough);
	loop_stopped = true; /* the loop is the other process' */
	for (; !enough; seq++) {
		build(&in, &peers[0], false, &(struct shape){.seq = seq});
		put(&peers[0], &in);
		t.sent++;
		atomic_store(sent, t.sent);
		if (!receive(&peers[1], &out, SOON))
			t.lost++;
		else
			t.wrong += memcmp(out.b + out.udp_at + 10, in.b + in.udp_at + 10, 2) != 0;
	}
	t.wrong += receive(&peers[1], &out, 50); /* a packet came twice */
	_exit(write(to, &t, sizeof t) != sizeof t);
}

static void some_more(const struct traffic *t)
{
	unsigned was = atomic_load(t->sent);
	for (int ms = 0; ms < SOON && atomic_load(t->sent) < was + SOME; ms++)
		usleep(1000);
}

static struct traffic traffic_begin(void)
{
	int pair[2];
	struct traffic t = {.sent = mmap(NULL, sizeof *t.sent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
	if (t.sent == MAP_FAILED || pipe(pair))
		die("traffic");
	t.pid = fork();
	if (!t.pid)
		send_and_count(pair[1], next_seq, t.sent);
	close(pair[1]);
	t.from = pair[0];
	some_more(&t);
	return t;
}

static struct told traffic_end(struct traffic *t)
{
	struct told told = {0};
	some_more(t);
	kill(t->pid, SIGTERM);
	if (read(t->from, &told, sizeof told) != sizeof told)
		die("traffic");
	waitpid(t->pid, NULL, 0);
	close(t->from);
	munmap(t->sent, sizeof *t->sent);
	next_seq = (uint16_t)(next_seq + told.sent);
	return told;
}

/* --- the gateway --------------------------------------------------------------------------------------------------- */

static uint32_t slot_at(const struct fastpath *fp, const char *ip, uint16_t port)
{
	uint32_t slot;
	struct addr a = address(ip, port);
	return fastpath_slot(fp, &a, &slot) ? TANDEM_NONE : slot;
}

static struct fp_stats stats(const struct fastpath *fp)
{
	struct fp_stats s = {0};
	(void)fastpath_read(fp, slot_at(fp, peers[0].gw[0], GW_PORT), &s);
	return s;
}

/* The addresses of open_engine(), after another one, whose slots come first, and with another number of ports. */
static struct fastpath *open_other(uint16_t ports)
{
	struct fp_local locals[5] = {{address(EXTRA, 0), GW_PORT, GW_PORT + 9}};
	struct fastpath *fp;
	for (int i = 0; i < 4; i++)
		locals[1 + i] = (struct fp_local){address(peers[i / 2].gw[i % 2], 0), GW_PORT, (uint16_t)(GW_PORT + ports - 1)};
	struct fp_params params = {.locals = locals, .n_locals = 5, .want = FP_WANT_NATIVE, .pin_dir = PIN};
	if (fastpath_open(&fp, &params))
		die("fastpath");
	return fp;
}

static void leave(struct fastpath **fp)
{
	fastpath_leave(*fp);
	*fp = mem_deref(*fp);
}

static uint32_t prog_id(int ifindex)
{
	uint32_t id = 0;
	return bpf_xdp_query_id(ifindex, 0, &id) ? 0 : id;
}

/* What must hold after each change: `before` is what the stream was like, `t` what was sent since. */
static const char *goes_on(const struct fastpath *fp, const struct fp_stats *before, const struct told *t)
{
	static char said[100];
	struct fp_stats s = stats(fp);
	if (t->sent < 2 * SOME)
		return "there was no traffic";
	if (t->lost || t->wrong) {
		snprintf(said, sizeof said, "of %u packets %u were lost and %u out of order", t->sent, t->lost, t->wrong);
		return said;
	}
	if (!s.latched || s.ssrc != SSRC)
		return "the latch was lost";
	if (s.rx_packets != before->rx_packets + t->sent || s.lost != before->lost) {
		snprintf(said, sizeof said, "statistics: %u packets more than %u, %u lost", (unsigned)(s.rx_packets - before->rx_packets), t->sent,
			 s.lost);
		return said;
	}
	return s.by_engine[FP_XDP_NATIVE] - before->by_engine[FP_XDP_NATIVE] == t->sent ? NULL : "XDP did not forward all";
}

/* --- cases --------------------------------------------------------------------------------------------------------- */

/* A new process of the same build, or of another, while packets flow: whether the programs are those that were there. */
static const char *started_again(struct fastpath **fp, bool same)
{
	struct fp_stats before = stats(*fp);
	uint32_t was = prog_id(peers[0].gw_ifindex);
	struct traffic t = traffic_begin();
	leave(fp);
	*fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	struct told told = traffic_end(&t);
	if (!was || (prog_id(peers[0].gw_ifindex) == was) != same)
		return same ? "the kernel has checked the program anew" : "it is still the same program";
	return goes_on(*fp, &before, &told);
}

static const char *same_program(struct fastpath **fp)
{
	return started_again(fp, true);
}

/* Programs are pinned with what they were made from in their names. */
static bool call_programs_other(void)
{
	glob_t found;
	bool done = !glob(PIN "/v*/prog-*", 0, NULL, &found) && found.gl_pathc == 2;
	for (size_t i = 0; done && i < found.gl_pathc; i++) {
		char other[PATH_MAX];
		snprintf(other, sizeof other, "%.*sother", (int)(strrchr(found.gl_pathv[i], '-') + 1 - found.gl_pathv[i]), found.gl_pathv[i]);
		done = !rename(found.gl_pathv[i], other);
	}
	globfree(&found);
	return done;
}

static const char *newer_program(struct fastpath **fp)
{
	return call_programs_other() ? started_again(fp, false) : "the programs are not pinned";
}

static const char *other_ranges(struct fastpath **fp)
{
	struct fp_stats before = stats(*fp), s;
	struct fp_stream stream = stream_to("10.77.1.2", false, 46);
	uint32_t slot = slot_at(*fp, peers[0].gw[0], GW_PORT);
	if (fastpath_upsert(*fp, slot_at(*fp, peers[0].gw[0], DROPPED), &stream))
		return "upsert";
	struct traffic t = traffic_begin();
	leave(fp);
	*fp = open_other(PORTS - 20);
	struct told told = traffic_end(&t);
	if (slot_at(*fp, peers[0].gw[0], GW_PORT) == slot)
		return "the slot has not moved: nothing is tested";
	if (slot_at(*fp, peers[0].gw[0], DROPPED) != TANDEM_NONE)
		return "a port that is not in the range any more";
	for (uint16_t port = GW_PORT; port < GW_PORT + 10; port++)
		if (fastpath_read(*fp, slot_at(*fp, EXTRA, port), &s) != -ENOENT)
			return "a stream appeared on the new address";
	return goes_on(*fp, &before, &told);
}

/* RTCP and whatever else goes up is heard by the new process, and the stream can be set again and ended. */
static const char *is_whole(struct fastpath **fp)
{
	struct frame in, out;
	struct fp_stats before = stats(*fp);
	build(&in, &peers[0], false, &(struct shape){.seq = next_seq++, .options = true});
	put(&peers[0], &in);
	if (!receive(&peers[1], &out, SOON) || stats(*fp).by_engine[FP_NULL] != before.by_engine[FP_NULL] + 1)
		return "what XDP passes up does not reach the new process";
	struct fp_stream s = stream_to(peers[0].ip[0], true, 46);
	uint32_t slot = slot_at(*fp, peers[0].gw[0], GW_PORT);
	if (fastpath_upsert(*fp, slot, &s) || !stats(*fp).latched)
		return "setting the stream again lost what it had";
	return NULL;
}

/* And back: ranges grow again, and an address goes. */
static const char *ranges_back(struct fastpath **fp)
{
	struct fp_stats before = stats(*fp);
	struct traffic t = traffic_begin();
	leave(fp);
	*fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	struct told told = traffic_end(&t);
	return goes_on(*fp, &before, &told);
}

/* The one folder of pins there is. */
static void folder(char ret[512])
{
	command_output(ret, 512, "ls -d " PIN "/v*");
	if (!ret[0])
		die("no folder of pins");
}

static void *map_pinned(const char *dir, const char *name, uint32_t *n, uint32_t *value)
{
	char path[600];
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		die(path);
	*n = info.max_entries;
	*value = info.value_size;
	void *p = mmap(NULL, (size_t)*n * *value, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		die(name);
	return p;
}

/* Puts an array of `n` elements, those of `data`, in the place of a pinned one. */
static void replace_pinned(const char *dir, const char *name, const void *data, uint32_t n, uint32_t value)
{
	char path[600];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), value, n, &opts);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, (size_t)n * value, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die(name);
	memcpy(p, data, (size_t)n * value);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
	if (bpf_obj_pin(fd, path))
		die(path);
	munmap(p, (size_t)n * value);
	close(fd);
}

static void as_layout_1(const struct tandem_slot *s, struct slot_1 *ret)
{
	*ret = (struct slot_1){.in = s->in, .out = s->out};
	ret->stats = (struct stats_1){
		.bytes = s->stats.bytes, .last_ns = s->stats.last_ns,
		.packets = {s->stats.packets[TANDEM_BY_NULL], s->stats.packets[TANDEM_BY_XDP_GENERIC], s->stats.packets[TANDEM_BY_XDP_NATIVE]},
		.base_packets = s->stats.base_packets, .ext_max = s->stats.ext_max, .base_seq = s->stats.base_seq, .bad_seq = 0x10000,
		.jitter = s->stats.jitter, .transit = s->stats.transit, .reordered = s->stats.reordered, .lost_before = s->stats.lost_before,
		.running = s->stats.running,
	};
	ret->policy = (struct policy_1){
		.signalling = s->policy.signalling, .prev = s->policy.prev, .prev_port = s->policy.prev_port, .tos = s->policy.tos,
		.arm = s->policy.arm, .hop_media = s->policy.hop_media, .hop_signalling = s->policy.hop_signalling, .refused = s->policy.refused,
	};
}

/* Makes of the pinned state what a process of layout 1 would have left. */
static void make_layout_1(void)
{
	char dir[512], old[512];
	uint32_t n, value, n_hops;
	folder(dir);
	struct tandem_slot *slots = map_pinned(dir, "slots", &n, &value);
	struct tandem_hop *hops = map_pinned(dir, "hops", &n_hops, &value);
	struct slot_1 *as_1 = mem_alloc(n * sizeof *as_1, NULL);
	for (uint32_t i = 0; i < n; i++)
		as_layout_1(&slots[i], &as_1[i]);
	replace_pinned(dir, "slots", as_1, n, sizeof *as_1);
	replace_pinned(dir, "hops", hops, HOPS_1, sizeof *hops);
	mem_deref(as_1);
	munmap(slots, n * sizeof *slots);
	munmap(hops, n_hops * sizeof *hops);
	snprintf(old, sizeof old, PIN "/v1-%s", strrchr(dir, '-') + 1);
	if (rename(dir, old))
		die(old);
}

/* Another layout is still written by the programs of today here, so packets are counted from when it is taken over. */
static const char *layout_1(struct fastpath **fp)
{
	struct fp_stats before = stats(*fp), s;
	leave(fp);
	make_layout_1();
	struct traffic t = traffic_begin();
	*fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	struct told told = traffic_end(&t);
	s = stats(*fp);
	if (told.sent < 2 * SOME || told.lost || told.wrong)
		return told.sent < 2 * SOME ? "there was no traffic" : "packets were lost";
	if (!s.latched || s.ssrc != SSRC)
		return "the latch was lost";
	if (s.by_engine[FP_XDP_NATIVE] <= before.by_engine[FP_XDP_NATIVE] || s.by_engine[FP_NULL] != before.by_engine[FP_NULL])
		return "statistics were not taken over, or XDP did not forward";
	return s.rx_packets <= before.rx_packets + told.sent ? NULL : "statistics";
}

/* What a newer build left is not understood: its streams end, and nothing of it stays. */
static const char *newer_layout(struct fastpath **fp)
{
	char dir[512], newer[512], line[256];
	struct fp_stats s;
	leave(fp);
	folder(dir);
	snprintf(newer, sizeof newer, PIN "/v%u-%s", TANDEM_LAYOUT + 1, strrchr(dir, '-') + 1);
	if (rename(dir, newer))
		die(newer);
	*fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	if (fastpath_read(*fp, slot_at(*fp, peers[0].gw[0], GW_PORT), &s) != -ENOENT)
		return "its table was adopted";
	command_output(line, sizeof line, "find " PIN " -name 'v%u-*'", TANDEM_LAYOUT + 1);
	return line[0] ? "its folder is left" : NULL;
}

/* A process that was killed between the tables: the next one finds both. */
static const char *half_done(struct fastpath **fp)
{
	char dir[512], half[512];
	struct fp_stats before = stats(*fp);
	struct traffic t = traffic_begin();
	leave(fp);
	folder(dir);
	snprintf(half, sizeof half, PIN "/v%u-00000001", TANDEM_LAYOUT);
	if (mkdir(half, 0700))
		die(half);
	command(NULL, "mv %s/link-native-%d %s/", dir, peers[1].gw_ifindex, half);
	*fp = open_other(PORTS);
	struct told told = traffic_end(&t);
	return goes_on(*fp, &before, &told);
}

int test_migrate(void)
{
	static const struct {
		const char *name;
		const char *(*fn)(struct fastpath **fp);
	} steps[] = {
		{"the same program goes on", same_program},
		{"a newer program takes the place of the old one", newer_program},
		{"an address more and fewer ports", other_ranges},
		{"... what was taken over is whole", is_whole},
		{"an address less and more ports", ranges_back},
		{"the layout before this one", layout_1},
		{"... what was taken over is whole", is_whole},
		{"an unfinished folder is no obstacle", half_done},
		{"a layout of the future", newer_layout},
	};
	uint32_t slot[2];
	command(NULL, "ip addr add " EXTRA "/24 dev gwa");
	struct fastpath *fp = open_engine(FP_WANT_NATIVE, PIN, PORTS);
	start(fp, slot, v4, 46);
	run_loop(50);
	struct traffic t = traffic_begin();
	struct told told = traffic_end(&t);
	result("packets flow", told.sent >= 2 * SOME && !told.lost && !told.wrong ? NULL : "they do not");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&fp));
	mem_deref(fp);
	result("nothing is left", access(PIN, F_OK) ? NULL : PIN);
	command(NULL, "ip addr del " EXTRA "/24 dev gwa");
	return summary();
}
