// SPDX-License-Identifier: GPL-3.0-or-later
/* Strangers spray every media port, open or closed, with RTP and RTCP, while calls go through all that moves a source: nothing of a call may go to
 * them (bleed), nothing of theirs may come out on either side (injection), and the peers themselves are followed.
 *
 * Side a is behind a NAT: it signals an address that nobody can reach and sends from elsewhere. Side b is held to what it signals. */
#include "wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS  4
#define STEP     10 /* between the streams' ports */
#define PRIVATE  200 /* hosts: what a signals, where it moves, where its NAT moves it, the strangers */
#define MOVED    201
#define REBOUND  88
#define STRANGER 77
#define BODY     16

/* A place on a side's network. */
struct place {
	uint8_t host;
	uint16_t port;
};

struct end {
	uint32_t slot[2]; /* RTP, RTCP */
	struct fp_stream stream;
	struct place at;   /* where it sends from; RTCP from the next port */
	struct place goes; /* where what is for it has to go */
	struct place rtcp_goes;
	bool confirmed;    /* its source is settled: neighbours of its address are strangers too */
	bool latched;      /* it has been heard: who knows its SSRC and where its sequence is, is it */
	uint32_t ssrc;
	uint16_t seq;
	unsigned got;      /* packets that came to it */
};

static struct stage {
	struct fastpath *fp;
	bool v6[2];
	struct end end[2][STREAMS];
	uint64_t refusable; /* sprayed to open ports */
	const char *wrong;
} g;

static void body(uint8_t *dst, unsigned side, unsigned i)
{
	memset(dst, 0xc0 + (int)side, BODY);
	dst[0] = (uint8_t)i;
}

static const uint8_t foreign[BODY] = "STRANGERSTRANGE";

static struct addr place_addr(unsigned side, const struct place *p)
{
	struct addr a = address(peers[side].ip[g.v6[side]], p->port);
	a.bytes[g.v6[side] ? 15 : 3] = p->host;
	return a;
}

/* --- what leaves ---------------------------------------------------------------------------------------------------- */

static void check_frame(unsigned side, const struct frame *f)
{
	bool v6 = f->b[12] == 0x86;
	const uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at;
	if (v6 != g.v6[side] || protocol_of(f) != 17)
		return;
	unsigned sport = (unsigned)udp[0] << 8 | udp[1], dport = (unsigned)udp[2] << 8 | udp[3];
	unsigned i = (sport - GW_PORT) / STEP, rtcp = (sport - GW_PORT) % STEP;
	if (sport < GW_PORT || i >= STREAMS || rtcp > 1) {
		g.wrong = "something left from a port that no stream uses";
		return;
	}
	struct end *e = &g.end[side][i];
	const struct place *to = rtcp ? &e->rtcp_goes : &e->goes;
	struct addr dst = place_addr(side, to);
	uint8_t genuine[BODY];
	body(genuine, !side, i);
	if (memcmp(udp + 8 + 12, genuine, BODY))
		g.wrong = "injection: a stranger's packet came out";
	else if (memcmp(ip + (v6 ? 24 : 16), dst.bytes, v6 ? 16 : 4) || dport != to->port)
		g.wrong = ip[v6 ? 39 : 19] == STRANGER ? "bleed: a packet of the call went to a stranger" : "a packet of the call went to the wrong place";
	e->got++;
}

static void watch(void)
{
	struct frame f;
	turn_loop();
	for (unsigned side = 0; side < 2; side++)
		while (next_frame(&peers[side], &f))
			check_frame(side, &f);
}

static void on_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < STREAMS; i++)
			if (g.end[side][i].slot[1] == slot)
				(void)fastpath_send(g.fp, g.end[!side][i].slot[1], data, len);
}

/* --- what arrives --------------------------------------------------------------------------------------------------- */

static void send_from(unsigned side, unsigned i, const struct place *from, bool rtcp, uint32_t ssrc, uint16_t seq, const uint8_t *bytes)
{
	struct frame f;
	build(&f, &peers[side], g.v6[side], &(struct shape){.host = from->host, .sport = from->port, .dport = (uint16_t)(GW_PORT + STEP * i + rtcp), .seq = seq,
		.ssrc = ssrc, .timestamp = rtcp ? ssrc : 0, .second = rtcp ? 200 : 0, .payload = 40, .body = bytes, .body_len = BODY});
	put(&peers[side], &f);
}

/* RTP where RTCP is to come. */
static void send_to_rtcp(unsigned side, unsigned i, const struct place *from)
{
	struct frame f;
	build(&f, &peers[side], g.v6[side], &(struct shape){.host = from->host, .sport = from->port, .dport = (uint16_t)(GW_PORT + STEP * i + 1), .seq = 1, .ssrc = 7,
		.payload = 40, .body = foreign, .body_len = BODY});
	put(&peers[side], &f);
}

/* A packet of the call itself; it has to come to the other side. */
static void say(unsigned side, unsigned i, bool rtcp)
{
	struct end *e = &g.end[side][i], *other = &g.end[!side][i];
	struct place from = {e->at.host, (uint16_t)(e->at.port + rtcp)};
	unsigned before = other->got;
	uint8_t bytes[BODY];
	body(bytes, side, i);
	send_from(side, i, &from, rtcp, e->ssrc, rtcp ? 6 : ++e->seq, bytes);
	for (int ms = 0; ms < SOON && other->got == before && !g.wrong; ms++) {
		watch();
		if (other->got == before)
			run_loop(1);
	}
	turn_loop();
	if (!g.wrong && other->got == before)
		g.wrong = rtcp ? "RTCP of the call did not arrive" : "a packet of the call did not arrive";
}

static void talk(void)
{
	for (unsigned i = 0; i < STREAMS && !g.wrong; i++)
		for (unsigned side = 0; side < 2; side++)
			say(side, i, false);
}

static void report(void)
{
	for (unsigned i = 0; i < STREAMS && !g.wrong; i++)
		for (unsigned side = 0; side < 2; side++)
			say(side, i, true);
}

/* A source that has lost its stream, or is on hold, knows everything and may nothing. */
static void say_in_vain(unsigned side, unsigned i, struct place from)
{
	struct end *e = &g.end[side][i];
	send_from(side, i, &from, false, e->ssrc, (uint16_t)(e->seq + 1), foreign);
	g.refusable++;
}

static uint64_t refused(void)
{
	uint64_t n = 0;
	struct fp_stats s;
	for (unsigned i = 0; i < STREAMS; i++)
		for (unsigned side = 0; side < 2; side++)
			for (int k = 0; k < 2; k++)
				if (!fastpath_read(g.fp, g.end[side][i].slot[k], &s))
					n += s.refused;
	return n;
}

/* Waits until everything that was sprayed to a stream is counted as refused by it: only then may anything change. */
static void settle(void)
{
	static char text[80];
	watch();
	for (int ms = 0; ms < SOON && refused() < g.refusable && !g.wrong; ms++) {
		run_loop(1);
		watch();
	}
	if (g.wrong || refused() == g.refusable)
		return;
	snprintf(text, sizeof text, "%llu packets counted as refused, %llu were", (unsigned long long)refused(), (unsigned long long)g.refusable);
	g.wrong = text;
}

/* One stranger's packets to one port. `e` is the stream there, or NULL. */
static void spray_port(unsigned side, uint16_t port, const struct end *e, unsigned round)
{
	static const uint8_t types[] = {0, 8, 101, 0x80};
	uint32_t ssrc = e ? e->ssrc : 0x1000, random = (uint32_t)rand() | 1;
	uint16_t seq = e ? e->seq : 1;
	struct place at = e ? e->at : (struct place){2, 31000};
	const struct {
		bool skip, rtcp;
		struct place from;
		uint32_t ssrc;
		uint16_t seq;
	} rows[] = {
		{false, false, {STRANGER, e ? e->stream.remote.port : PEER_PORT}, random, (uint16_t)(seq + 1)},
		{false, false, {STRANGER, at.port}, ssrc, (uint16_t)(seq + 20000)},
		{false, false, {STRANGER, (uint16_t)(1024 + rand() % 60000)}, random, (uint16_t)rand()},
		{e && e->stream.latch && e->latched, false, {STRANGER, at.port}, ssrc, (uint16_t)(seq + 1)},
		{false, false, {PRIVATE, 5555}, random, (uint16_t)(seq + 1)},
		{e && e->stream.latch && !e->confirmed, false, {at.host, (uint16_t)(at.port + 4)}, random, (uint16_t)(seq + 1)},
		{false, true, {STRANGER, (uint16_t)(at.port + 1)}, ssrc, 6},
		{e && e->stream.latch && !e->confirmed, true, {at.host, (uint16_t)(at.port + 5)}, random, 6},
	};
	for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
		struct frame f;
		if (rows[k].skip)
			continue;
		build(&f, &peers[side], g.v6[side], &(struct shape){.host = rows[k].from.host, .sport = rows[k].from.port, .dport = port, .seq = rows[k].seq,
			.ssrc = rows[k].ssrc, .timestamp = rows[k].rtcp ? rows[k].ssrc : 0, .second = rows[k].rtcp ? 200 : types[(k + round) % 4], .payload = 40,
			.body = foreign, .body_len = BODY});
		put(&peers[side], &f);
		g.refusable += e != NULL;
	}
}

/* A stranger's packet to each open port. They wait in every queue there is behind those for other ports, which nobody counts: once these are, the queues are
 * empty, and what comes next finds room. */
static void mark(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		for (unsigned side = 0; side < 2; side++) {
			const struct place from = {STRANGER, PEER_PORT};
			send_from(side, i, &from, false, 7, 1, foreign);
			send_to_rtcp(side, i, &from);
			g.refusable += 2;
		}
}

static void spray(void)
{
	static unsigned round;
	round++;
	for (unsigned n = 0; n < PORTS && !g.wrong; n++) {
		for (unsigned side = 0; side < 2; side++) {
			bool open = n / STEP < STREAMS && n % STEP < 2;
			spray_port(side, (uint16_t)(GW_PORT + n), open ? &g.end[side][n / STEP] : NULL, round);
		}
		if (n % STEP == STEP - 1) {
			mark();
			settle();
		}
	}
}

/* --- the calls ------------------------------------------------------------------------------------------------------ */

/* What an offer/answer says of an end. */
static void set(unsigned side, unsigned i)
{
	struct end *e = &g.end[side][i];
	struct fp_stream rtcp = e->stream;
	rtcp.rtcp = rtcp.send = rtcp.receive = true;
	if (addr_is_set(&rtcp.remote))
		rtcp.remote.port++;
	if (fastpath_upsert(g.fp, e->slot[0], &e->stream) || fastpath_upsert(g.fp, e->slot[1], &rtcp))
		die("upsert");
}

static void answered(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		for (unsigned side = 0; side < 2; side++) {
			g.end[side][i].stream.arm++;
			g.end[side][i].confirmed = false;
			set(side, i);
		}
}

static void open_calls(void)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		for (unsigned side = 0; side < 2; side++) {
			struct end *e = &g.end[side][i];
			struct place signalled = {side ? 2 : PRIVATE, (uint16_t)(side ? 4000 + STEP * i : 6000 + STEP * i)};
			*e = (struct end){.at = {2, (uint16_t)(side ? 4000 + STEP * i : 31000 + STEP * i)}, .goes = signalled, .ssrc = 0x1000 * (side + 1) + i,
					  .seq = (uint16_t)(65500 + i)};
			e->rtcp_goes = (struct place){signalled.host, (uint16_t)(signalled.port + 1)};
			e->stream = stream_to(peers[side].ip[g.v6[side]], !side, 46);
			e->stream.remote = place_addr(side, &signalled);
			for (int k = 0; k < 2; k++) {
				struct addr local = address(peers[side].gw[g.v6[side]], (uint16_t)(GW_PORT + STEP * i + (unsigned)k));
				if (fastpath_slot(g.fp, &local, &e->slot[k]) || fastpath_open_port(g.fp, e->slot[k]))
					die("port");
				fastpath_remove(g.fp, e->slot[k]);
			}
			set(side, i);
		}
		if (fastpath_join(g.fp, g.end[0][i].slot[0], g.end[1][i].slot[0]))
			die("join");
	}
	g.refusable = 0;
	g.wrong = NULL;
}

static void close_calls(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		for (unsigned side = 0; side < 2; side++)
			for (int k = 0; k < 2; k++) {
				fastpath_remove(g.fp, g.end[side][i].slot[k]);
				fastpath_close_port(g.fp, g.end[side][i].slot[k]);
			}
}

/* Side a sends from another place from now on, and is to be found there. */
static void move_source(uint8_t host, uint16_t port, bool new_ssrc)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		struct end *e = &g.end[0][i];
		e->at = e->goes = (struct place){host, (uint16_t)(port + STEP * i)};
		e->rtcp_goes = (struct place){host, (uint16_t)(port + STEP * i + 1)};
		if (new_ssrc) {
			e->ssrc += 0x100;
			e->seq = (uint16_t)(e->seq + 9000);
		}
	}
}

static void confirmed(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		g.end[0][i].confirmed = g.end[1][i].confirmed = g.end[0][i].latched = true;
}

static struct place places[STREAMS];

static void remember(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		places[i] = g.end[0][i].at;
}

/* Those that were remembered go on sending, in vain. */
static void old_ones_speak(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		say_in_vain(0, i, places[i]);
	settle();
}

static void before_latching(void)
{
	spray();
	for (unsigned i = 0; i < STREAMS && !g.wrong; i++)
		say(1, i, false);
	spray();
}

static void latching(void)
{
	move_source(2, 31000, false);
	talk();
	report();
	confirmed();
	spray();
	talk();
	report();
}

static void new_offer_without_change(void)
{
	remember();
	answered();
	spray();
	move_source(2, 32000, true);
	talk();
	report();
	confirmed();
	spray();
	old_ones_speak();
	talk();
}

static void hold(void)
{
	for (unsigned i = 0; i < STREAMS; i++)
		for (unsigned side = 0; side < 2; side++) {
			g.end[side][i].stream.send = g.end[side][i].stream.receive = false;
			if (!side)
				g.end[side][i].stream.remote = (struct addr){0};
		}
	answered();
	spray();
	remember();
	old_ones_speak();
	for (unsigned i = 0; i < STREAMS; i++) {
		struct place signalled = {PRIVATE, (uint16_t)(6000 + STEP * i)};
		for (unsigned side = 0; side < 2; side++)
			g.end[side][i].stream.send = g.end[side][i].stream.receive = true;
		g.end[0][i].stream.remote = place_addr(0, &signalled);
	}
	answered();
	spray();
	for (unsigned i = 0; i < STREAMS && !g.wrong; i++)
		say(1, i, false); /* to where it was before: nobody has moved */
	move_source(2, 33000, true);
	talk();
	report();
	confirmed();
}

static void move(void)
{
	remember();
	for (unsigned i = 0; i < STREAMS; i++) {
		struct end *e = &g.end[0][i];
		struct place to = {MOVED, (uint16_t)(7000 + STEP * i)};
		e->stream.remote = place_addr(0, &to);
		e->goes = to;
		e->rtcp_goes = (struct place){MOVED, (uint16_t)(to.port + 1)};
	}
	answered();
	spray();
	talk(); /* from the old place, to the new one */
	talk();
	spray();
	move_source(MOVED, 7000, true);
	talk();
	report();
	confirmed();
	old_ones_speak();
	spray();
	talk();
}

/* The NAT forgets: the same stream comes from elsewhere, at most three packets of it may be lost on both ways. */
static void rebind(void)
{
	remember();
	for (unsigned i = 0; i < STREAMS; i++)
		g.end[0][i].seq = (uint16_t)(g.end[0][i].seq + 5); /* lost meanwhile */
	move_source(REBOUND, 9000, false);
	talk();
	report();
	old_ones_speak();
	spray();
	talk();
	report();
}

static const struct {
	const char *name;
	void (*fn)(void);
} phases[] = {
	{"before anything is latched, media goes to the signalled address", before_latching},
	{"latched from the signalling address, strangers stay out", latching},
	{"an offer/answer without a change lets a new port in, once", new_offer_without_change},
	{"hold, with the binding lost", hold},
	{"a move: the old source is heard until the new one speaks", move},
	{"a NAT rebinding is followed", rebind},
};

static const char *forwarded_by(enum fp_engine engine)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		struct fp_stats s;
		if (fastpath_read(g.fp, g.end[0][i].slot[0], &s) || s.by_engine[engine] != s.rx_packets || !s.rx_packets)
			return "another engine forwarded";
	}
	return NULL;
}

/* Neighbours of all places, so that what leaks is seen on the wire. */
static void know_neighbours(void)
{
	static const uint8_t hosts[] = {PRIVATE, MOVED, REBOUND, STRANGER};
	for (unsigned side = 0; side < 2; side++) {
		const uint8_t *m = peers[side].mac;
		for (size_t k = 0; k < sizeof hosts; k++) {
			command(NULL, "ip neigh replace 10.77.%u.%u lladdr %02x:%02x:%02x:%02x:%02x:%02x dev %s nud permanent", side + 1, hosts[k], m[0], m[1],
				m[2], m[3], m[4], m[5], peers[side].gw_ifname);
			command(NULL, "ip neigh replace fd77:%u::%x lladdr %02x:%02x:%02x:%02x:%02x:%02x dev %s nud permanent", side + 1, hosts[k], m[0], m[1],
				m[2], m[3], m[4], m[5], peers[side].gw_ifname);
		}
	}
}

int test_sources(enum fp_engine engine)
{
	know_neighbours();
	srand(4);
	engine_handlers.rtcp = on_rtcp;
	g.fp = open_engine(engine_wants[engine], NULL, PORTS);
	for (unsigned pair = 0; pair < 4; pair++) {
		g.v6[0] = pair & 1;
		g.v6[1] = pair & 2;
		open_calls();
		for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
			char name[128];
			snprintf(name, sizeof name, "%s %c-%c", phases[i].name, g.v6[0] ? '6' : '4', g.v6[1] ? '6' : '4');
			g.wrong = NULL;
			phases[i].fn();
			result(name, g.wrong);
		}
		char name[32];
		snprintf(name, sizeof name, "by this engine %c-%c", g.v6[0] ? '6' : '4', g.v6[1] ? '6' : '4');
		result(name, forwarded_by(engine));
		close_calls();
	}
	mem_deref(g.fp);
	return summary();
}
