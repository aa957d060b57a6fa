// SPDX-License-Identifier: GPL-3.0-or-later
/* The same packets, well-formed and not, to one engine after the other: what leaves, and what is counted, must be the same, except where
 * the host's stack drops a packet before any socket (`host_drops`). Not compared is what the stack picks for itself: IPv4 identification, DF, flow label. */
#include "wire.h"
#include "base/counter.h"
#include "tandem/csum.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFERS    2048
#define RANDOM     500 /* packets of random changes, for each pair of families */
#define SEED       7915

/* What became of one packet. */
struct fate {
	unsigned n; /* frames that left */
	struct {
		bool at_b, v6, sum_good;
		uint8_t tos, hop_limit;
		uint16_t len, sport, dport;
		uint8_t src[16], dst[16];
		uint32_t payload; /* its sum, with positions */
	} out[3];
	uint64_t accepted, refused;
	uint32_t lost, reordered, ssrc;
	bool latched;
	struct addr remote;
};

struct run {
	struct fate *fate; /* of each packet, in order */
	size_t n, room;
};

/* --- packets -------------------------------------------------------------------------------------------------------- */

struct trial {
	struct frame f;
	bool fragmented;
	char name[64];
};

static uint32_t state;

static uint32_t random_number(void)
{
	state = state * 1664525u + 1013904223u;
	return state >> 8;
}

static bool is_v6(const struct frame *f)
{
	return f->b[12] == 0x86;
}

/* The UDP checksum over what the headers say, 0xffff where it is right; the length field of IP is the host's affair. */
static uint16_t udp_header_sum(const struct frame *f)
{
	const uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at;
	uint16_t len;
	memcpy(&len, udp + 4, 2);
	size_t n = ntohs(len), have = f->len - f->udp_at;
	return tandem_csum_fold(tandem_csum_bytes(ip + (is_v6(f) ? 8 : 12), is_v6(f) ? 32 : 8) + tandem_csum_pseudo(len) +
				tandem_csum_bytes(udp, (uint32_t)(n < have ? n : have)));
}

static void repair(struct frame *f)
{
	uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at;
	uint16_t c;
	if (!is_v6(f)) {
		memset(ip + 10, 0, 2);
		c = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(ip, 20));
		memcpy(ip + 10, &c, 2);
	}
	memset(udp + 6, 0, 2);
	c = (uint16_t)~udp_header_sum(f);
	c = c ? c : 0xffff;
	memcpy(udp + 6, &c, 2);
}

static const struct {
	const char *name;
	struct shape shape;
	bool fragmented, from_4;
} shapes[] = {
	{"plain", {0}, false, false},
	{"header alone", {.payload = 12}, false, false},
	{"marker and type", {.second = 0xe5}, false, false},
	{"contributing sources", {.first = 0x8f}, false, false},
	{"header extension", {.first = 0x90}, false, false},
	{"padding", {.first = 0xa0}, false, false},
	{"largest across", {.payload = 1452}, false, false},
	{"hop limit 0", {.ttl = 255}, false, false},
	{"hop limit 1", {.ttl = 1}, false, false},
	{"hop limit 2", {.ttl = 2}, false, false},
	{"ECN", {.tos = 0xff}, false, false},
	{"no traffic class", {.no_dscp = true}, false, false},
	{"no checksum", {.no_check = true}, false, false},
	{"wrong checksum", {.bad_check = true}, false, false},
	{"options", {.options = true}, false, false},
	{"fragments", {0}, true, false},
	{"large fragments", {.payload = 1400}, true, false},
	{"another port, same stream", {.sport = PEER_PORT + 3}, false, false},
	{"another port, wrong checksum", {.sport = PEER_PORT + 3, .bad_check = true}, false, false},
	{"another port, far sequence", {.sport = PEER_PORT + 3, .seq = 30000}, false, false},
	{"another port, other stream", {.sport = PEER_PORT + 3, .ssrc = 99}, false, false},
	{"new SSRC", {.ssrc = 99}, false, false},
	{"jump", {.seq = 30000}, false, false},
	{"late", {.seq = 90}, false, false},
	{"twice", {.seq = 100}, false, false},
	{"stranger", {.stranger = true, .ssrc = 99}, false, false},
	{"moved", {.host = 9}, false, false},
	{"closed port", {.dport = GW_PORT + 6}, false, false},
	{"RTCP here", {.second = 200}, false, false},
	{"STUN", {.first = 1}, false, false},
	{"DTLS", {.first = 22}, false, false},
	{"junk", {.first = 0xff}, false, false},
	{"runt", {.payload = 11}, false, false},
	{"one byte", {.payload = 1}, false, false},
};
#define SHAPES (sizeof shapes / sizeof shapes[0])

static const uint8_t *xor_values(size_t *n)
{
	static const uint8_t values[] = {0x01, 0x80, 0xff, 0x10, 0x04};
	*n = sizeof values;
	return values;
}

static void describe(struct trial *t, const char *what, unsigned a, unsigned b, bool repaired)
{
	snprintf(t->name, sizeof t->name, "%s %u %#x%s", what, a, b, repaired ? "" : " (sums left)");
}

/* The k-th packet; false when there are no more. The same for each engine. */
static bool trial(struct trial *t, size_t k, bool v6)
{
	size_t values, headers = v6 ? 60 : 40;
	const uint8_t *value = xor_values(&values);
	t->fragmented = false;
	if (k < SHAPES) {
		struct shape s = shapes[k].shape;
		s.seq = s.seq ? s.seq : 101;
		build(&t->f, &peers[0], v6, &s);
		t->fragmented = shapes[k].fragmented;
		snprintf(t->name, sizeof t->name, "%s", shapes[k].name);
		return true;
	}
	k -= SHAPES;
	build(&t->f, &peers[0], v6, &(struct shape){.seq = 101});
	if (k < headers * values * 2) { /* each byte of IP, UDP and RTP headers changed, sums made right and not */
		size_t at = k / (values * 2);
		uint8_t x = value[k / 2 % values];
		t->f.b[t->f.ip_at + at] ^= x;
		if (k & 1)
			repair(&t->f);
		describe(t, "byte", (unsigned)at, x, k & 1);
		return true;
	}
	k -= headers * values * 2;
	if (k < 80) { /* cut off, or followed by rubbish */
		t->f.len = k < 60 ? t->f.len - 1 - k * 3 : t->f.len + k - 59;
		describe(t, "frame length", (unsigned)t->f.len, 0, true);
		return true;
	}
	k -= 80;
	if (k >= RANDOM)
		return false;
	state = (uint32_t)(SEED + k);
	t->fragmented = k % 10 == 9; /* then the IP headers are whole */
	size_t from = t->fragmented ? headers - 20 : 0;
	for (uint32_t i = 0, n = 1 + random_number() % 4; i < n; i++)
		t->f.b[t->f.ip_at + from + random_number() % (headers + 20 - from)] ^= (uint8_t)random_number();
	bool repaired = random_number() & 1;
	if (repaired)
		repair(&t->f);
	describe(t, t->fragmented ? "random, in fragments" : "random", (unsigned)k, 0, repaired);
	return true;
}

/* The packet that is the i-th: where EVERY is set, all with a name and of the others one in so many. */
static size_t chosen(size_t i)
{
	const char *text = getenv("EVERY");
	size_t every = text && atoi(text) > 1 ? (size_t)atoi(text) : 1;
	return i < SHAPES ? i : SHAPES + (i - SHAPES) * every;
}

/* --- what the host's stack drops before a socket ------------------------------------------------------------------- */

static bool wrong_udp_sum(const struct frame *f)
{
	const uint8_t *udp = f->b + f->udp_at;
	return (udp[6] || udp[7]) && udp_header_sum(f) != 0xffff;
}

/* 4.1 of RFC 1812 5.3.7, RFC 4291 2.7: groups, broadcasts, loopback and nobody send nothing. */
static bool impossible_source(const struct frame *f)
{
	const uint8_t *ip = f->b + f->ip_at;
	static const uint8_t none[16];
	if (is_v6(f))
		return ip[8] == 0xff || !memcmp(ip + 8, none, 15);
	return ip[12] == 0 || ip[12] == 127 || ip[12] >= 224 || !memcmp(ip + 12, ip + 16, 4);
}

/* From the gateway itself, or from the broadcast address of its network. */
static bool own_source(const struct frame *f)
{
	struct addr a;
	for (int i = 0; i < 2; i++) {
		a = address(peers[i].gw[is_v6(f)], 0);
		if (!memcmp(f->b + f->ip_at + (is_v6(f) ? 8 : 12), a.bytes, is_v6(f) ? 16 : 4))
			return true;
	}
	return !is_v6(f) && (f->b[f->ip_at + 15] == 0xff || !f->b[f->ip_at + 15]);
}

static const struct {
	const char *name;
	bool (*fn)(const struct frame *f);
} host_drops[] = {
	{"wrong UDP checksum", wrong_udp_sum},
	{"a source address that no host can have", impossible_source},
	{"a source address of the gateway's own or a broadcast", own_source},
};
#define HOST_DROPS (sizeof host_drops / sizeof host_drops[0])

static bool dropped_by_host(const struct frame *f)
{
	for (size_t i = 0; i < HOST_DROPS; i++)
		if (host_drops[i].fn(f))
			return true;
	return false;
}

/* --- one packet through one engine --------------------------------------------------------------------------------- */

static bool from_gateway(const struct frame *f)
{
	return f->b[f->ip_at + (is_v6(f) ? 6 : 9)] == 17 && f->b[f->udp_at] == GW_PORT >> 8 && f->b[f->udp_at + 1] <= (GW_PORT & 0xff) + 40;
}

static bool sent_with(const struct frame *f, uint32_t ssrc, uint16_t seq)
{
	const uint8_t *rtp = f->b + f->udp_at + 8;
	uint32_t s = htonl(ssrc);
	return !memcmp(rtp + 8, &s, 4) && (rtp[2] << 8 | rtp[3]) == seq;
}

static void left(struct fate *fate, const struct frame *f, bool at_b)
{
	const uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at;
	if (fate->n == 3)
		return;
	__typeof__(&fate->out[0]) o = &fate->out[fate->n++];
	bool v6 = is_v6(f);
	o->at_b = at_b;
	o->v6 = v6;
	o->tos = v6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
	o->hop_limit = ip[v6 ? 7 : 8];
	o->len = (uint16_t)(udp[4] << 8 | udp[5]);
	o->sport = (uint16_t)(udp[0] << 8 | udp[1]);
	o->dport = (uint16_t)(udp[2] << 8 | udp[3]);
	memcpy(o->src, ip + (v6 ? 8 : 12), v6 ? 16 : 4);
	memcpy(o->dst, ip + (v6 ? 24 : 16), v6 ? 16 : 4);
	o->sum_good = (udp[6] || udp[7]) && udp_header_sum(f) == 0xffff;
	for (size_t i = f->udp_at + 8; i < f->len && i < f->udp_at + o->len; i++)
		o->payload = o->payload * 31 + f->b[i];
}

static uint32_t fence_rtcp; /* last that the daemon's RTCP handler had */

static void on_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	memcpy(&fence_rtcp, data + 4, sizeof fence_rtcp);
}

/* RTP behind what is forwarded, RTCP behind what the daemon reads. */
static void fence(const bool v6[2], uint16_t seq)
{
	struct frame f;
	put_fence(v6, seq);
	build(&f, &peers[0], v6[0], &(struct shape){.dport = FENCE_PORT, .second = 200, .timestamp = FENCE_SSRC + seq, .payload = 40});
	put(&peers[0], &f);
}

/* Collects what leaves until the fence has come through. */
static void collect(struct fate *fate, uint16_t seq)
{
	struct frame f;
	bool through = false;
	for (int round = 0; round < 20 * SOON; round++) {
		turn_loop();
		while (next_frame(&peers[1], &f)) {
			if (!from_gateway(&f) || sent_with(&f, SSRC, 100))
				continue;
			if (is_fence(&f, seq))
				through = true;
			else
				left(fate, &f, true);
		}
		while (next_frame(&peers[0], &f))
			if (from_gateway(&f))
				left(fate, &f, false);
		if (through && fence_rtcp == htonl(FENCE_SSRC + seq))
			return;
		if (round > 20)
			usleep(50);
	}
	die("the fence did not come through");
}

static void try_one(struct fastpath *fp, const struct trial *t, const bool v6[2], uint16_t number, struct fate *fate)
{
	struct frame first;
	struct fp_stats s = {0};
	uint32_t slot[2];
	memset(fate, 0, sizeof *fate);
	start(fp, slot, v6, 46);
	build(&first, &peers[0], v6[0], &(struct shape){.seq = 100});
	put(&peers[0], &first);
	if (t->fragmented)
		put_fragments(&peers[0], &t->f);
	else if (send(peers[0].fd, t->f.b, t->f.len, 0) < 0)
		die("send");
	fence(v6, number);
	collect(fate, number);
	(void)fastpath_read(fp, slot[0], &s);
	fate->accepted = s.rx_packets;
	fate->refused = s.refused;
	fate->lost = s.lost;
	fate->reordered = s.reordered;
	fate->ssrc = s.ssrc;
	fate->latched = s.latched;
	fate->remote = s.remote;
	end(fp, slot);
}

static void run_engine(enum fp_engine engine, const bool v6[2], struct run *r)
{
	engine_handlers.rtcp = on_rtcp;
	engine_threads = 1; /* packets of different streams keep their order */
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	struct trial t;
	open_fence(fp, v6);
	for (r->n = 0; trial(&t, chosen(r->n), v6[0]); r->n++) {
		if (r->n == r->room)
			r->fate = realloc(r->fate, (r->room += BUFFERS) * sizeof *r->fate);
		if (!r->fate)
			die("memory");
		try_one(fp, &t, v6, (uint16_t)(r->n + 1), &r->fate[r->n]);
	}
	mem_deref(fp);
	engine_threads = 0;
}

/* --- comparing ------------------------------------------------------------------------------------------------------ */

static const char *compare_out(const struct fate *a, const struct fate *b)
{
	if (a->n != b->n)
		return a->n < b->n ? "it forwards, null does not" : "null forwards, it does not";
	for (unsigned i = 0; i < a->n; i++) {
		const __typeof__(a->out[0]) *x = &a->out[i], *y = &b->out[i];
		if (x->at_b != y->at_b || x->v6 != y->v6)
			return "side or family";
		if (memcmp(x->src, y->src, 16) || memcmp(x->dst, y->dst, 16) || x->sport != y->sport || x->dport != y->dport)
			return "addresses or ports";
		if (x->len != y->len || x->payload != y->payload)
			return "payload";
		if (x->tos != y->tos)
			return "traffic class";
		if (x->hop_limit != y->hop_limit)
			return "hop limit";
		if (x->sum_good != y->sum_good)
			return "checksum";
	}
	return NULL;
}

static const char *compare(const struct fate *a, const struct fate *b)
{
	const char *wrong = compare_out(a, b);
	if (wrong)
		return wrong;
	if (a->accepted != b->accepted)
		return "accepted packets";
	if (a->refused != b->refused)
		return "refused packets";
	if (a->lost != b->lost || a->reordered != b->reordered)
		return "loss or order";
	if (a->ssrc != b->ssrc || a->latched != b->latched || !addr_eq(&a->remote, &b->remote))
		return "the latch";
	return NULL;
}

/* What the host would have dropped may pass an engine that is before it, but unchanged in what is wrong with it, and must turn nothing. */
static const char *compare_dropped(const struct frame *f, const struct fate *null, const struct fate *other)
{
	if (null->n || null->accepted != 1)
		return "the host let it through";
	if (other->n && wrong_udp_sum(f) && other->out[0].sum_good)
		return "a wrong checksum was made right";
	if (!addr_eq(&null->remote, &other->remote) || null->ssrc != other->ssrc)
		return "it changed the stream";
	return NULL;
}

static void compare_runs(const struct run *null, const struct run *other, const char *engine, const bool v6[2])
{
	struct trial t;
	unsigned shown = 0, differ = 0;
	char name[160];
	for (size_t k = 0; k < null->n && trial(&t, chosen(k), v6[0]); k++) {
		bool dropped = dropped_by_host(&t.f);
		const char *wrong = dropped ? compare_dropped(&t.f, &null->fate[k], &other->fate[k]) : compare(&null->fate[k], &other->fate[k]);
		if (!wrong)
			continue;
		differ++;
		snprintf(name, sizeof name, "%s %c-%c %s", engine, v6[0] ? '6' : '4', v6[1] ? '6' : '4', t.name);
		if (shown++ < 20)
			result(name, wrong);
	}
	snprintf(name, sizeof name, "%s %c-%c: %zu packets, %u otherwise than null's", engine, v6[0] ? '6' : '4', v6[1] ? '6' : '4', null->n, differ);
	result(name, differ ? "engines differ" : null->n != other->n ? "not all packets" : NULL);
}

static const struct engine {
	const char *name;
	enum fp_engine engine;
} host_engines[] = {{"generic", FP_XDP_GENERIC}, {"native", FP_XDP_NATIVE}}, module_engines[] = {{"module", FP_KMOD}};

static int differ(const struct engine *engines, size_t n)
{
	struct run null = {0}, other = {0};
	for (unsigned pair = 0; pair < 4; pair++) {
		const bool v6[2] = {pair & 1, pair & 2};
		run_engine(FP_NULL, v6, &null);
		for (size_t i = 0; i < n; i++) {
			run_engine(engines[i].engine, v6, &other);
			compare_runs(&null, &other, engines[i].name, v6);
		}
	}
	free(null.fate);
	free(other.fate);
	return summary();
}

int test_differ(void)
{
	return differ(host_engines, sizeof host_engines / sizeof host_engines[0]);
}

int test_differ_module(void)
{
	return differ(module_engines, sizeof module_engines / sizeof module_engines[0]);
}
