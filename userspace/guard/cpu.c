// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/cpu.h"
#include "base/slice.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Limits change while we run (systemctl set-property), and so may the group. */
#define LOOK_AGAIN_US 2000000
#define GROUP_MAX     256

static uint64_t us_of(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The file's text, "" when it is not there. */
static const char *slurp(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

/* --- the limit ------------------------------------------------------------------------------------------------------ */

static bool has_word(struct slice list, const char *word)
{
	while (slice_is_set(list))
		if (slice_eq(slice_cut(&list, ','), slice_str(word)))
			return true;
	return false;
}

/* Our group in the hierarchy of a controller, "" for version 2: of a line "4:cpu,cpuacct:/system.slice". */
static bool group_of(const char *controller, char *out, size_t size)
{
	char text[4096];
	struct slice rest = slice_str(slurp("/proc/self/cgroup", text, sizeof text));
	while (slice_is_set(rest) && rest.len) {
		struct slice path = slice_line(&rest);
		slice_cut(&path, ':');
		struct slice controllers = slice_cut(&path, ':');
		if (*controller ? has_word(controllers, controller) : !controllers.len)
			return !slice_copy(path, out, size);
	}
	return false;
}

static double limit_v2(const char *group)
{
	char path[600], text[64];
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
	double quota = 0, period = 0;
	return sscanf(slurp(path, text, sizeof text), "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period : 0;
}

static double limit_v1(const char *group)
{
	char path[600], text[64];
	snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
	double quota = atof(slurp(path, text, sizeof text));
	snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
	double period = atof(slurp(path, text, sizeof text));
	return quota > 0 && period > 0 ? quota / period : 0;
}

/* The tightest limit of a group and those above it; `group` becomes the one that has it. */
static double tightest(char *group, double (*limit)(const char *group))
{
	char at[GROUP_MAX], best_at[GROUP_MAX] = "";
	double best = 0;
	snprintf(at, sizeof at, "%s", group);
	for (;;) {
		double l = limit(at);
		if (l > 0 && (best <= 0 || l < best)) {
			best = l;
			snprintf(best_at, sizeof best_at, "%s", at);
		}
		char *slash = strrchr(at, '/');
		if (!slash || !at[1])
			break;
		*(slash == at ? slash + 1 : slash) = '\0';
	}
	snprintf(group, GROUP_MAX, "%s", best_at);
	return best;
}

static void find_limit(struct cpu_meter *m)
{
	char group[GROUP_MAX];
	char before[sizeof m->usage];
	memcpy(before, m->usage, sizeof before);
	m->usage[0] = m->key[0] = '\0';
	if (group_of("", group, sizeof group) && (m->cores = tightest(group, limit_v2)) > 0) {
		snprintf(m->usage, sizeof m->usage, "/sys/fs/cgroup%s/cpu.stat", group);
		snprintf(m->key, sizeof m->key, "usage_usec");
	} else if (group_of("cpu", group, sizeof group) && (m->cores = tightest(group, limit_v1)) > 0) {
		/* Where time is counted in a hierarchy of its own, the group has the same name there. */
		snprintf(m->usage, sizeof m->usage, "/sys/fs/cgroup/cpuacct%s/cpuacct.usage", group);
	}
	if (strcmp(before, m->usage))
		m->group_us = 0;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static uint64_t group_usage(const struct cpu_meter *m)
{
	char text[512];
	if (!m->usage[0])
		return 0;
	const char *number = slurp(m->usage, text, sizeof text);
	if (!m->key[0])
		return strtoull(number, NULL, 10) / 1000;
	number = strstr(number, m->key);
	return number ? strtoull(number + strlen(m->key), NULL, 10) : 0;
}

double cpu_occupancy(struct cpu_meter *m)
{
	uint64_t now = us_of(CLOCK_MONOTONIC);
	if (!m->found_at || now - m->found_at > LOOK_AGAIN_US) {
		m->found_at = now;
		find_limit(m);
	}
	uint64_t group = group_usage(m), thread = us_of(CLOCK_THREAD_CPUTIME_ID);
	double elapsed = (double)(now - m->at), of_thread = 0, of_group = 0;
	if (m->at && elapsed > 0) {
		of_thread = (double)(thread - m->thread_us) / elapsed;
		if (m->group_us && group >= m->group_us)
			of_group = (double)(group - m->group_us) / (elapsed * m->cores);
	}
	m->at = now;
	m->thread_us = thread;
	m->group_us = group;
	return of_thread > of_group ? of_thread : of_group;
}
