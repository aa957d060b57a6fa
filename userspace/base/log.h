/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logging to stderr or syslog. Every line carries the object it speaks of: pass it as the first argument, for
 * example "call 7f3a", "call 7f3a leg 2", "endpoint rtpbridge/5", "registration alice@example.net"; NULL for
 * the program itself. The level says who has to act. */
#pragma once

enum log_level {
	LOG_LEVEL_ERROR,  /* this box failed: somebody must look */
	LOG_LEVEL_WARN,   /* degraded, or an operator's mistake */
	LOG_LEVEL_REMOTE, /* a peer did something wrong */
	LOG_LEVEL_INFO,   /* calls, registrations, state of trunks */
	LOG_LEVEL_DEBUG,
	LOG_LEVELS
};

enum log_to { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* `program` is kept, not copied. */
void log_open(const char *program, enum log_to to);
void log_set_level(enum log_level level);
/* Level from its name ("error" ... "debug"), or -EINVAL. */
int log_level_parse(const char *name);
const char *log_level_name(enum log_level level);

extern enum log_level log_threshold;
void log_write(enum log_level level, const char *object, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define log_at(level, object, ...)                                      \
	do {                                                            \
		if ((level) <= log_threshold)                           \
			log_write((level), (object), __VA_ARGS__);      \
	} while (0)
#define log_error(object, ...)  log_at(LOG_LEVEL_ERROR, object, __VA_ARGS__)
#define log_warn(object, ...)   log_at(LOG_LEVEL_WARN, object, __VA_ARGS__)
#define log_remote(object, ...) log_at(LOG_LEVEL_REMOTE, object, __VA_ARGS__)
#define log_info(object, ...)   log_at(LOG_LEVEL_INFO, object, __VA_ARGS__)
#define log_debug(object, ...)  log_at(LOG_LEVEL_DEBUG, object, __VA_ARGS__)
