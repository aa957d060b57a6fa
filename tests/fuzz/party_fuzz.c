// SPDX-License-Identifier: GPL-3.0-or-later
/* Parties of ISDN calls: what an INVITE says of who has passed a call on, and a digit of an INFO, to the network ('S' and a message); what tandem-isdn says of
 * a party ('J' and an object), and that number to the network again. */
#include "base/mem.h"
#include "callagent/isdn_party.h"
#include "callagent/leg_sip_news.h"
#include "config/schema.h"
#include <stdlib.h>

static const struct tel_line *the_line(void)
{
	static struct tel_lines lines;
	struct conf *conf;
	struct buf why = buf_growing();
	if (!lines.all.head.next && (config_load(&conf, "fuzz", "address a {\n local = {\"127.0.0.1\"}\n}\nisdn pri {\n country = \"49\"\n area = \"30\"\n}\n", &why) ||
				     tel_lines_load(&lines, conf, NULL)))
		abort();
	return tel_lines_find(&lines, SLICE("pri"));
}

static void message(const struct tel_line *l, const uint8_t *data, size_t size)
{
	struct sip_msg *m = NULL;
	unsigned status;
	const char *why;
	if (!sip_msg_parse(&m, (const char *)data, size, &status, &why)) {
		json_decref(isdn_redirecting_write(l, NULL, m));
		sip_news_digit(m);
	}
	mem_deref(m);
}

static void party(const struct tel_line *l, const uint8_t *data, size_t size)
{
	json_t *o = json_loadb((const char *)data, size, 0, NULL);
	struct shown s;
	struct diversions d;
	if (!isdn_party_read(l, o, &s))
		json_decref(isdn_party_write(l, s.number, s.display, s.presentation == PRESENT_RESTRICTED, ISDN_PASSED));
	if (!isdn_redirecting_read(l, o, &d))
		json_decref(isdn_redirecting_write(l, &d, NULL));
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tel_line *l = the_line();
	size_t before = mem_blocks();
	if (size && data[0] == 'S')
		message(l, data + 1, size - 1);
	else if (size && data[0] == 'J')
		party(l, data + 1, size - 1);
	if (mem_blocks() != before)
		abort();
	return 0;
}
