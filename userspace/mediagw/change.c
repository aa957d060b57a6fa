// SPDX-License-Identifier: GPL-3.0-or-later
/* What CRCX and MDCX ask of a connection: mode, local connection options, remote description, our extensions. */
#include "base/mem.h"
#include "mediagw/gateway.h"
#include "mediagw/watch.h"
#include <errno.h>

/* Modes a packet relay has; the others of 3.2.2.6 are refused with 517. */
static const struct {
	struct slice name;
	enum conn_mode mode;
} modes[] = {
	{SLICE("sendrecv"), CONN_SENDRECV}, {SLICE("recvonly"), CONN_RECVONLY},
	{SLICE("sendonly"), CONN_SENDONLY}, {SLICE("inactive"), CONN_INACTIVE},
};

#define MODES (sizeof modes / sizeof modes[0])

const char *conn_mode_name(enum conn_mode m)
{
	for (size_t i = 0; i < MODES; i++)
		if (modes[i].mode == m)
			return modes[i].name.p;
	return "inactive";
}

int conn_mode_parse(struct slice text, enum conn_mode *ret)
{
	for (size_t i = 0; i < MODES; i++)
		if (slice_caseeq(modes[i].name, text)) {
			*ret = modes[i].mode;
			return 0;
		}
	return -EINVAL;
}

/* --- parameters --------------------------------------------------------------------------------------------------- */

static unsigned number(struct slice text, bool *has, uint32_t *ret)
{
	*has = slice_is_set(text);
	return *has && slice_u32(slice_trim(text), ret) ? 539 : 0;
}

unsigned conn_change_parse(struct conn_change *ret, const struct mgcp_msg *cmd, const char **why)
{
	struct slice mode = mgcp_param(cmd, MGCP_P_CONNECTION_MODE), latch = mgcp_param(cmd, MGCP_P_X_LATCH);
	struct slice source = mgcp_param(cmd, MGCP_P_X_SIGNALLING);
	struct conn_change ch = {.options = mgcp_param(cmd, MGCP_P_LOCAL_OPTIONS), .sdp = cmd->sdp[0]};
	ch.has_mode = slice_is_set(mode);
	*why = "unknown or unsupported connection mode";
	if (ch.has_mode && conn_mode_parse(slice_trim(mode), &ch.mode))
		return 517;
	*why = "X-Latch is neither strict nor nat";
	ch.has_latch = slice_is_set(latch);
	ch.latch = slice_caseeq(slice_trim(latch), SLICE("nat"));
	if (ch.has_latch && !ch.latch && !slice_caseeq(slice_trim(latch), SLICE("strict")))
		return 539;
	*why = "X-Signalling is no address";
	if (slice_is_set(source) && addr_parse(&ch.signalling, slice_trim(source), 0))
		return 539;
	*why = "X-Arm is no number";
	if (number(mgcp_param(cmd, MGCP_P_X_ARM), &ch.has_arm, &ch.arm))
		return 539;
	*why = "X-Silence is no number of seconds";
	if (number(mgcp_param(cmd, MGCP_P_X_SILENCE), &ch.has_silence, &ch.silence_s) || ch.silence_s > 86400)
		return 539;
	*ret = ch;
	*why = NULL;
	return 0;
}

/* --- LocalConnectionOptions (3.2.2.10) ---------------------------------------------------------------------------- */

struct options {
	int dscp; /* -1: not said */
};

static unsigned opt_ignored(struct slice v, struct options *o, const char **why)
{
	return 0;
}

/* Type of service: two hexadecimal digits, the whole octet. */
static unsigned opt_tos(struct slice v, struct options *o, const char **why)
{
	uint32_t tos;
	*why = "t: is one or two hexadecimal digits";
	if (v.len > 2 || slice_hex32(v, &tos))
		return 532;
	o->dscp = (int)(tos >> 2);
	return 0;
}

static unsigned opt_network(struct slice v, struct options *o, const char **why)
{
	*why = "only network type IN is supported";
	return slice_caseeq(v, SLICE("IN")) ? 0 : 532;
}

static unsigned opt_period(struct slice v, struct options *o, const char **why)
{
	struct slice low = slice_cut(&v, '-');
	uint32_t ms;
	*why = "p: is milliseconds or a range of them";
	return slice_u32(low, &ms) || (slice_is_set(v) && slice_u32(v, &ms)) ? 535 : 0;
}

static unsigned opt_security(struct slice v, struct options *o, const char **why)
{
	*why = "this gateway does not encrypt";
	return 532;
}

/* A relay neither codes nor cancels echo: what it need not do it accepts. */
static const struct {
	struct slice name;
	unsigned (*parse)(struct slice v, struct options *o, const char **why);
} option_table[] = {
	{SLICE("p"), opt_period},  {SLICE("mp"), opt_ignored}, {SLICE("a"), opt_ignored}, {SLICE("b"), opt_ignored},
	{SLICE("t"), opt_tos},     {SLICE("nt"), opt_network}, {SLICE("e"), opt_ignored}, {SLICE("s"), opt_ignored},
	{SLICE("gc"), opt_ignored}, {SLICE("r"), opt_ignored}, {SLICE("k"), opt_security},
};

static unsigned option(struct slice name, struct slice value, struct options *o, const char **why)
{
	for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++)
		if (slice_caseeq(option_table[i].name, name))
			return option_table[i].parse(value, o, why);
	*why = "unknown mandatory option in L:";
	if (slice_casestarts(name, SLICE("x+")))
		return 525;
	/* x-name, and package/name of packages we need not know, are ignored. */
	*why = "unknown option in L:";
	return slice_casestarts(name, SLICE("x-")) || slice_find(name, '/') > 0 ? 0 : 541;
}

static unsigned options_parse(struct slice list, struct options *o, const char **why)
{
	o->dscp = -1;
	*why = "L: is too long";
	if (list.len > OPTIONS_MAX)
		return 541;
	while (slice_is_set(list)) {
		struct slice value = slice_trim(slice_cut(&list, ',')), name;
		if (slice_empty(value))
			continue;
		name = slice_trim(slice_cut(&value, ':'));
		unsigned code = option(name, slice_trim(value), o, why);
		if (code)
			return code;
	}
	return 0;
}

/* --- the remote description --------------------------------------------------------------------------------------- */

struct remote {
	struct addr rtp, rtcp;
	bool mux, secure, peer_sends;
	char codec[16];
	uint32_t clock_hz;
};

/* The stream a connection is about: the first that is not rejected. */
static const struct sdp_media *stream(const struct sdp *s)
{
	for (unsigned i = 0; i < s->n_media; i++)
		if (s->media[i].port)
			return &s->media[i];
	return s->n_media ? &s->media[0] : NULL;
}

static void codec(const struct sdp_media *m, struct remote *r)
{
	r->clock_hz = 8000;
	if (!m->n_formats)
		return;
	if (m->formats[0].clock_hz)
		r->clock_hz = m->formats[0].clock_hz;
	if (slice_copy(m->formats[0].name, r->codec, sizeof r->codec))
		r->codec[0] = '\0';
}

static unsigned remote_read(const struct sdp *s, enum family f, struct remote *r, const char **why)
{
	const struct sdp_media *m = stream(s);
	*why = "no media in the remote description";
	if (!m)
		return 509;
	*why = "DTLS is not supported";
	if (m->proto == SDP_DTLS)
		return 505;
	*why = "not an RTP stream";
	if (m->proto > SDP_RTP_SAVPF)
		return 505;
	r->secure = m->proto == SDP_RTP_SAVP || m->proto == SDP_RTP_SAVPF;
	r->mux = m->rtcp_mux;
	r->peer_sends = m->dir & SDP_SENDONLY;
	codec(m, r);
	if (!m->port || m->hold_zero)
		return 0; /* rejected, or held the old way: nothing is sent there */
	*why = "the remote description names no IP address";
	if (!addr_is_set(&m->rtp))
		return 505;
	*why = "the remote address is of another family than the connection's ports";
	if (family_of(&m->rtp) != f || (addr_is_set(&m->rtcp) && family_of(&m->rtcp) != f))
		return 506;
	*why = "the remote address is no unicast address";
	if (addr_is_any(&m->rtp))
		return 509;
	r->rtp = m->rtp;
	r->rtcp = m->rtcp;
	return 0;
}

static void remote_set(struct conn *c, struct sdp *described, const struct remote *r)
{
	mem_deref(c->remote_sdp);
	c->remote_sdp = described;
	c->remote = r->rtp;
	c->remote_rtcp = r->rtcp;
	c->muted = !addr_is_set(&r->rtp);
	c->mux = r->mux;
	c->secure = r->secure;
	c->peer_sends = r->peer_sends;
	c->clock_hz = r->clock_hz;
	memcpy(c->codec, r->codec, sizeof c->codec);
}

/* The peer of `c` described itself. */
static unsigned remote_take(struct conn *c, struct slice text, const char **why)
{
	struct remote r = {0};
	struct sdp *s;
	int err = sdp_parse(&s, text, why);
	if (err)
		return err == -ENOMEM ? 400 : 509;
	unsigned code = remote_read(s, c->family, &r, why);
	if (code)
		mem_deref(s);
	else
		remote_set(c, s, &r);
	return code;
}

unsigned conn_set(struct conn *c, const struct conn_change *ch, const char **why)
{
	struct options o = {.dscp = -1};
	unsigned code = options_parse(ch->options, &o, why);
	if (code)
		return code;
	/* 2.3.5: what sends needs somebody to send to. */
	*why = "this mode needs a remote description";
	if (ch->has_mode && ch->mode & CONN_SENDONLY && slice_empty(ch->sdp) && !c->remote_sdp)
		return 527;
	if (!slice_empty(ch->sdp) && (code = remote_take(c, ch->sdp, why)))
		return code;
	if (slice_is_set(ch->options) && !slice_copy(ch->options, c->options, sizeof c->options) && o.dscp >= 0)
		c->dscp = o.dscp;
	if (ch->has_mode)
		c->mode = ch->mode;
	if (addr_is_set(&ch->signalling)) {
		c->signalling = ch->signalling;
		if (!ch->has_latch)
			c->latch = true;
	}
	if (ch->has_latch)
		c->latch = ch->latch;
	/* Who numbers no offers and answers describes the peer anew with each of them. */
	if (ch->has_arm)
		c->arm = ch->arm;
	else if (!slice_empty(ch->sdp))
		c->arm++;
	if (ch->has_silence)
		c->silence_s = ch->silence_s;
	*why = NULL;
	return 0;
}
