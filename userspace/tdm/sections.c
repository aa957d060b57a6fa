// SPDX-License-Identifier: GPL-2.0-or-later
/* The sections `span`, `dynamic`, `channels` and `isdn` of tandem.conf. Their options are checked one by one by the schema; here is what spans several. */
#include "tdm/setup.h"
#include <errno.h>
#include <stdarg.h>

#define CANCELLER "mg2" /* of channels of which nobody says another, or none: DAHDI's own */

struct reader {
	struct tdm_setup *s;
	struct buf *why;
	bool failed;
	struct tdm_channels said;
};

static void __attribute__((format(printf, 3, 4))) expected(struct reader *r, const struct conf_part *p, const char *fmt, ...)
{
	va_list ap;
	r->failed = true;
	buf_printf(r->why, "%s: ", conf_where(p));
	va_start(ap, fmt);
	buf_vprintf(r->why, fmt, ap);
	va_end(ap);
	buf_char(r->why, '\n');
}

static void read_span(struct reader *r, const struct conf_part *p)
{
	uint32_t number;
	if (slice_u32(slice_str(conf_title(p)), &number) || number < 1 || number > TDM_MAX_SPANS) {
		expected(r, p, "span: expected a number as its title, 1 to %d", TDM_MAX_SPANS);
		return;
	}
	r->s->spans[number] = (struct tdm_span_setup){
		.set = true,
		.timing = conf_int(p, "timing"),
		.build_out = conf_int(p, "build-out"),
		.framing = conf_int(p, "framing") + 1,
		.coding = conf_int(p, "coding") + 1,
		.crc4 = conf_bool(p, "crc4"),
		.yellow = conf_bool(p, "yellow"),
		.nt = conf_bool(p, "nt"),
		.terminate = conf_bool(p, "terminate"),
	};
}

static void read_dynamic(struct reader *r, const struct conf_part *p)
{
	struct tdm_dynamic_setup d = {.channels = conf_int(p, "channels"), .timing = conf_int(p, "timing")};
	if (slice_copy(slice_str(conf_string(p, "driver")), d.driver, sizeof(d.driver)))
		expected(r, p, "dynamic.driver: expected at most %zu characters", sizeof(d.driver) - 1);
	else if (slice_copy(slice_str(conf_string(p, "address")), d.address, sizeof(d.address)))
		expected(r, p, "dynamic.address: expected at most %zu characters", sizeof(d.address) - 1);
	else if (r->s->n_dynamics == TDM_MAX_DYNAMIC)
		expected(r, p, "dynamic: expected at most %d such sections", TDM_MAX_DYNAMIC);
	else
		r->s->dynamics[r->s->n_dynamics++] = d;
}

/* What a section says of each of its channels. */
static int read_like(struct reader *r, const struct conf_part *p, struct tdm_channel_setup *like)
{
	const char *signalling = conf_string(p, "signalling"), *bits = conf_string(p, "idle-bits");
	like->set = *signalling;
	if (like->set && tdm_signalling_parse(slice_str(signalling), &like->signalling)) {
		expected(r, p, "channels.signalling: expected what system.conf calls a kind of channel, such as bchan or fxoks");
		return -EINVAL;
	}
	if (*bits ? tdm_bits_parse(slice_str(bits), &like->idle_bits) : like->signalling == TDM_CAS) {
		expected(r, p, "channels.idle-bits: expected the bits A, B, C and D, such as 1101");
		return -EINVAL;
	}
	if (slice_copy(slice_str(conf_string(p, "echo-canceller")), like->canceller, sizeof(like->canceller))) {
		expected(r, p, "channels.echo-canceller: expected at most %zu characters", sizeof(like->canceller) - 1);
		return -EINVAL;
	}
	if (slice_copy(slice_str(conf_string(p, "device")), like->device, sizeof(like->device))) {
		expected(r, p, "channels.device: expected at most %zu characters", sizeof(like->device) - 1);
		return -EINVAL;
	}
	like->kbit56 = conf_int(p, "hdlc-rate") == 1;
	like->law = conf_int(p, "law");
	like->tail = conf_int(p, "echo-tail") * 8;
	like->rx_gain = conf_int(p, "rx-gain");
	like->tx_gain = conf_int(p, "tx-gain");
	like->dacs = conf_int(p, "join");
	if ((like->signalling == TDM_DACS || like->signalling == TDM_DACSRBS) && !like->dacs) {
		expected(r, p, "channels.join: expected the channel that these are joined to");
		return -EINVAL;
	}
	return 0;
}

/* The set of a list: 0, or -EINVAL and said. */
static int read_numbers(struct reader *r, const struct conf_part *p, struct tdm_channels *set)
{
	const char *wrong = NULL;
	for (unsigned i = 0; i < conf_list_count(p, "numbers") && !wrong; i++)
		wrong = tdm_channels_parse(set, slice_str(conf_list_at(p, "numbers", i)));
	if (wrong)
		expected(r, p, "channels.numbers: expected %s", wrong);
	return wrong ? -EINVAL : 0;
}

static bool is_bundled(enum tdm_signalling s)
{
	return s == TDM_CLEAR || s == TDM_RAWHDLC || s == TDM_NETHDLC;
}

/* What system.conf says holds where the section says nothing. */
static void set_canceller(struct tdm_channel_setup *c, const struct tdm_channel_setup *like)
{
	bool unsaid = like->set && !*c->canceller && tdm_carries_calls(like->signalling);
	const char *name = *like->canceller ? like->canceller : unsaid ? CANCELLER : c->canceller;
	if (!strcmp(name, "none"))
		*c->canceller = '\0';
	else if (name != c->canceller)
		memcpy(c->canceller, name, strlen(name) + 1);
}

static void set_channel(struct tdm_setup *s, struct tdm_channel_setup *like, unsigned n)
{
	struct tdm_channel_setup *c = &s->channels[n];
	if (like->set) {
		if (!is_bundled(like->signalling))
			like->master = 0;
		tdm_channel_say(s, n, like);
	}
	c->kbit56 |= like->kbit56;
	if (like->law)
		c->law = like->law;
	set_canceller(c, like);
	c->tail = like->tail;
	c->rx_gain = like->rx_gain;
	c->tx_gain = like->tx_gain;
	c->group = like->group;
}

/* That this section is about channel n, and no other is: 0, or -EINVAL and said. */
static int say(struct reader *r, const struct conf_part *p, unsigned n)
{
	if (n > TDM_MAX_CHANNELS) {
		expected(r, p, "channels.join: expected channels to join to up to %d", TDM_MAX_CHANNELS);
		return -EINVAL;
	}
	if (tdm_channels_have(&r->said, n)) {
		expected(r, p, "channels.numbers: expected channel %u in one such section only", n);
		return -EINVAL;
	}
	r->said.bits[n / 8] |= 1 << n % 8;
	return 0;
}

/* A group of that name: its place plus one, or 0 and said. */
static uint8_t add_group(struct reader *r, const struct conf_part *p, const char *section)
{
	struct tdm_setup *s = r->s;
	if (s->n_groups == TDM_MAX_GROUPS)
		expected(r, p, "%s: expected at most %d sections channels and isdn", section, TDM_MAX_GROUPS);
	else if (slice_copy(slice_str(conf_title(p)), s->groups[s->n_groups].name, TDM_NAME_MAX))
		expected(r, p, "%s: expected a title of at most %d characters", section, TDM_NAME_MAX - 1);
	else
		return ++s->n_groups;
	return 0;
}

static void read_channels(struct reader *r, const struct conf_part *p)
{
	struct tdm_channels set = {0};
	struct tdm_channel_setup like = {0};
	if (read_numbers(r, p, &set) || read_like(r, p, &like))
		return;
	like.group = add_group(r, p, "channels");
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS && like.group; n++) {
		if (!tdm_channels_have(&set, n))
			continue;
		if (say(r, p, n) || (like.dacs && say(r, p, like.dacs)))
			return;
		set_channel(r->s, &like, n);
	}
}

/* Whose spans operators may name by it; what else it says is for others. */
static void read_isdn(struct reader *r, const struct conf_part *p)
{
	uint8_t group = strlen(conf_title(p)) < TDM_NAME_MAX ? add_group(r, p, "isdn") : 0; /* names of trunks may be longer */
	for (unsigned i = 0; group && i < conf_list_count(p, "spans"); i++) {
		uint32_t n;
		if (!slice_u32(slice_str(conf_list_at(p, "spans", i)), &n) && n <= TDM_MAX_SPANS)
			r->s->groups[group - 1].spans[n / 8] |= 1 << n % 8;
	}
}

static void each(struct reader *r, const struct conf *c, const char *section, void (*read)(struct reader *r, const struct conf_part *p))
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(c, section, i)); i++)
		read(r, p);
}

int tdm_sections(struct tdm_setup *s, const struct conf *c, struct buf *why)
{
	struct reader r = {.s = s, .why = why};
	const char *zone = conf_string(conf_section(c, "tdm"), "zone");
	if (*zone && slice_copy(slice_str(zone), s->default_zone, sizeof(s->default_zone)))
		expected(&r, conf_section(c, "tdm"), "tdm.zone: expected at most %zu characters", sizeof(s->default_zone) - 1);
	each(&r, c, "span", read_span);
	each(&r, c, "dynamic", read_dynamic);
	each(&r, c, "channels", read_channels);
	each(&r, c, "isdn", read_isdn);
	return r.failed ? -EINVAL : why->err;
}
