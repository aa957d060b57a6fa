// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum log_level log_threshold = LOG_LEVEL_INFO;

static const char *program = "tandem";
static enum log_to destination = LOG_TO_STDERR;

static const struct {
	const char *name;
	int priority; /* syslog(3) */
} levels[LOG_LEVELS] = {
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},	   [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
	[LOG_LEVEL_REMOTE] = {"remote", LOG_NOTICE}, [LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

void log_open(const char *name, enum log_to to)
{
	program = name;
	destination = to;
	if (to == LOG_TO_SYSLOG)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
	log_threshold = level;
}

int log_level_parse(const char *name)
{
	for (int i = 0; i < LOG_LEVELS; i++)
		if (!strcmp(levels[i].name, name))
			return i;
	return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
	return level < LOG_LEVELS ? levels[level].name : "?";
}

static void to_stderr(enum log_level level, const char *object, const char *text)
{
	struct timespec ts;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	fprintf(stderr, "%02d:%02d:%02d.%03ld %s %s: %s%s%s\n", tm.tm_hour, tm.tm_min, tm.tm_sec,
		ts.tv_nsec / 1000000, program, log_level_name(level), object ? object : "", object ? ": " : "", text);
}

/* What came from a peer may hold line ends: nobody forges a line of this log. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

void log_write(enum log_level level, const char *object, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	one_line(text);
	if (destination == LOG_TO_SYSLOG)
		syslog(levels[level].priority, "%s%s%s", object ? object : "", object ? ": " : "", text);
	else
		to_stderr(level, object, text);
}
