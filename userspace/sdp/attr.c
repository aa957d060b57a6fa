// SPDX-License-Identifier: GPL-3.0-or-later
/* Attributes (RFC 8866 6), and the one table that says which of them reach the other side of a back-to-back user agent. */
#include "sdp/internal.h"
#include <errno.h>
#include <stdlib.h>

int sdp_read_attr(struct sdp_parser *p, struct slice value)
{
	ptrdiff_t colon = slice_find(value, ':');
	struct sdp_attr *a = &p->attrs[p->n_attrs];
	if (colon < 0)
		*a = (struct sdp_attr){.name = value};
	else
		*a = (struct sdp_attr){.name = slice_of(value.p, (size_t)colon), .value = slice_from(value, (size_t)colon + 1)};
	/* Some write a space after a property attribute. */
	a->name = slice_trim(a->name);
	if (slice_empty(a->name)) {
		p->why = "a= line without a name";
		return -EBADMSG;
	}
	p->n_attrs++;
	if (p->m) {
		p->m->n_attrs++;
		return 0;
	}
	p->s->attrs = p->attrs;
	p->s->n_attrs++;
	sdp_dir_parse(a->name, &p->s->dir);
	return 0;
}

const struct sdp_attr *sdp_attr(const struct sdp *s, const struct sdp_media *m, struct slice name)
{
	const struct sdp_attr *attrs = m ? m->attrs : s->attrs;
	unsigned n = m ? m->n_attrs : s->n_attrs;
	for (unsigned i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, name))
			return &attrs[i];
	return NULL;
}

void sdp_write_attr(struct buf *out, const struct sdp_attr *a)
{
	buf_str(out, "a=");
	buf_slice(out, a->name);
	if (slice_is_set(a->value)) {
		buf_char(out, ':');
		buf_slice(out, a->value);
	}
	buf_str(out, "\r\n");
}

static void pass(struct buf *out, const struct sdp_attr *a)
{
	sdp_write_attr(out, a);
}

static void drop(struct buf *out, const struct sdp_attr *a)
{
}

/* Written from struct sdp_local_media instead, once a stream (write.c). */
static void ours(struct buf *out, const struct sdp_attr *a)
{
}

/* RFC 5888 groups streams by what they mean (lip synchronisation); BUNDLE (RFC 9143) puts them on one port, which is the transport's affair
 * and ours is one port a stream. */
static void rewrite_group(struct buf *out, const struct sdp_attr *a)
{
	struct slice rest = a->value;
	if (!slice_is_set(rest) || slice_caseeq(sdp_word(&rest), SLICE("BUNDLE")))
		return;
	sdp_write_attr(out, a);
}

/* Sorted by name (bsearch). A name that is not here is dropped: what it says might locate its sender or promise what a relay breaks.
 * The tests hold the order. */
static const struct sdp_relay_rule rules[] = {
	{"acap", drop},                 /* RFC 5939: alternatives agreed behind our back */
	{"acfg", drop},                 /* RFC 5939 */
	{"altc", drop},                 /* RFC 6947: other addresses of the sender */
	{"bundle-only", drop},          /* BUNDLE is taken out */
	{"candidate", drop},            /* ICE: addresses of the sender, and not ours to check */
	{"cat", pass},
	{"cdsc", pass},                 /* RFC 3407: capabilities, no addresses in them */
	{"charset", pass},
	{"conf", pass},                 /* RFC 3312: to who knows preconditions (write.c) */
	{"connection", drop},           /* RFC 4145: of the transport */
	{"content", pass},              /* RFC 4796: what a stream shows */
	{"cpar", pass},
	{"cparmax", pass},
	{"cparmin", pass},
	{"crypto", pass},               /* RFC 4568: SRTP passes the relay unchanged, so do its keys */
	{"csup", drop},                 /* RFC 5939 */
	{"curr", pass},                 /* RFC 3312 */
	{"des", pass},                  /* RFC 3312 */
	{"end-of-candidates", drop},
	{"extmap", pass},               /* RFC 8285: header extensions pass the relay unchanged */
	{"extmap-allow-mixed", pass},
	{"fingerprint", drop},          /* DTLS does not pass */
	{"fmtp", pass},
	{"framerate", pass},
	{"framesize", pass},
	{"gpmd", pass},                 /* ITU V.152 */
	{"group", rewrite_group},
	{"ice-lite", drop},
	{"ice-mismatch", drop},
	{"ice-options", drop},
	{"ice-pacing", drop},
	{"ice-pwd", drop},
	{"ice-ufrag", drop},
	{"identity", drop},             /* RFC 8827: signs a fingerprint that does not pass */
	{"imageattr", pass},
	{"inactive", ours},
	{"key-mgmt", pass},             /* RFC 4567: MIKEY, end to end as crypto */
	{"keywds", pass},
	{"label", pass},                /* RFC 4574: names the stream to applications */
	{"lang", pass},
	{"maxprate", pass},
	{"maxptime", pass},
	{"mid", pass},                  /* RFC 5888: what groups refer to */
	{"minptime", pass},
	{"msid", drop},                 /* RFC 8830: of the sender's browser */
	{"msid-semantic", drop},
	{"orient", pass},
	{"pcfg", drop},                 /* RFC 5939 */
	{"ptime", pass},
	{"quality", pass},
	{"record", pass},               /* RFC 7866: people must learn that they are recorded */
	{"recordpref", pass},
	{"recvonly", ours},
	{"remote-candidates", drop},
	{"rid", pass},
	{"rtcp", ours},                 /* RFC 3605: our port, when it needs saying */
	{"rtcp-fb", pass},
	{"rtcp-mux", ours},             /* RFC 5761: agreed with each side for itself */
	{"rtcp-mux-only", drop},
	{"rtcp-rsize", pass},
	{"rtcp-xr", pass},
	{"rtpmap", pass},
	{"sdplang", pass},
	{"sendonly", ours},
	{"sendrecv", ours},
	{"setup", drop},                /* RFC 4145, RFC 5763: of the transport */
	{"silenceSupp", pass},          /* RFC 3108 */
	{"simulcast", pass},
	{"source-filter", drop},        /* RFC 4570: addresses */
	{"sqn", pass},                  /* RFC 3407 */
	{"ssrc", drop},                 /* RFC 5576: its cname locates the sender */
	{"ssrc-group", drop},
	{"tcap", drop},                 /* RFC 5939 */
	{"tls-id", drop},               /* RFC 8842 */
	{"tool", drop},                 /* names the sender's software */
	{"type", pass},
	{"zrtp-hash", pass},            /* RFC 6189: ZRTP runs inside the stream */
};

static int compare(const void *key, const void *row)
{
	return slice_cmp(*(const struct slice *)key, slice_str(((const struct sdp_relay_rule *)row)->name));
}

const struct sdp_relay_rule *sdp_relay_rule(struct slice name)
{
	static const struct sdp_relay_rule unknown = {"", drop};
	const struct sdp_relay_rule *r = bsearch(&name, rules, sizeof rules / sizeof *rules, sizeof *rules, compare);
	return r ? r : &unknown;
}

unsigned sdp_relay_rules_count(void)
{
	return sizeof rules / sizeof *rules;
}

const struct sdp_relay_rule *sdp_relay_rule_at(unsigned i)
{
	return &rules[i];
}
