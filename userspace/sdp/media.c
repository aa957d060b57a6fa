// SPDX-License-Identifier: GPL-3.0-or-later
/* Media sections (RFC 8866 5.14): addresses, directions, and what they mean together. */
#include "sdp/internal.h"
#include <errno.h>

static const struct {
	struct slice text;
	enum sdp_proto proto;
} protos[] = {
	{SLICE("RTP/AVP"), SDP_RTP_AVP},
	{SLICE("RTP/SAVP"), SDP_RTP_SAVP},
	{SLICE("RTP/AVPF"), SDP_RTP_AVPF},
	{SLICE("RTP/SAVPF"), SDP_RTP_SAVPF},
	{SLICE("UDP/TLS/RTP/SAVP"), SDP_DTLS},
	{SLICE("UDP/TLS/RTP/SAVPF"), SDP_DTLS},
	{SLICE("udptl"), SDP_UDPTL},
};

static enum sdp_proto proto_parse(struct slice text)
{
	for (size_t i = 0; i < sizeof protos / sizeof *protos; i++)
		if (slice_caseeq(protos[i].text, text))
			return protos[i].proto;
	return SDP_PROTO_OTHER;
}

int sdp_parse_address(struct addr *ret, struct slice text)
{
	struct slice net = sdp_word(&text), type = sdp_word(&text), host = sdp_word(&text);
	struct addr a = {0};
	if (!slice_is_set(host))
		return -EBADMSG;
	host = slice_cut(&host, '/'); /* multicast TTL and count */
	if (!slice_caseeq(net, SLICE("IN")) || addr_parse_ip(&a, host)) {
		*ret = (struct addr){0};
		return 0;
	}
	if (!slice_caseeq(type, a.family == AF_INET ? SLICE("IP4") : SLICE("IP6")))
		return -EBADMSG;
	*ret = a;
	return 0;
}

/* RFC 8866 5.7. Further c= lines of a section (layered multicast) are ignored. */
int sdp_read_connection(struct sdp_parser *p, struct slice value)
{
	struct addr a;
	if (sdp_parse_address(&a, value)) {
		p->why = "c= line cannot be read";
		return -EBADMSG;
	}
	if (p->addr_seen)
		return 0;
	p->addr_seen = true;
	if (p->m)
		p->m->rtp = a;
	else
		p->s->addr = a;
	return 0;
}

int sdp_read_media(struct sdp_parser *p, struct slice value)
{
	struct sdp *s = p->s;
	if (s->n_media == SDP_MAX_MEDIA) {
		p->why = "SDP with too many media";
		return -E2BIG;
	}
	struct sdp_media *m = &s->media[s->n_media];
	m->type = sdp_word(&value);
	struct slice port = sdp_word(&value);
	m->proto_text = sdp_word(&value);
	port = slice_is_set(port) ? slice_cut(&port, '/') : port;
	p->why = "m= line cannot be read";
	if (!slice_is_set(m->proto_text) || slice_u16(port, &m->port))
		return -EBADMSG;
	m->proto = proto_parse(m->proto_text);
	int err = sdp_read_formats(p, m, value);
	if (err)
		return err;
	/* Session attributes are complete; a media's start where the array now ends. */
	m->attrs = p->attrs + p->n_attrs;
	m->rtp = s->addr;
	p->addr_seen = false;
	p->m = m;
	s->n_media++;
	return 0;
}

static const struct {
	struct slice name;
	enum sdp_dir dir;
} dirs[] = {
	{SLICE("sendrecv"), SDP_SENDRECV},
	{SLICE("sendonly"), SDP_SENDONLY},
	{SLICE("recvonly"), SDP_RECVONLY},
	{SLICE("inactive"), SDP_INACTIVE},
};

bool sdp_dir_parse(struct slice name, enum sdp_dir *ret)
{
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (slice_eq(dirs[i].name, name)) {
			*ret = dirs[i].dir;
			return true;
		}
	return false;
}

const char *sdp_dir_name(enum sdp_dir d)
{
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (dirs[i].dir == d)
			return dirs[i].name.p;
	return "inactive";
}

enum sdp_dir sdp_dir_reverse(enum sdp_dir d)
{
	return (d & SDP_SENDONLY ? SDP_RECVONLY : 0) | (d & SDP_RECVONLY ? SDP_SENDONLY : 0);
}

/* RFC 3605 2.1: "a=rtcp:port [IN IP4 address]" */
static int read_rtcp(struct sdp_media *m, struct slice value)
{
	uint16_t port;
	if (slice_u16(sdp_word(&value), &port) || !port)
		return -EBADMSG;
	struct addr a = m->rtp;
	if (!slice_empty(slice_trim(value)) && sdp_parse_address(&a, value))
		return -EBADMSG;
	if (addr_is_set(&a))
		a.port = port;
	m->rtcp = a;
	return 0;
}

static void read_keys(const struct sdp *s, struct sdp_media *m)
{
	m->sdes = sdp_attr(s, m, SLICE("crypto"));
	m->dtls = sdp_attr(s, m, SLICE("fingerprint")) || sdp_attr(s, NULL, SLICE("fingerprint"));
	m->ice = sdp_attr(s, m, SLICE("candidate")) || sdp_attr(s, m, SLICE("ice-ufrag")) || sdp_attr(s, NULL, SLICE("ice-ufrag"));
}

static uint32_t number(const struct sdp_attr *a)
{
	uint32_t v = 0;
	/* RFC 8866 6.4: an integer; some write "20.0". */
	struct slice text = a ? slice_trim(a->value) : SLICE_NONE;
	return slice_is_set(text) && !slice_u32(slice_cut(&text, '.'), &v) ? v : 0;
}

static void read_direction(const struct sdp *s, struct sdp_media *m)
{
	m->dir = s->dir;
	for (unsigned i = 0; i < m->n_attrs; i++)
		if (sdp_dir_parse(m->attrs[i].name, &m->dir))
			break;
	/* RFC 3264 8.4: the old way to say "on hold" stops what the peer sends. */
	m->hold_zero = m->port && addr_is_set(&m->rtp) && addr_is_any(&m->rtp);
	if (m->hold_zero)
		m->dir &= ~SDP_RECVONLY;
}

int sdp_finish_media(struct sdp_parser *p, struct sdp_media *m)
{
	const struct sdp *s = p->s;
	if (addr_is_set(&m->rtp))
		m->rtp.port = m->port;
	m->rtcp = m->rtp;
	m->rtcp.port = m->rtp.port && m->rtp.port < 65535 ? m->rtp.port + 1 : 0;
	m->rtcp_mux = sdp_attr(s, m, SLICE("rtcp-mux"));
	const struct sdp_attr *a = sdp_attr(s, m, SLICE("rtcp"));
	if (a && read_rtcp(m, a->value)) {
		p->why = "a=rtcp cannot be read";
		return -EBADMSG;
	}
	if ((a = sdp_attr(s, m, SLICE("mid"))))
		m->mid = a->value;
	if ((a = sdp_attr(s, m, SLICE("label"))))
		m->label = a->value;
	m->ptime_ms = number(sdp_attr(s, m, SLICE("ptime")));
	read_keys(s, m);
	read_direction(s, m);
	sdp_describe_formats(m);
	return 0;
}

bool sdp_media_relayable(const struct sdp_media *m)
{
	static const struct slice types[] = {SLICE("audio"), SLICE("video"), SLICE("text")};
	bool type = false;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		type |= slice_caseeq(m->type, types[i]);
	/* Keys from a DTLS handshake (RFC 5763) end at a peer's address that the relay replaces. */
	bool keyed_by_dtls = m->proto == SDP_DTLS || ((m->proto == SDP_RTP_SAVP || m->proto == SDP_RTP_SAVPF) && m->dtls && !m->sdes);
	return type && m->port && addr_is_set(&m->rtp) && m->proto <= SDP_RTP_SAVPF && !keyed_by_dtls;
}
