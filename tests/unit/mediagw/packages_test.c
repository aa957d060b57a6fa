// SPDX-License-Identifier: GPL-3.0-or-later
/* The packages as the tables of RFC 3660 and RFC 3064 have them, against what each kind of endpoint takes: whatever the standards define is taken, but
 * for the rows of `refused`, whose reasons userspace/mediagw/README.md tells. */
#include "line_bench.h"

/* --- the tables of the standards ---------------------------------------------------------------------------------- */

/* A row: symbol, column R, column S; where parameters are needed, these too. */
struct row {
	const char *symbol, *r, *s;
};

struct table {
	const char *package;
	struct row rows[48];
};

static const struct table tables[] = {
	/* RFC 3660 2.1 to 2.6 and 2.10 */
	{"G", {{"cf", "", "BR"}, {"cg", "", "TO"}, {"ft", "x", ""}, {"it", "", "TO"}, {"ld", "C", ""}, {"mt", "x", ""}, {"oc", "x", ""}, {"of", "x", ""},
	       {"pat", "x(7)", "OO(7)"}, {"pt", "", "TO"}, {"rbk", "", "TO,C(CONNECTION)"}, {"rt", "", "TO,C"}}},
	{"D", {{"0", "x", "BR"}, {"1", "x", "BR"}, {"2", "x", "BR"}, {"3", "x", "BR"}, {"4", "x", "BR"}, {"5", "x", "BR"}, {"6", "x", "BR"}, {"7", "x", "BR"},
	       {"8", "x", "BR"}, {"9", "x", "BR"}, {"#", "x", "BR"}, {"*", "x", "BR"}, {"A", "x", "BR"}, {"B", "x", "BR"}, {"C", "x", "BR"}, {"D", "x", "BR"},
	       {"DD", "x(dg=5,to=100)", "TO(dg=5,to=100)"}, {"DO", "", "OO(dg=5)"}, {"L", "x", ""}, {"oc", "x", ""}, {"of", "x", ""},
	       {"T", "x", "TO"}, {"X", "x", ""}}},
	{"T", {{"as", "x", "BR"}, {"bl", "", "BR"}, {"bz", "", "TO"}, {"co1", "x", "TO"}, {"co2", "x", "TO"}, {"ct", "", "OO(in=co1,out=co2)"},
	       {"lb", "", "OO"}, {"nm", "x", "TO"}, {"mm", "x", "TO"}, {"oc", "x", ""}, {"of", "x", ""}, {"om", "x", "TO"}, {"pst", "", "TO"}, {"qt", "", "TO"},
	       {"ro", "x", "TO"}, {"sit", "x(2)", "TO(2)"}, {"tl", "x", "TO"}, {"tp", "x(95)", "TO(95)"}, {"zz", "x", "TO"}}},
	{"L", {{"adsi", "", "BR(\"text\")"}, {"aw", "x", "OO"}, {"bz", "", "TO"}, {"ci", "", "BR(09/14/17/26,\"5551212\",\"Doe\")"},
	       {"dl", "", "TO"}, {"e", "x", "TO"}, {"hd", "S", ""}, {"hf", "x", ""}, {"ht", "", "OO"}, {"hu", "S", ""}, {"lsa", "", "OO"}, {"mwi", "", "TO"},
	       {"nbz", "x", "TO"}, {"oc", "x", ""}, {"of", "x", ""}, {"osi", "", "TO"}, {"ot", "", "TO"}, {"p", "x", "BR"}, {"rg", "", "TO"}, {"r0", "", "TO"},
	       {"r1", "", "TO"}, {"r2", "", "TO"}, {"r3", "", "TO"}, {"r4", "", "TO"}, {"r5", "", "TO"}, {"r6", "", "TO"}, {"r7", "", "TO"}, {"ro", "", "TO"},
	       {"rs", "", "BR"}, {"s", "x(7)", "BR(7)"}, {"sit", "", "TO(1)"}, {"sl", "", "TO(del=1500)"}, {"v", "", "OO"},
	       {"vmwi", "", "OO"}, {"wt", "", "TO"}, {"wt1", "", "TO"}, {"wt2", "", "TO"}, {"wt3", "", "TO"}, {"wt4", "", "TO"}, {"y", "", "TO"},
	       {"z", "", "BR"}}},
	{"H", {{"adsi", "x", "BR(\"text\")"}, {"aw", "x", "OO"}, {"bz", "x", "TO"}, {"ci", "x", "BR(09/14/17/26,\"5551212\",\"Doe\")"},
	       {"dl", "x", "TO"}, {"e", "x", "TO"}, {"hd", "S", "BR"}, {"hu", "S", "BR"}, {"hf", "x", "BR"}, {"ht", "x", "OO"}, {"lsa", "x", "OO"},
	       {"mwi", "x", "TO"}, {"nbz", "x", "TO"}, {"oc", "x", ""}, {"ot", "x", "TO"}, {"of", "x", ""}, {"osi", "x", "TO"}, {"p", "x", "BR"},
	       {"rg", "x", "TO"}, {"r0", "x", "TO"}, {"r1", "x", "TO"}, {"r2", "x", "TO"}, {"r3", "x", "TO"}, {"r4", "x", "TO"}, {"r5", "x", "TO"},
	       {"r6", "x", "TO"}, {"r7", "x", "TO"}, {"ro", "x", "TO"}, {"rs", "x", "BR"}, {"s", "x(7)", "BR(7)"}, {"sit", "x(1)", "TO(1)"},
	       {"sl", "x", "TO"}, {"v", "x", "OO"}, {"vmwi", "x", "OO"}, {"wt", "x", "TO"}, {"wt1", "x", "TO"}, {"wt2", "x", "TO"}, {"wt3", "x", "TO"},
	       {"wt4", "x", "TO"}, {"y", "x", "TO"}, {"z", "x", "BR"}}},
	{"SST", {{"cd", "", "BR"}, {"cj", "", "BR"}, {"cm", "", "TO"}, {"cw", "", "TO"}, {"ht", "", "OO"}, {"ni", "", "TO"}, {"nu", "", "TO"}, {"oc", "x", ""},
		 {"of", "x", ""}, {"pr", "", "BR"}, {"pt", "", "BR"}}},
	{"R", {{"co1", "C", "TO,C"}, {"co2", "C", "TO,C"}, {"iu", "C(5)", ""}, {"ji", "C", ""}, {"ma", "C", ""}, {"oc", "x", ""}, {"of", "x", ""},
	       {"pl", "C(10)", ""}, {"qa", "C", ""}, {"rto", "C(120,st=im)", ""}, {"sr", "C", ""}, {"uc", "C", ""}}},
	/* RFC 3064 2.1 to 2.6 */
	{"MS", {{"ans", "P", "BR"}, {"bl", "S", "BR"}, {"bz", "", "TO"}, {"inf", "x", ""}, {"oc", "x", ""}, {"of", "x", ""}, {"rel", "P", "BR"}, {"res", "P", "BR"},
		{"rlc", "PS", "BR"}, {"ro", "", "TO"}, {"rt", "", "TO"}, {"sup", "PS", "TO(addr(k0,5,5,s0))"}, {"sus", "P", "BR"}}},
	{"DT", {{"ans", "P", "BR"}, {"bl", "S", "BR"}, {"bz", "", "TO"}, {"dl", "", "TO"}, {"oc", "x", ""}, {"of", "x", ""}, {"rel", "P", "BR"}, {"res", "P", "BR"},
		{"rlc", "PS", "BR"}, {"ro", "", "TO"}, {"rt", "", "TO"}, {"sup", "PS", "TO(addr(5,5,5))"}, {"sus", "P", "BR"}}},
	{"BL", {{"bz", "", "TO"}, {"dl", "", "TO"}, {"hd", "PS", ""}, {"hf", "P", ""}, {"hu", "PS", ""}, {"oc", "x", ""}, {"of", "x", ""}, {"rel", "", "BR"},
		{"rg", "", "TO"}, {"ro", "", "TO"}, {"rt", "", "TO,C"}}},
	{"DO", {{"ci", "x", ""}, {"hd", "", "BR"}, {"hf", "", "BR"}, {"hu", "", "BR"}, {"oc", "x", ""}, {"of", "x", ""}, {"rel", "P", ""}, {"rg", "PS", ""},
		{"rlc", "PS", "BR"}, {"sup", "", "TO(addr(5,5,5))"}}},
	{"MD", {{"ans", "P", "BR"}, {"awk", "P", "BR"}, {"bl", "S", "BR"}, {"bz", "", "TO"}, {"cwk", "", "BR"}, {"inf", "x", "TO(k0,5,s0)"}, {"oc", "x", ""},
		{"of", "x", ""}, {"rel", "P", "BR"}, {"res", "P", "BR"}, {"rlc", "PS", "BR"}, {"ro", "", "TO"}, {"rt", "", "TO"},
		{"sup", "PS", "TO(addr(k0,5,5,s0),id(k0,s0))"}, {"sus", "P", "BR"}, {"swk", "x", ""}}},
	{"MO", {{"ans", "P", ""}, {"oc", "x", ""}, {"of", "x", ""}, {"orbk", "x", ""}, {"rbz", "PS", ""}, {"rcl", "", "BR"}, {"rel", "P", "BR"}, {"res", "", "BR"},
		{"rlc", "PS", "BR"}, {"sup", "", "TO(addr(k0,5,s0),id(k0,5,s0))"}, {"sus", "", "BR"}, {"swk", "x", ""}}},
};

/* --- our endpoints ------------------------------------------------------------------------------------------------ */

enum { BEARER = 1, PHONE = 2, SYSTEM = 4, EXCHANGE = 8, TONES = 16, MF = 32, FEATURE_D = 64, OPERATOR = 128, RELAY = 256 };
#define TRUNKS (TONES | MF | FEATURE_D | OPERATOR)
#define EVERY  0xffff

static const struct {
	unsigned kind;
	const char *endpoint, *packages; /* between blanks */
	unsigned channel;
} kinds[] = {
	{BEARER, "ds/ds1-1/1", " T D DM1 G SST R ", 1},    {PHONE, "ds/ds1-1/2", " L D DM1 G SST R ", 2},
	{SYSTEM, "ds/ds1-1/3", " BL D DM1 G SST R ", 3},   {EXCHANGE, "ds/ds1-1/4", " DO H D DM1 G SST R ", 4},
	{TONES, "ds/ds1-1/5", " DT D DM1 T G SST R ", 5},  {MF, "ds/ds1-1/6", " MS T G SST R ", 6},
	{FEATURE_D, "ds/ds1-1/7", " MD T G SST R ", 7},    {OPERATOR, "ds/ds1-1/8", " MO T G SST R ", 8},
	{RELAY, "rtpbridge/1", " R D DM1 ", 0},
};

static const char conf[] =
	"span 1 { framing = esf coding = b8zs }\n"
	"channels b { numbers = { \"1\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"bchan\" }\n"
	"channels l { numbers = { \"2\" } signalling = \"fxoks\" tone-patterns = { \"7=440/100,0/100\" } }\n"
	"channels bl { numbers = { \"3\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"fxoks\" attached = \"pbx\" }\n"
	"channels do { numbers = { \"4\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"fxsks\" }\n"
	"channels dt { numbers = { \"5\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"e&m\" }\n"
	"channels ms { numbers = { \"6\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"e&m\" dialling = \"mf\" }\n"
	"channels md { numbers = { \"7\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"e&m\" dialling = \"feature-d\" }\n"
	"channels mo { numbers = { \"8\" } tone-patterns = { \"7=440/100,0/100\" } signalling = \"e&m\" dialling = \"operator\" }\n";

/* What cannot apply, and why: a name alone stands for all of its package's. */
static const struct refusal {
	unsigned kinds;
	const char *package, *names; /* names between blanks */
	char column;                 /* R or S */
	unsigned code;
} refused[] = {
	/* A telephone makes no tones but its digits. */
	{PHONE, "L", " aw e nbz p s ", 'R', 512},
	/* An exchange is not rung, nor told who calls, nor is its loop opened or reversed, nor its lamp lit: a telephone can do none of this. */
	{EXCHANGE, "H", " rg r0 r1 r2 r3 r4 r5 r6 r7 rs ci lsa osi vmwi ", 'S', 513},
	/* Tones of an exchange that no standard gives a sound, or only as a habit of one country. */
	{EXCHANGE, "H", " aw e ht mwi ot p s sl v wt wt1 wt2 wt3 wt4 y z ", 'R', 512},
	/* What rings is not told from another cadence. */
	{EXCHANGE, "H", " r0 r1 r2 r3 r4 r5 r6 r7 rs ", 'R', 512},
	/* "Not well-defined" (RFC 3660 2.4). */
	{PHONE | EXCHANGE, "L H", " adsi ", 'S', 513},
	{EXCHANGE, "H", " adsi ", 'R', 512},
	/* No pattern is provisioned to be heard. */
	{EVERY, "G", " pat ", 'R', 512},
	/* An answer, or a channel that is blocked, is a state of trunks. */
	{BEARER, "T", " as ", 'R', 512},
	{BEARER, "T", " as bl ", 'S', 513},
	/* Its own hook is no news to who moves it, and no other telephone's is known. */
	{EXCHANGE, "H", " hd hu hf ", 'R', 512},
	/* A wildcard of events is no name of a signal. */
	{EVERY, "D", " X ", 'S', 522},
	/* The kernel tells nobody of ICMP, and packets that are relayed there are not looked into. */
	{EVERY, "R", " iu ", 'R', 512},
	{RELAY, "R", " ji sr uc ", 'R', 512},
	{RELAY, "R", " co1 co2 ", 'R', 512},
	{RELAY, "R", " co1 co2 ", 'S', 513},
	/* Digits are heard in telephone-events, and nothing is played but what a test needs. */
	{RELAY, "D", " DD L ", 'R', 512},
	{RELAY, "D", " 0 1 2 3 4 5 6 7 8 9 # * A B C D DD DO ", 'S', 513},
};

static bool has(const char *list, const char *name)
{
	char word[32];
	snprintf(word, sizeof word, " %s ", name);
	return strstr(list, word);
}

static unsigned expected(unsigned kind, const char *package, const struct row *row, char column)
{
	char packages[16];
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct refusal *f = &refused[i];
		snprintf(packages, sizeof packages, " %s ", f->package);
		if (f->kinds & kind && f->column == column && has(packages, package) && has(f->names, row->symbol))
			return f->code;
	}
	if (!strcmp(column == 'R' ? row->r : row->s, ""))
		return column == 'R' ? 512 : 513;
	return 200;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static unsigned kind_of(unsigned channel)
{
	size_t k = 0;
	while (kinds[k].channel != channel)
		k++;
	return kinds[k].kind;
}

static void lift(unsigned channel, bool up)
{
	if (kind_of(channel) == EXCHANGE) {
		assert_int_equal(run("RQNT 9 ds/ds1-1/4@mg MGCP 1.0\r\nX: 9\r\nS: DO/hd\r\n"), 200);
		return;
	}
	struct endpoint *e = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, channel));
	struct bearer *b = e->line->bearer;
	cards.channels[channel].off_hook = up;
	b->p.heard(b->p.arg, &(struct heard){.kind = HEARD_EVENT, .event = {.kind = up ? TDM_EV_OFFHOOK : TDM_EV_ONHOOK}});
}

/* What is on connections needs one. */
static unsigned ask(const char *endpoint, const char *package, const struct row *row, char column)
{
	char text[512];
	const char *cell = column == 'R' ? row->r : row->s, *params = strchr(cell, '(');
	bool on_connection = memchr(cell, 'C', strcspn(cell, "(")) && strcmp(row->symbol, "rbk") != 0;
	snprintf(text, sizeof text, "CRCX 1 %s@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n", endpoint);
	unsigned code = run(text);
	assert_int_equal(code, 200);
	struct buf b = buf_fixed(text, sizeof text - 1);
	buf_printf(&b, "RQNT 2 %s@mg MGCP 1.0\r\nX: 1\r\n%c: %s/%s", endpoint, column, package, row->symbol);
	if (on_connection)
		buf_printf(&b, "@%s", bench.id);
	if (column == 'R')
		buf_str(&b, "(N)");
	if (params && !strcmp(params, "(CONNECTION)"))
		buf_printf(&b, "(%s)", bench.id);
	else if (params)
		buf_str(&b, params);
	buf_str(&b, "\r\n");
	return run(buf_z(&b));
}

/* An event or signal that needs the hook elsewhere is tried with it there, too. */
static unsigned try(size_t k, const char *package, const struct row *row, char column)
{
	unsigned code = 0;
	for (unsigned up = 0; up < 2 && (!code || code == 401 || code == 402); up++) {
		bench_plug();
		assert_int_equal(bench_open(conf, NULL), 0);
		if (up)
			lift(kinds[k].channel, true);
		code = ask(kinds[k].endpoint, package, row, column);
		bench_close();
	}
	return code;
}

static unsigned walk_row(size_t k, const char *package, const struct row *row)
{
	unsigned wrong = 0;
	for (const char *column = "RS"; *column; column++) {
		unsigned code = try(k, package, row, *column), want = expected(kinds[k].kind, package, row, *column);
		if (code == want)
			continue;
		print_error("%s %c: %s/%s gives %u instead of %u\n", kinds[k].endpoint, *column, package, row->symbol, code, want);
		wrong++;
	}
	return wrong;
}

static void each_row_of_the_standards_is_taken_or_refused_for_a_reason(void **state)
{
	(void)state;
	unsigned wrong = 0;
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			for (const struct row *row = tables[t].rows; row->symbol && has(kinds[k].packages, tables[t].package); row++)
				wrong += walk_row(k, tables[t].package, row);
	assert_int_equal(wrong, 0);
}

/* What an endpoint says that it has is what is walked above. */
static void each_endpoint_has_its_packages(void **state)
{
	(void)state;
	char text[128];
	bench_plug();
	assert_int_equal(bench_open(conf, NULL), 0);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
			snprintf(text, sizeof text, "RQNT 1 %s@mg MGCP 1.0\r\nX: 1\r\nR: %s/oc(N)\r\n", kinds[k].endpoint, tables[t].package);
			bool there = has(kinds[k].packages, tables[t].package);
			unsigned want = there ? !strcmp(tables[t].package, "DM1") ? 522 : 200 : 518;
			assert_int_equal(run(text), want);
		}
	bench_close();
}

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_standards_is_taken_or_refused_for_a_reason),
		cmocka_unit_test(each_endpoint_has_its_packages),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
