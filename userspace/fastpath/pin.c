// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/pin.h"
#include "fastpath/beside.h"
#include "base/slice.h"
#include "tandem/flow.h"
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"

static int join(char out[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* mkdir -p; what is pinned has to be under bpffs, which a container may not have mounted yet. */
static int make_dir(const char *dir)
{
	char path[PATH_MAX];
	struct statfs fs;
	if (strlen(dir) >= sizeof path)
		return -ENAMETOOLONG;
	if (!strncmp(dir, BPFFS "/", sizeof BPFFS) && (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC))
		(void)mount("bpf", BPFFS, "bpf", 0, "mode=0700");
	memcpy(path, dir, strlen(dir) + 1);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(path, 0700);
		*p = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (statfs(path, &fs))
		return -errno;
	return fs.f_type == BPF_FS_MAGIC ? 0 : -EMEDIUMTYPE;
}

static void each_entry(const char *dir, const char *prefix, void (*fn)(void *arg, const char *name), void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && !strncmp(e->d_name, prefix, strlen(prefix)))
			fn(arg, e->d_name);
	if (d)
		closedir(d);
}

/* A link is detached first: the kernel would do so only some time after its last name is gone. */
static void unlink_in(void *arg, const char *name)
{
	char path[PATH_MAX];
	if (join(path, arg, name))
		return;
	int link = strncmp(name, "link-", 5) ? -1 : bpf_obj_get(path);
	if (link >= 0) {
		if (strncmp(name, BESIDE, strlen(BESIDE)))
			(void)bpf_link_detach(link);
		else
			beside_detach(link, atoi(name + strlen(BESIDE)));
		close(link);
	}
	(void)unlink(path);
}

static void drop(char dir[PATH_MAX])
{
	each_entry(dir, "", unlink_in, dir);
	(void)rmdir(dir);
}

/* A folder of a layout: its objects, then itself. */
static void remove_layout(void *arg, const char *name)
{
	char path[PATH_MAX];
	if (!join(path, arg, name))
		drop(path);
}

void pin_clear(const char *dir)
{
	struct statfs fs;
	if (statfs(dir, &fs) || fs.f_type != BPF_FS_MAGIC)
		return; /* whoever asks may not have files removed */
	each_entry(dir, "v", remove_layout, (void *)dir);
	(void)rmdir(dir);
}

static int folder(struct pin *p, const char *dir, uint32_t fingerprint)
{
	char name[32];
	snprintf(name, sizeof name, "v%u-%08x", TANDEM_LAYOUT, fingerprint);
	return join(p->dir, dir, name);
}

int pin_open(struct pin *p, const char *dir, uint32_t fingerprint)
{
	int err = make_dir(dir);
	if (!err)
		err = folder(p, dir, fingerprint);
	if (!err && mkdir(p->dir, 0700) && errno != EEXIST)
		err = -errno;
	if (err)
		p->dir[0] = '\0';
	return err;
}

int pin_find(struct pin *p, const char *dir, uint32_t fingerprint)
{
	struct statfs fs;
	int err = folder(p, dir, fingerprint);
	if (!err && (statfs(p->dir, &fs) || fs.f_type != BPF_FS_MAGIC))
		err = -ENOENT;
	if (err)
		p->dir[0] = '\0';
	return err;
}

struct others {
	const struct pin *but;
	const char *dir;
	void (*fn)(void *arg, uint32_t layout, const struct pin *other);
	void *arg;
};

static void on_other(void *arg, const char *name)
{
	const struct others *o = arg;
	struct pin other;
	uint32_t layout;
	struct slice rest = slice_str(name + 1), number = slice_cut(&rest, '-');
	if (!slice_u32(number, &layout) && !join(other.dir, o->dir, name) && strcmp(other.dir, o->but->dir))
		o->fn(o->arg, layout, &other);
}

void pin_others(const struct pin *p, const char *dir, void (*fn)(void *arg, uint32_t layout, const struct pin *other), void *arg)
{
	struct others o = {p, dir, fn, arg};
	if (p->dir[0])
		each_entry(dir, "v", on_other, &o);
}

void pin_drop(const struct pin *p)
{
	char dir[PATH_MAX];
	memcpy(dir, p->dir, sizeof dir);
	if (dir[0])
		drop(dir);
}

int pin_move(const struct pin *from, const struct pin *to, const char *name)
{
	char old[PATH_MAX], new[PATH_MAX];
	int err = join(old, from->dir, name);
	if (!err)
		err = join(new, to->dir, name);
	return err ? err : rename(old, new) ? -errno : 0;
}

int pin_get(const struct pin *p, const char *name)
{
	char path[PATH_MAX];
	return !p->dir[0] || join(path, p->dir, name) ? -1 : bpf_obj_get(path);
}

void pin_remove(const struct pin *p, const char *name)
{
	if (p->dir[0])
		unlink_in((void *)p->dir, name);
}

void pin_forget(const struct pin *p, const char *name)
{
	char path[PATH_MAX];
	if (p->dir[0] && !join(path, p->dir, name))
		(void)unlink(path);
}

int pin_put(const struct pin *p, const char *name, int fd)
{
	char path[PATH_MAX];
	if (!p->dir[0])
		return 0;
	int err = join(path, p->dir, name);
	if (err)
		return err;
	pin_remove(p, name);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

void pin_each(const struct pin *p, const char *prefix, void (*fn)(void *arg, const char *name), void *arg)
{
	if (p->dir[0])
		each_entry(p->dir, prefix, fn, arg);
}

int pin_note(const char *dir, const char *note)
{
	char path[PATH_MAX];
	int err = join(path, dir, note);
	if (err)
		return err;
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

void pin_unnote(const char *dir, const char *note)
{
	char path[PATH_MAX];
	if (!join(path, dir, note))
		(void)rmdir(path);
}

void pin_notes(const char *dir, const char *prefix, void (*fn)(void *arg, const char *note), void *arg)
{
	struct statfs fs;
	if (!statfs(dir, &fs) && fs.f_type == BPF_FS_MAGIC)
		each_entry(dir, prefix, fn, arg);
}
