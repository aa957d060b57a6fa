// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_signal.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/circuit.h"
#include "mediagw/events.h"
#include "mediagw/line_trace.h"
#include "mediagw/line_media.h"
#include "mediagw/lines.h"
#include "mediagw/sound.h"
#include "mediagw/watch.h"
#include <errno.h>

#define FLASH    16  /* RFC 4733 table 3 */
#define FLASH_MS 100

/* --- what circuits ask for ---------------------------------------------------------------------------------------- */

static void event(void *arg, enum bearer_side side, const struct mgcp_package *package, const char *name, struct slice params)
{
	const struct line *l = arg;
	const struct conn *c = list_empty(&l->ep->conns) ? NULL : container_of(list_first(&l->ep->conns), struct conn, link);
	if (side == BEARER_LINE || c)
		events_seen(l->ep, package, name, side == BEARER_LINE ? SLICE_NONE : slice_str(c->id), params);
}

static const struct mgcp_requested *requested(void *arg, const struct mgcp_package *package, const char *name)
{
	const struct line *l = arg;
	const struct mgcp_notifier *n = l->ep->notifier;
	/* Of an event on connections: on the one there is. */
	const struct mgcp_event_type *type = mgcp_event_type_find(package, slice_str(name));
	const struct conn *c = list_empty(&l->ep->conns) ? NULL : container_of(list_first(&l->ep->conns), struct conn, link);
	return n ? mgcp_notifier_requested(n, package, type, c && type->event & MGCP_ON_CONNECTION ? slice_str(c->id) : SLICE_NONE) : NULL;
}

static void signal_done(void *arg, const struct mgcp_signal *s, bool failed)
{
	const struct line *l = arg;
	events_signal_done(l->ep, s, failed);
}

static bool is_off_hook(void *arg)
{
	const struct line *l = arg;
	const struct tdm *t = l->channel->tdm;
	struct tdm_channel_status status;
	return !t->driver->channel_read(t->ctl, l->channel->number, &status) && status.off_hook;
}

static int seize(void *arg, bool incoming)
{
	const char *why;
	struct line *l = arg;
	if (line_begin(l, LINE_SEIZED, incoming, &why))
		return -EACCES;
	int err = line_is_signalled(l) ? 0 : line_open(l);
	if (err)
		line_end(l, LINE_SEIZED);
	return err;
}

static void idle(void *arg)
{
	line_end(arg, LINE_SEIZED);
}

/* Takes the sound over. */
static int play_sound(struct line *l, enum bearer_side side, struct sound *s)
{
	int err = l->bearer ? bearer_play(l->bearer, side, s) : -ENOTCONN;
	mem_deref(s);
	return err;
}

static void blocked(void *arg, bool on)
{
	const struct line *l = arg;
	tdm_channel_set_blocked_there(l->channel, on);
}

static void play(void *arg, enum bearer_side side, const struct tone *t, bool pauses)
{
	struct line *l = arg;
	struct sound *s = NULL;
	int err = t ? sound_tone(&s, t, pauses) : 0;
	if (!err && l->bearer)
		err = play_sound(l, side, s);
	else
		mem_deref(s);
	if (err)
		log_warn(l->channel->object, "a tone cannot be played: %s", strerror(-err));
}

static void pattern(void *arg, uint8_t octet)
{
	struct line *l = arg;
	struct sound *s = NULL;
	int err = sound_pattern(&s, octet);
	if (!err)
		err = play_sound(l, BEARER_LINE, s);
	if (err)
		log_warn(l->channel->object, "a pattern cannot be sent: %s", strerror(-err));
}

static void test(void *arg, enum bearer_mode mode, int tone)
{
	const struct line *l = arg;
	int err = l->bearer ? bearer_test(l->bearer, mode, tone) : 0;
	if (err)
		log_warn(l->channel->object, "the channel cannot be tested: %s", strerror(-err));
}

static int dial(void *arg, enum digit_kind kind, struct slice digits)
{
	struct sound *s;
	int err = sound_digits(&s, kind, digits, 0, 0);
	return err ? err : play_sound(arg, BEARER_LINE, s);
}

static int tell_caller(void *arg, enum caller_id_modem modem, const struct caller_id *c, bool on_hook)
{
	struct sound *s;
	int err = sound_caller_id(&s, modem, c, on_hook);
	return err ? err : play_sound(arg, BEARER_LINE, s);
}

static void flash(void *arg)
{
	const struct line *l = arg;
	if (l->bearer)
		bearer_tell(l->bearer, FLASH, FLASH_MS);
}

static void listen_for(void *arg, unsigned what)
{
	const struct line *l = arg;
	const struct circuit_settings *s = lines_settings(l->channel);
	struct bearer_ears ears = {
		.dtmf = what & LISTEN_DTMF, .register_tones = what & LISTEN_MF, .kind = DIGIT_MF, .caller_id = what & LISTEN_CALLER_ID,
		.modem = s->caller_id == TELLS_V23 ? CALLER_ID_V23 : CALLER_ID_BELL, .voice = what & LISTEN_VOICE,
		.test_tones = {[BEARER_LINE] = what & LISTEN_TESTS, [BEARER_NETWORK] = what & LISTEN_NETWORK_TESTS},
		.pattern = what & LISTEN_PATTERN, .octet = (uint8_t)(what / LISTEN_OCTET),
	};
	if (what & LISTEN_PROGRESS)
		slice_copy(slice_str(s->country), ears.country, sizeof ears.country);
	int err = l->bearer ? bearer_listen(l->bearer, what ? &ears : NULL) : 0;
	if (err)
		log_warn(l->channel->object, "nothing is heard on the line: %s", strerror(-err));
}

static void changed(void *arg)
{
	const struct line *l = arg;
	events_changed(l->ep);
}

static void hooked(void *arg, const char *how)
{
	line_trace(arg, true, how);
}

static const struct circuit_handlers handlers = {
	.event = event, .requested = requested, .signal_done = signal_done, .off_hook = is_off_hook, .seize = seize, .idle = idle, .blocked = blocked, .play = play, .pattern = pattern, .test = test, .dial = dial,
	.tell_caller = tell_caller, .flash = flash, .listen = listen_for, .changed = changed, .hooked = hooked,
};

/* --- the line's life ---------------------------------------------------------------------------------------------- */

int line_signal_new(struct line *l)
{
	const struct tdm_channel *c = l->channel;
	struct circuit_params p = {
		.object = c->object, .signalling = c->signalling, .settings = lines_settings(c), .driver = c->tdm->driver, .h = &handlers, .arg = l,
	};
	struct mgcp_notifier *n;
	l->ep->packages = circuit_packages(c->signalling, p.settings);
	int err = circuit_new(&l->circuit, &p);
	if (!err && line_is_signalled(l))
		err = events_notifier(l->ep, &n);
	return err;
}

void line_signal_open(struct line *l)
{
	circuit_open(l->circuit, l->fd, line_is_signalled(l) && is_off_hook(l));
}

/* Of a line that is gone nobody may expect anything (RFC 3435 4.4.5). */
void line_signal_close(struct line *l)
{
	circuit_close(l->circuit);
	if (line_is_signalled(l))
		events_reset(l->ep);
}

void line_signal_interrupt(struct line *l)
{
	circuit_close(l->circuit);
}

void line_signal_end(struct line *l)
{
	circuit_end(l->circuit);
}

static void trace_tone(const struct line *l, enum tone_signal tone, bool begun)
{
	char mem[64];
	struct buf what = buf_fixed(mem, sizeof mem);
	buf_printf(&what, SLICE_FMT " tone %s", SLICE_ARG(tone_name(tone)), begun ? "begins" : "ends");
	line_trace(l, false, buf_z(&what));
}

void line_signal_heard(struct line *l, const struct heard *h)
{
	bool slip = h->event.kind == TDM_EV_READ_OVERRUN || h->event.kind == TDM_EV_WRITE_UNDERRUN;
	if (h->kind == HEARD_EVENT && !slip && line_is_signalled(l))
		line_trace(l, false, tdm_event_names[h->event.kind]);
	else if (h->kind == HEARD_TONE && line_is_signalled(l))
		trace_tone(l, h->tone, h->begun);
	circuit_heard(l->circuit, h);
}

/* --- what endpoints ask for --------------------------------------------------------------------------------------- */

static unsigned check(const struct endpoint *e, const struct mgcp_script *s, const char **why)
{
	for (unsigned i = 0; i < s->n_events; i++)
		if (!streams_params(&s->events[i])) {
			*why = "the event does not take these parameters";
			return 538;
		}
	return circuit_check(e->line->circuit, s, why);
}

static void signal_start(struct endpoint *e, const struct mgcp_signal *s)
{
	circuit_signal_start(e->line->circuit, s);
}

static void signal_stop(struct endpoint *e, const struct mgcp_signal *s)
{
	circuit_signal_stop(e->line->circuit, s);
}

static enum mgcp_hook hook(const struct endpoint *e)
{
	return circuit_hook(e->line->circuit);
}

static void asked(struct endpoint *e)
{
	struct conn *it;
	list_foreach(it, &e->conns, link)
		watch_asked(it);
	circuit_asked(e->line->circuit);
}

static void event_states(const struct endpoint *e, struct buf *out)
{
	circuit_event_states(e->line->circuit, out);
}

static const char *state(const struct endpoint *e)
{
	return circuit_state(e->line->circuit);
}

static void restore(struct endpoint *e, struct slice text)
{
	circuit_restore(e->line->circuit, text);
}

const struct endpoint_events line_events = {
	.check = check, .signal_start = signal_start, .signal_stop = signal_stop, .hook = hook, .asked = asked, .states = event_states, .state = state,
	.restore = restore,
};
