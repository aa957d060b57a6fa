// SPDX-License-Identifier: GPL-3.0-or-later
/* choice WANT:ENGINE[:WHY][:without-bpf]: opens the fast path as wanted, relays a packet in every pair of families, and compares who forwarded it with
 * ENGINE. WHY, with _ for spaces, has to be among the words that are given to the operator for not having a faster one. Run by
 * tests/net/packets/run. */
#include "storm.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const char *const wants[] = {
	[FP_WANT_AUTO] = "auto", [FP_WANT_NATIVE] = "native", [FP_WANT_GENERIC] = "generic", [FP_WANT_MODULE] = "module", [FP_WANT_NULL] = "null"};
static const char *const engines[] = {[FP_NULL] = "null", [FP_KMOD] = "module", [FP_XDP_GENERIC] = "generic", [FP_XDP_NATIVE] = "native"};

static int index_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	die(name);
}

/* bpf(2) is unknown, as it is to an old kernel, or to one that is built without it. */
static void forbid_bpf(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
}

/* Whether the operator is told it for an interface, or for the stream. */
static bool is_told(const struct fastpath *fp, const struct fp_stats *s, const char *why)
{
	json_t *rows = fastpath_engines(fp);
	char *text = json_dumps(rows, 0);
	bool told = (text && strstr(text, why)) || strstr(fp_why_text(s->why), why) || strstr(fp_why_text(s->why_no_module), why);
	if (!told)
		printf("note %s; stream: %s; %s\n", text, fp_why_text(s->why), fp_why_text(s->why_no_module));
	free(text);
	json_decref(rows);
	return told;
}

static const char *relay(struct fastpath *fp, const bool v6[2], enum fp_engine engine, const char *why)
{
	static char wrong[160];
	uint32_t slot[2];
	struct frame in, out;
	struct fp_stats s = {0};
	bool arrived = true, told = true;
	start(fp, slot, v6, 46);
	for (uint16_t seq = 1; seq < 4 && arrived; seq++) {
		build(&in, &peers[0], v6[0], &(struct shape){.seq = seq});
		put(&peers[0], &in);
		arrived = receive(&peers[1], &out, SOON);
	}
	fastpath_read(fp, slot[0], &s);
	if (why)
		told = is_told(fp, &s, why);
	end(fp, slot);
	if (!arrived)
		return "nothing arrived";
	snprintf(wrong, sizeof wrong, "null %u, module %u, generic %u, native %u of 3", (unsigned)s.by_engine[FP_NULL], (unsigned)s.by_engine[FP_KMOD],
		 (unsigned)s.by_engine[FP_XDP_GENERIC], (unsigned)s.by_engine[FP_XDP_NATIVE]);
	if (s.by_engine[engine] != 3)
		return wrong;
	return told ? NULL : "the reason is not told";
}

/* The next part of a text whose parts are separated by colons; NULL behind the last. */
static char *part(char **rest)
{
	return *rest ? strsep(rest, ":") : NULL;
}

int main(int argc, char **argv)
{
	char *rest = argc == 2 ? argv[1] : NULL;
	const char *want = part(&rest), *engine = part(&rest);
	char *why = part(&rest);
	const char *without_bpf = part(&rest);
	for (char *c = why; c && *c; c++)
		if (*c == '_')
			*c = ' ';
	if (!engine)
		return fprintf(stderr, "usage: choice WANT:ENGINE[:WHY][:without-bpf]\n"), 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (loop_init())
		return 2;
	open_wires();
	if (without_bpf)
		forbid_bpf();
	struct fastpath *fp = open_engine((enum fp_want)index_of(wants, sizeof wants / sizeof wants[0], want), NULL, PORTS);
	for (unsigned pair = 0; pair < 4; pair++) {
		const bool v6[2] = {pair & 1, pair & 2};
		char name[80];
		snprintf(name, sizeof name, "%s becomes %s %c-%c", want, engine, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
		result(name, relay(fp, v6, (enum fp_engine)index_of(engines, sizeof engines / sizeof engines[0], engine), why));
	}
	mem_deref(fp);
	loop_close();
	return summary();
}
