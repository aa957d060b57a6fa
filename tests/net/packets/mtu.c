// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets that do not fit their way out: who is told so, by what ICMP error, and what goes on in fragments. RFC 791 2.3, RFC 1191, RFC 8200 5, RFC 8201,
 * RFC 7915 4 and 5. */
#include "wire.h"
#include "tandem/csum.h"
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#define LINK_MTU  1400
#define ROUTE_MTU 1000
#define FLOOD     300
#define PAIR(from, to) (1u << ((from) == 6) << 2 * ((to) == 6))

enum fate { WHOLE, PIECES, ERROR };

struct mtu_case {
	const char *name;
	unsigned pairs;
	size_t payload;
	size_t pieces;        /* it is sent in fragments of that many bytes of IP payload; 0: whole */
	bool dont_fragment;
	unsigned route_mtu;   /* of the route to the other peer, 0: its link's MTU is what counts */
	enum fate fate, fate_by_module;
	unsigned told;        /* MTU in the error */
};

/* The gateway's wire to the other peer takes LINK_MTU bytes, that to the sender 1500. A socket does not tell whether an IPv4 packet may be fragmented:
 * the null engine does in any case. */
static const struct mtu_case cases[] = {
	{"fits 4-4", PAIR(4, 4), LINK_MTU - 28, .fate = WHOLE, .fate_by_module = WHOLE},
	{"fits 4-6", PAIR(4, 6), LINK_MTU - 48, .fate = WHOLE, .fate_by_module = WHOLE},
	{"fits 6-4", PAIR(6, 4), LINK_MTU - 28, .fate = WHOLE, .fate_by_module = WHOLE},
	{"fits 6-6", PAIR(6, 6), LINK_MTU - 48, .fate = WHOLE, .fate_by_module = WHOLE},
	{"a few bytes too many 4-4", PAIR(4, 4), LINK_MTU - 8, .fate = PIECES, .fate_by_module = PIECES},
	{"a few bytes too many 4-6", PAIR(4, 6), LINK_MTU - 28, .fate = PIECES, .fate_by_module = PIECES},
	{"a few bytes too many 4-4, not to be fragmented", PAIR(4, 4), LINK_MTU - 8, .dont_fragment = true, .fate = PIECES, .fate_by_module = ERROR,
	 .told = LINK_MTU},
	{"a few bytes too many 4-6, not to be fragmented", PAIR(4, 6), LINK_MTU - 28, .dont_fragment = true, .fate = PIECES, .fate_by_module = ERROR,
	 .told = LINK_MTU - 20},
	{"a few bytes too many 6-4", PAIR(6, 4), LINK_MTU - 8, .fate = ERROR, .fate_by_module = ERROR, .told = LINK_MTU + 20},
	{"a few bytes too many 6-6", PAIR(6, 6), LINK_MTU - 28, .fate = ERROR, .fate_by_module = ERROR, .told = LINK_MTU},
	{"fits the smallest IPv6 path but not the route 6-4", PAIR(6, 4), 1280 - 48, .route_mtu = ROUTE_MTU, .fate = PIECES, .fate_by_module = PIECES},
	{"route narrower than any IPv6 path 6-4", PAIR(6, 4), 1281 - 48, .route_mtu = ROUTE_MTU, .fate = ERROR, .fate_by_module = ERROR, .told = 1280},
	{"in fragments, and larger than the link", PAIR(4, 4) | PAIR(4, 6) | PAIR(6, 4) | PAIR(6, 6), 1500, 760, .fate = PIECES, .fate_by_module = PIECES},
	{"as large as three frames", PAIR(4, 4) | PAIR(4, 6) | PAIR(6, 4) | PAIR(6, 6), 3900, 1360, .fate = PIECES, .fate_by_module = PIECES},
};

static size_t ip_len(const struct frame *f)
{
	return f->b[12] == 0x86 ? 40 : 20;
}

static void set_dont_fragment(struct frame *f)
{
	struct iphdr h;
	memcpy(&h, f->b + f->ip_at, sizeof h);
	h.frag_off = htons(IP_DF);
	h.check = 0;
	h.check = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(&h, sizeof h));
	memcpy(f->b + f->ip_at, &h, sizeof h);
}

/* --- what came to the other peer --------------------------------------------------------------------------------------- */

/* A datagram that is put together again. */
struct datagram {
	struct frame f;      /* with the IP header of a fragment, as if it were whole */
	size_t got, total;   /* bytes of its UDP part; total is 0 until the last fragment has come */
	size_t largest;      /* IP packet that brought some of it */
	unsigned pieces;
	uint32_t id;
	bool mixed;          /* fragments of several datagrams */
};

/* Where the frame's bytes belong; false when it is not from the gateway's media port, as far as that can be told. */
static bool place(const struct frame *f, size_t *from, size_t *data, size_t *len, bool *more, uint32_t *id)
{
	const uint8_t *ip = f->b + f->ip_at;
	if (f->b[12] == 0x08 && !f->b[13] && ip[9] == IPPROTO_UDP) {
		struct iphdr h;
		memcpy(&h, ip, sizeof h);
		*from = (ntohs(h.frag_off) & 0x1fffu) * 8;
		*more = ntohs(h.frag_off) & IP_MF;
		*id = h.id;
		*data = f->ip_at + 20;
		*len = ntohs(h.tot_len) - 20u;
		return true;
	}
	struct ip6_hdr h;
	struct ip6_frag g = {0};
	memcpy(&h, ip, sizeof h);
	memcpy(&g, ip + sizeof h, sizeof g);
	if (f->b[12] != 0x86 || (h.ip6_nxt != IPPROTO_UDP && (h.ip6_nxt != IPPROTO_FRAGMENT || g.ip6f_nxt != IPPROTO_UDP)))
		return false;
	size_t extra = h.ip6_nxt == IPPROTO_FRAGMENT ? sizeof g : 0;
	*from = extra ? ntohs(g.ip6f_offlg) & 0xfff8u : 0;
	*more = extra && g.ip6f_offlg & IP6F_MORE_FRAG;
	*id = extra ? g.ip6f_ident : 0;
	*data = f->ip_at + sizeof h + extra;
	*len = ntohs(h.ip6_plen) - extra;
	return true;
}

static void take(struct datagram *d, const struct frame *f)
{
	size_t from, data, len;
	uint32_t id;
	bool more;
	if (!place(f, &from, &data, &len, &more, &id) || from + len > sizeof d->f.b - 54)
		return;
	if (!d->pieces) {
		memcpy(d->f.b, f->b, f->ip_at + ip_len(f));
		d->f.ip_at = f->ip_at;
		d->f.udp_at = f->ip_at + ip_len(f);
		d->id = id;
	}
	d->mixed |= id != d->id;
	memcpy(d->f.b + d->f.udp_at + from, f->b + data, len);
	d->pieces++;
	d->got += len;
	d->largest = data - f->ip_at + len > d->largest ? data - f->ip_at + len : d->largest;
	if (!more)
		d->total = from + len;
	d->f.len = d->f.udp_at + d->total;
}

/* Takes what has come to a peer, until a datagram is whole. */
static bool gather(const struct peer *p, struct datagram *d)
{
	struct frame f;
	turn_loop();
	while (next_frame(p, &f)) {
		take(d, &f);
		if (d->total && d->got == d->total) {
			turn_loop();
			return true;
		}
	}
	return false;
}

/* The next datagram at a peer, or nothing within the time. */
static bool collect(const struct peer *p, struct datagram *d, int wait_ms)
{
	*d = (struct datagram){0};
	for (int waited = 0; waited <= wait_ms; waited++) {
		if (gather(p, d))
			return true;
		poll(&(struct pollfd){p->fd, POLLIN, 0}, 1, 1);
	}
	return false;
}

static const char *check_datagram(const struct datagram *d, const struct frame *in, unsigned mtu)
{
	size_t len = in->len - in->udp_at;
	if (d->largest > mtu)
		return "larger than the MTU";
	if (d->mixed)
		return "fragments with different identifications";
	if (d->total != len || memcmp(d->f.b + d->f.udp_at + 8, in->b + in->udp_at + 8, len - 8))
		return "other bytes than were sent";
	return udp_sum(&d->f, d->f.b[12] == 0x08) == 0xffff ? NULL : "UDP checksum";
}

/* --- what came back -------------------------------------------------------------------------------------------------------- */

/* The quoted packet is the one that was sent, as far as RFC 792 and RFC 4443 want it to be. */
static const char *check_quote(const struct frame *in, const uint8_t *quote, size_t len)
{
	const uint8_t *sent = in->b + in->ip_at;
	size_t ip = ip_len(in), ends = ip == 40 ? 8 : 12;
	if (len < ip + 8)
		return "too little is quoted";
	if (quote[0] >> 4 != sent[0] >> 4 || memcmp(quote + ends, sent + ends, ip - ends))
		return "quoted addresses";
	if (quote[ip == 40 ? 6 : 9] != IPPROTO_UDP || memcmp(quote + (ip == 40 ? 4 : 2), sent + (ip == 40 ? 4 : 2), 2))
		return "quoted protocol or length";
	return memcmp(quote + ip, sent + ip, len - ip) ? "quoted UDP packet" : NULL;
}

static const char *check_error6(const struct frame *f, const struct frame *in, unsigned mtu)
{
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct addr from = address(peers[0].gw[1], 0), to = address(peers[0].ip[1], 0);
	memcpy(&ip, f->b + f->ip_at, sizeof ip);
	memcpy(&icmp, f->b + f->ip_at + sizeof ip, sizeof icmp);
	size_t len = ntohs(ip.ip6_plen);
	if (memcmp(&ip.ip6_src, &from.v6, 16) || memcmp(&ip.ip6_dst, &to.v6, 16))
		return "addresses of the error";
	if (icmp.icmp6_type != ICMP6_PACKET_TOO_BIG || icmp.icmp6_code || ntohl(icmp.icmp6_mtu) != mtu)
		return "type, code or MTU of the error";
	if (tandem_csum_fold(tandem_csum_bytes(f->b + f->ip_at + 8, 32) + htons((uint16_t)len) + htons(IPPROTO_ICMPV6) +
			     tandem_csum_bytes(f->b + f->ip_at + 40, (uint32_t)len)) != 0xffff)
		return "checksum of the error";
	if (sizeof ip + len > 1280)
		return "an error larger than 1280 bytes";
	return check_quote(in, f->b + f->ip_at + sizeof ip + sizeof icmp, len - sizeof icmp);
}

static const char *check_error4(const struct frame *f, const struct frame *in, unsigned mtu)
{
	struct iphdr ip;
	struct icmphdr icmp;
	struct addr from = address(peers[0].gw[0], 0), to = address(peers[0].ip[0], 0);
	memcpy(&ip, f->b + f->ip_at, sizeof ip);
	memcpy(&icmp, f->b + f->ip_at + sizeof ip, sizeof icmp);
	size_t len = ntohs(ip.tot_len) - sizeof ip;
	if (ip.saddr != from.v4.s_addr || ip.daddr != to.v4.s_addr)
		return "addresses of the error";
	if (icmp.type != ICMP_DEST_UNREACH || icmp.code != ICMP_FRAG_NEEDED || ntohs(icmp.un.frag.mtu) != mtu)
		return "type, code or MTU of the error";
	if (tandem_csum_fold(tandem_csum_bytes(&ip, sizeof ip)) != 0xffff ||
	    tandem_csum_fold(tandem_csum_bytes(f->b + f->ip_at + sizeof ip, (uint32_t)len)) != 0xffff)
		return "checksum of the error";
	return check_quote(in, f->b + f->ip_at + sizeof ip + sizeof icmp, len - sizeof icmp);
}

static bool is_error(const struct frame *f)
{
	const uint8_t *ip = f->b + f->ip_at;
	return f->b[12] == 0x86 ? ip[6] == IPPROTO_ICMPV6 && ip[40] < 128 : f->b[12] == 0x08 && !f->b[13] && ip[9] == IPPROTO_ICMP && ip[20] == 3;
}

/* The next ICMP error at a peer. */
static bool next_error(const struct peer *p, struct frame *f, int wait_ms)
{
	for (int waited = 0; waited <= wait_ms; waited++) {
		turn_loop();
		while (next_frame(p, f))
			if (is_error(f))
				return true;
		poll(&(struct pollfd){p->fd, POLLIN, 0}, 1, 1);
	}
	return false;
}

/* --- cases ------------------------------------------------------------------------------------------------------------------ */

static void clear(void)
{
	struct frame f;
	for (int i = 0; i < 2; i++)
		while (next_frame(&peers[i], &f))
			;
}

static const char *judge(const struct mtu_case *c, enum fate fate, const struct frame *in, const bool v6[2])
{
	unsigned mtu = c->route_mtu ? c->route_mtu : LINK_MTU;
	struct datagram d;
	struct frame error;
	if (fate == ERROR) {
		if (!next_error(&peers[0], &error, SOON))
			return "no ICMP error";
		const char *wrong = v6[0] ? check_error6(&error, in, c->told) : check_error4(&error, in, c->told);
		return wrong ? wrong : collect(&peers[1], &d, 15) ? "it arrived all the same" : NULL;
	}
	if (!collect(&peers[1], &d, SOON))
		return "did not arrive";
	if ((d.pieces > 1) != (fate == PIECES))
		return fate == PIECES ? "not in fragments" : "in fragments";
	const char *wrong = check_datagram(&d, in, mtu);
	return wrong ? wrong : next_error(&peers[0], &error, 15) ? "an ICMP error left" : NULL;
}

/* The route to the other peer takes `mtu` bytes, 0: as many as its link. The gateway notices within a second. */
static void set_route(unsigned mtu)
{
	if (mtu)
		command(NULL, "ip route replace 10.77.2.2/32 dev %s mtu %u", peers[1].gw_ifname, mtu);
	else
		command(NULL, "ip route del 10.77.2.2/32 dev %s", peers[1].gw_ifname);
	run_loop(1100);
}

static const char *run_case(struct fastpath *fp, const struct mtu_case *c, const bool v6[2], bool module)
{
	uint32_t slot[2];
	struct frame in;
	struct datagram d;
	if (c->route_mtu)
		set_route(c->route_mtu);
	start(fp, slot, v6, 46);
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 100});
	put(&peers[0], &in);
	const char *wrong = collect(&peers[1], &d, SOON) ? NULL : "the first packet did not arrive";
	clear();
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 101, .payload = c->payload});
	if (c->dont_fragment)
		set_dont_fragment(&in);
	if (c->pieces)
		put_pieces(&peers[0], &in, c->pieces);
	else
		put(&peers[0], &in);
	if (!wrong)
		wrong = judge(c, module ? c->fate_by_module : c->fate, &in, v6);
	end(fp, slot);
	if (c->route_mtu)
		set_route(0);
	return wrong;
}

static void run_cases(struct fastpath *fp, bool module)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (unsigned pair = 0; pair < 4; pair++) {
			const bool v6[2] = {pair & 1, pair & 2};
			char name[120];
			if (!(cases[i].pairs & PAIR(v6[0] ? 6 : 4, v6[1] ? 6 : 4)))
				continue;
			snprintf(name, sizeof name, "%s (%c-%c)", cases[i].name, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
			result(name, run_case(fp, &cases[i], v6, module));
		}
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Errors are rationed: a sender that does not listen gets some, not one for each packet; each of two processors may send one in 10 ms. */
static const char *errors_are_rationed(struct fastpath *fp)
{
	static const bool v6[2] = {true, true};
	uint32_t slot[2];
	struct frame f;
	unsigned errors = 0;
	start(fp, slot, v6, 46);
	clear();
	double began = seconds();
	for (uint16_t i = 0; i < FLOOD; i++) {
		build(&f, &peers[0], true, &(struct shape){.seq = (uint16_t)(100 + i), .payload = LINK_MTU});
		put(&peers[0], &f);
	}
	while (next_error(&peers[0], &f, errors ? 100 : SOON))
		errors++;
	double allowed = FLOOD / 2 + (seconds() - began) * 200;
	end(fp, slot);
	return !errors ? "none at all" : errors > allowed ? "one for each" : NULL;
}

/* --- a router further on takes less ------------------------------------------------------------------------------------------ */

/* What a router behind the other peer says about a packet of the gateway, which it quotes. */
static void put_too_big(const struct datagram *about, unsigned mtu)
{
	const struct peer *p = &peers[1];
	bool v6 = about->f.b[12] == 0x86;
	struct frame f = {.ip_at = 14, .udp_at = v6 ? 54 : 34};
	const size_t quoted = ip_len(&about->f) + 8, ip = ip_len(&about->f);
	uint8_t *icmp;
	memcpy(f.b, p->gw_mac, 6);
	memcpy(f.b + 6, p->mac, 6);
	memcpy(f.b + 12, about->f.b + 12, 2);
	struct addr from = address(p->ip[v6], 0), to = address(p->gw[v6], 0);
	f.len = f.udp_at + 8 + quoted;
	icmp = f.b + f.udp_at;
	memcpy(icmp + 8, about->f.b + about->f.ip_at, quoted);
	if (v6) {
		struct ip6_hdr h = {.ip6_flow = htonl(6u << 28), .ip6_plen = htons((uint16_t)(8 + quoted)), .ip6_nxt = IPPROTO_ICMPV6, .ip6_hlim = 64,
				    .ip6_src = from.v6, .ip6_dst = to.v6};
		struct icmp6_hdr i = {.icmp6_type = ICMP6_PACKET_TOO_BIG, .icmp6_mtu = htonl(mtu)};
		memcpy(f.b + 14, &h, sizeof h);
		memcpy(icmp, &i, sizeof i);
		i.icmp6_cksum = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(f.b + 14 + 8, 32) + h.ip6_plen + htons(IPPROTO_ICMPV6) +
							    tandem_csum_bytes(icmp, (uint32_t)(8 + quoted)));
		memcpy(icmp, &i, sizeof i);
	} else {
		struct iphdr h = {.version = 4, .ihl = 5, .tot_len = htons((uint16_t)(ip + 8 + quoted)), .ttl = 64, .protocol = IPPROTO_ICMP,
				  .saddr = from.v4.s_addr, .daddr = to.v4.s_addr};
		struct icmphdr i = {.type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED, .un.frag.mtu = htons((uint16_t)mtu)};
		h.check = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(&h, sizeof h));
		memcpy(f.b + 14, &h, sizeof h);
		memcpy(icmp, &i, sizeof i);
		i.checksum = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(icmp, (uint32_t)(8 + quoted)));
		memcpy(icmp, &i, sizeof i);
	}
	put(p, &f);
}

/* What becomes of one packet: it comes to the other peer, or an error to the sender. */
static const char *becomes(struct datagram *d, struct frame *error, bool *arrived)
{
	*d = (struct datagram){0};
	for (int ms = 0; ms < SOON; ms++) {
		*arrived = gather(&peers[1], d);
		if (*arrived || next_error(&peers[0], error, 0))
			return NULL;
	}
	return "neither it nor an ICMP error came";
}

/* Large packets go on until they are treated by the new MTU: one that is sent a second and a bit later has to be. */
static const char *follows(const bool v6[2], unsigned mtu, unsigned told)
{
	const double until = seconds() + 1.5;
	double sent = 0;
	for (uint16_t seq = 102; sent < until; seq++) {
		struct frame in, error;
		struct datagram d;
		bool arrived;
		sent = seconds();
		build(&in, &peers[0], v6[0], &(struct shape){.seq = seq, .payload = LINK_MTU - 48});
		put(&peers[0], &in);
		const char *wrong = becomes(&d, &error, &arrived);
		if (wrong)
			return wrong;
		if (!arrived)
			return v6[0] ? check_error6(&error, &in, told) : "an ICMP error left";
		if (!v6[0] && d.pieces > 1)
			return check_datagram(&d, &in, mtu);
		run_loop(20);
	}
	return v6[0] ? "no ICMP error" : "never in fragments";
}

static const char *router_is_heard(struct fastpath *fp, const bool v6[2])
{
	const unsigned mtu = 1300;
	uint32_t slot[2];
	struct frame in;
	struct datagram d;
	start(fp, slot, v6, 46);
	clear();
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 100, .payload = LINK_MTU - 48});
	put(&peers[0], &in);
	const char *wrong = collect(&peers[1], &d, SOON) && d.pieces == 1 ? NULL : "a packet that fits did not arrive whole";
	if (!wrong) {
		put_too_big(&d, mtu);
		wrong = follows(v6, mtu, v6[1] ? mtu : mtu + 20);
	}
	end(fp, slot);
	command(NULL, "ip route flush cache");
	command(NULL, "ip -6 route flush cache");
	run_loop(1100);
	return wrong;
}

int test_mtu(enum fp_engine engine)
{
	command(NULL, "ip link set %s mtu %u", peers[1].gw_ifname, LINK_MTU);
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	run_cases(fp, engine == FP_KMOD);
	result("errors are rationed", errors_are_rationed(fp));
	for (unsigned pair = 0; pair < 4; pair++) {
		const bool v6[2] = {pair & 1, pair & 2};
		char name[80];
		snprintf(name, sizeof name, "a router further on takes less (%c-%c)", v6[0] ? '6' : '4', v6[1] ? '6' : '4');
		result(name, router_is_heard(fp, v6));
	}
	mem_deref(fp);
	command(NULL, "ip link set %s mtu 1500", peers[1].gw_ifname);
	return summary();
}
