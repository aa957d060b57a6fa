// SPDX-License-Identifier: GPL-3.0-or-later
/* The tones that signals are, a row each: those of a country by media/tones.h, the others in its notation. RFC 3660 says what they mean; where it leaves
 * the sound to the gateway, it is that of North America (GR-506, SR-2275) or of ITU-T E.182. */
#include "mediagw/circuit_internal.h"
#include "mgcp/gateway.h"
#include <errno.h>
#include <string.h>

#define G   &mgcp_package_g
#define L   &mgcp_package_l
#define H   &mgcp_package_h
#define SST &mgcp_package_sst
#define T   &mgcp_package_t
#define R   &mgcp_package_r
#define BL  &mgcp_package_bl
#define MS  &mgcp_package_ms
#define DT  &mgcp_package_dt
#define MD  &mgcp_package_md

static const struct row {
	const struct mgcp_package *packages[5];
	const char *name;
	const char *notation; /* NULL: the country's */
	enum tone_signal signal;
} rows[] = {
	{{L, H, BL, DT}, "dl", NULL, TONE_DIAL},
	{{L, H}, "mwi", NULL, TONE_MESSAGE_WAITING},
	{{L, H}, "sl", NULL, TONE_MESSAGE_WAITING},
	{{L, H, BL, T}, "bz", NULL, TONE_BUSY},
	{{MS, DT, MD}, "bz", NULL, TONE_BUSY},
	{{L, H, BL, T}, "ro", NULL, TONE_REORDER},
	{{MS, DT, MD}, "ro", NULL, TONE_REORDER},
	{{L, H}, "nbz", NULL, TONE_REORDER},
	{{G}, "cg", NULL, TONE_CONGESTION},
	{{G, BL, MS, DT, MD}, "rt", NULL, TONE_RINGBACK},
	{{L, H}, "wt", NULL, TONE_CALL_WAITING},
	{{L, H}, "wt1", NULL, TONE_CALL_WAITING},
	{{L, H}, "wt2", "!440/100,!0/100,!440/100,!0/9700,!440/100,!0/100,!440/100", 0}, /* GR-506 14.2 */
	{{L, H}, "wt3", "!440/100,!0/100,!440/100,!0/100,!440/100,!0/9500,!440/100,!0/100,!440/100,!0/100,!440/100", 0},
	{{L, H}, "wt4", "!440/100,!0/100,!440/300,!0/100,!440/100,!0/9300,!440/100,!0/100,!440/300,!0/100,!440/100", 0},
	{{L, H, T}, "sit", NULL, TONE_SPECIAL},
	{{T}, "zz", NULL, TONE_SPECIAL},
	{{G}, "it", NULL, TONE_SPECIAL},
	{{L, H}, "ot", NULL, TONE_HOWLER},
	{{L, H}, "p", "!400/300", 0},
	{{L, H}, "e", "480+620/250,0/250", 0},
	{{L, H}, "v", "!440/2000,0/10000,440/500", 0},
	{{L, H}, "y", "1400/500,0/15000", 0},
	{{L, H}, "z", "!941+1477/60,!350+440/940", 0},
	{{L, H, SST}, "ht", "425/100,0/9900", 0},
	{{G}, "cf", "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100", 0},
	{{G}, "pt", "440+620", 0},
	{{SST}, "cd", "!480/200,!0/100,!350/200", 0},
	{{SST}, "cj", "!350/200,!0/100,!480/200", 0},
	{{SST}, "cm", "425/100,0/4900", 0},
	{{SST}, "cw", "440/100,0/5000", 0},
	{{SST}, "ni", NULL, TONE_REORDER},
	{{SST}, "nu", NULL, TONE_REORDER},
	{{SST}, "pr", "!1100+1750/200", 0},
	{{SST}, "pt", "!1100+1750/500", 0},
	{{T, R}, "co1", "2010", 0},
	{{T, R}, "co2", "1780", 0},
	{{L, H}, "aw", "2100", 0}, /* ITU-T V.25 */
	{{T}, "nm", "0:1004", 0},
	{{T}, "mm", "0:1014", 0},
	{{T}, "om", "0:1000", 0},
	{{T}, "tl", "-10:2225", 0},
	{{T}, "pst", "480/1000,0/1000", 0},
	{{T}, "qt", "0", 0},
};

/* "sit(1)" to "sit(7)": the segments' frequencies and lengths by SR-2275 6.21.2. */
static const char *const special[] = {
	"!914/276,!1429/380,!1777/380,0", "!985/276,!1371/380,!1777/380,0", "!985/380,!1429/380,!1777/380,0", "!914/380,!1371/380,!1777/380,0",
	"!914/276,!1371/276,!1777/380,0", "!985/380,!1371/276,!1777/380,0", "!914/380,!1429/276,!1777/380,0",
};

/* Between whose sounds the call goes on. */
static const char *const beside[] = {"wt", "wt1", "wt2", "wt3", "wt4", "v", "y", "ht", "cw"};

static bool is_beside(const char *name)
{
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		if (!strcmp(beside[i], name))
			return true;
	return false;
}

static const struct row *find(const struct mgcp_signal *s)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned k = 0; k < 5 && rows[i].packages[k]; k++)
			if (rows[i].packages[k] == s->package && !strcmp(rows[i].name, s->type->name))
				return &rows[i];
	return NULL;
}

/* The numbered one where numbers have a meaning: North America; each country has one of its own. */
static int special_tone(struct tone *ret, struct slice params, const char *country)
{
	uint32_t n = 3;
	bool numbered = false;
	while (slice_is_set(params)) {
		struct slice one = mgcp_list_next(&params);
		if (slice_casestarts(one, SLICE("to")))
			continue;
		if (slice_u32(one, &n) || n < 1 || n > 7)
			return -EINVAL;
		numbered = true;
	}
	if (numbered && (!strcmp(country, "us") || !strcmp(country, "ca")))
		return tone_read(ret, slice_str(special[n - 1]));
	return tone_of(ret, slice_str(country), TONE_SPECIAL);
}

/* RFC 3660 2.4: "sl(del=1500)", so long a pause between confirmation and dial tone. */
static int stutter(struct tone *ret, struct slice params, const char *country)
{
	struct slice text = circuit_param(params, "del");
	uint32_t ms;
	int err = tone_of(ret, slice_str(country), TONE_MESSAGE_WAITING);
	if (err || !slice_is_set(text))
		return err;
	if (slice_u32(text, &ms) || ms > 10000)
		return -EINVAL;
	if (ms >= 100 && ret->count > 1)
		ret->step[ret->count - 2].length = ms / 100 * 800;
	return 0;
}

/* Q.23: one frequency of the row and one of the column, for as long as the signal is on (RFC 3660 2.2, "dd" and "do"). */
static int digit_tone(struct tone *ret, char digit)
{
	static const char keys[] = "123A456B789C*0#D";
	static const char *const rows_hz[] = {"697", "770", "852", "941"}, *const columns_hz[] = {"1209", "1336", "1477", "1633"};
	const char *at = digit ? strchr(keys, digit) : NULL;
	char text[16];
	struct buf b = buf_fixed(text, sizeof text);
	if (!at)
		return -EINVAL;
	buf_printf(&b, "%s+%s", rows_hz[(at - keys) / 4], columns_hz[(at - keys) % 4]);
	return tone_read(ret, buf_text(&b));
}

static bool is_numbered(const struct mgcp_signal *s)
{
	return ((s->package == &mgcp_package_l || s->package == &mgcp_package_h) && !strcmp(s->type->name, "s")) ||
	       (s->package == &mgcp_package_g && !strcmp(s->type->name, "pat"));
}

/* "7", "7,+": RFC 3660 leaves what is meant to who configures both sides. */
static int numbered(struct tone *ret, struct slice params, const struct circuit_patterns *p)
{
	uint32_t n;
	if (slice_u32(mgcp_list_next(&params), &n))
		return -EINVAL;
	for (unsigned i = 0; p && i < p->n; i++)
		if (p->row[i].number == n) {
			*ret = p->row[i].tone;
			return 0;
		}
	return -EINVAL;
}

int circuit_tone(struct tone *ret, bool *pauses, const struct mgcp_signal *s, const struct circuit_settings *settings)
{
	const struct row *r = find(s);
	const char *country = settings->country;
	*pauses = false;
	if (is_numbered(s))
		return numbered(ret, s->params, settings->patterns);
	if (s->package == &mgcp_package_d && !(s->type->event & MGCP_DIGIT) && s->type->signal)
		return digit_tone(ret, circuit_signal_digit(s));
	if (!r)
		return -ENOENT;
	*pauses = is_beside(r->name);
	if (!strcmp(r->name, "sit"))
		return special_tone(ret, s->params, country);
	if (!strcmp(r->name, "zz")) /* an alias of sit(2) */
		return special_tone(ret, SLICE("2"), country);
	if (!strcmp(r->name, "sl"))
		return stutter(ret, s->params, country);
	return r->notation ? tone_read(ret, slice_str(r->notation)) : tone_of(ret, slice_str(country), r->signal);
}
