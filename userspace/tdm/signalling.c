// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/signalling.h"
#include <errno.h>

const struct tdm_signalling_def tdm_signalling_defs[TDM_SIGNALLINGS] = {
	[TDM_UNUSED] = {"unused", TDM_USE_NONE},
	[TDM_FXSLS] = {"fxsls", TDM_USE_FXO},
	[TDM_FXSGS] = {"fxsgs", TDM_USE_FXO},
	[TDM_FXSKS] = {"fxsks", TDM_USE_FXO},
	[TDM_FXOLS] = {"fxols", TDM_USE_FXS},
	[TDM_FXOGS] = {"fxogs", TDM_USE_FXS},
	[TDM_FXOKS] = {"fxoks", TDM_USE_FXS},
	[TDM_EM] = {"e&m", TDM_USE_EM},
	[TDM_EM_E1] = {"e&me1", TDM_USE_EM},
	[TDM_CAS] = {"cas", TDM_USE_CAS},
	[TDM_BCHAN] = {"bchan", TDM_USE_BEARER},
	[TDM_CLEAR] = {"clear", TDM_USE_BEARER},
	[TDM_DCHAN] = {"dchan", TDM_USE_FRAMES},
	[TDM_HARDHDLC] = {"hardhdlc", TDM_USE_FRAMES},
	[TDM_RAWHDLC] = {"rawhdlc", TDM_USE_FRAMES},
	[TDM_NETHDLC] = {"nethdlc", TDM_USE_NONE},
	[TDM_MTP2] = {"mtp2", TDM_USE_FRAMES},
	[TDM_DACS] = {"dacs", TDM_USE_NONE},
	[TDM_DACSRBS] = {"dacsrbs", TDM_USE_NONE},
};

const char *const tdm_law_names[TDM_LAWS] = {"default", "mulaw", "alaw"};
const char *const tdm_framing_names[TDM_FRAMINGS] = {"", "d4", "esf", "cas", "ccs"};
const char *const tdm_coding_names[TDM_CODINGS] = {"", "ami", "b8zs", "hdb3"};

int tdm_signalling_parse(struct slice name, enum tdm_signalling *ret)
{
	for (unsigned i = 0; i < TDM_SIGNALLINGS; i++)
		if (slice_caseeq(name, slice_str(tdm_signalling_defs[i].name))) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

unsigned tdm_name_find(const char *const *names, unsigned n, struct slice name)
{
	for (unsigned i = 1; i < n; i++)
		if (slice_caseeq(name, slice_str(names[i])))
			return i;
	return 0;
}
