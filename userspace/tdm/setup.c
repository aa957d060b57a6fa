// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/setup.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>

#define FILE_MAX (1 << 20)

struct tdm_setup *tdm_setup_new(void)
{
	return mem_alloc(sizeof(struct tdm_setup), NULL);
}

static int channel_number(struct slice text, uint32_t *ret)
{
	uint32_t n;
	if (slice_u32(slice_trim(text), &n) || n < 1 || n > TDM_MAX_CHANNELS)
		return -EINVAL;
	*ret = n;
	return 0;
}

const char *tdm_channels_parse(struct tdm_channels *set, struct slice list)
{
	while (slice_is_set(list)) {
		struct slice range = slice_cut(&list, ','), first = slice_cut(&range, '-');
		uint32_t from, to;
		if (channel_number(first, &from))
			return "channels 1 to 1024, such as 1-15,17-31";
		to = from;
		if (slice_is_set(range) && (channel_number(range, &to) || to < from))
			return "a range whose end is a channel up to 1024 and not before its start";
		for (uint32_t n = from; n <= to; n++)
			set->bits[n / 8] |= 1 << n % 8;
	}
	return NULL;
}

void tdm_channel_say(struct tdm_setup *s, unsigned n, struct tdm_channel_setup *like)
{
	struct tdm_channel_setup *c = &s->channels[n];
	if (!like->master)
		like->master = n;
	c->set = true;
	c->signalling = like->signalling;
	c->master = like->master;
	c->dacs = like->dacs;
	c->idle_bits = like->idle_bits;
	memcpy(c->device, like->device, sizeof(c->device));
	if (!like->dacs)
		return;
	s->channels[like->dacs].set = true;
	s->channels[like->dacs].signalling = like->signalling;
	s->channels[like->dacs].master = like->dacs;
	s->channels[like->dacs].dacs = n;
	like->dacs++;
}

int tdm_bits_parse(struct slice text, uint8_t *ret)
{
	uint8_t bits = 0;
	if (text.len != 4)
		return -EINVAL;
	for (size_t i = 0; i < 4; i++) {
		if (text.p[i] != '0' && text.p[i] != '1')
			return -EINVAL;
		bits = bits << 1 | (text.p[i] - '0');
	}
	*ret = bits;
	return 0;
}

/* A whole file. -ENOENT and the like; -EFBIG when it can be no such file. */
static int read_file(const char *path, struct buf *text)
{
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;
	if (!f)
		return -errno;
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && text->len <= FILE_MAX)
		buf_add(text, part, n);
	int err = ferror(f) ? -EIO : text->len > FILE_MAX ? -EFBIG : text->err;
	fclose(f);
	return err;
}

static int add_system_conf(struct tdm_setup *s, const char *path, struct buf *why)
{
	struct buf text = buf_growing();
	int err = read_file(path, &text);
	if (!err)
		err = tdm_system_conf(s, path, buf_text(&text), why);
	else if (err == -ENOENT)
		err = 0;
	else
		buf_printf(why, "%s: %s\n", path, strerror(-err));
	buf_reset(&text);
	return err;
}

int tdm_setup_load(struct tdm_setup **ret, const struct conf *c, struct buf *why)
{
	const char *path = conf_string(conf_section(c, "tdm"), "system-conf");
	struct tdm_setup *s = tdm_setup_new();
	if (!s)
		return -ENOMEM;
	int err = *path ? add_system_conf(s, path, why) : 0;
	if (!err || err == -EINVAL) {
		int also = tdm_sections(s, c, why);
		err = err ? err : also;
	}
	if (err)
		mem_deref(s);
	else
		*ret = s;
	return err;
}
