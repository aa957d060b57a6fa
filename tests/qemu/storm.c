// SPDX-License-Identifier: GPL-3.0-or-later
/* storm reload|attach|garbage|netns: what may happen to the module while packets flow, run by tests/net/packets/run in the gateway's namespace.
 * MODULE is the module's file, CYCLES how often. */
#include "storm.h"
#include "fastpath/module.h"
#include "fastpath/private.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned cycles = 100;
static struct fastpath *fp;
static uint32_t table; /* map id of the slot table */

/* --- the module ------------------------------------------------------------------------------------------------------ */

static void load(void)
{
	const char *file = getenv("MODULE");
	int fd = open(file ? file : "", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		die("loading the module");
	close(fd);
}

static void unload(void)
{
	while (syscall(SYS_delete_module, "tandem", O_NONBLOCK) && errno != ENOENT) {
		if (errno != EAGAIN && errno != EBUSY)
			die("unloading the module");
		sched_yield(); /* somebody asks it something */
	}
}

/* Has the module relay by a table with the addresses and ports of the fast path's. */
static int attach_table(int fd)
{
	struct addr ips[8];
	struct tandem_local ranges[8];
	unsigned n = fp->n_ranges < 8 ? fp->n_ranges : 8;
	for (unsigned i = 0; i < n; i++) {
		ips[i] = fp->ranges[i].ip;
		ranges[i] = (struct tandem_local){fp->ranges[i].base, fp->ranges[i].port_min, fp->ranges[i].port_max};
	}
	return module_attach(&(struct module_table){.fd = fd, .locals = ips, .ranges = ranges, .n = n}, NULL);
}

static int attach(void)
{
	int fd = bpf_map_get_fd_by_id(table), err = fd < 0 ? fd : attach_table(fd);
	close(fd);
	return err;
}

static int new_table(uint32_t slots)
{
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_MMAPABLE);
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "storm", 4, sizeof(struct tandem_slot), slots, &o);
}

/* --- helpers that make trouble in a thread of their own ------------------------------------------------------------- */

static atomic_uint done;

/* Packets the gateway drops, a burst now and then, while others arrive: strangers, runts, junk, to ports in use and others. */
static void *flood(void *arg)
{
	static const struct shape shapes[] = {
		{.stranger = true, .ssrc = 0x4321}, {.payload = 10}, {.first = 0xff}, {.first = 1}, {.first = 22}, {.dport = GW_PORT + 61},
	};
	struct frame f;
	unsigned arrived = traffic_arrived();
	for (unsigned i = 0; atomic_load(&done) < cycles; i++) {
		struct shape s = shapes[i % (sizeof shapes / sizeof shapes[0])];
		if (!s.dport)
			s.dport = (uint16_t)(GW_PORT + 2 * (i % STREAMS));
		build(&f, &peers[0], i & 8, &s);
		put(&peers[0], &f);
		if (i % 8)
			continue;
		for (unsigned before = arrived; before == arrived && atomic_load(&done) < cycles; arrived = traffic_arrived())
			usleep(5000);
	}
	return NULL;
}

/* Waits until the module has accepted another packet of some stream. */
static bool module_forwards(void)
{
	uint64_t before = accepted_by(fp, FP_KMOD);
	for (int i = 0; i < 2 * SOON && accepted_by(fp, FP_KMOD) == before; i++)
		usleep(1000);
	return accepted_by(fp, FP_KMOD) != before;
}

static atomic_uint attached_in_time;

static void *reload(void *arg)
{
	for (unsigned i = 0; i < cycles; i++) {
		unload();
		if (i % 3 == 0)
			usleep((i * 7919) % 20000);
		load();
		if (i % 4 == 0)
			atomic_fetch_add(&attached_in_time, module_forwards());
		else
			usleep((i * 104729) % 20000);
		atomic_store(&done, i + 1);
	}
	return NULL;
}

static void *reattach(void *arg)
{
	for (unsigned i = 0; i < cycles; i++) {
		if (i % 2 && module_detach(table, NULL))
			die("detaching");
		if (attach())
			die("attaching");
		if (i % 4 == 0)
			atomic_fetch_add(&attached_in_time, module_forwards());
		atomic_store(&done, i + 1);
	}
	return NULL;
}

static struct traffic *begin(void)
{
	struct traffic *t = traffic_begin(fp);
	traffic_flow(t, 200);
	table = slots_id();
	result("the module forwards before", accepted_by(fp, FP_KMOD) ? NULL : "it does not");
	return t;
}

/* --- the storms ------------------------------------------------------------------------------------------------------ */

static int ride(void *(*trouble)(void *), const char *name)
{
	pthread_t threads[2];
	char line[160];
	struct traffic *t = begin();
	pthread_create(&threads[0], NULL, trouble, NULL);
	pthread_create(&threads[1], NULL, flood, NULL);
	while (atomic_load(&done) < cycles)
		traffic_flow(t, 10);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	traffic_flow(t, 300);
	traffic_drain(t);
	traffic_says(t, line, sizeof line);
	printf("note %s, %u times: %s\n", name, cycles, line);
	result("no packet is lost or comes twice", traffic_wrong(t));
	result("every packet is counted once, by who forwarded it", traffic_miscounted(t));
	result("both have forwarded", accepted_by(fp, FP_NULL) && atomic_load(&attached_in_time) == (cycles + 3) / 4 ? NULL : "the module did not take over again");
	uint64_t before = accepted_by(fp, FP_KMOD);
	traffic_flow(t, 200);
	result("the module forwards afterwards", accepted_by(fp, FP_KMOD) > before ? NULL : "it does not");
	traffic_end(t);
	return summary();
}

static int storm_reload(void)
{
	return ride(reload, "unloaded and loaded");
}

static int storm_attach(void)
{
	return ride(reattach, "attached");
}

/* Nonsense in a slot, mostly such as leads a packet far enough. */
static void scribble(struct tandem_slot *s, unsigned i)
{
	uint8_t *bytes = (uint8_t *)s;
	if (i % 64 == 0)
		for (size_t j = 0; j < sizeof *s; j++)
			bytes[j] = (uint8_t)random();
	for (long j = random() % 4; j; j--)
		bytes[(unsigned)random() % sizeof *s] = (uint8_t)random();
	s->in.seq &= ~1u;
	s->out.seq &= ~1u;
	if (i % 3)
		s->in.flags |= TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_LATCH | TANDEM_ARMED;
	if (i % 5 == 0)
		s->out.family = i & 1 ? 4 : 6;
	if (i % 7 == 0)
		s->in.peer = (uint32_t)random() % fp->n_slots;
}

/* Copies what leads to a peer of ours, so that the packets of a slot are sent. */
static void lead_somewhere(struct tandem_slot *s, const struct tandem_slot *proper)
{
	s->out = proper->out;
	s->out.seq = 0;
	s->in.peer = proper->in.peer;
	if (random() % 2)
		((uint8_t *)&s->out)[4 + random() % 60] = (uint8_t)random();
}

static void scribble_and_send(struct tandem_slot *slots)
{
	struct frame f;
	for (unsigned i = 0; i < cycles * 100; i++) {
		struct tandem_slot *s = &slots[(unsigned)random() % fp->n_slots];
		scribble(s, i);
		if (i % 4 == 0)
			lead_somewhere(s, &fp->slots[s - slots]);
		struct shape shape = {.dport = (uint16_t)(GW_PORT + random() % (2 * STREAMS)), .seq = (uint16_t)i, .payload = 12 + (size_t)random() % 1400};
		build(&f, &peers[i & 1], i & 2, &shape);
		put(&peers[i & 1], &f);
		if (i % 32 == 0)
			run_loop(1);
	}
}

/* The module's table, not the daemon's, is full of nonsense and rewritten while packets are judged by it: whoever gave it may write anything. */
static int storm_garbage(void)
{
	struct traffic *t = begin();
	int fd = new_table(fp->n_slots);
	size_t size = (size_t)fp->n_slots * sizeof(struct tandem_slot);
	struct tandem_slot *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (slots == MAP_FAILED || attach_table(fd))
		die("another table");
	srandom(1);
	scribble_and_send(slots);
	unsigned accepted = 0;
	for (uint32_t i = 0; i < fp->n_slots; i++)
		accepted += slots[i].stats.packets[FP_KMOD] != 0;
	result("packets are judged by nonsense", accepted ? NULL : "none");
	if (attach())
		die("the proper table");
	munmap(slots, size);
	close(fd);
	traffic_again(t);
	uint64_t before = accepted_by(fp, FP_KMOD);
	traffic_flow(t, 300);
	traffic_drain(t);
	result("proper streams work afterwards", traffic_wrong(t));
	result("the module forwards them", accepted_by(fp, FP_KMOD) > before ? NULL : "it does not");
	traffic_end(t);
	return summary();
}

static bool map_is_gone(uint32_t id)
{
	for (int i = 0; i < 2 * SOON; i++) {
		int fd = bpf_map_get_fd_by_id(id);
		if (fd < 0)
			return errno == ENOENT;
		close(fd);
		usleep(1000);
	}
	return false;
}

/* Namespaces that end with a table attached; ours does not notice. */
static int storm_netns(void)
{
	struct traffic *t = begin();
	bool gone = true;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < cycles / 4 && gone; i++) {
		struct addr ip = address("127.0.0.1", 0);
		struct tandem_local range = {0, 30000, 30099};
		struct module_table other = {.fd = new_table(100), .locals = &ip, .ranges = &range, .n = 1};
		if (unshare(CLONE_NEWNET) || module_attach(&other, NULL))
			die("attaching in another namespace");
		uint32_t id = map_id(other.fd);
		close(other.fd);
		if (setns(home, CLONE_NEWNET))
			die("setns");
		traffic_flow(t, 20);
		gone = map_is_gone(id);
	}
	close(home);
	traffic_drain(t);
	result("a table is given back when its namespace ends", gone ? NULL : "it is not");
	result("another namespace's streams go on", slots_id() == table ? traffic_wrong(t) : "their table is gone");
	result("the module forwards them", accepted_by(fp, FP_NULL) ? "another engine did" : NULL);
	traffic_end(t);
	return summary();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} storms[] = {{"reload", storm_reload}, {"attach", storm_attach}, {"garbage", storm_garbage}, {"netns", storm_netns}};
	int rc = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("CYCLES"))
		cycles = (unsigned)atoi(getenv("CYCLES"));
	if (argc == 2 && !loop_init())
		open_wires();
	load();
	for (size_t i = 0; argc == 2 && i < sizeof storms / sizeof storms[0]; i++) {
		if (strcmp(argv[1], storms[i].name))
			continue;
		fp = open_engine(FP_WANT_MODULE, NULL, PORTS);
		rc = storms[i].fn();
		mem_deref(fp);
	}
	loop_close();
	return rc < 0 ? fprintf(stderr, "usage: storm reload|attach|garbage|netns\n"), 2 : rc;
}
