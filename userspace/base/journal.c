// SPDX-License-Identifier: GPL-2.0-or-later
/* Records follow one another; a length of zero ends them. A record and the zero after it are written first and its own
 * length last, so that whoever reads finds it whole or not at all, whenever the writer was killed. */
#include "base/journal.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC "tdmjrnl1"

struct record {
	_Atomic uint32_t len; /* of all of it, a multiple of RECORD_ALIGN; 0 is the end */
	uint16_t table, del;
	uint32_t key_len, value_len;
	char bytes[];
};

#define RECORD_ALIGN 16
#define END_BYTES    sizeof(struct record)

struct file {
	char magic[8], boot[40];
	char records[] __attribute__((aligned(RECORD_ALIGN)));
};

struct journal {
	struct file *file;
	size_t bytes; /* of the file */
	size_t room;  /* for records, the end's own left out */
	size_t used;
};

static struct record *at(const struct journal *j, size_t offset)
{
	return (struct record *)(j->file->records + offset);
}

static void publish(struct record *r, size_t len)
{
	atomic_store_explicit(&r->len, (uint32_t)len, memory_order_release);
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static int read_boot(char boot[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, boot, 36);
	int err = n == 36 ? 0 : n < 0 ? -errno : -EIO;
	close(fd);
	return err;
}

static int map(struct journal *j, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	void *p = MAP_FAILED;
	int err = -posix_fallocate(fd, 0, (off_t)j->bytes);
	if (!err) {
		p = mmap(NULL, j->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = p == MAP_FAILED ? -errno : 0;
	}
	if (!err)
		j->file = p;
	close(fd);
	return err;
}

/* An empty journal of this boot; its name comes last. */
static void begin(struct journal *j, const char boot[40])
{
	memset(j->file->magic, 0, sizeof j->file->magic);
	journal_reset(j);
	memcpy(j->file->boot, boot, sizeof j->file->boot);
	atomic_signal_fence(memory_order_release);
	memcpy(j->file->magic, MAGIC, sizeof j->file->magic);
}

static void journal_destroy(void *obj)
{
	struct journal *j = obj;
	if (j->file)
		munmap(j->file, j->bytes);
}

int journal_open(struct journal **ret, const char *path, size_t bytes)
{
	char boot[40] = {0};
	struct journal *j = mem_alloc(sizeof *j, journal_destroy);
	if (!j)
		return -ENOMEM;
	j->bytes = bytes;
	j->room = bytes - sizeof *j->file - END_BYTES;
	int err = read_boot(boot);
	if (!err)
		err = map(j, path);
	if (err) {
		mem_deref(j);
		return err;
	}
	if (memcmp(j->file->magic, MAGIC, sizeof j->file->magic) || memcmp(j->file->boot, boot, sizeof boot))
		begin(j, boot);
	*ret = j;
	return 0;
}

/* --- use ----------------------------------------------------------------------------------------------------------- */

int journal_append(struct journal *j, unsigned table, bool del, struct slice key, struct slice value, struct slice *kept_key, struct slice *kept_value)
{
	size_t len = sizeof(struct record) + key.len + value.len;
	len = (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	if (len > j->room - j->used)
		return -ENOSPC;
	struct record *r = at(j, j->used);
	r->table = (uint16_t)table;
	r->del = del;
	r->key_len = (uint32_t)key.len;
	r->value_len = (uint32_t)value.len;
	memcpy(r->bytes, key.p, key.len);
	if (value.len)
		memcpy(r->bytes + key.len, value.p, value.len);
	publish(at(j, j->used + len), 0);
	publish(r, len);
	j->used += len;
	*kept_key = slice_of(r->bytes, key.len);
	*kept_value = slice_of(r->bytes + key.len, value.len);
	return 0;
}

int journal_replay(struct journal *j, journal_fn fn, void *arg)
{
	int result = 0;
	j->used = 0;
	while (!result && at(j, j->used)->len) {
		const struct record *r = at(j, j->used);
		uint64_t need = sizeof *r + (uint64_t)r->key_len + r->value_len;
		if (r->len % RECORD_ALIGN || r->len < need || r->len > j->room - j->used)
			return -EINVAL;
		result = fn(arg, r->table, r->del, slice_of(r->bytes, r->key_len), slice_of(r->bytes + r->key_len, r->value_len));
		j->used += r->len;
	}
	return result;
}

void journal_reset(struct journal *j)
{
	publish(at(j, 0), 0);
	j->used = 0;
}
