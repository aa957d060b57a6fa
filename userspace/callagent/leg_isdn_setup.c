// SPDX-License-Identifier: GPL-3.0-or-later
/* How an ISDN leg begins: a call to somebody, as a SETUP; a SETUP that comes in, as a call (RFC 3398 7.2.1, 8.2.1; RFC 4497 8.2, 8.3.1). */
#include "base/random.h"
#include "callagent/call.h"
#include "callagent/leg_isdn_priv.h"
#include "callagent/line_call.h"
#include "callagent/line_caller.h"
#include "routing/headers.h"

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

/* --- where its media are -------------------------------------------------------------------------------------------- */

static int set_party(struct isdn_leg *s, const char *address)
{
	const struct agent *a = s->agent;
	const struct config_address *at = NULL;
	for (unsigned i = 0; i < a->n_addresses && !at; i++)
		if (!*address || !strcmp(a->addresses[i].name, address))
			at = &a->addresses[i];
	if (!at || !at->n_local || slice_copy(slice_str(at->name), s->address, sizeof(s->address)))
		return -EADDRNOTAVAIL;
	s->leg.party = (struct media_party){.address = s->address, .signalling = at->local[0]};
	return 0;
}

/* --- a call out ----------------------------------------------------------------------------------------------------- */

static int make_setup(struct isdn_leg *s, const struct leg_call *how)
{
	const struct target *t = how->target;
	json_t *called = isdn_number_write(s->line, t->called);
	if (!called)
		return -EINVAL;
	s->setup = json_pack("{s:s, s:o}", "group", s->line->name, "called", called);
	return s->setup ? 0 : -ENOMEM;
}

static int random_name(char *out, size_t size)
{
	char id[17];
	struct buf b = buf_fixed(out, size);
	int err = random_id(id, sizeof(id));
	buf_printf(&b, "ca-%s", id);
	buf_z(&b);
	return err ? err : b.err;
}

int leg_isdn_outgoing(struct leg **ret, struct agent *a, const struct leg_call *how)
{
	struct isdn_leg *s;
	char id[64];
	if (!isdn_link_is_up(a->isdn))
		return -ENOTCONN;
	int err = random_name(id, sizeof(id)) ?: isdn_leg_new(&s, a, how->target->line, SIDE_B, id);
	if (err)
		return err;
	CDR_SET(s->number, slice_str(how->target->number));
	s->shown = *how->caller;
	if (how->diversions)
		s->diversions = *how->diversions;
	err = set_party(s, how->target->address) ?: make_setup(s, how);
	if (err)
		mem_deref(s);
	else
		*ret = &s->leg;
	return err;
}

void isdn_setup_dress(struct isdn_leg *s, const struct sip_msg *m)
{
	const struct sip_msg *invite = m && m->request && m->method == SIP_INVITE ? m : NULL;
	struct line_caller caller;
	line_caller_read(&caller, s->agent, &s->leg, &s->shown, m);
	json_t *calling = isdn_party_write(s->line, caller.number, caller.name, caller.hidden, caller.screening);
	for (unsigned i = 0; i < s->diversions.n; i++)
		line_caller_number(s->agent, s->diversions.d[i].number, sizeof(s->diversions.d[i].number));
	json_t *redirecting = isdn_redirecting_write(s->line, &s->diversions, invite);
	if (calling)
		json_object_set_new(s->setup, "calling", calling);
	if (redirecting)
		json_object_set_new(s->setup, "redirecting", redirecting);
}

/* RFC 4497 9.2.3. */
void isdn_answer_read(struct isdn_leg *s, const struct leg_news *n)
{
	const struct leg *winner = s->leg.call->winner;
	const struct sip_msg *m = n->native;
	s->who = n->who ? *n->who : (struct shown){0};
	if (n->who || !m)
		return;
	if (line_caller_identify(s->agent, winner, m, s->who.number, sizeof(s->who.number)) == ISDN_NOT_SCREENED)
		s->who.number[0] = '\0';
	if (headers_want_privacy(m))
		s->who.presentation = PRESENT_RESTRICTED;
}

/* --- a call in ------------------------------------------------------------------------------------------------------ */

static struct line_call line_call_of(const struct isdn_leg *s)
{
	return (struct line_call){.line = s->line, .called = s->called, .overlap = s->overlap, .caller = &s->shown, .diversions = s->diversions.n ? &s->diversions : NULL};
}

static void on_channel(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = mem_ref(arg);
	struct buf sdp = buf_growing();
	const struct line_call how = line_call_of(s);
	s->opening = false;
	if (err != -ECANCELED)
		err = err ? err : line_media_describe(s->media, &sdp);
	if (!err) {
		s->started = true;
		line_call_start(s->leg.call, s->agent, &how, buf_text(&sdp));
	} else if (err != -ECANCELED) {
		log_warn(s->leg.object, "no channel at %s: code %u, %s", s->endpoint, code, strerror(-err));
		call_end(s->leg.call, CALL_BY_GATEWAY, &(struct leg_news){.status = 503, .cause = CAUSE_NO_RESOURCE, .words = media_failure(err)});
	}
	buf_reset(&sdp);
	mem_deref(s);
}

/* The number is complete, or leads somewhere however it goes on. */
static void begin(struct isdn_leg *s, bool whole)
{
	s->begun = true;
	s->overlap = !whole;
	if (whole)
		isdn_leg_say(s, "isdn proceeding", NULL);
	int err = *s->called ? isdn_leg_open_media(s, NULL, LINE_MEDIA_HEARS, on_channel) : -ENOENT;
	if (err == -ENOENT)
		call_end(s->leg.call, CALL_BY_TANDEM, &(struct leg_news){.status = 484, .cause = CAUSE_INCOMPLETE, .words = "no number was called"});
	else if (err)
		call_end(s->leg.call, CALL_BY_GATEWAY, &(struct leg_news){.status = 503, .cause = CAUSE_NO_RESOURCE, .words = media_failure(err)});
}

/* A number for help is that whatever type it is said to have. */
static int read_called(struct isdn_leg *s, const json_t *number)
{
	if (!line_call_is_emergency(s->agent, s->line, s->digits))
		return isdn_number_read(s->line, number, s->called, sizeof(s->called));
	CDR_SET(s->called, slice_str(s->digits));
	return 0;
}

/* Whether more digits are that, too, behind what there is of the number as the routing has it. */
static bool grows(struct isdn_leg *s)
{
	struct isdn_leg longer = {.agent = s->agent, .line = s->line};
	size_t n = strlen(s->called), dialled = strlen(s->digits);
	bool same = n && dialled + 2 < sizeof(s->digits);
	for (char digit = '0'; same && digit <= '9'; digit++) {
		memcpy(longer.digits, s->digits, dialled);
		longer.digits[dialled] = digit;
		json_t *number = json_pack("{s:s, s:s, s:s}", "number", longer.digits, "type", s->type, "plan", s->plan);
		same = number && !read_called(&longer, number) && !strncmp(s->called, longer.called, n) && longer.called[n] == digit && !longer.called[n + 1];
		json_decref(number);
	}
	return same;
}

/* RFC 3578 3.1: digits are gathered until no other number of the routing begins like those that are there, or no more come; or until it is known who takes
 * the rest. What may become a call for help is always waited for. */
static void check_number(struct isdn_leg *s)
{
	struct source from;
	const struct query q = {.from = &from, .called = s->called, .caller = s->shown.number, .utc = (int64_t)(clock_utc_ms() / 1000)};
	source_of_line(&from, s->line);
	if (!s->overlap || line_call_is_emergency(s->agent, s->line, s->called))
		begin(s, true);
	else if (line_call_may_be_emergency(s->agent, s->line, s->digits))
		return;
	else if (line_call_is_complete(s->agent, &from, s->called))
		begin(s, true);
	else if (line_call_goes_on(s->agent, &q) && grows(s))
		begin(s, false);
}

/* What has come since goes after the call. */
static void go_on(struct isdn_leg *s, size_t had)
{
	if (!s->overlap)
		isdn_leg_say(s, "isdn proceeding", NULL);
	if (s->started)
		call_on_digits(&s->leg, s->called + had, !s->overlap);
}

/* Beyond a limit, and what is dialled does not become a call for help any more. */
static bool is_refused(const struct isdn_leg *s)
{
	bool may_be = s->overlap && line_call_may_be_emergency(s->agent, s->line, s->digits);
	return s->refusal.status && !may_be && !line_call_is_emergency(s->agent, s->line, s->digits);
}

void isdn_leg_digits(struct isdn_leg *s, const json_t *event)
{
	struct buf b = buf_fixed(s->digits, sizeof(s->digits));
	size_t had = strlen(s->called);
	if (!s->overlap)
		return;
	b.len = strlen(s->digits);
	buf_str(&b, text_of(event, "digits"));
	buf_z(&b);
	json_t *number = json_pack("{s:s, s:s, s:s}", "number", s->digits, "type", s->type, "plan", s->plan);
	int err = b.err ? b.err : !number ? -ENOMEM : read_called(s, number);
	json_decref(number);
	if (err) {
		call_end(s->leg.call, CALL_BY_TANDEM, &(struct leg_news){.status = 484, .cause = CAUSE_INCOMPLETE, .words = "the number is too long"});
		return;
	}
	s->overlap = !json_is_true(json_object_get(event, "complete"));
	if (is_refused(s))
		call_end(s->leg.call, CALL_BY_TANDEM, &s->refusal);
	else if (s->begun)
		go_on(s, had);
	else
		check_number(s);
}

static int read_setup(struct isdn_leg *s, const json_t *event)
{
	const json_t *called = json_object_get(event, "called");
	CDR_SET(s->digits, slice_str(text_of(called, "number")));
	CDR_SET(s->type, slice_str(text_of(called, "type")));
	CDR_SET(s->plan, slice_str(text_of(called, "plan")));
	CDR_SET(s->endpoint, slice_str(text_of(event, "endpoint")));
	s->overlap = json_is_true(json_object_get(event, "overlap"));
	s->audio = !strcmp(text_of(event, "bearer"), "audio");
	isdn_leg_bearer(s, !strcmp(text_of(event, "bearer"), "digital"));
	int err = read_called(s, called);
	err = err ? err : isdn_party_read(s->line, json_object_get(event, "calling"), &s->shown);
	err = err ? err : isdn_redirecting_read(s->line, json_object_get(event, "redirecting"), &s->diversions);
	CDR_SET(s->number, slice_str(s->shown.number));
	s->leg.hidden = s->shown.presentation == PRESENT_RESTRICTED;
	return err;
}

static unsigned cause_of(int err)
{
	return err == -ENOSPC ? CAUSE_INCOMPLETE : err == -EADDRNOTAVAIL ? CAUSE_OUT_OF_ORDER : CAUSE_TEMPORARY;
}

/* 0, or why not. */
static unsigned take_call(struct isdn_leg *s, const json_t *event)
{
	struct agent *a = s->agent;
	struct call *c;
	int err = read_setup(s, event) ?: set_party(s, conf_string(s->line->conf, "address"));
	const struct line_call how = line_call_of(s);
	if (!err && !line_call_admitted(a, s->line, s->called, &s->refusal) && is_refused(s)) {
		line_call_refused(a, &how, s->call.id, &s->refusal);
		return s->refusal.cause;
	}
	err = err ? err : line_call_new(&c, a, &s->leg, &how);
	if (err) {
		log_warn(s->line->name, "a call that comes in cannot be taken: %s", strerror(-err));
		return cause_of(err);
	}
	mem_ref(s);
	isdn_link_add(a->isdn, &s->call);
	check_number(s);
	return 0;
}

unsigned leg_isdn_incoming(struct agent *a, const char *id, const char *group, const json_t *event)
{
	struct tel_line *line = tel_lines_find(&a->tel_lines, slice_str(group));
	struct isdn_leg *s;
	if (!line || line->kind != TEL_ISDN) {
		log_warn("isdn", "a call comes in over group %s, which is not configured", group);
		return CAUSE_OUT_OF_ORDER;
	}
	int err = isdn_leg_new(&s, a, line, SIDE_A, id);
	if (err)
		return cause_of(err);
	unsigned cause = take_call(s, event);
	mem_deref(s); /* the call has it, or nobody */
	return cause;
}

/* --- tandem-isdn ---------------------------------------------------------------------------------------------------- */

static unsigned on_setup(void *arg, const char *id, const char *group, const json_t *event)
{
	return isdn_test_takes(arg, id, group, event) ? 0 : leg_isdn_incoming(arg, id, group, event);
}

static void on_group(void *arg, const char *name, const char *down)
{
	struct agent *a = arg;
	struct tel_line *l = tel_lines_find(&a->tel_lines, slice_str(name));
	if (l && l->kind == TEL_ISDN)
		tel_line_state(l, down);
}

static void on_gone(void *arg, const char *why)
{
	struct agent *a = arg;
	struct tel_line *l;
	list_foreach(l, &a->tel_lines.all, link)
		if (l->kind == TEL_ISDN)
			tel_line_state(l, why);
}

int leg_isdn_open(struct agent *a)
{
	char path[256];
	struct buf b = buf_fixed(path, sizeof(path));
	const struct isdn_link_params p = {.path = path, .setup = on_setup, .group = on_group, .gone = on_gone, .arg = a};
	if (a->isdn || !conf_titled(a->conf, "isdn", 0))
		return 0;
	buf_printf(&b, "%s/isdn.sock", conf_string(conf_section(a->conf, "state"), "runtime"));
	buf_z(&b);
	return b.err ? b.err : isdn_link_open(&a->isdn, &p);
}

void leg_isdn_reload(struct agent *a)
{
	if (isdn_link_is_up(a->isdn))
		isdn_link_refresh(a->isdn);
	else if (leg_isdn_open(a))
		log_error("configuration", "tandem-isdn is not connected to: out of memory");
}
