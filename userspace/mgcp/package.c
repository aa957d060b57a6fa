// SPDX-License-Identifier: GPL-3.0-or-later
/* Looking events up in packages. */
#include "mgcp/package.h"

const struct mgcp_package *const mgcp_packages_all[] = {
	&mgcp_package_b,  &mgcp_package_g,  &mgcp_package_d,  &mgcp_package_t,  &mgcp_package_l,  &mgcp_package_h,  &mgcp_package_sst, &mgcp_package_dm1,
	&mgcp_package_r,  &mgcp_package_ms, &mgcp_package_dt, &mgcp_package_bl, &mgcp_package_md, &mgcp_package_mo, &mgcp_package_do,  NULL,
};

static const struct mgcp_package *find(mgcp_packages list, struct slice name)
{
	for (; *list; list++)
		if (slice_caseeq(slice_str((*list)->name), name))
			return *list;
	return NULL;
}

const struct mgcp_package *mgcp_package_find(struct slice name)
{
	return find(mgcp_packages_all, name);
}

const struct mgcp_event_type *mgcp_event_type_find(const struct mgcp_package *package, struct slice name)
{
	for (unsigned i = 0; i < package->n; i++)
		if (slice_caseeq(slice_str(package->types[i].name), name))
			return &package->types[i];
	return NULL;
}

bool mgcp_packages_have(mgcp_packages list, const struct mgcp_package *package)
{
	while (*list && *list != package)
		list++;
	return *list;
}

unsigned mgcp_event_lookup(mgcp_packages list, struct slice name, const struct mgcp_package **package, const struct mgcp_event_type **type)
{
	struct slice event = name, prefix = slice_cut(&event, '/');
	const struct mgcp_package *p = slice_is_set(event) ? find(list, prefix) : list[0];
	if (!p)
		return 518;
	const struct mgcp_event_type *t = mgcp_event_type_find(p, slice_is_set(event) ? event : name);
	if (!t)
		return 522;
	*package = p;
	*type = t;
	return 0;
}

bool mgcp_signal_takes_timeout(const struct mgcp_package *package, const struct mgcp_event_type *type)
{
	/* SST is the package of version 0 whose signals do (RFC 3660 2.6). */
	return type->signal == MGCP_TIME_OUT && (package->version > 0 || package == &mgcp_package_sst);
}
