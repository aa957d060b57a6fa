// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl check-config: what the schema says, and what else of telephone lines the daemons would not take: DAHDI's system.conf, channels, tones. */
#include "base/mem.h"
#include "config/schema.h"
#include "ctl/command.h"
#include "media/tones.h"
#include "tdm/setup.h"
#include <errno.h>
#include <stdlib.h>

static int check_country(const char *where, const char *option, const char *country, struct buf *why)
{
	if (!*country || slice_is_set(tone_country_of(slice_str(country))))
		return 0;
	buf_printf(why, "%s%s: expected a country whose tones are known, not \"%s\"\n", where, option, country);
	return -EINVAL;
}

static int check_lines(const struct conf *c, struct buf *why)
{
	struct tdm_setup *setup = NULL;
	const struct conf_part *p;
	int err = tdm_setup_load(&setup, c, why), also;
	if (!err)
		err = check_country("", "tdm.zone, or defaultzone of system.conf", setup->default_zone, why);
	for (unsigned i = 0; (p = conf_titled(c, "channels", i)); i++) {
		also = check_country(conf_where(p), ": channels.country", conf_string(p, "country"), why);
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
