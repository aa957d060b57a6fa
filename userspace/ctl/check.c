// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl check-config: what the schema says, and what else of telephone lines the daemons would not take: DAHDI's system.conf, channels, tones. */
#include "base/mem.h"
#include "config/schema.h"
#include "ctl/command.h"
#include "media/tones.h"
#include "tdm/setup.h"
#include <stdlib.h>

static int check_country(const char *country, const char *where, struct buf *why)
{
	char ignored[4];
	return *country ? tone_country_read(ignored, country, where, why) : 0;
}

static int check_lines(const struct conf *c, struct buf *why)
{
	struct tdm_setup *setup = NULL;
	const struct conf_part *p;
	int err = tdm_setup_load(&setup, c, why), also;
	if (!err)
		err = check_country(setup->default_zone, "tdm.zone, or defaultzone of system.conf", why);
	for (unsigned i = 0; (p = conf_titled(c, "channels", i)); i++) {
		char where[160];
		snprintf(where, sizeof where, "%s: channels.country", conf_where(p));
		also = check_country(conf_string(p, "country"), where, why);
		err = err ? err : also;
	}
	mem_deref(setup);
	return err;
}

int run_check_config(const struct command *self, const struct options *o, int n, char **rest)
{
	struct buf why = buf_growing();
	struct conf *c = NULL;
	const char *path = n ? rest[0] : o->config ? o->config : CONFIG_FILE;
	int err = config_load(&c, path, NULL, &why);
	if (!err)
		err = check_lines(c, &why);
	if (err)
		fprintf(stderr, "%s", buf_z(&why));
	else
		printf("%s: good\n", path);
	mem_deref(c);
	buf_reset(&why);
	return err ? EXIT_FAILURE : 0;
}
