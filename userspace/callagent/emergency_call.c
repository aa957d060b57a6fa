// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/emergency.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/call_priv.h"

#define CAUSE_PREEMPTION 8 /* Q.850: preemption */
/* RFC 7090 4: how long after such a call its answerer may call back. */
#define CALL_BACK_MS (30 * 60 * 1000)
#define SOS          "urn:service:sos"
#define TEST         "urn:service:test.sos"

static const struct alarm_def alarm_emergency = {
	.name = "emergency-call",
	.severity = ALARM_CRITICAL,
	.help = "Somebody has made an emergency call: see that help is on its way and finds its way in. It is over when the call is.",
	.raise_ms = 0,
	.clear_ms = 0,
};

/* --- which they are ------------------------------------------------------------------------------------------------- */

static const struct conf_part *site_named(const struct conf *conf, const char *name)
{
	return name && *name ? conf_find(conf, "site", name) : NULL;
}

static const struct conf_part *site_of(const struct conf *conf, const struct conf_part *user, const char *address)
{
	const struct conf_part *at = address && *address ? conf_find(conf, "address", address) : NULL;
	const struct conf_part *site = user ? site_named(conf, conf_string(user, "site")) : NULL;
	if (!site && at)
		site = site_named(conf, conf_string(at, "site"));
	return site ? site : conf_titled(conf, "site", 0);
}

static bool lists(const struct conf_part *site, const char *option, const char *number)
{
	for (unsigned i = 0; site && i < conf_list_count(site, option); i++)
		if (!strcmp(conf_list_at(site, option, i), number))
			return true;
	return false;
}

/* RFC 5031 4.2: sub-services are parted by dots, case does not count. */
static bool is_service(struct slice text, struct slice service)
{
	return slice_casestarts(text, service) && (text.len == service.len || text.p[service.len] == '.');
}

static enum emergency_kind kind_at(const struct conf_part *site, const struct sip_uri *uri)
{
	char number[128];
	if (is_service(uri->text, SLICE(SOS)))
		return EMERGENCY_CALL;
	if (is_service(uri->text, SLICE(TEST)))
		return EMERGENCY_TEST;
	if (!site || number_of_uri(uri, number, sizeof(number)))
		return EMERGENCY_NONE;
	return lists(site, "emergency", number) ? EMERGENCY_CALL : lists(site, "emergency-test", number) ? EMERGENCY_TEST : EMERGENCY_NONE;
}

struct emergency emergency_of(const struct conf *conf, const struct sip_uri *uri, const struct conf_part *user, const char *address)
{
	struct emergency e = {.site = site_of(conf, user, address)};
	e.kind = kind_at(e.site, uri);
	struct slice service = uri->scheme == SIP_SCHEME_OTHER ? uri->text : e.kind == EMERGENCY_TEST ? SLICE(TEST) : SLICE(SOS);
	if (slice_copy(service, e.service, sizeof(e.service)))
		CDR_SET(e.service, SLICE(SOS));
	return e;
}

bool emergency_maybe(const struct conf *conf, const struct sip_uri *uri)
{
	const struct conf_part *site;
	if (kind_at(NULL, uri))
		return true;
	for (unsigned i = 0; (site = conf_titled(conf, "site", i)); i++)
		if (kind_at(site, uri))
			return true;
	return false;
}

const char *emergency_number(const struct emergency *e, const char *dialled)
{
	if (*dialled && !slice_casestarts(slice_str(dialled), SLICE("urn:")))
		return dialled;
	const char *option = e->kind == EMERGENCY_TEST ? "emergency-test" : "emergency";
	return e->site && conf_list_count(e->site, option) ? conf_list_at(e->site, option, 0) : "112";
}

/* --- what is different ---------------------------------------------------------------------------------------------- */

/* The last ones that were made, the oldest first to be forgotten. */
static struct recent {
	char user[64], trunk[64];
	uint64_t until; /* on clock_ms() */
} recent[64];
static unsigned n_recent;

static bool another_goes_on(const struct call *than)
{
	const struct call *c;
	list_foreach(c, &than->calls->all, link)
		if (c != than && c->cdr.emergency == EMERGENCY_CALL && !call_over(c))
			return true;
	return false;
}

void emergency_began(struct call *c, const struct emergency *e)
{
	char detail[200];
	struct buf b = buf_fixed(detail, sizeof(detail));
	c->cdr.emergency = e->kind;
	buf_printf(&b, "%s has called %.64s (%s)", c->cdr.caller, c->cdr.called, e->site ? conf_title(e->site) : "no site");
	log_warn(c->object, "emergency%s: %s", e->kind == EMERGENCY_TEST ? " test" : "", buf_z(&b));
	if (e->kind == EMERGENCY_CALL)
		alarm_raise(&alarm_emergency, "emergency", detail);
}

void emergency_over(const struct call *c)
{
	if (c->cdr.emergency != EMERGENCY_CALL)
		return;
	if (c->winner) {
		struct recent *r = &recent[n_recent++ % 64];
		*r = (struct recent){.until = clock_ms() + CALL_BACK_MS};
		CDR_SET(r->user, slice_str(c->cdr.source));
		CDR_SET(r->trunk, slice_str(c->winner->target));
	}
	if (!another_goes_on(c))
		alarm_clear(&alarm_emergency, "emergency");
}

bool emergency_preempt(struct calls *cs, const char *trunk)
{
	struct call *c, *newest = NULL;
	list_foreach(c, &cs->all, link)
		if (!c->cdr.emergency && !call_over(c) && (!strcmp(c->cdr.source, trunk) || !strcmp(c->cdr.target, trunk)))
			newest = c;
	if (!newest)
		return false;
	call_end(newest, CALL_BY_TANDEM, &(struct leg_news){.status = 503, .cause = CAUSE_PREEMPTION, .words = "released for an emergency call"});
	return true;
}

bool emergency_engages(const struct calls *cs, const char *user)
{
	const struct call *c;
	list_foreach(c, &cs->all, link)
		if (c->cdr.emergency == EMERGENCY_CALL && !call_over(c) && !strcmp(c->cdr.source, user))
			return true;
	return false;
}

bool emergency_calls_back(const struct calls *cs, const char *trunk, const char *user)
{
	for (unsigned i = 0; i < 64; i++)
		if (recent[i].until > clock_ms() && !strcmp(recent[i].trunk, trunk) && !strcmp(recent[i].user, user))
			return true;
	return false;
}
