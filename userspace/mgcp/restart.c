// SPDX-License-Identifier: GPL-3.0-or-later
/* Two things that are independent: whether the endpoints are in service, and whether the notified entity has been told. */
#include "mgcp/restart.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"
#include <errno.h>

#define REDIRECTS_MAX 5 /* in a row, before one waits */

const struct mgcp_restart_timers mgcp_restart_default_timers = {.mwd_ms = 600000, .td_init_ms = 15000, .td_min_ms = 15000, .td_max_ms = 600000};

enum service { IN_SERVICE, LEAVING, OUT_OF_SERVICE, COMING };
static const char *const services[] = {[IN_SERVICE] = "in service", [LEAVING] = "leaving", [OUT_OF_SERVICE] = "out of service", [COMING] = "coming"};

enum state {
	CONNECTED, /* all is told */
	WAITING,   /* for the timer, a command, or somebody on a line */
	SENT,
	REFUSED, /* for good: only a command starts it again */
};
static const char *const states[] = {[CONNECTED] = "connected", [WAITING] = "waiting", [SENT] = "sent", [REFUSED] = "refused"};

struct mgcp_restart {
	const char *object;
	struct mgcp_restart_timers timers;
	struct mgcp_restart_handlers h;
	enum service service;
	struct timer delay; /* to the end of LEAVING or COMING */
	unsigned reason;
	enum state state;
	enum mgcp_restart_method method; /* what is to be told */
	struct timer wait;               /* MWD, or the disconnected timer */
	uint32_t wait_ms;                /* the last one of the disconnected timer; 0: the next is the first */
	uint64_t since;                  /* disconnected */
	uint64_t ended;                  /* the last time that the procedure ended, or began */
	unsigned redirects;
};

static const char *const methods[] = {
	[MGCP_RESTART] = "restart",
	[MGCP_GRACEFUL] = "graceful",
	[MGCP_FORCED] = "forced",
	[MGCP_DISCONNECTED] = "disconnected",
	[MGCP_CANCEL_GRACEFUL] = "cancel-graceful",
};

const char *mgcp_restart_method_name(enum mgcp_restart_method m)
{
	return methods[m];
}

int mgcp_restart_method_parse(struct slice text, enum mgcp_restart_method *ret)
{
	for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_caseeq(slice_str(methods[i]), text)) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

static void destroy(void *obj)
{
	struct mgcp_restart *r = obj;
	timer_stop(&r->wait);
	timer_stop(&r->delay);
}

int mgcp_restart_new(struct mgcp_restart **ret, const char *object, const struct mgcp_restart_timers *timers, const struct mgcp_restart_handlers *h)
{
	struct mgcp_restart *r = mem_alloc(sizeof *r, destroy);
	if (!r)
		return -ENOMEM;
	r->object = object;
	r->timers = *timers;
	r->h = *h;
	*ret = r;
	return 0;
}

/* From `low` to `high`, evenly. */
static uint32_t between(uint32_t low, uint32_t high)
{
	uint32_t bits;
	random_bytes(&bits, sizeof bits);
	return low + (uint32_t)(((uint64_t)high - low + 1) * bits >> 32);
}

static void set_state(struct mgcp_restart *r, enum state state, const char *why)
{
	if (r->state != state)
		log_debug(r->object, "\"%s\": %s -> %s (%s)", methods[r->method], states[r->state], states[state], why);
	r->state = state;
	if (state != WAITING)
		timer_stop(&r->wait);
}

static void set_service(struct mgcp_restart *r, enum service service)
{
	if (r->service != service)
		log_info(r->object, "%s -> %s", services[r->service], services[service]);
	r->service = service;
	timer_stop(&r->delay);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static uint32_t seconds(uint64_t ms)
{
	return (uint32_t)((ms + 999) / 1000);
}

static uint32_t remaining_s(const struct mgcp_restart *r)
{
	return timer_running(&r->delay) ? seconds(r->delay.due - clock_ms()) : 0;
}

static uint32_t delay_of(const struct mgcp_restart *r)
{
	switch (r->method) {
	case MGCP_RESTART:
	case MGCP_GRACEFUL:
		return remaining_s(r);
	case MGCP_DISCONNECTED:
		return seconds(clock_ms() - r->since);
	default:
		return 0;
	}
}

static unsigned reason_of(const struct mgcp_restart *r)
{
	return r->method == MGCP_GRACEFUL || r->method == MGCP_FORCED ? r->reason : 0;
}

static void again(struct mgcp_restart *r, const char *why);

static void send_now(struct mgcp_restart *r, const char *why)
{
	set_state(r, SENT, why);
	if (r->h.send(r->h.arg, r->method, delay_of(r), reason_of(r)))
		again(r, "cannot be sent");
}

static void waited(void *arg)
{
	send_now(arg, "timer");
}

static void wait_for(struct mgcp_restart *r, uint32_t ms, const char *why)
{
	set_state(r, WAITING, why);
	timer_start(&r->wait, ms, waited, r);
}

/* The disconnected timer: at first anything up to Tdinit, then twice as long each time up to Tdmax (4.4.7). */
static void again(struct mgcp_restart *r, const char *why)
{
	uint64_t twice = (uint64_t)r->wait_ms * 2;
	r->wait_ms = twice ? (uint32_t)(twice > r->timers.td_max_ms ? r->timers.td_max_ms : twice) : between(1, r->timers.td_init_ms ? r->timers.td_init_ms : 1);
	r->redirects = 0;
	r->ended = clock_ms();
	wait_for(r, r->wait_ms, why);
}

static void tell(struct mgcp_restart *r, enum mgcp_restart_method m, const char *why)
{
	r->method = m;
	r->wait_ms = 0;
	r->redirects = 0;
	send_now(r, why);
}

static void accepted(struct mgcp_restart *r)
{
	log_info(r->object, "\"%s\" is known to the notified entity", methods[r->method]);
	bool leaving = r->service == LEAVING && (r->method == MGCP_DISCONNECTED || r->method == MGCP_RESTART);
	set_state(r, CONNECTED, "answered");
	r->wait_ms = 0;
	r->redirects = 0;
	if (r->h.connected)
		r->h.connected(r->h.arg);
	/* Whether graceful had been heard of before is not known. */
	if (leaving && r->state == CONNECTED)
		tell(r, MGCP_GRACEFUL, "connected again");
}

/* Restart and forced say more than disconnected, and are told as such until they are heard; disconnected goes on. */
static void disconnected(struct mgcp_restart *r)
{
	bool goes_on = r->state != CONNECTED && r->method != MGCP_GRACEFUL && r->method != MGCP_CANCEL_GRACEFUL;
	if (!goes_on) {
		r->method = r->service == OUT_OF_SERVICE ? MGCP_FORCED : MGCP_DISCONNECTED;
		r->since = clock_ms();
		r->wait_ms = 0;
	}
	again(r, "no answer");
}

void mgcp_restart_lost(struct mgcp_restart *r)
{
	if (r->state == CONNECTED)
		disconnected(r);
}

/* 4.4.6: what an answer means, for all methods. */
void mgcp_restart_answered(struct mgcp_restart *r, int err, unsigned code, bool redirected)
{
	if (r->state != SENT)
		return;
	if (err)
		disconnected(r);
	else if (code >= 200 && code < 300)
		accepted(r);
	else if (code == 521 && redirected && r->redirects++ < REDIRECTS_MAX)
		send_now(r, "redirected");
	else if ((code >= 400 && code < 500) || (code == 521 && redirected))
		again(r, "refused for now");
	else
		set_state(r, REFUSED, "refused");
}

void mgcp_restart_command(struct mgcp_restart *r)
{
	if (r->state == WAITING || r->state == REFUSED)
		send_now(r, "command");
}

void mgcp_restart_activity(struct mgcp_restart *r)
{
	bool first = r->method == MGCP_RESTART && !r->wait_ms;
	if (r->state == WAITING && (first || clock_ms() - r->ended >= r->timers.td_min_ms))
		send_now(r, "activity");
}

/* --- service ------------------------------------------------------------------------------------------------------ */

void mgcp_restart_begin(struct mgcp_restart *r, enum mgcp_restart_method m)
{
	r->method = m;
	r->wait_ms = 0;
	r->since = r->ended = clock_ms();
	set_service(r, IN_SERVICE);
	wait_for(r, between(0, r->timers.mwd_ms), "start");
}

static void came(void *arg)
{
	struct mgcp_restart *r = arg;
	set_service(r, IN_SERVICE);
	tell(r, MGCP_RESTART, "in service");
}

void mgcp_restart_in_service(struct mgcp_restart *r, uint32_t delay_s)
{
	set_service(r, delay_s ? COMING : IN_SERVICE);
	if (delay_s)
		timer_start(&r->delay, (uint64_t)delay_s * 1000, came, r);
	tell(r, MGCP_RESTART, "in service");
}

void mgcp_restart_forced(struct mgcp_restart *r, unsigned reason)
{
	r->reason = reason;
	set_service(r, OUT_OF_SERVICE);
	tell(r, MGCP_FORCED, "out of service");
}

static void left(void *arg)
{
	struct mgcp_restart *r = arg;
	mgcp_restart_forced(r, r->reason);
	if (r->h.out)
		r->h.out(r->h.arg);
}

/* What has not been told yet is more than going or staying: restart and disconnected go on, and graceful follows them. */
static bool has_more_to_tell(const struct mgcp_restart *r)
{
	return r->state != CONNECTED && (r->method == MGCP_RESTART || r->method == MGCP_DISCONNECTED);
}

void mgcp_restart_graceful(struct mgcp_restart *r, uint32_t delay_s, unsigned reason)
{
	if (r->service != IN_SERVICE && r->service != LEAVING)
		return;
	r->reason = reason;
	set_service(r, LEAVING);
	if (delay_s)
		timer_start(&r->delay, (uint64_t)delay_s * 1000, left, r);
	if (!has_more_to_tell(r))
		tell(r, MGCP_GRACEFUL, "graceful");
}

void mgcp_restart_cancel_graceful(struct mgcp_restart *r)
{
	if (r->service != LEAVING)
		return;
	set_service(r, IN_SERVICE);
	if (!has_more_to_tell(r))
		tell(r, MGCP_CANCEL_GRACEFUL, "graceful is cancelled");
}

unsigned mgcp_restart_gate(const struct mgcp_restart *r, bool audit)
{
	return audit || r->service == IN_SERVICE || r->service == LEAVING ? 0 : 501;
}

/* The last column of the table of 4.4.5. */
enum mgcp_restart_method mgcp_restart_audit(const struct mgcp_restart *r, uint32_t *delay_s)
{
	*delay_s = remaining_s(r);
	if (r->service == OUT_OF_SERVICE)
		return MGCP_FORCED;
	if (r->service == LEAVING)
		return MGCP_GRACEFUL;
	if (r->state == CONNECTED || r->method != MGCP_DISCONNECTED)
		return MGCP_RESTART;
	*delay_s = seconds(clock_ms() - r->since);
	return MGCP_DISCONNECTED;
}

bool mgcp_restart_is_connected(const struct mgcp_restart *r)
{
	return r->state == CONNECTED;
}
