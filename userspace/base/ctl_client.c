// SPDX-License-Identifier: GPL-2.0-or-later
/* The asking side of the control socket: blocking, and without state beyond the descriptor. A line is read exactly to its
 * end (what follows stays in the socket), so that a question can be asked between two events. */
#include "base/ctl.h"
#include "base/ctl_line.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LINE (256u << 20)

int ctl_address(struct sockaddr_un *ret, const char *path)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	return slice_copy(slice_str(path), ret->sun_path, sizeof ret->sun_path) ? -ENAMETOOLONG : 0;
}

int ctl_connect(const char *path)
{
	struct sockaddr_un un;
	int err = ctl_address(&un, path);
	if (err)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&un, sizeof un)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int send_all(int fd, struct slice s)
{
	while (s.len) {
		ssize_t n = send(fd, s.p, s.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s = slice_from(s, (size_t)n);
	}
	return 0;
}

/* Moves bytes from the socket to `line` up to and with the next line end; 1 when that was reached, 0 when there is more. */
static int read_part(int fd, struct buf *line)
{
	char chunk[16384];
	ssize_t n = recv(fd, chunk, sizeof chunk, MSG_PEEK);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	ptrdiff_t end = slice_find(slice_of(chunk, (size_t)n), '\n');
	size_t take = end < 0 ? (size_t)n : (size_t)end + 1;
	if (recv(fd, chunk, take, 0) != (ssize_t)take)
		return -EPIPE;
	buf_add(line, chunk, take);
	if (line->err || line->len > MAX_LINE)
		return line->err ? line->err : -EMSGSIZE;
	return end >= 0;
}

int ctl_next(int fd, json_t **event)
{
	struct buf line = buf_growing();
	int rc;
	while (!(rc = read_part(fd, &line)))
		;
	json_t *j = rc > 0 ? json_loadb(line.p, line.len, 0, NULL) : NULL;
	buf_reset(&line);
	if (rc < 0)
		return rc;
	if (!j)
		return -EPROTO;
	*event = j;
	return 0;
}

int ctl_ask(int fd, const char *verb, json_t *args, json_t **reply)
{
	static json_int_t last_id;
	json_int_t id = ++last_id;
	json_t *request = json_pack("{s:I, s:s, s:o*}", "id", id, "do", verb, "args", args);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (!text)
		return -ENOMEM;
	int err = send_all(fd, slice_str(text));
	free(text);
	if (!err)
		err = send_all(fd, SLICE("\n"));
	while (!err) {
		json_t *line;
		err = ctl_next(fd, &line);
		if (err)
			break;
		if (json_integer_value(json_object_get(line, "id")) == id) {
			*reply = line;
			return 0;
		}
		json_decref(line);
	}
	return err;
}
