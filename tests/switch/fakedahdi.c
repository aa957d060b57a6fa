// SPDX-License-Identifier: GPL-2.0-or-later
/* Loaded before a program (LD_PRELOAD), DAHDI's devices as far as signalling needs them, without the kernel: spans of one kind with a D-channel each,
 * whose channels are sockets FOLDER/NUMBER that a test switch listens at. A file FOLDER/alarm-SPAN is a loss of signal.
 *     FAKE_DAHDI=FOLDER FAKE_DAHDI_KIND=t1|e1 FAKE_DAHDI_SPANS=2 */
#include <dahdi/user.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CTL     "/dev/dahdi/ctl"
#define CHANNEL "/dev/dahdi/channel"

int open64(const char *path, int flags, ...);

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value ? value : otherwise;
}

static bool is_e1(void)
{
	return !strcmp(setting("FAKE_DAHDI_KIND", "e1"), "e1");
}

static int width(void)
{
	return is_e1() ? 31 : 24;
}

static int spans(void)
{
	return atoi(setting("FAKE_DAHDI_SPANS", "2"));
}

static int fail(int err)
{
	errno = err;
	return -1;
}

/* --- devices ------------------------------------------------------------------------------------------------------- */

/* A channel is a socket from the start, and knows by its being connected whether it is one yet. */
static int device(const char *path)
{
	if (!strcmp(path, CTL))
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int next_open(const char *path, int flags, int mode)
{
	static int (*real)(const char *, int, ...);
	if (!real)
		real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	return real(path, flags, mode);
}

static int opened(const char *path, int flags, va_list more)
{
	int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
	return !strcmp(path, CTL) || !strcmp(path, CHANNEL) ? device(path) : next_open(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	int fd = opened(path, flags, more);
	va_end(more);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	int fd = opened(path, flags, more);
	va_end(more);
	return fd;
}

int access(const char *path, int mode)
{
	static int (*real)(const char *, int);
	if (!real)
		real = (int (*)(const char *, int))dlsym(RTLD_NEXT, "access");
	return !strcmp(path, CTL) ? 0 : real(path, mode);
}

/* --- what is asked of them ------------------------------------------------------------------------------------------ */

static int specify(int fd, int number)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (number < 1 || number > spans() * width())
		return fail(EINVAL);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/%d", setting("FAKE_DAHDI", "."), number);
	return connect(fd, (struct sockaddr *)&at, sizeof(at)) ? fail(EBUSY) : 0;
}

static int span_state(struct dahdi_spaninfo *i)
{
	char alarm[512];
	int number = i->spanno;
	if (number < 1 || number > spans())
		return fail(EINVAL);
	*i = (struct dahdi_spaninfo){.spanno = number, .totalspans = spans(), .totalchans = width(), .linecompat = is_e1() ? DAHDI_CONFIG_HDB3 : DAHDI_CONFIG_B8ZS};
	snprintf(i->name, sizeof(i->name), "Fake/%d", number);
	snprintf(alarm, sizeof(alarm), "%s/alarm-%d", setting("FAKE_DAHDI", "."), number);
	if (!access(alarm, F_OK))
		i->alarms = DAHDI_ALARM_RED | DAHDI_ALARM_LOS;
	return 0;
}

static int channel_state(struct dahdi_params *p)
{
	int number = p->channo;
	if (number < 1 || number > spans() * width())
		return fail(EINVAL);
	*p = (struct dahdi_params){.channo = number, .spanno = 1 + (number - 1) / width(), .chanpos = 1 + (number - 1) % width(),
				   .curlaw = is_e1() ? DAHDI_LAW_ALAW : DAHDI_LAW_MULAW};
	p->sigtype = p->chanpos == (is_e1() ? 16 : 24) ? DAHDI_SIG_HDLCFCS : DAHDI_SIG_CLEAR;
	snprintf(p->name, sizeof(p->name), "Fake/%d/%d", p->spanno, p->chanpos);
	return 0;
}

static int asked(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case DAHDI_SPECIFY:
		return specify(fd, *(int *)arg);
	case DAHDI_SPANSTAT:
		return span_state(arg);
	case DAHDI_GET_PARAMS:
		return channel_state(arg);
	case DAHDI_GETEVENT:
		*(int *)arg = DAHDI_EVENT_NONE;
		return 0;
	}
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list more;
	va_start(more, request);
	void *arg = va_arg(more, void *);
	va_end(more);
	if (!real)
		real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	return _IOC_TYPE(request) == DAHDI_CODE ? asked(fd, request, arg) : real(fd, request, arg);
}
