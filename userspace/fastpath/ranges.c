// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/ranges.h"
#include <errno.h>

static int read_row(struct ranges *r, const json_t *row)
{
	struct addr *ip = &r->ip[r->n];
	json_int_t min = json_integer_value(json_object_get(row, "min")), max = json_integer_value(json_object_get(row, "max"));
	const char *z = json_string_value(json_object_get(row, "ip"));
	if (!z || addr_parse_ip(ip, slice_str(z)) || min < 1 || max > 65535 || min > max)
		return -EINVAL;
	r->ports[r->n++] = (struct tandem_local){r->n_slots, (uint16_t)min, (uint16_t)max};
	r->n_slots += (uint32_t)(max - min) + 1;
	return 0;
}

int ranges_read(struct ranges *r, const json_t *locals)
{
	json_t *row;
	size_t i;
	r->n = r->n_slots = 0;
	if (!json_array_size(locals) || json_array_size(locals) > TANDEM_MAX_LOCALS)
		return -EINVAL;
	json_array_foreach(locals, i, row) {
		int err = read_row(r, row);
		if (err)
			return err;
	}
	return 0;
}

uint32_t ranges_fingerprint(const struct ranges *r)
{
	uint32_t h = r->n_slots;
	for (unsigned i = 0; i < r->n; i++) {
		uint8_t ip[16];
		addr_mapped(&r->ip[i], ip);
		h = h * 31 + slice_hash(slice_of((const char *)ip, sizeof ip), false);
		h = h * 31 + slice_hash(slice_of((const char *)&r->ports[i], sizeof r->ports[i]), false);
	}
	return h;
}

static bool has(const struct tandem_local *l, uint32_t slot)
{
	return slot >= l->base && slot - l->base <= (uint32_t)(l->port_max - l->port_min);
}

const struct tandem_local *ranges_of_slot(const struct ranges *r, uint32_t slot)
{
	for (unsigned i = 0; i < r->n; i++)
		if (has(&r->ports[i], slot))
			return &r->ports[i];
	return NULL;
}

uint32_t ranges_translate(const struct ranges *r, const struct ranges *to, uint32_t slot)
{
	const struct tandem_local *from = ranges_of_slot(r, slot);
	uint32_t port = from ? from->port_min + (slot - from->base) : 0;
	for (unsigned i = 0; from && i < to->n; i++)
		if (addr_ip_eq(&to->ip[i], &r->ip[from - r->ports]))
			return port >= to->ports[i].port_min && port <= to->ports[i].port_max ? to->ports[i].base + port - to->ports[i].port_min
											       : TANDEM_NONE;
	return TANDEM_NONE;
}
