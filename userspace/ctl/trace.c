// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl trace: subscribes at the daemons and prints what they publish until interrupted. */
#include "base/ctl.h"
#include "ctl/command.h"
#include "ctl/pcap.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SOURCES 3

static void print_head(const json_t *e, const char *daemon)
{
	json_int_t ms = json_integer_value(json_object_get(e, "time"));
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	const char *dir = json_string_value(json_object_get(e, "dir")), *proto = json_string_value(json_object_get(e, "proto"));
	const char *transport = json_string_value(json_object_get(e, "transport"));
	const char *local = json_string_value(json_object_get(e, "local")), *peer = json_string_value(json_object_get(e, "peer"));
	gmtime_r(&s, &tm);
	printf("%02d:%02d:%02d.%03d %s %s%s%s %s %s %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000), daemon, proto ? proto : "?",
	       transport ? "/" : "", transport ? transport : "",
	       local ? local : "-", dir && !strcmp(dir, "in") ? "<-" : "->", peer ? peer : "-");
}

/* Lines indented, and nothing of a peer's that a terminal would obey. */
static void print_text(const char *text)
{
	struct slice rest = slice_str(text), line;
	while (slice_is_set(line = slice_line(&rest))) {
		printf("    ");
		for (size_t i = 0; i < line.len; i++)
			putchar((unsigned char)line.p[i] < ' ' && line.p[i] != '\t' ? '?' : line.p[i]);
		putchar('\n');
	}
	putchar('\n');
}

/* What is shown, and how. */
struct trace {
	const struct options *o;
	int n_protocols;
	char **protocols; /* none: all */
	FILE *pcap;       /* NULL: as text */
};

static bool is_shown(const struct trace *t, const json_t *event)
{
	const char *proto = json_string_value(json_object_get(event, "proto"));
	for (int i = 0; i < t->n_protocols; i++)
		if (proto && slice_caseeq(slice_str(proto), slice_str(t->protocols[i])))
			return true;
	return !t->n_protocols || !event;
}

static void print_event(const struct trace *t, const char *daemon, const json_t *line)
{
	const struct options *o = t->o;
	const json_t *event = json_object_get(line, "event"), *dropped = json_object_get(line, "dropped");
	if (!is_shown(t, event))
		return;
	if (t->pcap && event) {
		if (pcap_add(t->pcap, event))
			perror("tandemctl: the capture cannot be written");
	} else if (o->json) {
		json_dumpf(line, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (dropped) {
		fprintf(t->pcap ? stderr : stdout, "(%s: %lld messages not shown: too many at once)\n\n", daemon, (long long)json_integer_value(dropped));
	} else if (event) {
		const char *text = json_string_value(json_object_get(event, "text"));
		print_head(event, daemon);
		print_text(text ? text : "");
	}
	fflush(stdout);
}

static int subscribe(const struct options *o, enum daemon_bit daemon)
{
	json_t *reply = NULL;
	int fd = command_connect(o, daemon, daemon == ISDN);
	if (fd < 0)
		return fd;
	int err = ctl_ask(fd, "subscribe", json_pack("{s:s}", "topic", "trace"), &reply);
	json_decref(reply);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static bool is_any_open(const struct pollfd fds[SOURCES])
{
	for (int i = 0; i < SOURCES; i++)
		if (fds[i].fd >= 0)
			return true;
	return false;
}

/* "isdn --pcap FILE": a FILE after --pcap is taken out of the words. */
static int read_words(struct trace *t, int n, char **rest)
{
	int left = 0;
	for (int i = 0; i < n; i++) {
		if (strcmp(rest[i], "--pcap")) {
			rest[left++] = rest[i];
			continue;
		}
		t->pcap = i + 1 < n ? pcap_open(rest[++i]) : NULL;
		if (!t->pcap) {
			fprintf(stderr, "tandemctl: --pcap: %s\n", i < n && strcmp(rest[i], "--pcap") ? strerror(errno) : "expected a file");
			return -EINVAL;
		}
	}
	t->n_protocols = left;
	t->protocols = rest;
	return 0;
}

int run_trace(const struct command *self, const struct options *o, int n, char **rest)
{
	struct trace t = {.o = o};
	if (read_words(&t, n, rest))
		return EXIT_FAILURE;
	static const enum daemon_bit from[SOURCES] = {CA, MG, ISDN};
	struct pollfd fds[SOURCES];
	for (int i = 0; i < SOURCES; i++)
		fds[i] = (struct pollfd){.fd = subscribe(o, from[i]), .events = POLLIN};
	if (!is_any_open(fds))
		return EXIT_FAILURE;
	while (is_any_open(fds)) {
		if (poll(fds, SOURCES, -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < SOURCES; i++) {
			json_t *line;
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			if (ctl_next(fds[i].fd, &line)) {
				fprintf(stderr, "tandemctl: %s has gone\n", command_daemon_name(from[i]));
				close(fds[i].fd);
				fds[i].fd = -1;
				continue;
			}
			print_event(&t, command_daemon_name(from[i]), line);
			json_decref(line);
		}
	}
	return 0;
}
