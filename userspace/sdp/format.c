// SPDX-License-Identifier: GPL-3.0-or-later
/* Formats of a media line: the static payload types of RFC 3551, rtpmap and fmtp. */
#include "sdp/internal.h"
#include <errno.h>

/* RFC 3551 6, tables 4 and 5 */
static const struct static_format {
	uint8_t pt;
	const char *name;
	uint32_t clock_hz;
	uint8_t channels;
} static_formats[] = {
	{0, "PCMU", 8000, 1},   {3, "GSM", 8000, 1},    {4, "G723", 8000, 1},   {5, "DVI4", 8000, 1},   {6, "DVI4", 16000, 1},
	{7, "LPC", 8000, 1},    {8, "PCMA", 8000, 1},   {9, "G722", 8000, 1},   {10, "L16", 44100, 2},  {11, "L16", 44100, 1},
	{12, "QCELP", 8000, 1}, {13, "CN", 8000, 1},    {14, "MPA", 90000, 1},  {15, "G728", 8000, 1},  {16, "DVI4", 11025, 1},
	{17, "DVI4", 22050, 1}, {18, "G729", 8000, 1},  {25, "CelB", 90000, 0}, {26, "JPEG", 90000, 0}, {28, "nv", 90000, 0},
	{31, "H261", 90000, 0}, {32, "MPV", 90000, 0},  {33, "MP2T", 90000, 0}, {34, "H263", 90000, 0},
};

int sdp_static_format(struct sdp_format *ret, uint8_t pt)
{
	for (size_t i = 0; i < sizeof static_formats / sizeof *static_formats; i++) {
		const struct static_format *f = &static_formats[i];
		if (f->pt != pt)
			continue;
		ret->pt = pt;
		ret->name = slice_str(f->name);
		ret->clock_hz = f->clock_hz;
		ret->channels = f->channels;
		return 0;
	}
	return -ENOENT;
}

static bool is_rtp(const struct sdp_media *m)
{
	return m->proto <= SDP_DTLS;
}

int sdp_read_formats(struct sdp_parser *p, struct sdp_media *m, struct slice list)
{
	m->formats = p->formats;
	for (struct slice id; slice_is_set(id = sdp_word(&list));) {
		if (m->n_formats == SDP_MAX_FORMATS) {
			p->why = "m= line with too many formats";
			return -E2BIG;
		}
		struct sdp_format *f = &m->formats[m->n_formats++];
		p->formats++;
		uint64_t pt = 0;
		f->id = id;
		if (!is_rtp(m))
			continue;
		if (slice_u64(id, 127, &pt)) {
			p->why = "payload type is not 0 to 127";
			return -EBADMSG;
		}
		f->pt = (uint8_t)pt;
		sdp_static_format(f, f->pt);
	}
	p->why = "m= line without formats";
	return m->n_formats ? 0 : -EBADMSG;
}

static struct sdp_format *find(struct sdp_media *m, struct slice id)
{
	uint64_t pt;
	if (slice_u64(id, 127, &pt))
		return NULL;
	for (unsigned i = 0; i < m->n_formats; i++)
		if (m->formats[i].pt == pt)
			return &m->formats[i];
	return NULL;
}

/* RFC 8866 6.6: "96 opus/48000/2". What cannot be read leaves the format as it was. */
static void read_rtpmap(struct sdp_media *m, struct slice value)
{
	struct sdp_format *f = find(m, sdp_word(&value));
	struct slice map = sdp_word(&value), name = slice_cut(&map, '/');
	uint64_t clock = 0, channels = 1;
	if (!f || !slice_is_set(map) || slice_empty(name))
		return;
	if (slice_u64(slice_cut(&map, '/'), UINT32_MAX, &clock) || (slice_is_set(map) && slice_u64(map, 255, &channels)))
		return;
	f->name = name;
	f->clock_hz = (uint32_t)clock;
	f->channels = (uint8_t)channels;
}

static void read_fmtp(struct sdp_media *m, struct slice value)
{
	struct sdp_format *f = find(m, sdp_word(&value));
	if (f)
		f->fmtp = slice_trim(value);
}

void sdp_describe_formats(struct sdp_media *m)
{
	if (!is_rtp(m))
		return;
	for (unsigned i = 0; i < m->n_attrs; i++) {
		const struct sdp_attr *a = &m->attrs[i];
		if (slice_eq(a->name, SLICE("rtpmap")))
			read_rtpmap(m, a->value);
		else if (slice_eq(a->name, SLICE("fmtp")))
			read_fmtp(m, a->value);
	}
}
