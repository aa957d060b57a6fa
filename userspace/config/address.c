// SPDX-License-Identifier: GPL-2.0-or-later
/* Address sections with "auto" resolved to what this machine has. */
#include "base/mem.h"
#include "config/schema.h"
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>

/* What to prefer for "auto": the default route's interface, then any global address, then loopback. */
enum rank { RANK_NONE, RANK_LOOPBACK, RANK_GLOBAL, RANK_DEFAULT_ROUTE };

/* The interface of the default route, "" when there is none. /proc/net/route has the interface first and the
 * destination second; /proc/net/ipv6_route the destination first, its length second and the interface last. */
static void default_interface(sa_family_t family, char name[IF_NAMESIZE])
{
	char line[512], field[IF_NAMESIZE], dst[64], bits[8];
	FILE *f = fopen(family == AF_INET ? "/proc/net/route" : "/proc/net/ipv6_route", "re");
	name[0] = '\0';
	while (f && !name[0] && fgets(line, sizeof line, f)) {
		bool found = family == AF_INET
				     ? sscanf(line, "%15s %63s", field, dst) == 2 && !strcmp(dst, "00000000")
				     : sscanf(line, "%63s %7s %*s %*s %*s %*s %*s %*s %*s %15s", dst, bits, field) == 3 &&
					       !strcmp(bits, "00") && strcmp(field, "lo");
		if (found)
			slice_copy(slice_str(field), name, IF_NAMESIZE);
	}
	if (f)
		fclose(f);
}

static bool is_link_local(const struct addr *a)
{
	return a->family == AF_INET6 ? IN6_IS_ADDR_LINKLOCAL(&a->v6) : a->bytes[0] == 169 && a->bytes[1] == 254;
}

static enum rank rank_of(const struct ifaddrs *i, const struct addr *a, const char *default_if)
{
	if (!(i->ifa_flags & IFF_UP) || is_link_local(a))
		return RANK_NONE;
	if (addr_is_loopback(a))
		return RANK_LOOPBACK;
	return !strcmp(i->ifa_name, default_if) ? RANK_DEFAULT_ROUTE : RANK_GLOBAL;
}

static enum rank best_of(const struct ifaddrs *all, sa_family_t family, struct addr *best)
{
	char default_if[IF_NAMESIZE];
	enum rank rank = RANK_NONE;
	default_interface(family, default_if);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr || i->ifa_addr->sa_family != family || addr_from_sockaddr(&a, i->ifa_addr))
			continue;
		enum rank r = rank_of(i, &a, default_if);
		if (r > rank) {
			rank = r;
			*best = a;
			best->port = 0;
		}
	}
	return rank;
}

/* A family that only has loopback is left out, unless both are like that. */
static unsigned resolve_auto(struct addr out[2])
{
	struct ifaddrs *all;
	struct addr v4 = {0}, v6 = {0};
	if (getifaddrs(&all))
		return 0;
	enum rank r4 = best_of(all, AF_INET, &v4), r6 = best_of(all, AF_INET6, &v6);
	freeifaddrs(all);
	enum rank least = r4 > RANK_LOOPBACK || r6 > RANK_LOOPBACK ? RANK_GLOBAL : RANK_LOOPBACK;
	unsigned n = 0;
	if (r4 >= least)
		out[n++] = v4;
	if (r6 >= least)
		out[n++] = v6;
	return n;
}

static bool on_this_machine(const struct addr *a)
{
	struct ifaddrs *all;
	bool found = false;
	if (addr_is_any(a) || getifaddrs(&all))
		return true;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		struct addr have;
		found = i->ifa_addr && !addr_from_sockaddr(&have, i->ifa_addr) && addr_ip_eq(&have, a);
	}
	freeifaddrs(all);
	return found || (a->family == AF_INET && addr_is_loopback(a));
}

static unsigned parse_list(const struct conf_part *p, const char *option, struct addr out[2])
{
	unsigned n = 0;
	for (unsigned i = 0; i < conf_list_count(p, option) && n < 2; i++)
		if (!addr_parse_ip(&out[n], slice_str(conf_list_at(p, option, i))))
			n++;
	return n;
}

static void fill(struct config_address *a, const struct conf_part *p)
{
	const char *first = conf_list_at(p, "local", 0);
	a->name = conf_title(p);
	a->n_local = first && !strcmp(first, "auto") ? resolve_auto(a->local) : parse_list(p, "local", a->local);
	a->n_public = parse_list(p, "public", a->public);
	for (unsigned i = 0; i < conf_list_count(p, "local-networks") && a->n_nets < CONFIG_MAX_NETS; i++)
		if (!prefix_parse(&a->nets[a->n_nets], slice_str(conf_list_at(p, "local-networks", i))))
			a->n_nets++;
	config_ports(conf_string(p, "ports"), &a->port_min, &a->port_max);
	a->sip_port = (uint16_t)conf_int(p, "sip-port");
	a->tls_port = (uint16_t)conf_int(p, "tls-port");
	a->ws_port = (uint16_t)conf_int(p, "ws-port");
	a->wss_port = (uint16_t)conf_int(p, "wss-port");
	a->engine = (uint8_t)conf_int(p, "engine");
	a->dscp_voice = (uint8_t)conf_int(p, "dscp-voice");
	a->dscp_signalling = (uint8_t)conf_int(p, "dscp-signalling");
}

static int check_local_addresses(const struct config_address *a, const struct conf_part *p, struct buf *why)
{
	char text[ADDR_STR_LEN];
	if (!a->n_local) {
		buf_printf(why, "%s: address %s: this machine has no IP address", conf_where(p), a->name);
		return -EADDRNOTAVAIL;
	}
	for (unsigned i = 0; i < a->n_local; i++)
		if (!on_this_machine(&a->local[i])) {
			buf_printf(why, "%s: address %s: %s is not an address of this machine", conf_where(p), a->name,
				   addr_ip_str(&a->local[i], text));
			return -EADDRNOTAVAIL;
		}
	return 0;
}

int config_addresses(const struct conf *c, struct config_address **ret, unsigned *n, bool check, struct buf *why)
{
	unsigned count = 0;
	int err = 0;
	while (conf_titled(c, "address", count))
		count++;
	struct config_address *all = mem_raw((count + 1) * sizeof *all);
	if (!all)
		return -ENOMEM;
	memset(all, 0, (count + 1) * sizeof *all);
	for (unsigned i = 0; i < count && !err; i++) {
		const struct conf_part *p = conf_titled(c, "address", i);
		fill(&all[i], p);
		if (check)
			err = check_local_addresses(&all[i], p, why);
	}
	if (err) {
		mem_free(all);
		return err;
	}
	*ret = all;
	*n = count;
	return 0;
}

const struct addr *config_address_of(const struct addr *list, unsigned n, sa_family_t family)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].family == family)
			return &list[i];
	return NULL;
}
