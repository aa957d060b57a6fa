// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/mem.h"
#include "config/check.h"
#include "config/schema.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILT_IN      "built-in configuration"
#define FIRST_USERS   "/var/lib/tandem/users.conf"
#define PASSWORD_LEN  16

int config_load(struct conf **ret, const char *path, const char *text, struct buf *why)
{
	struct conf *c = NULL;
	int err = conf_load(&c, config_schema, path, text, why);
	if (err)
		return err;
	if (!conf_titled(c, "address", 0)) {
		buf_printf(why, "%s: expected at least one address section, such as: address inside { local = {\"auto\"} }\n", path);
		err = -EINVAL;
	}
	if (check_config(c, why))
		err = -EINVAL;
	if (err)
		mem_deref(c);
	else
		*ret = c;
	return err;
}

int config_open(struct conf **ret, const char *path, struct buf *why)
{
	if (path)
		return config_load(ret, path, NULL, why);
	if (!access(CONFIG_FILE, F_OK))
		return config_load(ret, CONFIG_FILE, NULL, why);
	struct buf text = buf_growing();
	buf_str(&text, config_default);
	if (!access(FIRST_USERS, R_OK))
		buf_str(&text, "include(\"" FIRST_USERS "\")\n");
	const char *z = buf_z(&text);
	int err = text.err ? text.err : config_load(ret, BUILT_IN, z, why);
	buf_reset(&text);
	return err;
}

/* 16 characters of 32 that are not mistaken for one another: 80 bits. */
static int make_password(char out[PASSWORD_LEN + 1])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[PASSWORD_LEN];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return -EIO;
	for (int i = 0; i < PASSWORD_LEN; i++)
		out[i] = letters[random[i] & 31];
	out[PASSWORD_LEN] = '\0';
	return 0;
}

static int write_new(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int err = write(fd, text.p, text.len) == (ssize_t)text.len && !fsync(fd) ? 0 : -EIO;
	close(fd);
	if (err)
		unlink(path);
	return err;
}

int config_make_users(const char *path, struct buf *told)
{
	struct buf text = buf_growing();
	buf_str(&text, "# Made at the first start. Passwords are random.\n");
	int err = 0;
	for (int user = 1001; user <= 1002 && !err; user++) {
		char password[PASSWORD_LEN + 1];
		err = make_password(password);
		if (err)
			break;
		buf_printf(&text, "user %d {\n\tpassword = \"%s\"\n}\n", user, password);
		buf_printf(told, "user %d, password %s\n", user, password);
	}
	if (!err)
		err = text.err ? text.err : write_new(path, buf_text(&text));
	buf_reset(&text);
	return err;
}

int config_first_run(const char *path, struct buf *told)
{
	if (path || !access(CONFIG_FILE, F_OK) || !access(FIRST_USERS, F_OK))
		return 0;
	if (mkdir("/var/lib/tandem", 0750) && errno != EEXIST)
		return -errno;
	return config_make_users(FIRST_USERS, told);
}
