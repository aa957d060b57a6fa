// SPDX-License-Identifier: GPL-3.0-or-later
/* What can be had is told: interfaces left alone on purpose, a process without privileges, a process without memory. */
#include "wire.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIN "/sys/fs/bpf/fastpath-test"

static const bool v4[2] = {false, false};

/* The row of an interface in fastpath_engines(). */
static bool row_of(const struct fastpath *fp, const char *interface, char mode[16], char why[256])
{
	json_t *rows = fastpath_engines(fp), *row;
	size_t i;
	bool found = false;
	json_array_foreach(rows, i, row) {
		const char *said = json_string_value(json_object_get(row, "why"));
		if (strcmp(json_string_value(json_object_get(row, "interface")), interface))
			continue;
		found = true;
		snprintf(mode, 16, "%s", json_string_value(json_object_get(row, "mode")));
		snprintf(why, 256, "%s", said ? said : "");
	}
	json_decref(rows);
	return found;
}

static bool relays(struct fastpath *fp, enum fp_engine by)
{
	uint32_t slot[2];
	struct frame in, out;
	struct fp_stats s = {0};
	start(fp, slot, v4, 46);
	await_engine(fp, slot[0], by);
	build(&in, &peers[0], false, &(struct shape){.seq = 1});
	put(&peers[0], &in);
	bool arrived = receive(&peers[1], &out, SOON);
	fastpath_read(fp, slot[0], &s);
	end(fp, slot);
	return arrived && s.by_engine[by] == 1;
}

/* The default route leads out of gwa, and 127.0.0.1 is an address of ours too. */
static const char *left_alone(void)
{
	struct fp_local locals[3] = {{address(peers[0].gw[0], 0), GW_PORT, GW_PORT + 99}, {address(peers[1].gw[0], 0), GW_PORT, GW_PORT + 99},
				     {address("127.0.0.1", 0), GW_PORT, GW_PORT + 99}};
	struct fp_params params = {.locals = locals, .n_locals = 3};
	struct fastpath *fp;
	char mode[16], why[256];
	const char *wrong = NULL;
	command(NULL, "ip route add default via 10.77.1.2");
	if (fastpath_open(&fp, &params))
		return "not opened";
	if (!row_of(fp, "gwa", mode, why) || strcmp(mode, "null") || !strstr(why, "default route"))
		wrong = "the default route's interface";
	else if (!row_of(fp, "lo", mode, why) || strcmp(mode, "null") || strcmp(why, "loopback"))
		wrong = "loopback";
	else if (!row_of(fp, "gwb", mode, why) || strcmp(mode, "native") || why[0])
		wrong = "an interface that is attached to";
	else if (!relays(fp, FP_NULL))
		wrong = "packets do not come through the daemon";
	mem_deref(fp);
	return wrong;
}

static const char *named(void)
{
	static const char *const names[] = {"gwa", "gwb", "none0"};
	struct fp_local locals[2] = {{address(peers[0].gw[0], 0), GW_PORT, GW_PORT + 99}, {address(peers[1].gw[0], 0), GW_PORT, GW_PORT + 99}};
	struct fp_params params = {.locals = locals, .n_locals = 2, .interfaces = names, .n_interfaces = 3};
	struct fastpath *fp;
	char mode[16], why[256];
	const char *wrong = NULL;
	if (fastpath_open(&fp, &params))
		return "not opened";
	if (!row_of(fp, "gwa", mode, why) || strcmp(mode, "native"))
		wrong = "naming the default route's interface does not attach to it";
	else if (!row_of(fp, "none0", mode, why) || strcmp(mode, "null") || !why[0])
		wrong = "an interface that does not exist";
	else if (!relays(fp, FP_XDP_NATIVE))
		wrong = "XDP does not forward";
	mem_deref(fp);
	command(NULL, "ip route del default");
	return wrong;
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static bool ports_reserved(void)
{
	char line[256] = "";
	int fd = open("/proc/sys/net/ipv4/ip_local_reserved_ports", O_RDONLY | O_CLOEXEC);
	bool some = fd >= 0 && read(fd, line, sizeof line - 1) > 0 && line[0] != '\n';
	close(fd);
	return some;
}

static int open_and_relay(void)
{
	struct fp_local locals[2] = {{address(peers[0].gw[0], 0), GW_PORT, GW_PORT + 99}, {address(peers[1].gw[0], 0), GW_PORT, GW_PORT + 99}};
	struct fp_params params = {.locals = locals, .n_locals = 2, .want = FP_WANT_NATIVE};
	struct fastpath *fp;
	uint32_t slot[2];
	int err = fastpath_open(&fp, &params);
	if (err)
		return err;
	for (int i = 0; i < 2 && !err; i++) {
		struct addr local = address(peers[i].gw[0], GW_PORT);
		struct fp_stream s = stream_to(peers[i].ip[0], true, 46);
		fastpath_slot(fp, &local, &slot[i]);
		err = fastpath_open_port(fp, slot[i]);
		if (!err)
			err = fastpath_upsert(fp, slot[i], &s);
	}
	if (!err)
		err = fastpath_join(fp, slot[0], slot[1]);
	mem_deref(fp);
	return err;
}

/* Each allocation fails in turn: only success or a clean error may come out, and nothing may stay. */
static const char *without_memory(void)
{
	run_loop(1); /* closes what was closed */
	size_t blocks = mem_blocks();
	unsigned fds = descriptors();
	for (size_t n = 1; n < 1000; n++) {
		mem_fail_nth(n);
		int err = open_and_relay(), failed = mem_failed();
		mem_fail_nth(0);
		run_loop(1);
		if (err && err != -ENOMEM)
			return strerror(-err);
		if (mem_blocks() != blocks)
			return "memory was lost";
		if (descriptors() != fds)
			return "descriptors were lost";
		if (ports_reserved())
			return "ports stay reserved";
		if (!failed)
			return n > 5 ? NULL : "nothing was allocated at all";
	}
	return "never ran to the end";
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	if (syscall(SYS_capset, &head, none))
		die("capset");
}

static const char *powerless(void)
{
	char mode[16], why[256];
	struct fastpath *fp = open_engine(FP_WANT_AUTO, PIN, PORTS);
	const char *wrong = NULL;
	if (!row_of(fp, "*", mode, why) || strcmp(mode, "null") || !strstr(why, "not permitted"))
		wrong = "the reason is not told";
	else if (!access(PIN, F_OK))
		wrong = "a folder of pins is left";
	else if (!relays(fp, FP_NULL))
		wrong = "plain sockets do not relay";
	mem_deref(fp);
	return wrong;
}

/* For where memory that runs out at each place would take too long. */
int test_powerless(void)
{
	drop_privileges();
	result("without privileges", powerless());
	return summary();
}

int test_powers(void)
{
	result("interfaces left alone are told", left_alone());
	result("named interfaces are attached to", named());
	result("without memory", without_memory());
	drop_privileges();
	result("without privileges", powerless());
	return summary();
}
