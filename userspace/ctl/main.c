// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl: options, then a command of the table. */
#include "base/mem.h"
#include "config/schema.h"
#include "ctl/command.h"
#include <errno.h>
#include <getopt.h>
#include <unistd.h>

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Where the sockets are, as the configuration says, even one that has a mistake by now: the daemons run on and are to be asked. */
static void find_runtime(struct buf *runtime, const char *path)
{
	struct buf why = buf_growing();
	struct conf *c = NULL;
	if (!config_open(&c, path, &why))
		buf_str(runtime, conf_string(conf_section(c, "state"), "runtime"));
	else if (conf_guess(path ? path : CONFIG_FILE, "runtime", runtime))
		buf_str(runtime, "/run/tandem");
	mem_deref(c);
	buf_reset(&why);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct buf runtime = buf_growing();
	bool help = false;
	/* "+": what follows the command is the command's, except --json, which is taken anywhere. */
	for (int k; (k = getopt_long(argc, argv, "+s:c:jh", long_options, NULL)) != -1;) {
		if (k == 's')
			o.runtime = optarg;
		else if (k == 'c')
			o.config = optarg;
		else if (k == 'j')
			o.json = true;
		else if (k == 'h')
			help = true;
		else
			return 64;
	}
	argc -= optind;
	argv += optind;
	if (argc && !strcmp(argv[argc - 1], "--json")) {
		o.json = true;
		argc--;
	}
	if (help || !argc)
		return run_help(NULL, &o, 0, NULL);
	if (o.config && access(o.config, R_OK)) {
		fprintf(stderr, "tandemctl: %s: %s\n", o.config, strerror(errno));
		return 1;
	}
	if (!o.runtime) {
		find_runtime(&runtime, o.config);
		o.runtime = buf_z(&runtime);
	}
	int status = command_run(&o, argc, argv);
	buf_reset(&runtime);
	return status;
}
