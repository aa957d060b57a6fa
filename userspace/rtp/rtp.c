// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/rtp.h"

struct payload {
	struct slice name;
	uint32_t clock_hz;
};

/* RFC 3551 section 6, tables 4 and 5. G722's RTP clock is 8000 for history's sake (4.5.2). */
static const struct payload payloads[] = {
	[0] = {SLICE("PCMU"), 8000},   [3] = {SLICE("GSM"), 8000},    [4] = {SLICE("G723"), 8000},
	[5] = {SLICE("DVI4"), 8000},   [6] = {SLICE("DVI4"), 16000},  [7] = {SLICE("LPC"), 8000},
	[8] = {SLICE("PCMA"), 8000},   [9] = {SLICE("G722"), 8000},   [10] = {SLICE("L16"), 44100},
	[11] = {SLICE("L16"), 44100},  [12] = {SLICE("QCELP"), 8000}, [RTP_PT_CN] = {SLICE("CN"), 8000},
	[14] = {SLICE("MPA"), 90000},  [15] = {SLICE("G728"), 8000},  [16] = {SLICE("DVI4"), 11025},
	[17] = {SLICE("DVI4"), 22050}, [18] = {SLICE("G729"), 8000},  [25] = {SLICE("CelB"), 90000},
	[26] = {SLICE("JPEG"), 90000}, [28] = {SLICE("nv"), 90000},   [31] = {SLICE("H261"), 90000},
	[32] = {SLICE("MPV"), 90000},  [33] = {SLICE("MP2T"), 90000}, [34] = {SLICE("H263"), 90000},
};

#define PAYLOADS (sizeof payloads / sizeof payloads[0])

uint32_t rtp_clock(uint8_t pt)
{
	return pt < PAYLOADS ? payloads[pt].clock_hz : 0;
}

struct slice rtp_encoding(uint8_t pt)
{
	return pt < PAYLOADS ? payloads[pt].name : SLICE_NONE;
}
