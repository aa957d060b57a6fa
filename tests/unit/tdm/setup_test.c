// SPDX-License-Identifier: GPL-3.0-or-later
/* system.conf as DAHDI's users write it, and the same in tandem.conf. */
#include "unit.h"
#include "config/schema.h"
#include "tdm/setup.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRESS "address a { local = {\"127.0.0.1\"} }\n"

static struct tdm_setup *read_good(const char *text)
{
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	int err = tdm_system_conf(s, "system.conf", slice_str(text), &why);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	buf_reset(&why);
	return s;
}

/* That these mistakes are told, and each of them. */
static void assert_told(const char *text, const char *lines)
{
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	assert_int_equal(tdm_system_conf(s, "system.conf", slice_str(text), &why), -EINVAL);
	assert_string_equal(buf_z(&why), lines);
	buf_reset(&why);
	mem_deref(s);
}

static int load_both(struct tdm_setup **ret, const char *text, struct buf *why)
{
	struct conf *c = NULL;
	int err = config_load(&c, "tandem.conf", text, why);
	if (!err)
		err = tdm_setup_load(ret, c, why);
	mem_deref(c);
	return err;
}

static void a_t1_with_a_pri(void **state)
{
	struct tdm_setup *s = read_good("# Span 1: TE2/0/1 \"T2XXP (PCI) Card 0 Span 1\" (MASTER)\n"
					"span=1,1,0,esf,b8zs # to the carrier\n"
					"# termtype: te\n"
					"bchan=1-23\n"
					"dchan=24\n"
					"echocanceller=mg2,1-23\n"
					"\n"
					"# Global data\n"
					"loadzone\t= us\n"
					"defaultzone\t= us\n");
	const struct tdm_span_setup *span = &s->spans[1];
	assert_true(span->set);
	assert_int_equal(span->timing, 1);
	assert_int_equal(span->build_out, 0);
	assert_int_equal(span->framing, TDM_ESF);
	assert_int_equal(span->coding, TDM_B8ZS);
	assert_false(span->crc4);
	assert_false(s->spans[2].set);
	for (unsigned n = 1; n <= 23; n++) {
		assert_int_equal(s->channels[n].signalling, TDM_BCHAN);
		assert_int_equal(s->channels[n].master, n);
		assert_string_equal(s->channels[n].canceller, "mg2");
	}
	assert_int_equal(s->channels[24].signalling, TDM_DCHAN);
	assert_string_equal(s->channels[24].canceller, "");
	assert_false(s->channels[25].set);
	assert_int_equal(s->n_zones, 1);
	assert_string_equal(s->zones[0], "us");
	assert_string_equal(s->default_zone, "us");
	mem_deref(s);
}

static void an_e1_and_spaces_and_capitals_and_carriage_returns(void **state)
{
	struct tdm_setup *s = read_good("Span = 2, 0 ,3, CCS , HDB3,CRC4, yellow\r\n"
					"BCHAN = 1-15, 17-31\r\n"
					"hardhdlc=16\r\nalaw=1-31\nmulaw=3\ndeflaw=4\n");
	assert_int_equal(s->spans[2].framing, TDM_FRAMING_CCS);
	assert_int_equal(s->spans[2].coding, TDM_HDB3);
	assert_int_equal(s->spans[2].build_out, 3);
	assert_true(s->spans[2].crc4);
	assert_true(s->spans[2].yellow);
	assert_int_equal(s->channels[15].signalling, TDM_BCHAN);
	assert_int_equal(s->channels[16].signalling, TDM_HARDHDLC);
	assert_int_equal(s->channels[17].signalling, TDM_BCHAN);
	assert_int_equal(s->channels[1].law, TDM_LAW_ALAW);
	assert_int_equal(s->channels[3].law, TDM_LAW_MULAW);
	assert_int_equal(s->channels[4].law, TDM_LAW_DEFAULT);
	mem_deref(s);
}

static void every_kind_of_channel(void **state)
{
	struct tdm_setup *s = read_good("unused=1\nfxsls=2\nfxsgs=3\nfxsks=4\nfxols=5\nfxogs=6\nfxoks=7\ne&m=8\ne&me1=9\ncas=10-11:1101\nbchan=12\n"
					"indclear=13\nclear=14-16\ndchan=17\nhardhdlc=18\nrawhdlc=19\nnethdlc=20-21:hdlc0\nmtp2=22\ndacs=23-24:48\n"
					"dacsrbs=25:50\nuser=26:0001\n");
	assert_true(s->channels[1].set);
	assert_int_equal(s->channels[1].signalling, TDM_UNUSED);
	for (unsigned i = TDM_FXSLS; i <= TDM_FXOKS; i++)
		assert_int_equal(s->channels[1 + i].signalling, i);
	assert_int_equal(s->channels[8].signalling, TDM_EM);
	assert_int_equal(s->channels[9].signalling, TDM_EM_E1);
	assert_int_equal(s->channels[11].signalling, TDM_CAS);
	assert_int_equal(s->channels[11].idle_bits, 13);
	assert_int_equal(s->channels[13].signalling, TDM_BCHAN);
	assert_int_equal(s->channels[14].master, 14); /* three bundled */
	assert_int_equal(s->channels[16].master, 14);
	assert_int_equal(s->channels[20].signalling, TDM_NETHDLC);
	assert_int_equal(s->channels[21].master, 20);
	assert_int_equal(s->channels[22].signalling, TDM_MTP2);
	assert_int_equal(s->channels[23].dacs, 48);
	assert_int_equal(s->channels[24].dacs, 49);
	assert_int_equal(s->channels[25].dacs, 50);
	assert_int_equal(s->channels[26].idle_bits, 1);
	mem_deref(s);
}

static void dynamic_spans_and_what_radios_have(void **state)
{
	struct tdm_setup *s = read_good("dynamic=loc,1:0,24,0\ndynamic=eth,eth0/00:02:b3:35:43:9c,31,1\ntx=D371\ndcsrx=223\nctcss=1318,1,1318\ninvertcor=y\nchannels=1-4\n");
	assert_int_equal(s->n_dynamics, 2);
	assert_string_equal(s->dynamics[0].driver, "loc");
	assert_string_equal(s->dynamics[0].address, "1:0");
	assert_int_equal(s->dynamics[0].channels, 24);
	assert_string_equal(s->dynamics[1].address, "eth0/00:02:b3:35:43:9c");
	assert_int_equal(s->dynamics[1].timing, 1);
	assert_false(s->channels[1].set);
	mem_deref(s);
}

static void mistakes_are_told_with_file_and_line(void **state)
{
	assert_told("span=1,0,0,esf,b8zs\nbchn=1-23\ndchan\n",
		    "system.conf:2: expected a keyword such as span, bchan or fxoks, not \"bchn\"\nsystem.conf:3: expected keyword=value\n");
	assert_told("span=200,0,0,esf,b8zs\n", "system.conf:1: expected the number of a span, 1 to 128\n");
	assert_told("span=1,x,0,esf,b8zs\n", "system.conf:1: expected a timing priority, 0 to 255\n");
	assert_told("span=1,0,9,esf,b8zs\n", "system.conf:1: expected a line build-out, 0 to 7\n");
	assert_told("span=1,0,0,esx,b8zs\n", "system.conf:1: expected a framing: d4, esf, cas or ccs\n");
	assert_told("span=1,0,0,esf\n", "system.conf:1: expected a coding: ami, b8zs or hdb3\n");
	assert_told("span=1,0,0,ccs,hdb3,crc5\n", "system.conf:1: expected crc4, yellow, term, termtype:nt or termtype:te after the coding\n");
	assert_told("span=1,0,0,esf,b8zs\nspan=1,1,0,esf,b8zs\n", "system.conf:2: span 1: expected only once\n");
	assert_told("\nbchan=0-3\n", "system.conf:2: expected channels 1 to 1024, such as 1-15,17-31\n");
	assert_told("bchan=9-3\n", "system.conf:1: expected a range whose end is a channel up to 1024 and not before its start\n");
	assert_told("bchan=1-5\n# and\nfxoks=5\n", "system.conf:3: channel 5: expected only once, it is bchan since line 1\n");
	assert_told("cas=1-15\n", "system.conf:1: expected the idle bits A, B, C and D after the channels, such as :1101\n");
	assert_told("dacs=1-2\n", "system.conf:1: expected the channel to join to after the channels, such as :48\n");
	assert_told("echocanceller=mg2\n", "system.conf:1: expected channels after the name\n");
	assert_told("dynamic=loc,1:0,0,0\n", "system.conf:1: expected a number of channels, 1 to 256\n");
	assert_told("loadzone=\n", "system.conf:1: expected the name of a tone zone, such as us\n");
}

static void what_is_right_beside_a_mistake_is_taken(void **state)
{
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	assert_int_equal(tdm_system_conf(s, "f", SLICE("bchan=1\nbchan=x\nbchan=2"), &why), -EINVAL);
	assert_int_equal(s->channels[1].signalling, TDM_BCHAN);
	assert_int_equal(s->channels[2].signalling, TDM_BCHAN);
	buf_reset(&why);
	mem_deref(s);
}

static void sections_say_the_same(void **state)
{
	struct tdm_setup *theirs = read_good("span=1,1,0,ccs,hdb3,crc4\nbchan=1-15,17-31\ndchan=16\nalaw=1-15,17-31\nechocanceller=mg2,1-15,17-31\n"
					     "dynamic=loc,1:0,24,0\ncas=32-33:1101\ndacs=40-41:50\nclear=60-61\ndefaultzone=de\n");
	struct tdm_setup *ours = NULL;
	struct buf why = buf_growing();
	int err = load_both(&ours, ADDRESS "tdm { system-conf = \"\" zone = de }\n"
				   "span 1 { timing = 1 framing = ccs coding = hdb3 crc4 = yes }\n"
				   "channels isdn { numbers = {\"1-15\", \"17-31\"} signalling = bchan law = alaw echo-canceller = mg2 }\n"
				   "channels d { numbers = {\"16\"} signalling = dchan }\n"
				   "dynamic loop { driver = loc address = \"1:0\" channels = 24 }\n"
				   "channels r2 { numbers = {\"32,33\"} signalling = cas idle-bits = \"1101\" }\n"
				   "channels cross { numbers = {\"40-41\"} signalling = dacs join = 50 }\n"
				   "channels wide { numbers = {\"60-61\"} signalling = clear }\n", &why);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	for (unsigned n = 0; n <= TDM_MAX_CHANNELS; n++)
		ours->channels[n].group = 0; /* system.conf knows no groups */
	assert_memory_equal(ours->spans, theirs->spans, sizeof(ours->spans));
	assert_memory_equal(ours->channels, theirs->channels, sizeof(ours->channels));
	assert_memory_equal(ours->dynamics, theirs->dynamics, sizeof(ours->dynamics));
	assert_string_equal(ours->default_zone, theirs->default_zone);
	assert_int_equal(ours->n_groups, 5);
	assert_string_equal(ours->groups[0].name, "isdn");
	buf_reset(&why);
	mem_deref(ours);
	mem_deref(theirs);
}

static void sections_go_before_system_conf(void **state)
{
	char path[] = "/tmp/tdm-setup-XXXXXX", text[512];
	int fd = mkstemp(path);
	static const char file[] = "span=1,1,0,esf,b8zs\nbchan=1-23\nechocanceller=mg2,1-24\nfxoks=25-26\n";
	assert_int_equal(write(fd, file, sizeof(file) - 1), sizeof(file) - 1);
	close(fd);
	snprintf(text, sizeof(text), ADDRESS "tdm { system-conf = \"%s\" }\nspan 1 { timing = 2 framing = d4 coding = ami }\n"
		 "channels phones { numbers = {\"25\"} rx-gain = -30 echo-tail = 32ms }\n", path);
	struct tdm_setup *s = NULL;
	struct buf why = buf_growing();
	int err = load_both(&s, text, &why);
	unlink(path);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	assert_int_equal(s->spans[1].timing, 2);
	assert_int_equal(s->spans[1].framing, TDM_D4);
	assert_string_equal(s->channels[1].canceller, "mg2");
	assert_int_equal(s->channels[25].signalling, TDM_FXOKS); /* stays what system.conf says */
	assert_int_equal(s->channels[25].rx_gain, -30);
	assert_int_equal(s->channels[25].tail, 256);
	assert_int_equal(s->channels[25].group, 1);
	assert_int_equal(s->channels[26].group, 0);
	buf_reset(&why);
	mem_deref(s);
}

static void assert_sections_told(const char *text, const char *line)
{
	struct tdm_setup *s = NULL;
	struct buf why = buf_growing();
	assert_int_equal(load_both(&s, text, &why), -EINVAL);
	assert_string_equal(buf_z(&why), line);
	assert_null(s);
	buf_reset(&why);
}

static void mistakes_in_sections_are_told(void **state)
{
	assert_sections_told(ADDRESS "span one { framing = esf coding = b8zs }\n", "tandem.conf:2: span: expected a number as its title, 1 to 128\n");
	assert_sections_told(ADDRESS "channels a { numbers = {\"1-3\"} signalling = bchn }\n",
			     "tandem.conf:2: channels.signalling: expected what system.conf calls a kind of channel, such as bchan or fxoks\n");
	assert_sections_told(ADDRESS "channels a { numbers = {\"1-3\"} }\nchannels b { numbers = {\"3\"} }\n",
			     "tandem.conf:3: channels.numbers: expected channel 3 in one such section only\n");
	assert_sections_told(ADDRESS "channels a { numbers = {\"7-3\"} }\n",
			     "tandem.conf:2: channels.numbers: expected a range whose end is a channel up to 1024 and not before its start\n");
	assert_sections_told(ADDRESS "channels a { numbers = {\"1\"} signalling = cas }\n",
			     "tandem.conf:2: channels.idle-bits: expected the bits A, B, C and D, such as 1101\n");
	assert_sections_told(ADDRESS "channels a { numbers = {\"1\"} signalling = dacs }\n",
			     "tandem.conf:2: channels.join: expected the channel that these are joined to\n");
}

static void no_system_conf_is_no_mistake_and_an_unreadable_one_is(void **state)
{
	struct tdm_setup *s = NULL;
	struct buf why = buf_growing();
	assert_int_equal(load_both(&s, ADDRESS "tdm { system-conf = \"/nonexistent/system.conf\" }\n", &why), 0);
	mem_deref(s);
	s = NULL;
	assert_int_equal(load_both(&s, ADDRESS "tdm { system-conf = \"/tmp\" }\n", &why), -EIO);
	assert_string_equal(buf_z(&why), "/tmp: Input/output error\n");
	buf_reset(&why);
}

static void load_once(void *arg)
{
	struct conf *c = arg;
	struct tdm_setup *s = NULL;
	struct buf why = buf_growing();
	int err = tdm_setup_load(&s, c, &why);
	assert_true(err == 0 || err == -ENOMEM);
	mem_deref(s);
	buf_reset(&why);
}

static void memory_may_run_out(void **state)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	char path[] = "/tmp/tdm-setup-XXXXXX", text[128];
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "bchan=1-23\n", 11), 11);
	close(fd);
	snprintf(text, sizeof(text), ADDRESS "tdm { system-conf = \"%s\" }\n", path);
	assert_int_equal(config_load(&c, "tandem.conf", text, &why), 0);
	each_allocation_fails(load_once, c);
	unlink(path);
	mem_deref(c);
	buf_reset(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_t1_with_a_pri),
		cmocka_unit_test(an_e1_and_spaces_and_capitals_and_carriage_returns),
		cmocka_unit_test(every_kind_of_channel),
		cmocka_unit_test(dynamic_spans_and_what_radios_have),
		cmocka_unit_test(mistakes_are_told_with_file_and_line),
		cmocka_unit_test(what_is_right_beside_a_mistake_is_taken),
		cmocka_unit_test(sections_say_the_same),
		cmocka_unit_test(sections_go_before_system_conf),
		cmocka_unit_test(mistakes_in_sections_are_told),
		cmocka_unit_test(no_system_conf_is_no_mistake_and_an_unreadable_one_is),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
