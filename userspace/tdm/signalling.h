/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a channel speaks, and the small enumerations of lines, by the names that DAHDI's system.conf has for them. As there, the signalling is
 * the far end's: a port towards an exchange (FXO) has FXS signalling, one with a telephone (FXS) has FXO signalling. */
#pragma once
#include "base/slice.h"
#include <stdint.h>

#define TDM_MAX_SPANS    128
#define TDM_MAX_CHANNELS 1024

enum tdm_signalling {
	TDM_UNUSED,
	TDM_FXSLS, TDM_FXSGS, TDM_FXSKS,    /* we are the telephone: loop, ground and kewl start */
	TDM_FXOLS, TDM_FXOGS, TDM_FXOKS,    /* we are the exchange */
	TDM_EM, TDM_EM_E1,                  /* E&M by robbed bits, by timeslot 16 */
	TDM_CAS,                            /* signalling bits left to whoever has the channel */
	TDM_BCHAN, TDM_CLEAR,               /* 64 kbit/s; clear: several bundled */
	TDM_DCHAN, TDM_HARDHDLC, TDM_RAWHDLC, TDM_NETHDLC, TDM_MTP2, /* frames */
	TDM_DACS, TDM_DACSRBS,              /* cross-connected by the driver */
	TDM_SIGNALLINGS
};

/* What can be done with it. */
enum tdm_use {
	TDM_USE_NONE, /* nothing: idle, or the kernel's own */
	TDM_USE_FXO,  /* voice, as the telephone on an exchange's line */
	TDM_USE_FXS,  /* voice, as the exchange of a telephone */
	TDM_USE_EM,
	TDM_USE_CAS,
	TDM_USE_BEARER, /* voice, signalled elsewhere */
	TDM_USE_FRAMES, /* HDLC */
};

enum tdm_law { TDM_LAW_DEFAULT, TDM_LAW_MULAW, TDM_LAW_ALAW, TDM_LAWS };
enum tdm_framing { TDM_FRAMING_NONE, TDM_D4, TDM_ESF, TDM_FRAMING_CAS, TDM_FRAMING_CCS, TDM_FRAMINGS };
enum tdm_coding { TDM_CODING_NONE, TDM_AMI, TDM_B8ZS, TDM_HDB3, TDM_CODINGS };

struct tdm_signalling_def {
	const char *name;
	enum tdm_use use;
};

extern const struct tdm_signalling_def tdm_signalling_defs[TDM_SIGNALLINGS];
extern const char *const tdm_law_names[TDM_LAWS], *const tdm_framing_names[TDM_FRAMINGS], *const tdm_coding_names[TDM_CODINGS];

static inline enum tdm_use tdm_use_of(enum tdm_signalling s)
{
	return tdm_signalling_defs[s].use;
}

/* Whether calls are made on such a channel. */
static inline bool tdm_carries_calls(enum tdm_signalling s)
{
	return tdm_use_of(s) != TDM_USE_NONE && tdm_use_of(s) != TDM_USE_FRAMES;
}

/* By name, in any case: 0, or -EINVAL. */
int tdm_signalling_parse(struct slice name, enum tdm_signalling *ret);
/* The place of `name`, in any case, among names[1..n-1], 0 when it is not there. */
unsigned tdm_name_find(const char *const *names, unsigned n, struct slice name);
