// SPDX-License-Identifier: GPL-3.0-or-later
#include "storm.h"
#include "fastpath/private.h"
#include "net/genl.h"
#include "tandem/netlink.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PACE_NS 5000000u
#define ON_THEIR_WAY 64

struct stream {
	uint32_t slot[2];
	bool v6[2];
	uint16_t next;     /* sequence number */
	uint16_t last;     /* that arrived */
	unsigned sent, arrived, again, reordered;
	uint64_t last_ns, gap_ns;
	uint8_t seen[0x10000 / 8];
};

struct traffic {
	struct fastpath *fp;
	struct stream streams[STREAMS];
	uint64_t sent_ns;
};

static atomic_uint n_arrived;

/* --- the module's table ---------------------------------------------------------------------------------------------- */

static int read_id(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == TANDEM_A_SLOTS_ID)
			*(uint32_t *)arg = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

uint32_t slots_id(void)
{
	static char buf[GENL_REQUEST];
	struct genl_family family;
	struct genl *g;
	uint32_t id = 0;
	if (genl_open(&g, NULL, NULL))
		die("genl");
	if (!genl_family(g, TANDEM_NL_FAMILY, false, &family))
		genl_ask(g, genl_request(buf, family.id, TANDEM_C_GET, TANDEM_NL_VERSION), read_id, &id, NULL);
	mem_deref(g);
	return id;
}

uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* --- setting up ------------------------------------------------------------------------------------------------------ */

static void set_up(struct traffic *t, unsigned i)
{
	struct stream *s = &t->streams[i];
	for (int side = 0; side < 2; side++) {
		struct addr local = address(peers[side].gw[s->v6[side]], (uint16_t)(GW_PORT + 2 * i));
		struct fp_stream params = stream_to(peers[side].ip[s->v6[side]], true, 46);
		if (fastpath_slot(t->fp, &local, &s->slot[side]))
			die("slot");
		fastpath_remove(t->fp, s->slot[side]);
		if (fastpath_open_port(t->fp, s->slot[side]) || fastpath_upsert(t->fp, s->slot[side], &params))
			die("stream");
	}
	if (fastpath_join(t->fp, s->slot[0], s->slot[1]))
		die("join");
}

struct traffic *traffic_begin(struct fastpath *fp)
{
	struct traffic *t = calloc(1, sizeof *t);
	int size = 8 << 20;
	if (!t || setsockopt(peers[1].fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) ||
	    setsockopt(peers[0].fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
		die("traffic");
	t->fp = fp;
	for (unsigned i = 0; i < STREAMS; i++) {
		t->streams[i].v6[0] = i & 1;
		t->streams[i].v6[1] = i & 2;
		set_up(t, i);
	}
	return t;
}

static void close_ports(struct traffic *t)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		for (int side = 0; side < 2; side++) {
			fastpath_remove(t->fp, t->streams[i].slot[side]);
			fastpath_close_port(t->fp, t->streams[i].slot[side]);
		}
	}
}

void traffic_end(struct traffic *t)
{
	close_ports(t);
	free(t);
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

static void note_arrival(struct stream *s, uint16_t seq)
{
	uint64_t now = fp_now_ns();
	uint8_t bit = (uint8_t)(1 << (seq & 7));
	s->again += (s->seen[seq >> 3] & bit) != 0;
	s->seen[seq >> 3] |= bit;
	s->reordered += s->arrived && (uint16_t)(seq - s->last) > 0x8000;
	s->last = seq;
	if (s->arrived++ && now - s->last_ns > s->gap_ns)
		s->gap_ns = now - s->last_ns;
	s->last_ns = now;
}

/* Reads what has come; false when nothing had. */
static bool hear(struct traffic *t)
{
	uint8_t b[2048];
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	ssize_t n;
	bool any = false;
	while ((n = recvfrom(peers[1].fd, b, sizeof b, 0, (struct sockaddr *)&from, &len)) >= 0) {
		size_t udp = b[12] == 0x86 ? 54 : 34;
		uint16_t port, seq;
		if (from.sll_pkttype == PACKET_OUTGOING || (size_t)n < udp + 20 || b[b[12] == 0x86 ? 20 : 23] != 17)
			continue;
		memcpy(&port, b + udp, 2);
		memcpy(&seq, b + udp + 10, 2);
		unsigned i = (ntohs(port) - GW_PORT) / 2u;
		if (ntohs(port) < GW_PORT || i >= STREAMS)
			continue;
		any = true;
		atomic_fetch_add(&n_arrived, 1);
		note_arrival(&t->streams[i], ntohs(seq));
	}
	return any;
}

void traffic_again(struct traffic *t)
{
	run_loop(100);
	hear(t);
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &t->streams[i];
		*s = (struct stream){.v6 = {s->v6[0], s->v6[1]}};
		set_up(t, i);
	}
}

static void send_one_each(struct traffic *t)
{
	struct frame f;
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &t->streams[i];
		uint16_t forget = (uint16_t)(s->next + 0x8000);
		s->seen[forget >> 3] &= (uint8_t)~(1 << (forget & 7));
		build(&f, &peers[0], s->v6[0], &(struct shape){.dport = (uint16_t)(GW_PORT + 2 * i), .seq = s->next++});
		put(&peers[0], &f);
		s->sent++;
	}
}

unsigned traffic_arrived(void)
{
	return atomic_load(&n_arrived);
}

/* Packets that have not arrived, or never will. */
static unsigned on_their_way(const struct traffic *t)
{
	unsigned n = 0;
	for (unsigned i = 0; i < STREAMS; i++)
		n += t->streams[i].arrived < t->streams[i].sent ? t->streams[i].sent - t->streams[i].arrived : 0;
	return n;
}

void traffic_flow(struct traffic *t, int ms)
{
	uint64_t until = fp_now_ns() + (uint64_t)ms * 1000000;
	for (uint64_t now; (now = fp_now_ns()) < until;) {
		if (now - t->sent_ns >= PACE_NS && on_their_way(t) < ON_THEIR_WAY) {
			t->sent_ns = now;
			send_one_each(t);
		}
		uv_run(loop_uv(), UV_RUN_NOWAIT);
		hear(t);
		poll(&(struct pollfd){peers[1].fd, POLLIN, 0}, 1, 1);
	}
}


void traffic_drain(struct traffic *t)
{
	for (int quiet = 0; quiet < SOON && on_their_way(t); quiet = hear(t) ? 0 : quiet + 1)
		run_loop(1);
	run_loop(20);
	hear(t);
}

/* --- what became of them ---------------------------------------------------------------------------------------------- */

const char *traffic_wrong(const struct traffic *t)
{
	static char wrong[160];
	for (unsigned i = 0; i < STREAMS; i++) {
		const struct stream *s = &t->streams[i];
		snprintf(wrong, sizeof wrong, "stream %u %c-%c: %u sent, %u arrived, %u of them again", i, s->v6[0] ? '6' : '4', s->v6[1] ? '6' : '4', s->sent,
			 s->arrived, s->again);
		if (!s->sent || s->again || s->arrived != s->sent)
			return wrong;
	}
	return NULL;
}

const char *traffic_miscounted(const struct traffic *t)
{
	static char wrong[160];
	for (unsigned i = 0; i < STREAMS; i++) {
		const struct stream *s = &t->streams[i];
		struct fp_stats stats;
		uint64_t sum = 0;
		fastpath_read(t->fp, s->slot[0], &stats);
		for (int e = 0; e < FP_ENGINES; e++)
			sum += stats.by_engine[e];
		snprintf(wrong, sizeof wrong, "stream %u: %u sent, %llu counted", i, s->sent, (unsigned long long)sum);
		if (sum != s->sent)
			return wrong;
	}
	return NULL;
}

uint64_t accepted_by(const struct fastpath *fp, enum fp_engine by)
{
	uint64_t n = 0;
	for (uint32_t slot = 0; slot < fp->n_slots; slot++)
		n += __atomic_load_n(&fp->slots[slot].stats.packets[by], __ATOMIC_RELAXED);
	return n;
}

void traffic_says(const struct traffic *t, char *line, size_t size)
{
	unsigned sent = 0, reordered = 0;
	uint64_t gap = 0;
	for (unsigned i = 0; i < STREAMS; i++) {
		const struct stream *s = &t->streams[i];
		sent += s->sent;
		reordered += s->reordered;
		gap = s->gap_ns > gap ? s->gap_ns : gap;
	}
	snprintf(line, size, "%u packets, %llu by the module, %llu by the daemon, %u out of order, longest gap %llu ms", sent,
		 (unsigned long long)accepted_by(t->fp, FP_KMOD), (unsigned long long)accepted_by(t->fp, FP_NULL), reordered,
		 (unsigned long long)(gap / 1000000));
}
