// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/reserve.h"
#include "fastpath/pin.h"
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS 65536u

/* Every port's bit, and room for the list in text. On the stack of who asks: giving back must not fail for lack of memory. */
struct reserved {
	int fd;
	uint8_t port[PORTS];
	char text[128 * 1024];
};

static int parse(struct reserved *r, struct slice list)
{
	while (slice_is_set(list) && list.len) {
		struct slice range = slice_cut(&list, ','), first = slice_cut(&range, '-');
		uint16_t min, max;
		if (slice_u16(first, &min))
			return -EINVAL;
		max = min;
		if (slice_is_set(range) && (slice_u16(range, &max) || max < min))
			return -EINVAL;
		memset(r->port + min, 1, max - min + 1u);
	}
	return 0;
}

static int read_list(struct reserved *r)
{
	size_t len = 0;
	ssize_t n;
	while ((n = read(r->fd, r->text + len, sizeof r->text - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return -errno;
	while (len && (r->text[len - 1] == '\n' || r->text[len - 1] == '\0'))
		len--;
	return len == sizeof r->text ? -E2BIG : parse(r, slice_of(r->text, len));
}

/* The ports from `at` that are as `value` says: where they end. */
static uint32_t run(const struct reserved *r, uint32_t at, uint32_t end, uint8_t value)
{
	while (at < end && r->port[at] == value)
		at++;
	return at;
}

static int write_list(struct reserved *r)
{
	struct buf b = buf_fixed(r->text, sizeof r->text);
	for (uint32_t at = run(r, 0, PORTS, 0), end; at < PORTS; at = run(r, end, PORTS, 0)) {
		end = run(r, at, PORTS, 1);
		buf_printf(&b, "%s%u-%u", b.len ? "," : "", at, end - 1);
	}
	buf_printf(&b, "\n");
	if (b.err)
		return b.err;
	return pwrite(r->fd, r->text, b.len, 0) == (ssize_t)b.len ? 0 : -EIO;
}

static int list_open(struct reserved *r)
{
	memset(r->port, 0, sizeof r->port);
	r->fd = open("/proc/sys/net/ipv4/ip_local_reserved_ports", O_RDWR | O_CLOEXEC);
	int err = r->fd < 0 ? -errno : read_list(r);
	if (err && r->fd >= 0)
		close(r->fd);
	return err;
}

/* Writes what was changed. */
static int list_close(struct reserved *r)
{
	int err = write_list(r);
	close(r->fd);
	return err;
}

int ports_reserve(uint16_t min, uint16_t max, void (*added)(void *arg, uint16_t min, uint16_t max), void *arg)
{
	struct reserved r;
	int err = list_open(&r);
	if (err)
		return err;
	uint32_t end = max + 1u;
	for (uint32_t at = run(&r, min, end, 1), to; at < end; at = run(&r, to, end, 1)) {
		to = run(&r, at, end, 0);
		added(arg, (uint16_t)at, (uint16_t)(to - 1));
	}
	memset(r.port + min, 1, end - min);
	return list_close(&r);
}

int ports_unreserve(uint16_t min, uint16_t max)
{
	struct reserved r;
	int err = list_open(&r);
	if (err)
		return err;
	memset(r.port + min, 0, max - min + 1u);
	return list_close(&r);
}

/* --- what was reserved here is undone at the end, what was reserved before us stays --------------------------------- */

#define NOTE "ports-"

void ports_unreserve_text(const char *range)
{
	struct slice max = slice_str(range), min = slice_cut(&max, '-');
	uint16_t low, high;
	if (!slice_u16(min, &low) && !slice_u16(max, &high) && low <= high)
		(void)ports_unreserve(low, high);
}

static void note(void *arg, uint16_t min, uint16_t max)
{
	char name[32];
	snprintf(name, sizeof name, NOTE "%u-%u", min, max);
	(void)pin_note(arg, name);
}

void ports_reserve_noted(uint16_t min, uint16_t max, const char *pin)
{
	(void)ports_reserve(min, max, note, (void *)pin);
}

static void unreserve_note(void *arg, const char *name)
{
	ports_unreserve_text(name + strlen(NOTE));
	pin_unnote(arg, name);
}

void ports_unreserve_noted(const char *pin)
{
	pin_notes(pin, NOTE, unreserve_note, (void *)pin);
}
