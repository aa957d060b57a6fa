// SPDX-License-Identifier: GPL-3.0-or-later
/* What CRCX and MDCX ask of a connection: mode, local connection options, remote description, our extensions. */
#include "base/mem.h"
#include "mediagw/line.h"
#include "mediagw/watch.h"
#include <errno.h>

/* Which of them an endpoint has, its capabilities say. */
static const struct {
	struct slice name;
	enum conn_mode mode;
} modes[] = {
	{SLICE("sendrecv"), CONN_SENDRECV}, {SLICE("recvonly"), CONN_RECVONLY},
	{SLICE("sendonly"), CONN_SENDONLY}, {SLICE("inactive"), CONN_INACTIVE},
	{SLICE("loopback"), CONN_LOOPBACK}, {SLICE("conttest"), CONN_CONTTEST},
	{SLICE("netwloop"), CONN_NETWLOOP}, {SLICE("netwtest"), CONN_NETWTEST},
	{SLICE("confrnce"), CONN_CONFRNCE},
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

/* --- the remote description --------------------------------------------------------------------------------------- */

struct remote {
	struct sdp *described; /* NULL: nothing new */
	const struct sdp_media *media;
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

static unsigned remote_read(enum family f, struct remote *r, const char **why)
{
	const struct sdp_media *m = r->media;
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

static void remote_set(struct conn *c, const struct remote *r)
{
	mem_deref(c->remote_sdp);
	c->remote_sdp = r->described;
	c->remote = r->rtp;
	c->remote_rtcp = r->rtcp;
	c->muted = !addr_is_set(&r->rtp);
	c->mux = r->mux;
	c->secure = r->secure;
	c->peer_sends = r->peer_sends;
	c->clock_hz = r->clock_hz;
	memcpy(c->codec, r->codec, sizeof c->codec);
}

/* What the peer of `c` says of itself. */
static unsigned remote_parse(const struct conn *c, struct slice text, struct remote *r, const char **why)
{
	int err = sdp_parse(&r->described, text, why);
	if (err)
		return err == -ENOMEM ? 400 : 509;
	r->media = stream(r->described);
	return remote_read(c->family, r, why);
}

/* A telephone channel codes and decodes; a relay carries what both sides agree on. */
static unsigned codecs_set(struct conn *c, const struct options *o, const struct remote *r, const char **why)
{
	if (!c->line)
		return 0;
	*why = "a telephone channel does not encrypt";
	if (r->secure)
		return 505;
	/* Other codecs than before have to be such as the peer described then. */
	const struct sdp_media *m = r->described || !c->remote_sdp || !slice_is_set(o->codecs) ? r->media : stream(c->remote_sdp);
	unsigned code = codecs_select(&c->codecs, line_law(c->line), o, m && m->port ? m : NULL, why);
	if (!code)
		slice_copy(slice_str(codecs_name(&c->codecs)), c->codec, sizeof c->codec);
	return code;
}

static bool is_test(enum conn_mode m)
{
	return m & ~CONN_SENDRECV && m != CONN_CONFRNCE;
}

/* A channel is tested over the only connection it has; several are mixed. */
static bool goes_with_others(const struct conn *c, enum conn_mode mode)
{
	const struct conn *other;
	list_foreach(other, &c->line->ep->conns, link)
		if (other != c && (is_test(mode) || is_test(other->mode)))
			return false;
	return true;
}

unsigned conn_set(struct conn *c, const struct conn_change *ch, const char **why)
{
	struct options o;
	struct remote r = {0};
	unsigned code = options_parse(&o, ch->options, why);
	if (code)
		return code;
	/* 2.3.5: what sends needs somebody to send to. */
	*why = "this mode needs a remote description";
	if (ch->has_mode && ch->mode & CONN_SENDONLY && slice_empty(ch->sdp) && !c->remote_sdp)
		return 527;
	*why = "a channel is tested over the only connection it has";
	if (ch->has_mode && c->line && !goes_with_others(c, ch->mode))
		return 517;
	if (!slice_empty(ch->sdp))
		code = remote_parse(c, ch->sdp, &r, why);
	if (!code)
		code = codecs_set(c, &o, &r, why);
	if (code) {
		mem_deref(r.described);
		return code;
	}
	if (r.described)
		remote_set(c, &r);
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
