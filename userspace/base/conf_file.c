// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a configuration file into memory, with its comments turned into spaces: libconfuse 3.3 counts a comment as three lines,
 * and a mistake told with the wrong line is no help. */
#include "base/conf_private.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_FILE (16u << 20)

int conf_file_read(struct buf *out, const char *path)
{
	char chunk[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && out->len < MAX_FILE)
		buf_add(out, chunk, (size_t)n);
	int err = n < 0 ? -errno : n > 0 ? -EFBIG : out->err;
	close(fd);
	return err;
}

/* The length of the comment or quoted string at `p`, 0 when there is neither. A comment begins where a word could. */
static size_t comment_at(const char *text, const char *p, const char *end)
{
	const char *q = p;
	if (p != text && !strchr(" \t\r\n={}(),+", p[-1]))
		return 0;
	if (*p == '#' || (end - p > 1 && p[0] == '/' && p[1] == '/')) {
		while (q < end && *q != '\n')
			q++;
	} else if (end - p > 1 && p[0] == '/' && p[1] == '*') {
		const char *close = memmem(p + 2, (size_t)(end - p - 2), "*/", 2);
		q = close ? close + 2 : end;
	}
	return (size_t)(q - p);
}

static size_t string_at(const char *p, const char *end)
{
	const char *q = p + 1;
	if (*p != '"' && *p != '\'')
		return 0;
	while (q < end && *q != *p)
		q += *q == '\\' && q + 1 < end ? 2 : 1;
	return (size_t)((q < end ? q + 1 : end) - p);
}

void conf_file_blank_comments(char *text, size_t len)
{
	if (!len)
		return;
	const char *end = text + len;
	for (char *p = text; p < end;) {
		size_t n = comment_at(text, p, end);
		for (size_t i = 0; i < n; i++)
			if (p[i] != '\n')
				p[i] = ' ';
		if (!n)
			n = string_at(p, end);
		p += n ? n : 1;
	}
}

int conf_file_unclosed(const char *text, size_t len)
{
	const char *end = text + len;
	int opened[8] = {0}, line = 1;
	unsigned depth = 0;
	for (const char *p = text; p < end; p++) {
		size_t quoted = string_at(p, end);
		for (size_t i = 0; i + 1 < quoted; i++)
			line += *p++ == '\n';
		line += *p == '\n';
		if (*p == '{' && depth < 8)
			opened[depth++] = line;
		else if (*p == '}' && depth)
			depth--;
	}
	return depth ? opened[depth - 1] : 0;
}

/* The value after "option =" when `p` stands on it; absent otherwise. */
static struct slice value_at(struct slice text, size_t at, struct slice option)
{
	struct slice rest = slice_from(text, at);
	if (!slice_starts(rest, option) || (at && !strchr(" \t\r\n{", text.p[at - 1])))
		return SLICE_NONE;
	rest = slice_trim(slice_from(rest, option.len));
	if (slice_empty(rest) || *rest.p != '=')
		return SLICE_NONE;
	rest = slice_trim(slice_from(rest, 1));
	size_t quoted = slice_empty(rest) ? 0 : string_at(rest.p, slice_end(rest));
	if (quoted >= 2)
		return slice_of(rest.p + 1, quoted - 2);
	size_t n = 0;
	while (n < rest.len && !strchr(" \t\r\n}", rest.p[n]))
		n++;
	return slice_of(rest.p, n);
}

int conf_guess(const char *path, const char *option, struct buf *value)
{
	struct buf text = buf_growing();
	int err = conf_file_read(&text, path);
	if (!err) {
		conf_file_blank_comments(text.p, text.len);
		err = -ENOENT;
	}
	for (size_t at = 0; err == -ENOENT && at < text.len; at++) {
		struct slice v = value_at(buf_text(&text), at, slice_str(option));
		if (slice_is_set(v)) {
			buf_slice(value, v);
			err = value->err;
		}
	}
	buf_reset(&text);
	return err;
}
