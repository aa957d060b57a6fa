// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/private.h"
#include <errno.h>
#include <ifaddrs.h>
#include <unistd.h>

/* A socket that belongs to no VRF cannot be bound to an address in one. */
static bool is_on_an_interface(const struct addr *ip)
{
	struct ifaddrs *all;
	struct addr a;
	bool found = false;
	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
		found = i->ifa_addr && i->ifa_addr->sa_family == ip->family && !addr_from_sockaddr(&a, i->ifa_addr) && addr_ip_eq(&a, ip);
	freeifaddrs(all);
	return found;
}

/* An address that is not on this machine can receive nothing: better told now than by silence in a call. */
static int check_local(const struct addr *ip)
{
	struct addr any_port = *ip;
	struct sockaddr_storage ss;
	any_port.port = 0;
	int fd = socket(ip->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -EADDRNOTAVAIL;
	int err = bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&any_port, &ss));
	close(fd);
	return err && !is_on_an_interface(ip) ? -EADDRNOTAVAIL : 0;
}

static uint32_t hash_of(const struct addr *ip)
{
	return slice_hash(slice_of((const char *)ip->bytes, ip->family == AF_INET ? 4 : 16), false);
}

/* The place in by_ip where the address is, or would be. */
static uint16_t *place_of(const struct fastpath *fp, const struct addr *ip)
{
	uint32_t at = hash_of(ip) & fp->by_ip_mask;
	while (fp->by_ip[at] && !addr_ip_eq(&fp->ranges[fp->by_ip[at] - 1].ip, ip))
		at = (at + 1) & fp->by_ip_mask;
	return &fp->by_ip[at];
}

static int add_range(struct fastpath *fp, const struct fp_local *l)
{
	if (!addr_is_set(&l->ip) || addr_is_any(&l->ip) || l->port_min > l->port_max || !l->port_min || check_local(&l->ip))
		return -EADDRNOTAVAIL;
	uint16_t *place = place_of(fp, &l->ip);
	if (*place)
		return -EADDRNOTAVAIL;
	fp->ranges[fp->n_ranges++] = (struct fp_range){.ip = l->ip, .port_min = l->port_min, .port_max = l->port_max, .base = fp->n_slots};
	fp->n_slots += (uint32_t)(l->port_max - l->port_min) + 1;
	*place = (uint16_t)fp->n_ranges;
	return 0;
}

int fp_ranges_set(struct fastpath *fp, const struct fp_params *params)
{
	uint32_t places = 4;
	if (!params->n_locals || params->n_locals > TANDEM_MAX_LOCALS)
		return -EADDRNOTAVAIL;
	while (places < params->n_locals * 4)
		places *= 2;
	fp->ranges = mem_raw(params->n_locals * sizeof *fp->ranges);
	fp->by_ip = mem_raw(places * sizeof *fp->by_ip);
	if (!fp->ranges || !fp->by_ip)
		return -ENOMEM;
	memset(fp->by_ip, 0, places * sizeof *fp->by_ip);
	fp->by_ip_mask = places - 1;
	int err = 0;
	for (unsigned i = 0; !err && i < params->n_locals; i++)
		err = add_range(fp, &params->locals[i]);
	return err;
}

const struct fp_range *fp_range_of(const struct fastpath *fp, uint32_t slot)
{
	unsigned low = 0, high = fp->n_ranges;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		if (fp->ranges[middle].base <= slot)
			low = middle;
		else
			high = middle;
	}
	return &fp->ranges[low];
}

void fp_slot_local(const struct fastpath *fp, uint32_t slot, struct addr *ret)
{
	const struct fp_range *r = fp_range_of(fp, slot);
	*ret = r->ip;
	ret->port = (uint16_t)(r->port_min + (slot - r->base));
}

int fastpath_slot(const struct fastpath *fp, const struct addr *local, uint32_t *slot)
{
	uint16_t at = *place_of(fp, local);
	const struct fp_range *r = at ? &fp->ranges[at - 1] : NULL;
	if (!r || local->port < r->port_min || local->port > r->port_max)
		return -ENOENT;
	*slot = r->base + (uint32_t)(local->port - r->port_min);
	return 0;
}

json_t *fp_locals_json(const struct fastpath *fp)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < fp->n_ranges; i++) {
		const struct fp_range *r = &fp->ranges[i];
		char z[ADDR_STR_LEN];
		json_array_append_new(list, json_pack("{s:s,s:i,s:i}", "ip", addr_ip_str(&r->ip, z), "min", r->port_min, "max", r->port_max));
	}
	return list;
}
