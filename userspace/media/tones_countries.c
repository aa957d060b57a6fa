// SPDX-License-Identifier: GPL-3.0-or-later
/* The tones of countries: ITU-T E.180, supplement 2. A country is a row; where it has no tone of its own, that of the last row, which is how E.180 would have it,
 * is taken. */
#include "media/tones.h"
#include <errno.h>

static const struct slice names[TONE_SIGNALS] = {
	[TONE_DIAL] = SLICE("dial"),
	[TONE_MESSAGE_WAITING] = SLICE("message-waiting"),
	[TONE_RINGBACK] = SLICE("ringback"),
	[TONE_BUSY] = SLICE("busy"),
	[TONE_REORDER] = SLICE("reorder"),
	[TONE_CONGESTION] = SLICE("congestion"),
	[TONE_CALL_WAITING] = SLICE("call-waiting"),
	[TONE_SPECIAL] = SLICE("special-information"),
	[TONE_HOWLER] = SLICE("howler"),
};

#define STUTTER(hz) \
	"!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100," \
	"!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100,!" hz "/100,!0/100," hz
#define NORTH_AMERICA \
	[TONE_DIAL] = "350+440", [TONE_MESSAGE_WAITING] = STUTTER("350+440"), [TONE_RINGBACK] = "-19:440+480/2000,0/4000", \
	[TONE_BUSY] = "-24:480+620/500,0/500", [TONE_REORDER] = "-24:480+620/250,0/250", [TONE_CONGESTION] = "-24:480+620/250,0/250", \
	[TONE_CALL_WAITING] = "!440/300,!0/9700,!440/300", [TONE_SPECIAL] = "!950/330,!1400/330,!1800/330,0"

static const struct {
	const char *name;
	const char *tone[TONE_SIGNALS];
} countries[] = {
	{"ae", {[TONE_DIAL] = "350+440", [TONE_MESSAGE_WAITING] = STUTTER("350+440"), [TONE_RINGBACK] = "400+425/400,0/200,400+425/400,0/2000",
		[TONE_BUSY] = "400/375,0/375", [TONE_CONGESTION] = "425/400,0/350,425/225,0/525", [TONE_REORDER] = "425/400,0/350,425/225,0/525",
		[TONE_CALL_WAITING] = "420/40,0/1960"}},
	{"ar", {[TONE_RINGBACK] = "425/1000,0/4500", [TONE_BUSY] = "425/300,0/300", [TONE_CONGESTION] = "425/200,0/300", [TONE_REORDER] = "425/200,0/300",
		[TONE_CALL_WAITING] = "425/200,0/9000"}},
	{"at", {[TONE_DIAL] = "420", [TONE_RINGBACK] = "420/1000,0/5000", [TONE_BUSY] = "420/400,0/400", [TONE_CONGESTION] = "420/200,0/200",
		[TONE_REORDER] = "420/200,0/200", [TONE_CALL_WAITING] = "420/40,0/1950"}},
	{"au", {[TONE_DIAL] = "413+438", [TONE_RINGBACK] = "413+438/400,0/200,413+438/400,0/2000", [TONE_BUSY] = "425/375,0/375",
		[TONE_CONGESTION] = "425/375,0/375", [TONE_REORDER] = "425/2500,0/500", [TONE_CALL_WAITING] = "425/200,0/200,425/200,0/4400"}},
	{"be", {[TONE_RINGBACK] = "425/1000,0/3000", [TONE_CONGESTION] = "425/167,0/167", [TONE_REORDER] = "425/167,0/167",
		[TONE_CALL_WAITING] = "1400/175,0/175,1400/175,0/3500"}},
	{"bg", {[TONE_CALL_WAITING] = "425/150,0/150,425/150,0/4000"}},
	{"br", {[TONE_BUSY] = "425/250,0/250", [TONE_CONGESTION] = "425/250,0/250,425/750,0/250", [TONE_REORDER] = "425/250,0/250,425/750,0/250",
		[TONE_CALL_WAITING] = "425/50,0/1000"}},
	{"ca", {NORTH_AMERICA}},
	{"ch", {[TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200", [TONE_CALL_WAITING] = "425/200,0/200,425/200,0/4000"}},
	{"cl", {[TONE_DIAL] = "400", [TONE_MESSAGE_WAITING] = STUTTER("400"), [TONE_RINGBACK] = "400/1000,0/3000", [TONE_BUSY] = "400/500,0/500",
		[TONE_CONGESTION] = "400/200,0/200", [TONE_REORDER] = "400/200,0/200", [TONE_CALL_WAITING] = "400/250,0/8750"}},
	{"cn", {[TONE_DIAL] = "450", [TONE_RINGBACK] = "450/1000,0/4000", [TONE_BUSY] = "450/350,0/350", [TONE_CONGESTION] = "450/700,0/700",
		[TONE_REORDER] = "450/700,0/700", [TONE_CALL_WAITING] = "450/400,0/4000"}},
	{"cr", {[TONE_DIAL] = "450", [TONE_MESSAGE_WAITING] = STUTTER("450"), [TONE_RINGBACK] = "450/1200,0/4800", [TONE_BUSY] = "450/330,0/330",
		[TONE_CONGESTION] = "450/330,0/330", [TONE_REORDER] = "450/330,0/330", [TONE_CALL_WAITING] = "450/150,0/150,450/150,0/8000"}},
	{"cz", {[TONE_DIAL] = "425/330,0/330,425/660,0/660", [TONE_BUSY] = "425/330,0/330", [TONE_CONGESTION] = "425/165,0/165",
		[TONE_REORDER] = "425/165,0/165", [TONE_CALL_WAITING] = "425/330,0/9000"}},
	{"de", {[TONE_BUSY] = "425/480,0/480", [TONE_CONGESTION] = "425/240,0/240", [TONE_REORDER] = "425/240,0/240",
		[TONE_CALL_WAITING] = "425/200,0/200,425/200,0/5000"}},
	{"dk", {[TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200"}},
	{"ee", {[TONE_BUSY] = "425/300,0/300", [TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200"}},
	{"es", {[TONE_RINGBACK] = "425/1500,0/3000", [TONE_BUSY] = "425/200,0/200", [TONE_CONGESTION] = "425/200,0/200,425/200,0/200,425/200,0/600",
		[TONE_REORDER] = "425/200,0/200,425/200,0/600", [TONE_CALL_WAITING] = "425/175,0/175,425/175,0/3500"}},
	{"fi", {[TONE_BUSY] = "425/300,0/300", [TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200",
		[TONE_CALL_WAITING] = "425/150,0/150,425/150,0/8000"}},
	{"fr", {[TONE_DIAL] = "440", [TONE_RINGBACK] = "440/1500,0/3500", [TONE_BUSY] = "440/500,0/500", [TONE_CONGESTION] = "440/250,0/250",
		[TONE_REORDER] = "440/250,0/250", [TONE_CALL_WAITING] = "440/300,0/10000"}},
	{"gb", {[TONE_DIAL] = "350+440", [TONE_MESSAGE_WAITING] = STUTTER("350+440"), [TONE_RINGBACK] = "400+450/400,0/200,400+450/400,0/2000",
		[TONE_BUSY] = "400/375,0/375", [TONE_CONGESTION] = "400/400,0/350,400/225,0/525", [TONE_REORDER] = "400",
		[TONE_CALL_WAITING] = "400/100,0/4000"}},
	{"gr", {[TONE_DIAL] = "425/200,0/300,425/700,0/800", [TONE_BUSY] = "425/300,0/300", [TONE_CONGESTION] = "425/200,0/200",
		[TONE_REORDER] = "425/200,0/200", [TONE_CALL_WAITING] = "425/150,0/150,425/150,0/8000"}},
	{"hu", {[TONE_RINGBACK] = "425/1250,0/3750", [TONE_BUSY] = "425/300,0/300", [TONE_CONGESTION] = "425/300,0/300", [TONE_REORDER] = "425/300,0/300",
		[TONE_CALL_WAITING] = "425/40,0/1960"}},
	{"il", {[TONE_DIAL] = "414", [TONE_MESSAGE_WAITING] = STUTTER("414"), [TONE_RINGBACK] = "414/1000,0/3000", [TONE_BUSY] = "414/500,0/500",
		[TONE_CONGESTION] = "414/250,0/250", [TONE_REORDER] = "414/250,0/250", [TONE_CALL_WAITING] = "414/100,0/100,414/100,0/100,414/600,0/3000"}},
	{"in", {[TONE_DIAL] = "400*25", [TONE_RINGBACK] = "400*25/400,0/200,400*25/400,0/2000", [TONE_BUSY] = "400/750,0/750",
		[TONE_CONGESTION] = "400/250,0/250", [TONE_REORDER] = "400/250,0/250", [TONE_CALL_WAITING] = "400/200,0/100,400/200,0/7500"}},
	{"it", {[TONE_DIAL] = "425/200,0/200,425/600,0/1000", [TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200",
		[TONE_CALL_WAITING] = "425/400,0/100,425/250,0/100,425/150,0/14000"}},
	{"jp", {[TONE_DIAL] = "400", [TONE_RINGBACK] = "400*16/1000,0/2000", [TONE_BUSY] = "400/500,0/500", [TONE_CONGESTION] = "400/500,0/500",
		[TONE_REORDER] = "400/500,0/500", [TONE_CALL_WAITING] = "400*16/500,0/8000"}},
	{"lt", {[TONE_BUSY] = "425/350,0/350", [TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200",
		[TONE_CALL_WAITING] = "425/150,0/150,425/150,0/4000"}},
	{"mo", {[TONE_CALL_WAITING] = "425/200,0/600"}},
	{"mx", {[TONE_BUSY] = "425/250,0/250", [TONE_CALL_WAITING] = "425/200,0/600,425/200,0/10000"}},
	{"my", {[TONE_RINGBACK] = "425/400,0/200,425/400,0/2000", [TONE_CONGESTION] = "425/500,0/500", [TONE_CALL_WAITING] = "425/100,0/4000"}},
	{"nl", {[TONE_CONGESTION] = "425/250,0/250", [TONE_CALL_WAITING] = "425/500,0/9500"}},
	{"no", {[TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200", [TONE_CALL_WAITING] = "425/200,0/600,425/200,0/10000"}},
	{"nz", {[TONE_DIAL] = "400", [TONE_RINGBACK] = "400+450/400,0/200,400+450/400,0/2000", [TONE_BUSY] = "400/500,0/500",
		[TONE_CONGESTION] = "400/250,0/250", [TONE_REORDER] = "400/75,0/100,400/75,0/100,400/75,0/100,400/75,0/400",
		[TONE_CALL_WAITING] = "400/200,0/3000,400/200,0/5000"}},
	{"pa", {[TONE_RINGBACK] = "425/1200,0/4650", [TONE_BUSY] = "425/320,0/320", [TONE_CONGESTION] = "425/320,0/320", [TONE_REORDER] = "425/320,0/320",
		[TONE_CALL_WAITING] = "425/180,0/180,425/180,0/4000"}},
	{"ph", {[TONE_RINGBACK] = "425+480/1000,0/4000", [TONE_BUSY] = "480+620/500,0/500", [TONE_CONGESTION] = "480+620/250,0/250",
		[TONE_REORDER] = "480+620/250,0/250", [TONE_CALL_WAITING] = "440/300,0/10000"}},
	{"pl", {[TONE_CONGESTION] = "425/500,0/500", [TONE_REORDER] = "425/500,0/500", [TONE_CALL_WAITING] = "425/150,0/150,425/150,0/4000"}},
	{"pt", {[TONE_RINGBACK] = "425/1000,0/5000", [TONE_CONGESTION] = "425/200,0/200", [TONE_REORDER] = "425/200,0/200",
		[TONE_CALL_WAITING] = "425/200,0/200,425/200,0/5000"}},
	{"ru", {[TONE_RINGBACK] = "425/800,0/3200", [TONE_BUSY] = "425/400,0/400", [TONE_CONGESTION] = "425/200,0/200",
		[TONE_REORDER] = "425/200,0/200", [TONE_CALL_WAITING] = "425/200,0/5000"}},
	{"se", {[TONE_RINGBACK] = "425/1000,0/5000", [TONE_BUSY] = "425/250,0/250", [TONE_CONGESTION] = "425/250,0/750",
		[TONE_REORDER] = "425/250,0/750", [TONE_CALL_WAITING] = "425/200,0/500,425/200,0/9000"}},
	{"sg", {[TONE_RINGBACK] = "425*24/400,0/200,425*24/400,0/2000", [TONE_BUSY] = "425/750,0/750", [TONE_CALL_WAITING] = "425*24/300,0/200,425*24/300,0/3200"}},
	{"th", {[TONE_DIAL] = "400*50", [TONE_MESSAGE_WAITING] = STUTTER("400*50"), [TONE_RINGBACK] = "400/1000,0/4000", [TONE_BUSY] = "400/500,0/500",
		[TONE_CONGESTION] = "400/300,0/300", [TONE_REORDER] = "400/300,0/300", [TONE_CALL_WAITING] = "1000/400,0/10000"}},
	{"tr", {[TONE_DIAL] = "450", [TONE_MESSAGE_WAITING] = STUTTER("450"), [TONE_RINGBACK] = "450/2000,0/4000", [TONE_BUSY] = "450/500,0/500",
		[TONE_CONGESTION] = "!450/200,!0/200,!450/200,!0/200,!450/200,!0/200,450/600,0/200", [TONE_REORDER] = "450/200,0/200",
		[TONE_CALL_WAITING] = "450/200,0/600,450/200,0/8000"}},
	{"tw", {[TONE_DIAL] = "350+440", [TONE_MESSAGE_WAITING] = STUTTER("350+440"), [TONE_RINGBACK] = "440+480/1000,0/2000", [TONE_BUSY] = "480+620/500,0/500",
		[TONE_CONGESTION] = "480+620/250,0/250", [TONE_REORDER] = "480+620/250,0/250", [TONE_CALL_WAITING] = "350+440/250,0/250,350+440/250,0/3250"}},
	{"us", {NORTH_AMERICA}},
	{"ve", {[TONE_CALL_WAITING] = "400+450/300,0/6000"}},
	{"za", {[TONE_DIAL] = "400*33", [TONE_MESSAGE_WAITING] = STUTTER("400*33"), [TONE_RINGBACK] = "400*33/400,0/200,400*33/400,0/2000",
		[TONE_BUSY] = "400/500,0/500", [TONE_CONGESTION] = "400/250,0/250", [TONE_REORDER] = "400/250,0/250", [TONE_CALL_WAITING] = "400*33/250,0/250,400*33/250,0/3000"}},
	{"", {[TONE_DIAL] = "425", [TONE_MESSAGE_WAITING] = STUTTER("425"), [TONE_RINGBACK] = "425/1000,0/4000", [TONE_BUSY] = "425/500,0/500",
		[TONE_REORDER] = "425/250,0/250", [TONE_CONGESTION] = "425/250,0/250", [TONE_CALL_WAITING] = "425/200,0/600,425/200,0/3000",
		[TONE_SPECIAL] = "950/330,1400/330,1800/330,0/1000", [TONE_HOWLER] = "-3:1400+2060+2450+2600/100,0/100"}},
};

#define COUNTRIES (sizeof countries / sizeof *countries - 1) /* without that of all others */

/* What DAHDI's zones are called that go by another name here. */
static const struct {
	const char *zone, *country;
} zones[] = {{"uk", "gb"}, {"us-old", "us"}};

struct slice tone_name(enum tone_signal signal)
{
	return signal < TONE_SIGNALS ? names[signal] : SLICE_NONE;
}

struct slice tone_country(unsigned i)
{
	return i < COUNTRIES ? slice_str(countries[i].name) : SLICE_NONE;
}

static size_t find(struct slice name)
{
	size_t i = 0;
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++)
		if (slice_caseeq(name, slice_str(zones[z].zone)))
			name = slice_str(zones[z].country);
	while (i < COUNTRIES && !slice_caseeq(name, slice_str(countries[i].name)))
		i++;
	return i;
}

struct slice tone_country_of(struct slice name)
{
	return tone_country(find(name));
}

int tone_country_read(char ret[static 4], const char *name, const char *where, struct buf *why)
{
	struct slice country = tone_country_of(slice_str(name));
	if (slice_is_set(country))
		return slice_copy(country, ret, 4);
	buf_printf(why, "%s: expected a country whose tones are known, not \"%s\":", where, name);
	for (unsigned i = 0; slice_is_set(tone_country(i)); i++)
		buf_printf(why, " " SLICE_FMT, SLICE_ARG(tone_country(i)));
	buf_char(why, '\n');
	return -EINVAL;
}

int tone_of(struct tone *ret, struct slice country, enum tone_signal signal)
{
	size_t i = find(country);
	if (i == COUNTRIES)
		return -ENOENT;
	const char *own = countries[i].tone[signal];
	return tone_read(ret, slice_str(own ? own : countries[COUNTRIES].tone[signal]));
}
