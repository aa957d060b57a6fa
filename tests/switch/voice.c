// SPDX-License-Identifier: GPL-2.0-or-later
/* B-channels: their octets from and to files, exactly as they are on the line. */
#include "switch.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK 160 /* octets: 20 ms */

static struct voice {
	int channel, fd, play, record; /* fd 0: not in use; files -1: none */
	bool echo, again;
	uint64_t played, recorded;
	uint8_t idle;
} voices[MAX_CHANNELS];

static struct voice *voice_at(int channel)
{
	for (unsigned i = 0; i < MAX_CHANNELS; i++)
		if (voices[i].fd && voices[i].channel == channel)
			return &voices[i];
	return NULL;
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void voice_close(struct voice *v)
{
	tell(json_pack("{s:s, s:i, s:I, s:I}", "event", "voice-end", "channel", v->channel, "played", (json_int_t)v->played, "recorded", (json_int_t)v->recorded));
	close(v->fd);
	shut(v->play);
	shut(v->record);
	*v = (struct voice){0};
}

static int channel_open(int number)
{
	struct dahdi_bufferinfo b = {.txbufpolicy = DAHDI_POLICY_IMMEDIATE, .rxbufpolicy = DAHDI_POLICY_IMMEDIATE, .numbufs = 16, .bufsize = BLOCK};
	int fd = open("/dev/dahdi/channel", O_RDWR | O_NONBLOCK | O_CLOEXEC), off = 0;
	if (fd >= 0 && !ioctl(fd, DAHDI_SPECIFY, &number) && !ioctl(fd, DAHDI_SET_BUFINFO, &b) && !ioctl(fd, DAHDI_AUDIOMODE, &off))
		return fd;
	shut(fd);
	return -1;
}

static void voice_open(struct line *l, const struct command *c, int channel)
{
	struct voice *v = voice_at(channel);
	const char *play = command_value(c, "play"), *record = command_value(c, "record");
	for (unsigned i = 0; !v && i < MAX_CHANNELS; i++)
		if (!voices[i].fd)
			v = &voices[i];
	if (!l->base || !is_bearer(l, channel) || !v) {
		tell_error("no such channel", command_word(c, 1));
		return;
	}
	if (v->fd)
		voice_close(v);
	struct voice made = {.channel = channel, .play = -1, .record = -1, .echo = command_has(c, "echo"), .again = command_has(c, "again")};
	made.idle = command_number(c, "idle", l->e1 ? 0xd5 : 0xff);
	made.fd = channel_open(l->base + channel - 1);
	if (play)
		made.play = open(play, O_RDONLY | O_CLOEXEC);
	if (record)
		made.record = open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (made.fd < 0 || (play && made.play < 0) || (record && made.record < 0)) {
		tell_error("cannot open the channel or its files", strerror(errno));
		shut(made.fd);
		shut(made.play);
		shut(made.record);
		return;
	}
	*v = made;
	tell(json_pack("{s:s, s:i}", "event", "voice", "channel", channel));
}

bool voice_command(struct line *l, const struct command *c)
{
	const char *word = command_word(c, 1);
	char *end;
	int channel = word ? strtol(word, &end, 10) : 0;
	if (!strcmp(c->words[0], "voice")) {
		voice_open(l, c, channel);
	} else if (!strcmp(c->words[0], "silence")) {
		struct voice *v = voice_at(channel);
		if (v)
			voice_close(v);
		else
			tell_error("no voice there", word ? word : "");
	} else {
		return false;
	}
	return true;
}

/* The next block to play: a file's, then idle octets. */
static void next_block(struct voice *v, uint8_t *block)
{
	memset(block, v->idle, BLOCK);
	if (v->play < 0)
		return;
	ssize_t n = read(v->play, block, BLOCK);
	if (n > 0) {
		v->played += n;
		return;
	}
	if (v->again) {
		lseek(v->play, 0, SEEK_SET);
		return;
	}
	tell(json_pack("{s:s, s:i, s:I}", "event", "played", "channel", v->channel, "octets", (json_int_t)v->played));
	close(v->play);
	v->play = -1;
}

static void take_event(struct voice *v)
{
	int code = 0;
	if (ioctl(v->fd, DAHDI_GETEVENT, &code) || code == DAHDI_EVENT_REMOVED)
		voice_close(v);
}

static void listen_to(struct voice *v)
{
	uint8_t block[BLOCK];
	ssize_t n = read(v->fd, block, sizeof(block));
	if (n < 0 && errno == ELAST)
		take_event(v);
	if (n <= 0)
		return;
	v->recorded += n;
	if (v->record >= 0 && write(v->record, block, n) < 0)
		tell_error("cannot record", strerror(errno));
	if (v->echo && write(v->fd, block, n) < 0)
		return;
}

static void speak(struct voice *v)
{
	uint8_t block[BLOCK];
	next_block(v, block);
	if (write(v->fd, block, sizeof(block)) < 0 && errno == ELAST)
		take_event(v);
}

unsigned voice_wants(struct pollfd *fds)
{
	unsigned n = 0;
	for (unsigned i = 0; i < MAX_CHANNELS; i++)
		if (voices[i].fd)
			fds[n++] = (struct pollfd){.fd = voices[i].fd, .events = POLLIN | POLLPRI | (voices[i].echo ? 0 : POLLOUT)};
	return n;
}

void voice_run(const struct pollfd *fds, unsigned count)
{
	for (unsigned k = 0; k < count; k++)
		for (unsigned i = 0; i < MAX_CHANNELS; i++) {
			struct voice *v = &voices[i];
			if (!v->fd || v->fd != fds[k].fd)
				continue;
			if (fds[k].revents & POLLPRI)
				take_event(v);
			if (v->fd && fds[k].revents & POLLIN)
				listen_to(v);
			if (v->fd && fds[k].revents & POLLOUT)
				speak(v);
		}
}
