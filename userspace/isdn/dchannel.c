// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/dchannel.h"
#include "base/log.h"
#include "base/mem.h"
#include "isdn/q931.h"
#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#define CHECK_SUM        2    /* octets at the end of what is read and written, for the driver to check and to fill in */
#define EVENTS_AT_ONCE   1000 /* libpri tells its timers' events one by one */
#define BUFFERS          32

static const struct counter_def counter_defs[DCHANNEL_COUNTERS] = {
	[DCHANNEL_IN] = {"frames-in", "frames received"},
	[DCHANNEL_OUT] = {"frames-out", "frames sent"},
	[DCHANNEL_BAD] = {"frames-bad", "frames received that are too short, too long or were spoilt on the line"},
	[DCHANNEL_UNSENT] = {"frames-unsent", "frames not sent: the channel was closed or full"},
	[DCHANNEL_LOSSES] = {"losses", "times the data link was lost"},
	[DCHANNEL_EVENTS] = {"events", "events of libpri"},
};

/* libpri's clock, which is this function and nothing else: timers follow base's clock, that no setting of the time of day moves. */
int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	uint64_t now = clock_ms();
	*tv = (struct timeval){.tv_sec = (time_t)(now / 1000), .tv_usec = (suseconds_t)(now % 1000) * 1000};
	return 0;
}

/* --- what libpri says ---------------------------------------------------------------------------------------------- */

static bool quiet; /* while it is asked for a call that it may not have */

static void log_text(enum log_level level, struct pri *pri, const char *text)
{
	const struct dchannel *d = pri ? pri_get_userdata(pri) : NULL;
	struct slice line = slice_trim(slice_str(text));
	if (!quiet && line.len)
		log_at(level, d ? d->endpoint : NULL, "libpri: " SLICE_FMT, SLICE_ARG(line));
}

static void on_message(struct pri *pri, char *text)
{
	log_text(LOG_LEVEL_DEBUG, pri, text);
}

static void on_error(struct pri *pri, char *text)
{
	log_text(LOG_LEVEL_REMOTE, pri, text);
}

/* --- frames -------------------------------------------------------------------------------------------------------- */

static void tell_frame(struct dchannel *d, bool sent, const uint8_t *octets, size_t n)
{
	if (d->listener->frame)
		d->listener->frame(d->arg, d, sent, octets, n);
}

void dchannel_amend(struct dchannel *d, q931_call *call, enum q931_type type, enum q931_element element, unsigned value)
{
	int mode = 0, reference = pri_get_crv(d->pri, call, &mode);
	d->amendments[d->n_amendments++ % DCHANNEL_AMENDMENTS] = (struct dchannel_amendment){(unsigned)(reference << 3 | mode), type, element, value};
}

/* A call begins: what was to be amended of one before it with the same reference was never sent. */
static void begin_reference(struct dchannel *d, const uint8_t *frame, size_t n)
{
	struct q931_head head;
	if (!d->n_amendments || !q931_head(frame, n, &head) || head.type != Q931_SETUP || head.answers)
		return;
	for (unsigned i = 0; i < DCHANNEL_AMENDMENTS; i++)
		if (d->amendments[i].reference == head.reference)
			d->amendments[i].value = 0;
}

/* To answer a SETUP libpri sends RELEASE COMPLETE with few causes, and with the others nothing at all, since it takes the call for dead. */
void dchannel_refuse(struct dchannel *d, q931_call *call, int cause)
{
	dchannel_amend(d, call, Q931_RELEASE_COMPLETE, Q931_CAUSE, (unsigned)cause);
	pri_hangup(d->pri, call, PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION);
	dchannel_schedule(d);
}

/* The frame is libpri's, which sends it again as it is now. */
static void amend(struct dchannel *d, uint8_t *frame, size_t n)
{
	struct q931_head head;
	if (!d->n_amendments || !q931_head(frame, n, &head) || !head.answers)
		return;
	for (unsigned i = 0; i < DCHANNEL_AMENDMENTS; i++) {
		struct dchannel_amendment *a = &d->amendments[i];
		if (!a->value || a->type != head.type || a->reference != head.reference)
			continue;
		q931_set_value(frame, n, a->element, a->value);
		a->value = 0;
		return;
	}
}

static int on_write(struct pri *pri, void *octets, int len)
{
	struct dchannel *d = pri_get_userdata(pri);
	uint8_t completed[DCHANNEL_FRAME_MAX + 1] = {0};
	size_t size = (size_t)len, n = size > CHECK_SUM && size < DCHANNEL_FRAME_MAX ? q931_complete(completed, octets, size - CHECK_SUM) : 0;
	if (n) {
		octets = completed;
		size = n + CHECK_SUM;
	}
	amend(d, octets, size - CHECK_SUM);
	bool sent = d->fd >= 0 && write(d->fd, octets, size) == (ssize_t)size;
	d->values[sent ? DCHANNEL_OUT : DCHANNEL_UNSENT]++;
	if (sent)
		tell_frame(d, true, octets, size - CHECK_SUM);
	return len; /* Q.921 sends again what did not arrive */
}

static int on_read(struct pri *pri, void *octets, int room)
{
	struct dchannel *d = pri_get_userdata(pri);
	size_t n = d->in_len;
	if (!d->in || n > (size_t)room)
		return 0;
	memcpy(octets, d->in, n);
	d->in = NULL;
	return (int)n;
}

static void tell_event(struct dchannel *d, pri_event *e)
{
	d->values[DCHANNEL_EVENTS]++;
	d->listener->event(d->arg, d, e);
}

void dchannel_inject(struct dchannel *d, const uint8_t *octets, size_t n)
{
	if (!d->pri)
		return;
	d->in = octets;
	d->in_len = n;
	d->last = octets;
	d->last_len = n - CHECK_SUM;
	begin_reference(d, d->last, d->last_len);
	pri_event *e = pri_check_event(d->pri);
	if (e)
		tell_event(d, e);
	d->listener->settled(d->arg, d);
	d->in = d->last = NULL;
	d->last_len = 0;
	dchannel_schedule(d);
}

/* What the driver knows of the line waits to be taken before there is more to read. */
static bool take_event(struct dchannel *d)
{
	struct tdm_event e;
	if (d->fd < 0 || !d->driver || d->driver->event(d->fd, &e) || e.kind == TDM_NO_EVENT)
		return false;
	if (e.kind == TDM_EV_REMOVED)
		d->listener->lost(d->arg, d, -ENODEV);
	else if (e.kind == TDM_EV_FRAME_ABORTED || e.kind == TDM_EV_FRAME_OVERRUN || e.kind == TDM_EV_FRAME_BAD)
		d->values[DCHANNEL_BAD]++;
	return true;
}

bool dchannel_read(struct dchannel *d)
{
	uint8_t octets[DCHANNEL_FRAME_MAX];
	if (d->fd < 0)
		return false;
	ssize_t n = read(d->fd, octets, sizeof(octets));
	if (n < 0) {
		int err = -errno;
		if (err == -EAGAIN || err == -EINTR)
			return false;
		if (err == -TDM_EVENT_WAITS)
			return take_event(d);
		d->listener->lost(d->arg, d, err);
		return false;
	}
	if (n == 0) {
		d->listener->lost(d->arg, d, -EPIPE);
		return false;
	}
	/* Address and control, and the check sum (Q.921 2.1): less is no frame. */
	if (n < 3 + CHECK_SUM || n == sizeof(octets)) {
		d->values[DCHANNEL_BAD]++;
		return true;
	}
	d->values[DCHANNEL_IN]++;
	tell_frame(d, false, octets, (size_t)n - CHECK_SUM);
	dchannel_inject(d, octets, (size_t)n);
	return true;
}

static void on_ready(void *arg, int events)
{
	struct dchannel *d = arg;
	if (events & UV_PRIORITIZED)
		take_event(d);
	while (dchannel_read(d))
		;
}

/* --- time ---------------------------------------------------------------------------------------------------------- */

static void on_timer(void *arg)
{
	struct dchannel *d = arg;
	pri_event *e;
	for (unsigned n = 0; n < EVENTS_AT_ONCE && d->pri && (e = pri_schedule_run(d->pri)); n++)
		tell_event(d, e);
	d->listener->settled(d->arg, d);
	dchannel_schedule(d);
}

void dchannel_schedule(struct dchannel *d)
{
	const struct timeval *next = d->pri ? pri_schedule_next(d->pri) : NULL;
	if (!next) {
		timer_stop(&d->timer);
		return;
	}
	int64_t due = (int64_t)next->tv_sec * 1000 + (next->tv_usec + 999) / 1000, left = due - (int64_t)clock_ms();
	timer_start(&d->timer, left > 0 ? (uint64_t)left : 0, on_timer, d);
}

/* --- its life ------------------------------------------------------------------------------------------------------ */

void dchannel_init(struct dchannel *d, const struct isdn_settings *s, const struct dchannel_listener *l, void *arg)
{
	*d = (struct dchannel){.settings = s, .listener = l, .arg = arg, .fd = -1};
}

void dchannel_place(struct dchannel *d, unsigned number, unsigned interface, enum tdm_span_kind kind, unsigned span, unsigned position)
{
	d->number = number;
	d->interface = interface;
	snprintf(d->endpoint, sizeof(d->endpoint), "ds/%s-%u/%u", tdm_span_kind_names[kind], span, position);
	if (d->counters.name)
		return;
	snprintf(d->counters_name, sizeof(d->counters_name), "d-channel-%u", number);
	d->counters = (struct counter_group){.name = d->counters_name, .defs = counter_defs, .values = d->values, .count = DCHANNEL_COUNTERS};
	counter_register(&d->counters);
}

void dchannel_follow(struct dchannel *d)
{
	const struct isdn_settings *s = d->settings;
	for (unsigned i = 0; i < ISDN_PRI_TIMERS; i++)
		pri_set_timer(d->pri, isdn_pri_timer_defs[i].timer, s->pri_timers[i]);
	pri_set_overlapdial(d->pri, s->overlap_receive || s->overlap_send);
	pri_set_chan_mapping_logical(d->pri, s->logical);
}

int dchannel_start(struct dchannel *d)
{
	const struct isdn_settings *s = d->settings;
	pri_set_message(on_message);
	pri_set_error(on_error);
	d->pri = pri_new_cb(-1, s->network ? PRI_NETWORK : PRI_CPE, s->type->type, on_read, on_write, d);
	if (!d->pri)
		return -ENOMEM;
	dchannel_follow(d);
	pri_hangup_fix_enable(d->pri, 1);
	pri_facility_enable(d->pri);
	pri_set_service_message_support(d->pri, s->type->service);
	dchannel_schedule(d);
	return 0;
}

int dchannel_attach(struct dchannel *d, int fd, bool watch)
{
	int err = watch ? loop_watch(&d->watch, fd, UV_READABLE | UV_PRIORITIZED, on_ready, d) : 0;
	if (!err && d->driver)
		err = d->driver->buffers(fd, &(struct tdm_buffers){.count = BUFFERS, .bytes = DCHANNEL_FRAME_MAX});
	d->fd = fd;
	if (err)
		dchannel_detach(d);
	return err;
}

void dchannel_digit(struct dchannel *d, q931_call *call, char digit, bool last)
{
	pri_information(d->pri, call, (char)(digit | (last ? Q931_LAST_DIGIT : 0)));
}

void dchannel_update(struct dchannel *d, const char *why)
{
	bool up = d->fd >= 0 && d->linked;
	if (d->up && !up)
		d->values[DCHANNEL_LOSSES]++;
	if (up && !d->up)
		log_info(d->endpoint, "D-channel is up");
	else if (!up && strcmp(d->why, why))
		log_warn(d->endpoint, "D-channel is not up: %s", why);
	d->up = up;
	snprintf(d->why, sizeof(d->why), "%s", up ? "" : why);
}

void dchannel_detach(struct dchannel *d)
{
	d->watch = mem_deref(d->watch);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

void dchannel_end(struct dchannel *d)
{
	dchannel_detach(d);
	timer_stop(&d->timer);
	if (d->counters.name)
		counter_unregister(&d->counters);
	d->counters.name = NULL;
	d->pri = NULL;
}

bool dchannel_has_call(struct dchannel *d, q931_call *call, int reference, int mode)
{
	int now_mode = 0;
	quiet = true;
	int now = d->pri ? pri_get_crv(d->pri, call, &now_mode) : -1;
	quiet = false;
	return now == reference && now_mode == mode;
}
