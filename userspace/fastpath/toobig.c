// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets that do not fit their way out. As a router does (RFC 791, RFC 8200 5, RFC 7915 4 and 5.1): an IPv6 source is told what fits, what comes from
 * IPv4 or fits the smallest IPv6 path is sent in fragments. */
#include "fastpath/null.h"
#include <netinet/icmp6.h>

#define MIN_MTU6  1280
#define EVERY_NS  10000000u /* ICMP errors at most so often (RFC 4443 2.4 f) ... */
#define BURST     20        /* ... but so many at once */

/* Whether another error may be sent now. */
static bool may_tell(struct fp_worker *w)
{
	uint64_t earliest = w->icmp_ns > w->now_ns ? w->icmp_ns : w->now_ns;
	if (earliest - w->now_ns > (uint64_t)BURST * EVERY_NS)
		return false;
	w->icmp_ns = earliest + EVERY_NS;
	return true;
}

/* What arrived, as far as its headers can be known: source and destination of `a`. */
static size_t quote(const struct fp_arrival *a, const struct tandem_ip *local, uint16_t local_port, uint8_t *to, size_t room)
{
	uint16_t len = htons((uint16_t)(sizeof(struct udphdr) + a->len));
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28 | (uint32_t)a->tos << 20),
		.ip6_plen = len,
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = a->hop_limit,
	};
	memcpy(&ip.ip6_src, &a->src, sizeof ip.ip6_src);
	memcpy(&ip.ip6_dst, local, sizeof ip.ip6_dst);
	uint16_t check = (uint16_t)~tandem_csum_fold(tandem_csum_ends(0, &a->src, local, a->src_port, local_port) + tandem_csum_pseudo(len) +
						     len + tandem_csum_bytes(a->data, (uint32_t)a->len));
	struct udphdr udp = {.source = a->src_port, .dest = local_port, .len = len, .check = check ? check : 0xffff};
	size_t data = a->len < room - sizeof ip - sizeof udp ? a->len : room - sizeof ip - sizeof udp;
	memcpy(to, &ip, sizeof ip);
	memcpy(to + sizeof ip, &udp, sizeof udp);
	memcpy(to + sizeof ip + sizeof udp, a->data, data);
	return sizeof ip + sizeof udp + data;
}

/* ICMPv6 packet too big, from the local address that the packet came to: RFC 4443 3.2. */
static void tell_source(struct fp_worker *w, const struct fp_arrival *a, uint32_t mtu)
{
	uint8_t packet[MIN_MTU6]; /* an error is no longer, whatever it quotes */
	struct addr local;
	struct tandem_ip from;
	fp_slot_local(w->fp, a->slot, &local);
	fp_ip(&local, &from);
	struct icmp6_hdr icmp = {.icmp6_type = ICMP6_PACKET_TOO_BIG, .icmp6_mtu = htonl(mtu)};
	const size_t front = sizeof(struct ip6_hdr) + sizeof icmp;
	size_t len = sizeof icmp + quote(a, &from, htons(local.port), packet + front, sizeof packet - front);
	struct ip6_hdr ip = {.ip6_flow = htonl(6u << 28), .ip6_plen = htons((uint16_t)len), .ip6_nxt = IPPROTO_ICMPV6, .ip6_hlim = 64};
	memcpy(&ip.ip6_src, &from, sizeof ip.ip6_src);
	memcpy(&ip.ip6_dst, &a->src, sizeof ip.ip6_dst);
	memcpy(packet, &ip, sizeof ip);
	memcpy(packet + sizeof ip, &icmp, sizeof icmp);
	icmp.icmp6_cksum = (uint16_t)~tandem_csum_fold(tandem_csum_ends(0, &from, &a->src, 0, 0) + htons(IPPROTO_ICMPV6) + ip.ip6_plen +
						       tandem_csum_bytes(packet + sizeof ip, (uint32_t)len));
	memcpy(packet + sizeof ip, &icmp, sizeof icmp);
	(void)fp_sender_bare(w->sender, 6, fp_vrf_of(w->fp, a->slot), &a->src, packet, sizeof ip + len);
}

void fp_worker_too_big(struct fp_worker *w, const struct fp_packet *p, uint32_t mtu)
{
	const struct fp_arrival *a = p->arrival;
	size_t arrived = sizeof(struct ip6_hdr) + sizeof(struct udphdr) + a->len;
	if (tandem_ip_is_v4(&a->src) || a->fragmented || arrived <= MIN_MTU6) {
		int err = fp_sender_fragments(w->sender, p, mtu);
		if (err)
			fp_bump(&w->counters[err == -EMSGSIZE ? TANDEM_TOO_BIG : TANDEM_SEND_FAILED]);
		return;
	}
	fp_worker_refuse(w, &w->fp->slots[a->slot], TANDEM_TOO_BIG);
	/* RFC 7915 4.2: the difference between the headers, and never less than any IPv6 path takes. */
	mtu += p->family == 4 ? sizeof(struct ip6_hdr) - sizeof(struct iphdr) : 0;
	if (may_tell(w))
		tell_source(w, a, mtu > MIN_MTU6 ? mtu : MIN_MTU6);
}
