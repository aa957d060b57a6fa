// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/emergency.h"
#include "cdr/cdr.h"
#include "routing/trunk_numbers.h"

#define SOS  "urn:service:sos"
#define TEST "urn:service:test.sos"

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

static bool begins(const struct conf_part *site, const char *option, struct slice digits)
{
	for (unsigned i = 0; site && i < conf_list_count(site, option); i++) {
		struct slice number = slice_str(conf_list_at(site, option, i));
		if (number.len > digits.len && slice_starts(number, digits))
			return true;
	}
	return false;
}

bool emergency_may_follow(const struct conf *conf, const char *address, const char *digits)
{
	const struct conf_part *site = site_of(conf, NULL, address);
	return begins(site, "emergency", slice_str(digits)) || begins(site, "emergency-test", slice_str(digits));
}

static bool has_member(const struct conf_part *group, const char *trunk)
{
	for (unsigned i = 0; group && i < conf_list_count(group, "members"); i++) {
		struct slice rest = slice_str(conf_list_at(group, "members", i));
		if (slice_eq(slice_cut(&rest, ' '), slice_str(trunk)))
			return true;
	}
	return false;
}

bool emergency_takes(const struct conf *conf, const char *trunk)
{
	const struct conf_part *site;
	for (unsigned i = 0; (site = conf_titled(conf, "site", i)); i++)
		for (unsigned k = 0; k < conf_list_count(site, "emergency-to"); k++) {
			const char *to = conf_list_at(site, "emergency-to", k);
			if (!strcmp(to, trunk) || has_member(conf_find(conf, "group", to), trunk))
				return true;
		}
	return false;
}

const char *emergency_number(const struct emergency *e, const char *dialled)
{
	if (*dialled && !slice_casestarts(slice_str(dialled), SLICE("urn:")))
		return dialled;
	const char *option = e->kind == EMERGENCY_TEST ? "emergency-test" : "emergency";
	return e->site && conf_list_count(e->site, option) ? conf_list_at(e->site, option, 0) : "112";
}
