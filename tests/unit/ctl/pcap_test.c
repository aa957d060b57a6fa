// SPDX-License-Identifier: GPL-3.0-or-later
/* A capture of a D-channel is one that tshark reads without complaint. */
#include "ctl/pcap.h"
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *dir, *octets;
} frames[] = {
	{"in", "00017f"},
	{"out", "020173"},
	{"in", "00010000080201230504038090a31803a983816c04218133307003c13432a1"},
	{"out", "00010102"},
	{"out", "0201000208028123021803a98381"},
	{"in", "00010204080201234508028090"},
};

/* What tshark says of the file, with one more argument. */
static const char *tshark(const char *path, const char *fields)
{
	static char said[4096];
	char command[512];
	snprintf(command, sizeof command, "tshark -r %s %s 2>/dev/null", path, fields);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	said[fread(said, 1, sizeof said - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	return said;
}

static void a_capture_is_read_by_tshark(void **state)
{
	char path[] = "/tmp/pcap_test_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	FILE *f = pcap_open(path);
	assert_non_null(f);
	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		json_t *e = json_pack("{s:I, s:s, s:s, s:b}", "time", (json_int_t)1700000000123, "dir", frames[i].dir, "octets", frames[i].octets, "network", true);
		assert_int_equal(pcap_add(f, e), 0);
		json_decref(e);
	}
	json_t *sip = json_pack("{s:s}", "text", "INVITE");
	assert_int_equal(pcap_add(f, sip), 0);
	json_decref(sip);
	fclose(f);
	assert_string_equal(tshark(path, "-T fields -e q931.message_type -Y q931"), "0x05\n0x02\n0x45\n");
	assert_string_equal(tshark(path, "-T fields -e frame.time_epoch -c 1"), "1700000000.123000000\n");
	assert_string_equal(tshark(path, "-T fields -e lapd.direction"), "0\n1\n0\n1\n1\n0\n");
	assert_string_equal(tshark(path, "-Y '_ws.malformed || _ws.expert'"), "");
	unlink(path);
}

static void a_file_that_cannot_be_made_is_said_so(void **state)
{
	assert_null(pcap_open("/nowhere/file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_is_read_by_tshark),
		cmocka_unit_test(a_file_that_cannot_be_made_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
