/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spans that are not there, with a libpri at the far end of each D-channel, all in one process and on the injected clock: nothing moves but by
 * wire_run() and wire_pass(). */
#pragma once
#include "base/alarm.h"
#include "base/conf.h"
#include "config/schema.h"
#include "isdn/call.h"
#include "isdn/control.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRE_SPANS    3
#define WIRE_CHANNELS 31   /* a span */
#define WIRE_EVENTS   512
#define D_CHANNEL     16   /* its place in a span */

/* libpri never frees its controllers. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpri";
}

struct far {
	struct pri *pri;
	int fd;           /* the far end of the D-channel, -1: not opened */
	bool deaf, mute;  /* frames to it, or from it, are lost */
	uint8_t in[1024];
	size_t in_len;
	pri_event events[WIRE_EVENTS]; /* what it was told */
	unsigned n, seen;
};

static struct {
	struct isdn *isdn;
	struct group *g;
	bool agent;         /* somebody is subscribed to "calls" */
	bool traced;        /* and to "trace" */
	json_t *told;       /* events of calls that no test has looked at */
	json_t *spans;      /* all of topic "spans" */
	json_t *traces;
	bool absent[WIRE_SPANS + 1];
	unsigned defects[WIRE_SPANS + 1];
	enum tdm_span_kind kind;
	unsigned n_spans;
	struct far far[WIRE_SPANS + 1]; /* by span */
	unsigned restarts_ignored;
	unsigned appeared;  /* how often B-channels did */
	char barred[100];   /* "+ds/e1-1/30 -ds/e1-1/30 " */
} wire;

/* --- the driver ------------------------------------------------------------------------------------------------------ */

static unsigned span_of(unsigned channel)
{
	return (channel - 1) / WIRE_CHANNELS + 1;
}

static unsigned place_of_channel(unsigned channel)
{
	return (channel - 1) % WIRE_CHANNELS + 1;
}

static int wire_open(unsigned channel)
{
	int fds[2];
	if (!channel)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	struct far *f = &wire.far[span_of(channel)];
	if (wire.absent[span_of(channel)])
		return -ENXIO;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -errno;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fds[1];
	return fds[0];
}

static int wire_span_read(int ctl, unsigned span, struct tdm_span_status *ret)
{
	if (!span || span > wire.n_spans || wire.absent[span])
		return -ENXIO;
	*ret = (struct tdm_span_status){.number = span, .kind = wire.kind, .channels = WIRE_CHANNELS, .defects = wire.defects[span]};
	return 0;
}

static int wire_channel_read(int ctl, unsigned channel, struct tdm_channel_status *ret)
{
	if (channel > wire.n_spans * WIRE_CHANNELS || wire.absent[span_of(channel)])
		return -ENXIO;
	*ret = (struct tdm_channel_status){.number = channel, .span = span_of(channel), .position = place_of_channel(channel),
					   .signalling = place_of_channel(channel) == D_CHANNEL ? TDM_DCHAN : TDM_BCHAN, .law = TDM_LAW_ALAW};
	return 0;
}

static int wire_buffers(int fd, const struct tdm_buffers *b)
{
	return 0;
}

static const struct tdm_driver wire_driver = {
	.name = "wire", .open = wire_open, .span_read = wire_span_read, .channel_read = wire_channel_read, .buffers = wire_buffers,
};

/* --- the far end ----------------------------------------------------------------------------------------------------- */

static int far_write(struct pri *pri, void *octets, int len)
{
	struct far *f = pri_get_userdata(pri);
	if (f->fd >= 0 && !f->mute)
		(void)!write(f->fd, octets, (size_t)len);
	return len;
}

static int far_read(struct pri *pri, void *octets, int room)
{
	struct far *f = pri_get_userdata(pri);
	size_t n = f->in_len;
	memcpy(octets, f->in, n);
	f->in_len = 0;
	return (int)n;
}

static void far_keep(struct far *f, const pri_event *e)
{
	assert_true(f->n < WIRE_EVENTS);
	f->events[f->n++] = *e;
}

static bool far_step(struct far *f)
{
	ssize_t n = f->fd < 0 ? -1 : read(f->fd, f->in, sizeof(f->in));
	if (n <= 0)
		return false;
	if (f->deaf || !f->pri)
		return true;
	f->in_len = (size_t)n;
	pri_event *e = pri_check_event(f->pri);
	if (e)
		far_keep(f, e);
	return true;
}

static void far_time(struct far *f)
{
	pri_event *e;
	while (f->pri && (e = pri_schedule_run(f->pri)))
		far_keep(f, e);
}

/* The far end of a span's D-channel. */
static void far_start(unsigned span, int node, int type)
{
	struct far *f = &wire.far[span];
	f->pri = pri_new_cb(-1, node, type, far_read, far_write, f);
	assert_non_null(f->pri);
	pri_hangup_fix_enable(f->pri, 1);
	pri_facility_enable(f->pri);
	pri_set_service_message_support(f->pri, 1);
}

/* The next thing that the far end was told, of this kind; others before it are passed over, such as restarts. */
static inline pri_event *far_told(unsigned span, int kind)
{
	struct far *f = &wire.far[span];
	while (f->seen < f->n)
		if (f->events[f->seen++].e == kind)
			return &f->events[f->seen - 1];
	return NULL;
}

static inline pri_event *far_expect(unsigned span, int kind)
{
	pri_event *e = far_told(span, kind);
	if (!e)
		fail_msg("the far end was not told %s", pri_event2str(kind));
	return e;
}

/* --- time and frames --------------------------------------------------------------------------------------------------- */

/* Until nothing is on its way. */
static void wire_run(void)
{
	for (bool more = true; more;) {
		more = false;
		for (unsigned s = 1; s <= WIRE_SPANS; s++)
			more |= far_step(&wire.far[s]);
		for (unsigned i = 0; wire.g && i < wire.g->n_dchannels; i++)
			more |= dchannel_read(&wire.g->dchannels[i]);
	}
}

static void wire_pass(uint64_t ms)
{
	for (uint64_t step; ms; ms -= step) {
		step = ms < 20 ? ms : 20;
		clock_test_advance(step);
		for (unsigned s = 1; s <= WIRE_SPANS; s++)
			far_time(&wire.far[s]);
		wire_run();
	}
}

/* --- the agent --------------------------------------------------------------------------------------------------------- */

static void wire_publish(void *arg, const char *topic, json_t *event)
{
	json_t *to = !strcmp(topic, "calls") ? wire.told : !strcmp(topic, "spans") ? wire.spans : wire.traces;
	json_array_append_new(to, event);
}

static bool wire_wanted(void *arg, const char *topic)
{
	return !strcmp(topic, "calls") ? wire.agent : wire.traced;
}

static void wire_appeared(void *arg)
{
	wire.appeared++;
}

static void wire_barred(void *arg, const struct bchannel *b)
{
	size_t n = strlen(wire.barred);
	snprintf(wire.barred + n, sizeof(wire.barred) - n, "%c%s ", b->barred ? '+' : '-', b->endpoint);
}

/* The next event of calls, which must be this one; good until the next. */
static json_t *expect(const char *event)
{
	static json_t *last;
	json_decref(last);
	last = json_incref(json_array_get(wire.told, 0));
	if (!last) {
		if (event)
			fail_msg("nothing was told, expected %s", event);
		return NULL;
	}
	json_array_remove(wire.told, 0);
	assert_string_equal(json_string_value(json_object_get(last, "event")), event ? event : "nothing");
	return last;
}

static inline void expect_nothing(void)
{
	if (json_array_size(wire.told))
		fail_msg("was told %s", json_string_value(json_object_get(json_array_get(wire.told, 0), "event")));
}

static inline const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

static inline int int_of(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

/* Asks by the control protocol, with args as JSON with ' for ": 0 or negative errno. */
static int ask(const char *verb, const char *args, json_t **result)
{
	char text[1024];
	size_t n = 0;
	json_t *r = NULL;
	struct buf why = buf_growing();
	for (; args[n] && n + 1 < sizeof(text); n++)
		text[n] = args[n] == '\'' ? '"' : args[n];
	text[n] = '\0';
	json_t *o = json_loads(text, 0, NULL);
	assert_non_null(o);
	const struct ctl_verb *v = control_verbs;
	while (v->name && strcmp(v->name, verb))
		v++;
	assert_non_null(v->name);
	int err = v->fn(&wire.isdn, o, &r, &why);
	assert_int_equal(err != 0, why.len != 0);
	json_decref(o);
	buf_reset(&why);
	if (result)
		*result = r;
	else
		json_decref(r);
	return err;
}

#define DO(verb, args) assert_int_equal(ask(verb, args, NULL), 0)

/* --- beginning and end -------------------------------------------------------------------------------------------------- */

#define HEAD "address inside {\n local = {\"127.0.0.1\"}\n}\ngateway local {\n}\n"

static struct conf *wire_conf(const char *section)
{
	struct conf *c = NULL;
	struct buf text = buf_growing(), why = buf_growing();
	buf_printf(&text, HEAD "isdn pri {\n%s\n}\n", section);
	int err = config_load(&c, "test.conf", buf_z(&text), &why);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	buf_reset(&text);
	buf_reset(&why);
	return c;
}

/* `section` is what the isdn section says; `type` and `node` are the far end's. */
static void wire_start(const char *section, unsigned n_spans, int node, int type)
{
	struct buf why = buf_growing();
	struct conf *c = wire_conf(section);
	wire.told = json_array();
	wire.spans = json_array();
	wire.traces = json_array();
	wire.agent = true;
	wire.kind = TDM_SPAN_E1;
	wire.n_spans = n_spans;
	for (unsigned s = 0; s <= WIRE_SPANS; s++)
		wire.far[s].fd = -1;
	assert_int_equal(isdn_new(&wire.isdn, &(struct isdn_params){.driver = &wire_driver, .publish = wire_publish, .wanted = wire_wanted, .appeared = wire_appeared, .barred = wire_barred}), 0);
	assert_int_equal(isdn_configure(wire.isdn, c, &why), 0);
	mem_deref(c);
	buf_reset(&why);
	wire.g = isdn_group(wire.isdn, "pri");
	assert_non_null(wire.g);
	far_start(1, node, type);
}

/* Until the link is up and every channel has been restarted. */
static void wire_up(void)
{
	wire_pass(3000);
	assert_true(group_is_up(wire.g));
	for (unsigned s = 1; s <= WIRE_SPANS; s++)
		wire.far[s].seen = wire.far[s].n;
}

static inline unsigned channels_in(enum bchannel_state state)
{
	unsigned n = 0;
	for (unsigned i = 0; i < wire.g->settings.n_spans; i++)
		for (unsigned p = 0; p < ISDN_CHANNELS; p++)
			n += wire.g->interfaces[i].channels[p] && wire.g->interfaces[i].channels[p]->state == state;
	return n;
}

/* Nothing is left of any call, here. */
static inline void assert_all_free(void)
{
	assert_int_equal(list_count(&wire.g->calls), 0);
	assert_int_equal(channels_in(BCHANNEL_BUSY), 0);
	assert_int_equal(channels_in(BCHANNEL_RESTARTING), 0);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 0);
}

static int wire_stop(void **state)
{
	wire.isdn = mem_deref(wire.isdn);
	for (unsigned s = 1; s <= WIRE_SPANS; s++)
		if (wire.far[s].fd >= 0)
			close(wire.far[s].fd);
	expect(json_array_size(wire.told) ? text_of(json_array_get(wire.told, 0), "event") : NULL);
	json_array_clear(wire.told);
	expect(NULL);
	json_decref(wire.told);
	json_decref(wire.spans);
	json_decref(wire.traces);
	memset(&wire, 0, sizeof(wire));
	alarm_reset();
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mem_blocks(), 0);
	return 0;
}

/* --- calls -------------------------------------------------------------------------------------------------------------- */

/* A call from the far end. */
static inline q931_call *far_call(unsigned span, const char *number, int channel, bool exclusive, bool complete)
{
	struct pri *pri = wire.far[span].pri;
	struct pri_sr *sr = pri_sr_new();
	q931_call *c = pri_new_call(pri);
	char called[64];
	snprintf(called, sizeof(called), "%s", number);
	pri_sr_set_channel(sr, channel, exclusive, 0);
	pri_sr_set_bearer(sr, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ALAW);
	pri_sr_set_called(sr, called, PRI_NATIONAL_ISDN, complete);
	assert_int_equal(pri_setup(pri, c, sr), 0);
	pri_sr_free(sr);
	wire_run();
	return c;
}

#define SETUP "{'call':'a','group':'pri','called':{'number':'3012345','type':'national','plan':'isdn'}}"

/* A call out, answered: the far end's. */
static inline q931_call *answered_out(void)
{
	DO("isdn setup", SETUP);
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	q931_call *c = e->ring.call;
	int channel = e->ring.channel;
	pri_proceeding(wire.far[1].pri, c, channel, 0);
	pri_answer(wire.far[1].pri, c, channel, 0);
	wire_run();
	expect("proceeding");
	expect("answer");
	return c;
}

/* The far end lets go of whatever is cleared. */
static inline void far_lets_go(void)
{
	struct far *f = &wire.far[1];
	for (; f->seen < f->n; f->seen++) {
		pri_event *e = &f->events[f->seen];
		if (e->e == PRI_EVENT_HANGUP || e->e == PRI_EVENT_HANGUP_REQ)
			pri_hangup(f->pri, e->hangup.call, e->hangup.cause);
		wire_run();
	}
}
