// SPDX-License-Identifier: GPL-2.0-or-later
/* switch [OPTION=VALUE...] [COMMAND, ...]
 *
 *     base=25              the span's first DAHDI channel; or fd=3, or listen=PATH (a seqpacket socket where the other end connects, again when it went):
 *                          each datagram is a frame, without check sequence unless `checked` is said
 *     kind=t1|e1           23 bearers and D in 24, or 30 and D in 16
 *     side=network|user    type=euroisdn|ni2|dms100|5ess|4ess|ni1|qsig|euroisdn-t1    raw: no libpri at all
 *     backup=PATH          a second D-channel for the same calls (NFAS), listened for likewise
 *     pcap=FILE  trace     frames into a file, or told    auto=ring|answer    overlap    service    debug
 *
 * A command is a line on the standard input (README.md lists them); `switch spans t1 2` makes two pairs of spans and ends. */
#include "switch.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct line line = {.wire.fd = -1};
static bool over;

#define FIRST_VOICE 5 /* of what is waited for */

/* --- what is told -------------------------------------------------------------------------------------------------- */

void tell(json_t *event)
{
	json_dumpf(event, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(event);
}

void tell_error(const char *why, const char *what)
{
	tell(json_pack("{s:s, s:s, s:s}", "event", "error", "why", why, "what", what));
}

uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

size_t from_hex(const char *text, uint8_t *octets, size_t size)
{
	size_t digits = 0;
	for (; *text && digits < 2 * size; text++) {
		if (!isxdigit((unsigned char)*text))
			continue;
		uint8_t value = isdigit((unsigned char)*text) ? *text - '0' : tolower(*text) - 'a' + 10;
		octets[digits / 2] = digits % 2 ? octets[digits / 2] | value : value << 4;
		digits++;
	}
	return digits / 2;
}

void to_hex(const uint8_t *octets, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = "0123456789abcdef"[octets[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[octets[i] & 15];
	}
	text[2 * len] = 0;
}

/* --- commands ------------------------------------------------------------------------------------------------------ */

/* Words end at spaces, but not within quotes, which are left out. */
static void take_apart(char *text, struct command *c)
{
	c->count = 0;
	while (c->count < MAX_WORDS) {
		text += strspn(text, " \t\r\n");
		if (!*text)
			return;
		char *to = text;
		bool quoted = false;
		c->words[c->count++] = text;
		for (; *text && (quoted || !strchr(" \t\r\n", *text)); text++) {
			if (*text == '"')
				quoted = !quoted;
			else
				*to++ = *text;
		}
		bool last = !*text;
		*to = 0;
		if (last)
			return;
		text++;
	}
}

const char *command_value(const struct command *c, const char *key)
{
	size_t n = strlen(key);
	for (unsigned i = 0; i < c->count; i++)
		if (!strncmp(c->words[i], key, n) && c->words[i][n] == '=')
			return c->words[i] + n + 1;
	return NULL;
}

int command_number(const struct command *c, const char *key, int otherwise)
{
	const char *value = command_value(c, key);
	return value ? (int)strtol(value, NULL, 0) : otherwise;
}

const char *command_word(const struct command *c, unsigned n)
{
	for (unsigned i = 0; i < c->count; i++)
		if (!strchr(c->words[i], '=') && n-- == 0)
			return c->words[i];
	return NULL;
}

bool command_has(const struct command *c, const char *word)
{
	for (unsigned i = 0; i < c->count; i++)
		if (!strcmp(c->words[i], word))
			return true;
	return false;
}

/* drop|delay|replace|append rx|tx TYPE|any [HEX] [count=N] [ms=N] */
static bool rule_command(struct wire *w, const struct command *c)
{
	static const char *const actions[] = {[DROP] = "drop", [DELAY] = "delay", [REPLACE] = "replace", [APPEND] = "append"};
	unsigned action = 0;
	while (action < 4 && strcmp(c->words[0], actions[action]))
		action++;
	const char *dir = command_word(c, 1), *type = command_word(c, 2), *hex = command_word(c, 3);
	if (action == 4)
		return false;
	if (!dir || !type || w->rule_count == MAX_RULES || (q931_type(type) < 0 && strcmp(type, "any"))) {
		tell_error("drop|delay|replace|append rx|tx TYPE|any [HEX] [count=N] [ms=N]", type ? type : "");
		return true;
	}
	struct rule *r = &w->rules[w->rule_count++];
	*r = (struct rule){.dir = !strcmp(dir, "tx") ? TX : RX, .action = action, .type = q931_type(type), .count = command_number(c, "count", 1),
			   .ms = command_number(c, "ms", 0)};
	r->len = hex ? from_hex(hex, r->octets, sizeof(r->octets)) : 0;
	return true;
}

/* A message that libpri would not send takes the place of one that it does: SERVICE, which changes nothing in it. */
static void send_message(struct line *l, const char *hex)
{
	uint8_t octets[MAX_FRAME];
	size_t len = from_hex(hex, octets, sizeof(octets));
	if (!l->pri) {
		lapd_send(&l->lapd, octets, len);
		return;
	}
	l->wire.instead = octets;
	l->wire.instead_len = len;
	if (pri_maintenance_service(l->pri, 0, 1, 0) || l->wire.instead)
		tell_error("libpri did not", "message");
	l->wire.instead = NULL;
}

static bool wire_command(struct line *l, const struct command *c)
{
	const char *verb = c->words[0], *word = command_word(c, 1);
	struct wire *w = command_has(c, "backup") ? &l->spare : &l->wire;
	uint8_t octets[MAX_FRAME];
	if (!strcmp(verb, "mute")) {
		w->silent[TX] = !command_has(c, "off");
	} else if (!strcmp(verb, "deaf")) {
		w->silent[RX] = !command_has(c, "off");
	} else if (!strcmp(verb, "slow")) {
		l->wire.delay[RX] = command_number(c, "rx", 0);
		l->wire.delay[TX] = command_number(c, "tx", 0);
	} else if (!strcmp(verb, "clear")) {
		l->wire.rule_count = 0;
	} else if (!strcmp(verb, "trace")) {
		l->wire.trace = l->spare.trace = !command_has(c, "off");
	} else if (!strcmp(verb, "frame") && word) {
		wire_send(&l->wire, octets, from_hex(word, octets, sizeof(octets)));
	} else if (!strcmp(verb, "message") && word) {
		send_message(l, word);
	} else if (!strcmp(verb, "establish") && !l->pri) {
		lapd_establish(&l->lapd);
	} else if (!strcmp(verb, "disestablish") && !l->pri) {
		lapd_release(&l->lapd);
	} else {
		return rule_command(&l->wire, c);
	}
	return true;
}

static void show(const struct line *l)
{
	json_t *calls = json_array();
	for (unsigned i = 0; i < MAX_CALLS; i++)
		if (l->calls[i].q931)
			json_array_append_new(calls, json_pack("{s:s, s:i}", "call", l->calls[i].id, "channel", l->calls[i].channel));
	tell(json_pack("{s:s, s:o}", "event", "calls", "calls", calls));
}

static void set_automatic(struct line *l, const char *what)
{
	l->automatic = !what ? AUTO_NOTHING : !strcmp(what, "ring") ? AUTO_RING : !strcmp(what, "answer") ? AUTO_ANSWER : AUTO_NOTHING;
}

static void set_timer(struct line *l, const struct command *c)
{
	const char *name = command_word(c, 1);
	int index = name ? pri_timer2idx(name) : -1;
	if (index < 0 || pri_set_timer(l->pri, index, command_number(c, "ms", 0)))
		tell_error("no such timer", name ? name : "");
}

static void obey(struct line *l, char *text)
{
	struct command c;
	take_apart(text, &c);
	if (!c.count)
		return;
	if (!strcmp(c.words[0], "quit"))
		over = true;
	else if (!strcmp(c.words[0], "show"))
		show(l);
	else if (!strcmp(c.words[0], "auto"))
		set_automatic(l, command_word(&c, 1));
	else if (!strcmp(c.words[0], "keep-disconnected"))
		l->keep_disconnected = !command_has(&c, "off");
	else if (!strcmp(c.words[0], "timer") && l->pri)
		set_timer(l, &c);
	else if (!voice_command(l, &c) && !wire_command(l, &c) && !(l->pri && calls_command(l, &c)))
		tell_error("no such command", c.words[0]);
}

/* Whole lines of the standard input; at its end everything is over. */
static void read_commands(struct line *l)
{
	static char text[8192];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, text + len, sizeof(text) - len - 1);
	if (n <= 0) {
		over = true;
		return;
	}
	len += n;
	char *end;
	while ((end = memchr(text, '\n', len))) {
		*end = 0;
		obey(l, text);
		len -= end + 1 - text;
		memmove(text, end + 1, len);
	}
}

/* --- libpri -------------------------------------------------------------------------------------------------------- */

/* libpri counts two octets of check sequence in both directions. */
static struct wire *wire_of(struct pri *p)
{
	struct line *l = pri_get_userdata(p);
	return l->spare_pri && p == l->spare_pri ? &l->spare : &l->wire;
}

static int pri_reads(struct pri *p, void *buf, int size)
{
	size_t len = wire_take(wire_of(p), buf, size > 2 ? size - 2 : 0);
	return len ? (int)len + 2 : 0;
}

static int pri_writes(struct pri *p, void *buf, int len)
{
	wire_send(wire_of(p), buf, len - 2);
	return len;
}

static void pri_says(struct pri *p, char *text)
{
	fputs(text, stderr);
}

static int switch_type(const char *name)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{"euroisdn", PRI_SWITCH_EUROISDN_E1}, {"euroisdn-t1", PRI_SWITCH_EUROISDN_T1}, {"ni2", PRI_SWITCH_NI2}, {"dms100", PRI_SWITCH_DMS100},
		{"5ess", PRI_SWITCH_LUCENT5E}, {"4ess", PRI_SWITCH_ATT4ESS}, {"ni1", PRI_SWITCH_NI1}, {"qsig", PRI_SWITCH_QSIG},
	};
	for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, name))
			return types[i].type;
	return PRI_SWITCH_EUROISDN_E1;
}

static struct pri *pri_begins(struct line *l, const struct command *c)
{
	struct pri *p = pri_new_cb(-1, l->network ? PRI_NETWORK : PRI_CPE, switch_type(command_value(c, "type")), pri_reads, pri_writes, l);
	if (!p)
		return NULL;
	pri_facility_enable(p);
	if (command_has(c, "overlap"))
		pri_set_overlapdial(p, 1);
	if (command_has(c, "service"))
		pri_set_service_message_support(p, 1);
	if (command_has(c, "debug"))
		pri_set_debug(p, PRI_DEBUG_Q931_DUMP | PRI_DEBUG_Q931_STATE | PRI_DEBUG_Q931_ANOMALY | PRI_DEBUG_Q921_DUMP);
	return p;
}

static bool begin_libpri(struct line *l, const struct command *c)
{
	pri_set_message(pri_says);
	pri_set_error(pri_says);
	l->pri = pri_begins(l, c);
	l->spare_pri = l->pri && command_value(c, "backup") ? pri_begins(l, c) : NULL;
	if (l->spare_pri)
		pri_enslave(l->pri, l->spare_pri);
	return l->pri;
}

/* Ms until libpri wants to run its timers. */
static int pri_due(struct pri *p)
{
	struct timeval now, *next = p ? pri_schedule_next(p) : NULL;
	if (!next)
		return -1;
	gettimeofday(&now, NULL);
	int64_t ms = (next->tv_sec - now.tv_sec) * 1000ll + (next->tv_usec - now.tv_usec) / 1000 + 1;
	return ms < 0 ? 0 : ms;
}

/* A D-channel that comes up or goes is told by its place. */
static void told_by(struct line *l, struct pri *p, pri_event *e)
{
	bool of_link = e->e == PRI_EVENT_DCHAN_UP || e->e == PRI_EVENT_DCHAN_DOWN;
	if (of_link && p == l->spare_pri)
		tell(json_pack("{s:s, s:b}", "event", "backup", "up", e->e == PRI_EVENT_DCHAN_UP));
	else
		pri_told(l, e);
}

static void run_libpri(struct line *l, struct pri *p, struct wire *w)
{
	pri_event *e;
	while ((e = pri_schedule_run(p)))
		told_by(l, p, e);
	while (!wire_due(w) && w->queue[RX] && w->queue[RX]->due <= now_ms())
		if ((e = pri_check_event(p)))
			told_by(l, p, e);
}

static void run_speaker(struct line *l)
{
	uint8_t frame[MAX_FRAME];
	size_t len;
	if (!l->pri) {
		while ((len = wire_take(&l->wire, frame, sizeof(frame))))
			lapd_received(&l->lapd, frame, len);
		return;
	}
	run_libpri(l, l->pri, &l->wire);
	if (l->spare_pri)
		run_libpri(l, l->spare_pri, &l->spare);
}

/* --- the order of things ------------------------------------------------------------------------------------------- */

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1) ? -1 : fd;
}

/* Somebody connects, in place of who was there. */
static void let_in(struct wire *w)
{
	int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = fd;
	tell(json_pack("{s:s}", "event", "connected"));
}

/* The other end is gone: over, unless another one may come. */
static void wire_lost(struct wire *w)
{
	tell(json_pack("{s:s}", "event", "closed"));
	over = w->listener < 0;
	if (!over)
		close(w->fd);
	w->fd = -1;
}

static int dahdi_channel(int number)
{
	struct dahdi_bufferinfo b = {.txbufpolicy = DAHDI_POLICY_IMMEDIATE, .rxbufpolicy = DAHDI_POLICY_IMMEDIATE, .numbufs = 32, .bufsize = 1024};
	int fd = open("/dev/dahdi/channel", O_RDWR | O_CLOEXEC);
	return fd < 0 || ioctl(fd, DAHDI_SPECIFY, &number) || ioctl(fd, DAHDI_SET_BUFINFO, &b) ? -1 : fd;
}

static bool begin(struct line *l, const struct command *c)
{
	l->e1 = !command_value(c, "kind") || !strcmp(command_value(c, "kind"), "e1");
	l->law = l->e1 ? PRI_LAYER_1_ALAW : PRI_LAYER_1_ULAW;
	l->network = !command_value(c, "side") || !strcmp(command_value(c, "side"), "network");
	l->base = command_number(c, "base", 0);
	l->wire.dahdi = l->base != 0;
	l->wire.trace = command_has(c, "trace");
	l->wire.checked = l->wire.dahdi || command_has(c, "checked");
	l->wire.fd = l->base ? dahdi_channel(l->base + (l->e1 ? 16 : 24) - 1) : command_number(c, "fd", -1);
	l->wire.listener = command_value(c, "listen") ? listen_at(command_value(c, "listen")) : -1;
	if (l->wire.listener < 0 && (l->wire.fd < 0 || fcntl(l->wire.fd, F_SETFL, O_NONBLOCK))) {
		tell_error("no D-channel", strerror(errno));
		return false;
	}
	if (command_value(c, "pcap") && !wire_pcap(&l->wire, command_value(c, "pcap"))) {
		tell_error(command_value(c, "pcap"), strerror(errno));
		return false;
	}
	l->spare = (struct wire){.fd = -1, .checked = l->wire.checked, .trace = l->wire.trace, .listener = command_value(c, "backup") ? listen_at(command_value(c, "backup")) : -1};
	set_automatic(l, command_value(c, "auto"));
	l->lapd = (struct lapd){.wire = &l->wire, .network = l->network};
	if (command_has(c, "raw"))
		lapd_establish(&l->lapd);
	return command_has(c, "raw") || begin_libpri(l, c);
}

/* spans KIND PAIRS, span-join KIND PAIR:SIDE BASE, span-cut PAIR:SIDE */
static int spans(const struct command *c)
{
	bool e1 = !strcmp(c->words[1], "e1");
	unsigned pair, side;
	if (!strcmp(c->words[0], "spans") && c->count == 3)
		return spans_make(e1, (unsigned)atoi(c->words[2]));
	if (!strcmp(c->words[0], "span-join") && c->count == 4 && sscanf(c->words[2], "%u:%u", &pair, &side) == 2)
		return span_join(e1, pair, side, atoi(c->words[3]));
	if (!strcmp(c->words[0], "span-cut") && c->count == 2 && sscanf(c->words[1], "%u:%u", &pair, &side) == 2)
		return span_cut(pair, side);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct command c = {0};
	for (int i = 1; i < argc && i < MAX_WORDS; i++)
		c.words[c.count++] = argv[i];
	signal(SIGPIPE, SIG_IGN);
	if (c.count >= 2 && !strncmp(c.words[0], "span", 4)) {
		int err = spans(&c);
		if (err)
			tell_error(c.words[0], strerror(-err));
		return err ? 1 : 0;
	}
	if (!begin(&line, &c))
		return 1;
	tell(json_pack("{s:s}", "event", "ready"));
	while (!over) {
		struct pollfd fds[FIRST_VOICE + MAX_CHANNELS] = {{.fd = line.wire.fd, .events = POLLIN | POLLPRI}, {.fd = STDIN_FILENO, .events = POLLIN},
								 {.fd = line.wire.listener, .events = POLLIN}, {.fd = line.spare.fd, .events = POLLIN},
								 {.fd = line.spare.listener, .events = POLLIN}};
		unsigned voices = voice_wants(fds + FIRST_VOICE);
		int wait = sooner(wire_due(&line.wire), line.pri ? pri_due(line.pri) : lapd_run(&line.lapd));
		wait = sooner(wait, sooner(wire_due(&line.spare), pri_due(line.spare_pri)));
		if (poll(fds, FIRST_VOICE + voices, wait) < 0 && errno != EINTR)
			return 1;
		voice_run(fds + FIRST_VOICE, voices);
		if (fds[1].revents)
			read_commands(&line);
		if (fds[0].revents && !wire_read(&line.wire))
			wire_lost(&line.wire);
		if (fds[2].revents)
			let_in(&line.wire);
		if (fds[3].revents && !wire_read(&line.spare))
			wire_lost(&line.spare);
		if (fds[4].revents)
			let_in(&line.spare);
		wire_flush(&line.wire);
		wire_flush(&line.spare);
		run_speaker(&line);
	}
	return 0;
}
