// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/names.h"
#include "base/daemon.h"
#include "base/mem.h"
#include "config/dns.h"
#include "config/schema.h"
#include <errno.h>

struct settings {
	struct config_dns dns;
	struct sip_locator_params locator;
};

static void read_settings(struct settings *s, const struct conf *conf)
{
	config_dns(conf, &s->dns);
	s->locator = (struct sip_locator_params){
		.v4_first = conf_int(conf_section(conf, "dns"), "prefer") == 1,
		.dead_ms = (uint32_t)conf_int(conf_section(conf, "sip"), "dead-time"),
	};
}

static int failed(struct buf *why, int err)
{
	if (err)
		buf_printf(why, "DNS: %s", strerror(-err));
	return err;
}

int names_reconfigure(struct agent *a, const struct conf *now, struct buf *why)
{
	struct settings s;
	read_settings(&s, now);
	s.locator.dns = sip_locator_dns(a->locator);
	int err = dns_reconfigure(s.locator.dns, &s.dns.params);
	if (!err)
		sip_locator_reconfigure(a->locator, &s.locator);
	return failed(why, err);
}

/* --- the control socket --------------------------------------------------------------------------------------------- */

static int answer(json_t *said, json_t **result, struct buf *why)
{
	if (!said) {
		buf_str(why, "out of memory");
		return -ENOMEM;
	}
	*result = said;
	return 0;
}

static int show_dns(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	return answer(dns_json(sip_locator_dns(a->locator)), result, why);
}

static int show_dead(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	return answer(sip_locator_dead_json(a->locator), result, why);
}

/* What is missing is asked for and comes later: then the answer says so, and whoever asks does it again. */
static int resolve(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const char *uri = json_string_value(json_object_get(args, "uri")), *address = json_string_value(json_object_get(args, "address"));
	bool known;
	if (!uri) {
		buf_str(why, "uri: expected a SIP URI such as sip:example.com");
		return -EINVAL;
	}
	struct sip_locate_params p = {.uri = slice_str(uri), .reach = sip_stack_reach(a->sip, address)};
	json_t *steps = sip_locate_explain(a->locator, &p, &known);
	return answer(steps ? json_pack("{s:b, s:o}", "known", known, "steps", steps) : NULL, result, why);
}

static const struct ctl_verb verbs[] = {
	{"show dns", "what DNS has answered, and for how long that holds", show_dns, NULL, NULL},
	{"show dead-targets", "places that failed lately and are tried last", show_dead, NULL, NULL},
	{"resolve", "where a request to a URI would go, and why", resolve, "uri=URI address=NAME", NULL},
	{0},
};

int names_open(struct agent *a, struct buf *why)
{
	struct settings s;
	struct dns *d = NULL;
	read_settings(&s, a->conf);
	int err = dns_open(&d, &s.dns.params);
	s.locator.dns = d;
	err = err ? err : sip_locator_new(&a->locator, &s.locator);
	if (!err && daemon_ctl())
		err = ctl_add(daemon_ctl(), verbs, a);
	mem_deref(d);
	return failed(why, err);
}
