/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How spans and channels are set up: one model that DAHDI's system.conf and the sections of tandem.conf are both read into. Which channels a
 * span has is not in either; DAHDI says it (tdm/tdm.h). Channel numbers are DAHDI's, from 1. */
#pragma once
#include "base/buf.h"
#include "base/conf.h"
#include "tdm/signalling.h"

#define TDM_MAX_DYNAMIC 32
#define TDM_MAX_GROUPS  128
#define TDM_NAME_MAX    40

struct tdm_span_setup {
	bool set;
	uint8_t timing;    /* 0: never a source of timing, else its place among them, 1 the first choice */
	uint8_t build_out; /* 0 to 7: DAHDI's table of line build-outs */
	enum tdm_framing framing;
	enum tdm_coding coding;
	bool crc4;
	bool yellow;       /* the yellow alarm (RAI) is sent while no channel is open */
	bool nt, terminate; /* BRI: network side; termination resistance */
};

struct tdm_dynamic_setup {
	char driver[20], address[TDM_NAME_MAX];
	unsigned channels;
	uint8_t timing;
};

struct tdm_channel_setup {
	enum tdm_signalling signalling;
	bool set; /* said to be anything, be it unused */
	enum tdm_law law;
	uint16_t master;   /* the channel it is bundled with; its own number when with none */
	uint16_t dacs;     /* dacs: the channel it is joined to, which is joined to it */
	bool kbit56;       /* frames on it have 56 kbit/s: robbed bits are left alone */
	char device[16];   /* nethdlc: the name of the network device; "": the driver's choice */
	uint8_t idle_bits; /* cas: A is 8, B 4, C 2, D 1 */
	char canceller[16]; /* "": none */
	uint16_t tail;     /* of the canceller, in samples; 0: the driver's own */
	int16_t rx_gain, tx_gain; /* tenths of a decibel */
	uint8_t group;     /* its place in groups, plus one; 0: in none */
	bool locked, blocked; /* in no file: how an operator left it, from whoever kept that */
};

/* A section `channels`, whose channels know it, or a section `isdn`, which has spans. */
struct tdm_group_setup {
	char name[TDM_NAME_MAX];
	uint8_t spans[TDM_MAX_SPANS / 8 + 1];
};

/* Reference-counted. */
struct tdm_setup {
	struct tdm_span_setup spans[TDM_MAX_SPANS + 1];
	struct tdm_channel_setup channels[TDM_MAX_CHANNELS + 1];
	struct tdm_dynamic_setup dynamics[TDM_MAX_DYNAMIC];
	unsigned n_dynamics;
	struct tdm_group_setup groups[TDM_MAX_GROUPS];
	unsigned n_groups;
	char default_zone[8]; /* the country of tones, as "us"; "": none said */
};

/* Without any span or channel; NULL when memory is out. */
struct tdm_setup *tdm_setup_new(void);
/* Adds what a system.conf says: `text`, called `path` in messages. -EINVAL with a line "file:line: what was expected" in `why` for each
 * mistake; `s` then holds what was right. */
int tdm_system_conf(struct tdm_setup *s, const char *path, struct slice text, struct buf *why);
/* Adds what the sections `span`, `dynamic` and `channels` of a tandem.conf say, and which spans are those of a section `isdn`. Each replaces what was said before of the same span or
 * channel. Mistakes as above. */
int tdm_sections(struct tdm_setup *s, const struct conf *c, struct buf *why);
/* Both: tdm.system-conf, when there is such a file, then the sections. 0, -ENOMEM, -EINVAL, or what keeps the file from being read. */
int tdm_setup_load(struct tdm_setup **ret, const struct conf *c, struct buf *why);

/* A set of channels, such as "1-15,17-31". */
struct tdm_channels {
	uint8_t bits[TDM_MAX_CHANNELS / 8 + 1];
};

static inline bool tdm_channels_have(const struct tdm_channels *set, unsigned channel)
{
	return channel <= TDM_MAX_CHANNELS && set->bits[channel / 8] & 1 << channel % 8;
}

/* Adds the channels of a list: NULL, or what was expected. */
const char *tdm_channels_parse(struct tdm_channels *set, struct slice list);
/* Channel n is what `like` says of signalling. With `like->master` it joins that bundle, without it begins one. Channels that `like->dacs` joins it to are joined to it
 * in turn, and the next channel goes to the next one there. Told of each channel of a line or section in order, `like` keeps count. */
void tdm_channel_say(struct tdm_setup *s, unsigned n, struct tdm_channel_setup *like);
/* "1101" to signalling bits: 0 or -EINVAL. */
int tdm_bits_parse(struct slice text, uint8_t *ret);
