// SPDX-License-Identifier: GPL-3.0-or-later
/* The life of an endpoint, a line a step: "E" and events, "X" and an RQNT with ";" for its line ends, "A" for an answer, "L" for a lost
 * one, "C" connected again, "W" and seconds to wait, "S" and a signal that ended, "D" and a connection that is gone, "R" a restart, "P"
 * another process, "T" and a record with ";" for its line ends. */
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "mgcp/notifier.h"
#include <errno.h>
#include <stdlib.h>

static unsigned started;

static int on_notify(void *arg, const struct mgcp_notifier *n)
{
	char text[16384];
	struct buf out = buf_fixed(text, sizeof text);
	mgcp_notifier_audit(n, MGCP_P_OBSERVED_EVENTS, &out);
	if (out.err || mgcp_notifier_state(n) != MGCP_NOTIFYING)
		abort();
	return 0;
}

/* Every third one fails at once. */
static void on_start(void *arg, const struct mgcp_signal *s)
{
	struct mgcp_notifier **n = arg;
	if (++started % 3 == 0)
		mgcp_notifier_signal_done(*n, s, true);
}

static void on_stop(void *arg, const struct mgcp_signal *s)
{
}

static const struct mgcp_notifier_handlers handlers = {.notify = on_notify, .signal_start = on_start, .signal_stop = on_stop};

static void request(struct mgcp_notifier *n, struct slice line)
{
	char text[2048];
	struct buf out = buf_fixed(text, sizeof text);
	struct mgcp_msg m;
	struct mgcp_rqnt *r = NULL;
	unsigned code;
	const char *why;
	buf_str(&out, "RQNT 1 aaln/1@mg MGCP 1.0\nX: 1\n");
	while (slice_is_set(line)) {
		buf_slice(&out, slice_cut(&line, ';'));
		buf_char(&out, '\n');
	}
	struct slice s = buf_text(&out);
	if (out.err || mgcp_parse(&m, &s, &code) || mgcp_rqnt_parse(&r, &m, mgcp_packages_all, SLICE("1f"), &why))
		return;
	mgcp_notifier_request(n, r, &why);
	mem_deref(r);
	mgcp_notifier_run(n);
}

static void events(struct mgcp_notifier *n, struct slice list, bool done)
{
	struct mgcp_observed o;
	int err;
	mgcp_observed_start(&o, mgcp_packages_all, list);
	while ((err = mgcp_observed_next(&o)) && err != -EBADMSG) {
		struct mgcp_signal s = {.package = o.package, .type = o.type, .connection = o.connection};
		if (err == 1 && done)
			mgcp_notifier_signal_done(n, &s, false);
		else if (err == 1)
			mgcp_notifier_event(n, o.package, o.type, o.connection, o.params);
	}
}

static void fresh(struct mgcp_notifier **n)
{
	mem_deref(*n);
	if (mgcp_notifier_new(n, "endpoint", mgcp_packages_all, &mgcp_notifier_default_timers, &handlers, n))
		abort();
}

/* What was saved can be loaded and says the same, but for brief signals. */
static void another_process(struct mgcp_notifier **n)
{
	struct buf record = buf_growing();
	mgcp_notifier_save(*n, &record);
	fresh(n);
	if (record.err || mgcp_notifier_load(*n, buf_text(&record)))
		abort();
	buf_reset(&record);
}

static void load(struct mgcp_notifier *n, struct slice line)
{
	struct buf record = buf_growing();
	while (slice_is_set(line)) {
		buf_slice(&record, slice_cut(&line, ';'));
		buf_char(&record, '\n');
	}
	mgcp_notifier_load(n, buf_text(&record));
	buf_reset(&record);
}

static void step(struct mgcp_notifier **at, char what, struct slice line)
{
	struct mgcp_notifier *n = *at;
	uint64_t seconds;
	switch (what) {
	case 'X':
		request(n, line);
		break;
	case 'E':
	case 'S':
		events(n, line, what == 'S');
		break;
	case 'A':
	case 'L':
		mgcp_notifier_answered(n, what == 'L' ? -ETIMEDOUT : 0);
		break;
	case 'C':
		mgcp_notifier_reconnected(n);
		break;
	case 'D':
		mgcp_notifier_connection_gone(n, line);
		break;
	case 'R':
		mgcp_notifier_reset(n);
		break;
	case 'P':
		another_process(at);
		break;
	case 'T':
		load(n, line);
		break;
	case 'W':
		if (!slice_u64(line, 1000, &seconds))
			clock_test_advance(seconds * 1000);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct mgcp_notifier *n = NULL;
	started = 0;
	log_set_level(LOG_LEVEL_ERROR);
	fresh(&n);
	for (struct slice line; slice_is_set(line = slice_line(&text));)
		if (!slice_empty(line))
			step(&n, line.p[0], slice_from(line, 1));
	mem_deref(n);
	if (mem_blocks() || timer_count())
		abort();
	return 0;
}
