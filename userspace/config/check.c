// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "base/schedule.h"
#include "config/schema.h"
#include "config/target.h"
#include <errno.h>

#define MAX_TITLE 64

/* --- single values ------------------------------------------------------------------------------------------------- */

const char *check_path(const char *value)
{
	return *value == '/' ? NULL : "an absolute path";
}

const char *check_path_or_empty(const char *value)
{
	return *value ? check_path(value) : NULL;
}

const char *check_transport(const char *value)
{
	static const char *const known[] = {"udp", "tcp", "tls", "ws", "wss"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(value, known[i]))
			return NULL;
	return "udp, tcp, tls, ws or wss";
}

const char *check_ip(const char *value)
{
	struct addr a;
	return addr_parse_ip(&a, slice_str(value)) ? "an IPv4 or IPv6 address" : NULL;
}

const char *check_local(const char *value)
{
	return strcmp(value, "auto") && check_ip(value) ? "an IPv4 or IPv6 address, or \"auto\"" : NULL;
}

const char *check_prefix(const char *value)
{
	struct prefix p;
	return prefix_parse(&p, slice_str(value)) ? "a network such as 192.168.0.0/16 or fd00::/8" : NULL;
}

int config_ports(const char *text, uint16_t *min, uint16_t *max)
{
	struct slice last = slice_str(text), first = slice_cut(&last, '-');
	uint16_t a, b;
	if (slice_u16(slice_trim(first), &a) || slice_u16(slice_trim(last), &b) || a < 1024 || b < a || b - a < 3)
		return -EINVAL;
	*min = a;
	*max = b;
	return 0;
}

const char *check_ports(const char *value)
{
	uint16_t min, max;
	return config_ports(value, &min, &max) ? "a range such as 16384-32767 of at least four ports from 1024 to 65535" : NULL;
}

const char *check_address(const char *value)
{
	struct addr a;
	return addr_parse(&a, slice_str(value), 53) ? "an IP address, maybe with a port, such as 192.0.2.1 or [2001:db8::1]:5353" : NULL;
}

const char *check_address_port(const char *value)
{
	struct addr a;
	return addr_parse(&a, slice_str(value), 0) || !a.port ? "an IP address and port such as 192.0.2.1:5060 or [2001:db8::1]:5060"
							      : NULL;
}

/* N: of MGCP (RFC 3435 3.2.1.3): the protocol itself reads it closer. */
const char *check_call_agents(const char *value)
{
	struct slice list = slice_str(value);
	while (slice_is_set(list) && *value) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (slice_empty(one) || slice_find(one, ' ') >= 0)
			return "call agents, such as 192.0.2.1:2727 or ca@ca.example.net, with commas between them";
	}
	return NULL;
}

const char *check_gateway_address(const char *value)
{
	struct addr a;
	struct slice port = slice_str(value), host = slice_cut(&port, ':');
	uint16_t n;
	bool named = host.len <= 255 && value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:")] == '\0' &&
		     value[strspn(value, "0123456789.:")] && (!slice_is_set(port) || !slice_u16(port, &n));
	return !*value || !addr_parse(&a, slice_str(value), 2427) || named ? NULL : "an IP address or a name, maybe with a port, such as 192.0.2.1:2427 or gw.example.net";
}

/* Alternatives of letters, ranges and periods, none of them empty. */
static bool is_alternatives(struct slice s, bool list)
{
	bool range = false, empty = true;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (strchr("()", c) || (range && strchr("[|.", c)) || (!range && strchr("]-", c)) || (empty && strchr("|.]", c)) || (c == '|' && !list))
			return false;
		if (strchr("[]", c))
			range = c == '[';
		if (strchr("[|", c))
			empty = true;
		else if (c != ' ')
			empty = false;
	}
	return !range && !empty;
}

/* What a gateway makes of it, it says; here it is only to look like a digit map (RFC 3435 2.1.5, RFC 3660 2.7). */
const char *check_digit_map(const char *value)
{
	struct slice s = slice_trim(slice_str(value));
	bool list = slice_starts(s, SLICE("(")), closed = list && s.len > 2 && s.p[s.len - 1] == ')';
	if (!*value)
		return NULL;
	if (strlen(value) < 2048 && !value[strspn(value, "0123456789*#ABCDabcdTtXxPp.|()[]- ")] && list == closed &&
	    is_alternatives(list ? slice_of(s.p + 1, s.len - 2) : s, list))
		return NULL;
	return "a digit map, such as \"(0T|[1-9]xxx)\"";
}

const char *check_digits(const char *value)
{
	return value[strspn(value, "0123456789")] ? "digits" : NULL;
}

static const char *check_cause_row(const char *value, unsigned from_max, unsigned to_min, unsigned to_max)
{
	uint16_t from, to;
	const char *wrong = config_cause_row(value, &from, &to);
	if (!wrong && (!from || from > from_max || to < to_min || to > to_max))
		wrong = "a Q.850 cause (1 to 127) and a SIP status (400 to 699)";
	return wrong;
}

const char *check_cause_status(const char *value)
{
	return check_cause_row(value, 127, 400, 699);
}

const char *check_status_cause(const char *value)
{
	return check_cause_row(value, 699, 1, 127);
}

const char *check_outcome(const char *value)
{
	uint16_t n;
	return slice_u16(slice_str(value), &n) || n < 1 || (n > 127 && n < 400) || n > 699 ? "a SIP status of 400 to 699 or a Q.850 cause of 1 to 127" : NULL;
}

const char *check_regex(const char *value)
{
	struct slice s = slice_str(value);
	bool shaped = s.len > 2 && s.p[0] == '/' && s.p[s.len - 1] == '/';
	return !*value || (shaped && !check_pattern(value)) ? NULL : "a regular expression between slashes, such as \"/^00/\"";
}

/* Lists are looked for where the whole configuration is known. */
const char *check_pattern(const char *value)
{
	struct pattern *p = NULL;
	if (!*value)
		return "a number, a number and *, a regular expression between slashes, or @ and the name of a list";
	if (*value == '@')
		return NULL;
	int err = pattern_new(&p, value, NULL, NULL);
	mem_deref(p);
	return err ? "a regular expression that can be read" : NULL;
}

const char *check_realm(const char *value)
{
	return strlen(value) < 96 && !strchr(value, '\n') ? NULL : "a line of at most 95 characters";
}

const char *check_span(const char *value)
{
	struct schedule_span s;
	return schedule_parse(&s, value);
}

const char *check_zone(const char *value)
{
	struct tz *tz = NULL;
	int err = tz_load(&tz, value);
	mem_deref(tz);
	return err ? "a time zone of this machine's, such as \"Europe/Berlin\"" : NULL;
}

const char *check_header_condition(const char *value)
{
	struct slice rest = slice_str(value), name = slice_trim(slice_cut(&rest, ':'));
	char text[256];
	if (slice_empty(name) || !slice_is_set(rest) || slice_copy(slice_trim(rest), text, sizeof(text)))
		return "\"Name: value\"";
	return check_pattern(text);
}

/* Enough of a URI that it can stand in <>: the configuration knows no SIP. */
const char *check_route_uri(const char *value)
{
	bool good = !strncasecmp(value, "sip:", 4) || !strncasecmp(value, "sips:", 5);
	return good && !value[strcspn(value, " \t\r\n<>\"")] ? NULL : "a SIP URI such as sip:192.0.2.1;lr";
}

const char *check_uri_or_empty(const char *value)
{
	return !*value || (strchr(value, ':') && !value[strcspn(value, " \t\r\n<>\"")]) ? NULL : "a URI such as https://lis.example.com/here";
}

/* --- what spans sections ------------------------------------------------------------------------------------------- */

struct findings {
	const struct conf *conf;
	struct buf *why;
	unsigned count;
};

static void __attribute__((format(printf, 4, 5)))
found(struct findings *f, const struct conf_part *at, const char *option, const char *fmt, ...)
{
	va_list ap;
	f->count++;
	buf_printf(f->why, "%s: %s: ", conf_where(at), option);
	va_start(ap, fmt);
	buf_vprintf(f->why, fmt, ap);
	va_end(ap);
	buf_char(f->why, '\n');
}

static void list_titles(struct buf *out, const struct conf *c, const char *section)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(c, section, i)); i++)
		buf_printf(out, "%s%s", i ? ", " : "", conf_title(p));
}

/* Names stand in SIP addresses, in names of descriptors and in logs. */
static void check_titles(struct findings *f)
{
	const struct conf_part *p;
	for (const struct conf_section *s = config_schema; s->name; s++)
		for (unsigned i = 0; s->title && (p = conf_titled(f->conf, s->name, i)); i++) {
			const char *title = conf_title(p);
			bool good = *title && strlen(title) <= MAX_TITLE;
			for (const char *c = title; *c; c++)
				good &= (unsigned char)*c > ' ' && *c != 0x7f && !strchr("@:;,<>\"/?", *c);
			if (!good)
				found(f, p, s->name, "expected a name of 1 to %d characters, none of them a space or one of @:;,<>\"/?, not \"%s\"",
				      MAX_TITLE, title);
		}
}

/* An option that names an address section. */
static void check_address_name(struct findings *f, const struct conf_part *p, const char *option)
{
	const char *name = conf_string(p, strchr(option, '.') + 1);
	if (!*name || conf_find(f->conf, "address", name))
		return;
	struct buf known = buf_growing();
	list_titles(&known, f->conf, "address");
	found(f, p, option, "expected the name of an address section (%s), not \"%s\"", buf_z(&known), name);
	buf_reset(&known);
}

static bool is_party(const struct conf *c, const char *name)
{
	return conf_find(c, "trunk", name) || conf_find(c, "user", name) || conf_find(c, "isdn", name) || conf_find(c, "line", name);
}

static const char *name_of(const struct conf_part *user)
{
	return *conf_string(user, "name") ? conf_string(user, "name") : conf_title(user);
}

/* A name or number that somebody has in a domain. */
struct owned {
	struct hash_link by_text;
	const char *text, *domain;
	const struct conf_part *user;
	bool is_name;
};

struct owners {
	struct hash texts;
	struct owned *all;
	unsigned n;
};

/* The domain's other one with that name or number; when there is none, it is this one's from now on. */
static const struct owned *take_text(struct owners *o, const struct conf_part *user, const char *text, bool is_name)
{
	struct owned *there, *now = &o->all[o->n];
	uint32_t h = slice_hash(slice_str(text), false);
	*now = (struct owned){.text = text, .domain = conf_string(user, "domain"), .user = user, .is_name = is_name};
	hash_foreach_match(there, &o->texts, h, by_text)
		if (there->user != user && !strcmp(there->text, text) && !strcasecmp(there->domain, now->domain))
			return there;
	hash_insert(&o->texts, &now->by_text, h);
	o->n++;
	return NULL;
}

static void check_user_names(struct findings *f, struct owners *o)
{
	const struct conf_part *p;
	const struct owned *there;
	for (unsigned i = 0; (p = conf_titled(f->conf, "user", i)); i++)
		if ((there = take_text(o, p, name_of(p), true)))
			found(f, p, "user.name", "user %s is called \"%s\" in that domain already", conf_title(there->user), name_of(p));
	for (unsigned i = 0; (p = conf_titled(f->conf, "user", i)); i++)
		for (unsigned k = 0; k < conf_list_count(p, "numbers"); k++) {
			const char *number = conf_list_at(p, "numbers", k);
			there = take_text(o, p, number, false);
			if (there && there->is_name)
				found(f, p, "user.numbers", "\"%s\" is the name of another user", number);
			else if (there)
				found(f, p, "user.numbers", "\"%s\" belongs to user %s already", number, conf_title(there->user));
		}
}

/* Host names: case does not count. */
static bool has_domain(const struct conf *c, const char *name)
{
	const struct conf_part *p;
	if (conf_find(c, "domain", name))
		return true;
	for (unsigned i = 0; (p = conf_titled(c, "domain", i)); i++)
		if (!strcasecmp(conf_title(p), name))
			return true;
	return false;
}

struct domain_name {
	struct hash_link by_name;
	const char *name;
};

static const struct domain_name *same_domain(const struct hash *names, const char *name, uint32_t h)
{
	const struct domain_name *there;
	hash_foreach_match(there, names, h, by_name)
		if (!strcasecmp(there->name, name))
			return there;
	return NULL;
}

static void check_domains(struct findings *f)
{
	const struct conf_part *p;
	const struct domain_name *there;
	struct hash names = {0};
	unsigned n = 0;
	while (conf_titled(f->conf, "domain", n))
		n++;
	struct domain_name *all = mem_raw((n + 1) * sizeof(*all));
	if (!all || hash_init(&names, n + 1)) {
		f->count++;
		buf_str(f->why, "out of memory\n");
		mem_free(all);
		return;
	}
	for (unsigned i = 0; (p = conf_titled(f->conf, "domain", i)); i++) {
		uint32_t h = slice_hash(slice_str(conf_title(p)), true);
		all[i] = (struct domain_name){.name = conf_title(p)};
		if ((there = same_domain(&names, all[i].name, h)))
			found(f, p, "domain", "\"%s\" has a section already: case does not count in host names", there->name);
		else
			hash_insert(&names, &all[i].by_name, h);
	}
	hash_free(&names);
	mem_free(all);
}

static void check_users(struct findings *f)
{
	const struct conf_part *p;
	struct owners o = {0};
	unsigned n = 0;
	for (unsigned i = 0; (p = conf_titled(f->conf, "user", i)); i++) {
		const char *domain = conf_string(p, "domain");
		check_address_name(f, p, "user.address");
		if (*domain && !has_domain(f->conf, domain))
			found(f, p, "user.domain", "expected the name of a domain section, not \"%s\"", domain);
		n += 1 + conf_list_count(p, "numbers");
	}
	o.all = mem_raw((n + 1) * sizeof(*o.all));
	if (!o.all || hash_init(&o.texts, n + 1)) {
		f->count++;
		buf_str(f->why, "out of memory\n");
	} else {
		check_user_names(f, &o);
	}
	hash_free(&o.texts);
	mem_free(o.all);
}

/* Trunks, users, lines, groups and hunt groups are named alike in routes. */
static void check_own_name(struct findings *f, const struct conf_part *p, const char *section)
{
	for (const struct dest_section *s = config_dest_sections; s->section; s++)
		if (strcmp(s->section, section) && conf_find(f->conf, s->section, conf_title(p)))
			found(f, p, section, "a %s is called \"%s\" already; routes could not tell them apart", s->section, conf_title(p));
}

static void check_lists(struct findings *f, const struct conf_part *p, const char *section, const char *option)
{
	for (unsigned i = 0; i < conf_list_count(p, option); i++) {
		const char *text = conf_list_at(p, option, i);
		struct pattern *pattern = NULL;
		struct buf why = buf_growing();
		char name[64];
		struct buf b = buf_fixed(name, sizeof(name));
		buf_printf(&b, "%s.%s", section, option);
		if (*text == '@' && pattern_new(&pattern, text, f->conf, &why))
			found(f, p, buf_z(&b), "expected a list that can be read: %s", buf_z(&why));
		mem_deref(pattern);
		buf_reset(&why);
	}
}

static void check_trunks(struct findings *f)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(f->conf, "trunk", i)); i++) {
		check_address_name(f, p, "trunk.address");
		check_own_name(f, p, "trunk");
		if (!conf_list_count(p, "peer") && !*conf_string(p, "domain"))
			found(f, p, "trunk.peer", "expected at least one address, or a domain");
		if (*conf_string(p, "their-user") && !*conf_string(p, "their-password"))
			found(f, p, "trunk.their-password", "expected a password, because their-user is set");
		if (conf_int(p, "register") && !*conf_string(p, "auth-user") && !*conf_string(p, "register-user"))
			found(f, p, "trunk.register-user", "expected a name, because register is set");
		if (conf_int(p, "register-retry-min") > conf_int(p, "register-retry-max"))
			found(f, p, "trunk.register-retry-min", "expected at most register-retry-max (%s), not %s", conf_string(p, "register-retry-max"),
			      conf_string(p, "register-retry-min"));
		if (*conf_string(p, "auth-user") && !*conf_string(p, "password"))
			found(f, p, "trunk.password", "expected a password, because auth-user is set");
	}
}

static void check_lines(struct findings *f)
{
	static const char *const sections[][2] = {{"isdn", "isdn.address"}, {"line", "line.address"}};
	const struct conf_part *p;
	for (size_t k = 0; k < 2; k++)
		for (unsigned i = 0; (p = conf_titled(f->conf, sections[k][0], i)); i++) {
			check_address_name(f, p, sections[k][1]);
			check_own_name(f, p, sections[k][0]);
		}
}

static bool same_text(const struct conf_part *a, const struct conf_part *b, const char *option)
{
	return *conf_string(a, option) && !strcasecmp(conf_string(a, option), conf_string(b, option));
}

/* Of lines driven by MGCP: where they are, and their numbers. */
static void check_endpoints(struct findings *f)
{
	const struct conf_part *p, *other;
	for (unsigned i = 0; (p = conf_titled(f->conf, "line", i)); i++) {
		const char *gateway = conf_string(p, "gateway");
		if (*gateway && !conf_find(f->conf, "gateway", gateway))
			found(f, p, "line.gateway", "expected the name of a gateway section, not \"%s\"", gateway);
		for (unsigned k = 0; k < i && (other = conf_titled(f->conf, "line", k)); k++) {
			if (!strcmp(gateway, conf_string(other, "gateway")) && same_text(p, other, "endpoint"))
				found(f, p, "line.endpoint", "\"%s\" is line %s already", conf_string(p, "endpoint"), conf_title(other));
			if (same_text(p, other, "number") && !strcmp(conf_string(p, "kind"), "phone") && !strcmp(conf_string(other, "kind"), "phone"))
				found(f, p, "line.number", "\"%s\" belongs to line %s already", conf_string(p, "number"), conf_title(other));
		}
	}
}

static void check_gateways(struct findings *f)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(f->conf, "gateway", i)); i++) {
		if (!*conf_string(p, "address") && !conf_list_count(p, "networks"))
			found(f, p, "gateway.networks", "expected where a gateway without an address may be, such as \"192.0.2.0/24\"");
		else if (!*conf_string(p, "address") && !*conf_string(p, "domain"))
			found(f, p, "gateway.domain", "expected the domain that a gateway without an address is known by");
	}
}

static bool is_line_or_trunk(const struct conf *c, const char *name)
{
	return conf_find(c, "trunk", name) || conf_find(c, "isdn", name) || conf_find(c, "line", name);
}

static void check_groups(struct findings *f)
{
	const struct conf_part *p;
	struct group_member m;
	for (unsigned i = 0; (p = conf_titled(f->conf, "group", i)); i++) {
		check_own_name(f, p, "group");
		for (unsigned k = 0; k < conf_list_count(p, "members"); k++) {
			const char *text = conf_list_at(p, "members", k), *wrong = config_group_member(&m, text);
			if (wrong || !is_line_or_trunk(f->conf, m.trunk))
				found(f, p, "group.members", "expected %s, not \"%s\"", wrong ? wrong : "the name of a trunk, isdn or line section", text);
		}
	}
	for (unsigned i = 0; (p = conf_titled(f->conf, "hunt", i)); i++) {
		check_own_name(f, p, "hunt");
		if (!conf_list_count(p, "members"))
			found(f, p, "hunt.members", "expected at least one");
	}
}

static void check_site_name(struct findings *f, const struct conf_part *p, const char *option)
{
	const char *name = conf_string(p, "site");
	if (*name && !conf_find(f->conf, "site", name))
		found(f, p, option, "expected the name of a site section, not \"%s\"", name);
}

static bool is_emergency_number(const struct conf *conf, const char *number)
{
	const struct conf_part *site;
	for (unsigned i = 0; (site = conf_titled(conf, "site", i)); i++)
		for (unsigned k = 0; k < conf_list_count(site, "emergency"); k++)
			if (!strcmp(conf_list_at(site, "emergency", k), number))
				return true;
	return false;
}

/* RFC 6881 SP-39. */
static void check_forwards(struct findings *f, const struct conf_part *user)
{
	static const char *const options[][2] = {
		{"forward-all", "user.forward-all"}, {"forward-busy", "user.forward-busy"}, {"forward-no-answer", "user.forward-no-answer"},
		{"forward-unreachable", "user.forward-unreachable"},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (is_emergency_number(f->conf, conf_string(user, options[i][0])))
			found(f, user, options[i][1], "expected a number that is no emergency number: calls are not passed on for help");
}

static void check_sites(struct findings *f)
{
	static const char *const options[] = {"emergency-to", "emergency-test-to"};
	const struct conf_part *p;
	struct dest d;
	for (unsigned i = 0; (p = conf_titled(f->conf, "site", i)); i++)
		for (unsigned o = 0; o < 2; o++)
			for (unsigned k = 0; k < conf_list_count(p, options[o]); k++) {
				const char *wrong = config_dest(&d, conf_list_at(p, options[o], k), f->conf);
				if (wrong)
					found(f, p, o ? "site.emergency-test-to" : "site.emergency-to", "expected %s, not \"%s\"", wrong, conf_list_at(p, options[o], k));
			}
	for (unsigned i = 0; (p = conf_titled(f->conf, "user", i)); i++) {
		check_site_name(f, p, "user.site");
		check_forwards(f, p);
	}
	for (unsigned i = 0; (p = conf_titled(f->conf, "address", i)); i++)
		check_site_name(f, p, "address.site");
}

static void check_routes(struct findings *f)
{
	const struct conf_part *p;
	struct dest d;
	for (unsigned i = 0; (p = conf_titled(f->conf, "route", i)); i++) {
		for (unsigned k = 0; k < conf_list_count(p, "to"); k++) {
			const char *wrong = config_dest(&d, conf_list_at(p, "to", k), f->conf);
			if (wrong)
				found(f, p, "route.to", "expected %s, not \"%s\"", wrong, conf_list_at(p, "to", k));
		}
		if (!conf_list_count(p, "to"))
			found(f, p, "route.to", "expected at least one target");
		for (unsigned k = 0; k < conf_list_count(p, "source"); k++)
			if (!is_party(f->conf, conf_list_at(p, "source", k)))
				found(f, p, "route.source", "expected the name of a trunk, line or user, not \"%s\"", conf_list_at(p, "source", k));
		check_lists(f, p, "route", "called");
		check_lists(f, p, "route", "caller");
	}
}

/* What there is room for: no entry is left out without a word. */
static void check_counts(struct findings *f)
{
	static const struct {
		const char *section, *option, *name;
		unsigned most;
	} rows[] = {
		{"trunk", "peer", "trunk.peer", TRUNK_PEERS},         {"trunk", "networks", "trunk.networks", TRUNK_NETWORKS},
		{"trunk", "failover", "trunk.failover", TRUNK_CAUSES}, {"trunk", "codecs", "trunk.codecs", TRUNK_CODECS},
		{"isdn", "failover", "isdn.failover", TRUNK_CAUSES},   {"line", "failover", "line.failover", TRUNK_CAUSES},
		{"isdn", "cause-status", "isdn.cause-status", TRUNK_CAUSES}, {"line", "cause-status", "line.cause-status", TRUNK_CAUSES},
		{"isdn", "status-cause", "isdn.status-cause", TRUNK_CAUSES}, {"line", "status-cause", "line.status-cause", TRUNK_CAUSES},
		{"group", "members", "group.members", GROUP_MEMBERS}, {"hunt", "members", "hunt.members", HUNT_MEMBERS},
	};
	const struct conf_part *p;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (unsigned i = 0; (p = conf_titled(f->conf, rows[r].section, i)); i++)
			if (conf_list_count(p, rows[r].option) > rows[r].most)
				found(f, p, rows[r].name, "expected at most %u, not %u", rows[r].most, conf_list_count(p, rows[r].option));
}

/* Orders that must hold between two durations of a section. */
static void check_order(struct findings *f, const char *section, const char *small, const char *large)
{
	const struct conf_part *p = conf_section(f->conf, section);
	struct buf option = buf_growing();
	buf_printf(&option, "%s.%s", section, small);
	if (conf_int(p, small) > conf_int(p, large))
		found(f, p, buf_z(&option), "expected at most %s (%s), not %s", large, conf_string(p, large), conf_string(p, small));
	buf_reset(&option);
}

/* --- addresses ----------------------------------------------------------------------------------------------------- */

static void check_families(struct findings *f, const struct conf_part *p, const char *option)
{
	unsigned v4 = 0, v6 = 0, automatic = 0, n = conf_list_count(p, strchr(option, '.') + 1);
	for (unsigned i = 0; i < n; i++) {
		struct addr a = {0};
		addr_parse_ip(&a, slice_str(conf_list_at(p, strchr(option, '.') + 1, i)));
		*(a.family == AF_INET ? &v4 : a.family == AF_INET6 ? &v6 : &automatic) += 1;
	}
	if (v4 > 1 || v6 > 1)
		found(f, p, option, "expected at most one IPv4 and one IPv6 address");
	else if (automatic && n > 1)
		found(f, p, option, "expected \"auto\" alone, or addresses");
}

/* Whether both address sections have an IP address in common. */
static bool share_ip(const struct conf_part *a, const struct conf_part *b)
{
	for (unsigned i = 0; i < conf_list_count(a, "local"); i++)
		for (unsigned k = 0; k < conf_list_count(b, "local"); k++)
			if (!strcmp(conf_list_at(a, "local", i), conf_list_at(b, "local", k)))
				return true;
	return false;
}

static void check_pair(struct findings *f, const struct conf_part *a, const struct conf_part *b)
{
	uint16_t min_a, max_a, min_b, max_b;
	if (!share_ip(a, b) || config_ports(conf_string(a, "ports"), &min_a, &max_a) ||
	    config_ports(conf_string(b, "ports"), &min_b, &max_b))
		return;
	if (min_a <= max_b && min_b <= max_a)
		found(f, b, "address.ports", "%s overlaps %s of address %s, which has the same local address",
		      conf_string(b, "ports"), conf_string(a, "ports"), conf_title(a));
	if (conf_int(a, "sip-port") == conf_int(b, "sip-port"))
		found(f, b, "address.sip-port", "%lld is used by address %s, which has the same local address",
		      (long long)conf_int(b, "sip-port"), conf_title(a));
	if (conf_int(a, "sip-port") >= min_b && conf_int(a, "sip-port") <= max_b)
		found(f, b, "address.ports", "%s contains the sip-port of address %s, which has the same local address",
		      conf_string(b, "ports"), conf_title(a));
}

/* An MGCP port of ours inside the media ports of its own IP address could not be bound. */
static void check_mgcp_port(struct findings *f, const struct conf_part *address, const char *section)
{
	const struct conf_part *p = conf_section(f->conf, section);
	uint16_t min, max;
	struct addr bind, local;
	struct buf option = buf_growing();
	if (config_ports(conf_string(address, "ports"), &min, &max) || addr_parse(&bind, slice_str(conf_string(p, "bind")), 0))
		return;
	buf_printf(&option, "%s.bind", section);
	for (unsigned i = 0; i < conf_list_count(address, "local"); i++)
		if (!addr_parse_ip(&local, slice_str(conf_list_at(address, "local", i))) &&
		    (addr_ip_eq(&local, &bind) || addr_is_any(&bind)) && bind.port >= min && bind.port <= max)
			found(f, p, buf_z(&option), "port %u is one of the media ports of address %s (%s)", bind.port,
			      conf_title(address), conf_string(address, "ports"));
	buf_reset(&option);
}

static void check_addresses(struct findings *f)
{
	const struct conf_part *p;
	uint16_t min, max;
	for (unsigned i = 0; (p = conf_titled(f->conf, "address", i)); i++) {
		int64_t sip = conf_int(p, "sip-port");
		check_families(f, p, "address.local");
		check_families(f, p, "address.public");
		if (!conf_list_count(p, "local"))
			found(f, p, "address.local", "expected at least one address");
		if (conf_list_count(p, "local-networks") > CONFIG_MAX_NETS)
			found(f, p, "address.local-networks", "expected at most %d networks", CONFIG_MAX_NETS);
		if (!config_ports(conf_string(p, "ports"), &min, &max) && sip >= min && sip <= max)
			found(f, p, "address.sip-port", "%lld is one of the media ports (%s)", (long long)sip, conf_string(p, "ports"));
		for (unsigned k = 0; k < i; k++)
			check_pair(f, conf_titled(f->conf, "address", k), p);
		check_mgcp_port(f, p, "media");
		check_mgcp_port(f, p, "agent");
	}
}

static void check_certificates(struct findings *f)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(f->conf, "address", i)); i++) {
		for (unsigned k = 0; k < conf_list_count(p, "certificates"); k++)
			if (!conf_find(f->conf, "certificate", conf_list_at(p, "certificates", k)))
				found(f, p, "address.certificates", "expected the name of a certificate section, not \"%s\"", conf_list_at(p, "certificates", k));
	}
}

static void check_fraud(struct findings *f)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(f->conf, "fraud", i)); i++) {
		for (unsigned k = 0; k < conf_list_count(p, "destinations"); k++)
			if (!conf_find(f->conf, "destination", conf_list_at(p, "destinations", k)))
				found(f, p, "fraud.destinations", "expected the name of a destination section, not \"%s\"", conf_list_at(p, "destinations", k));
		for (unsigned k = 0; k < conf_list_count(p, "sources"); k++)
			if (!is_party(f->conf, conf_list_at(p, "sources", k)))
				found(f, p, "fraud.sources", "expected the name of a user, trunk or line, not \"%s\"", conf_list_at(p, "sources", k));
	}
}

/* Each transport over TCP has a port of its own. */
static void check_stream_ports(struct findings *f)
{
	static const char *const options[] = {"sip-port", "tls-port", "ws-port", "wss-port"};
	const struct conf_part *p;
	struct buf option = buf_growing();
	for (unsigned i = 0; (p = conf_titled(f->conf, "address", i)); i++)
		for (unsigned a = 0; a < sizeof(options) / sizeof(options[0]); a++)
			for (unsigned b = 0; b < a; b++) {
				if (conf_int(p, options[a]) != conf_int(p, options[b]))
					continue;
				option.len = 0;
				buf_printf(&option, "address.%s", options[a]);
				found(f, p, buf_z(&option), "%lld is the %s", (long long)conf_int(p, options[a]), options[b]);
			}
	buf_reset(&option);
}

unsigned check_config(const struct conf *c, struct buf *why)
{
	struct findings f = {.conf = c, .why = why};
	check_titles(&f);
	check_addresses(&f);
	check_order(&f, "sip", "t1", "t2");
	check_order(&f, "registrar", "min-expiry", "default-expiry");
	check_order(&f, "registrar", "default-expiry", "max-expiry");
	check_order(&f, "agent", "retry-min", "retry-max");
	check_order(&f, "process", "restart-min", "restart-max");
	check_certificates(&f);
	check_stream_ports(&f);
	check_domains(&f);
	check_users(&f);
	check_trunks(&f);
	check_lines(&f);
	check_endpoints(&f);
	check_gateways(&f);
	check_groups(&f);
	check_counts(&f);
	check_routes(&f);
	check_fraud(&f);
	check_sites(&f);
	return f.count;
}
