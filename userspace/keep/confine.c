// SPDX-License-Identifier: GPL-3.0-or-later
#include "keep/confine.h"
#include "config/schema.h"
#include <errno.h>

static json_t *configured_interfaces(const struct conf *conf)
{
	const struct conf_part *media = conf_section(conf, "media");
	unsigned n = conf_list_count(media, "interfaces");
	json_t *names = n ? json_array() : json_null();
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(names, json_string(conf_list_at(media, "interfaces", i)));
	return names;
}

static bool is_configured(const struct conf *conf, json_int_t min, json_int_t max)
{
	const struct conf_part *address;
	for (unsigned i = 0; (address = conf_titled(conf, "address", i)); i++) {
		uint16_t first, last;
		if (!config_ports(conf_string(address, "ports"), &first, &last) && first == min && last == max)
			return true;
	}
	return false;
}

/* {"min":..,"max":..} when a local address is opened, "FIRST-LAST" when its reservation is given back. */
static bool row_is_configured(const struct conf *conf, const json_t *row)
{
	uint16_t first, last;
	if (json_is_string(row))
		return !config_ports(json_string_value(row), &first, &last) && is_configured(conf, first, last);
	return is_configured(conf, json_integer_value(json_object_get(row, "min")), json_integer_value(json_object_get(row, "max")));
}

static bool all_configured(const struct conf *conf, const json_t *rows)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
		if (!row_is_configured(conf, row))
			return false;
	return true;
}

/* The module is told to relay only where the configuration wants it to; it is always told to stop. */
static bool module_is_configured(const struct conf *conf, const json_t *request)
{
	const char *verb = json_string_value(json_object_get(request, "do")), *engine = conf_string(conf_section(conf, "media"), "engine");
	return !verb || strcmp(verb, "fastpath-module") || !json_is_true(json_object_get(request, "on")) || !strcmp(engine, "auto") ||
	       !strcmp(engine, "module");
}

int confine_request(const struct conf *conf, json_t *request)
{
	const char *pins = conf_string(conf_section(conf, "state"), "bpffs");
	const json_t *pin = json_object_get(request, "pin");
	if (!all_configured(conf, json_object_get(request, "locals")) || !all_configured(conf, json_object_get(request, "ports")))
		return -EPERM;
	if (!module_is_configured(conf, request))
		return -EPERM;
	int err = 0;
	if (pin && !json_is_null(pin))
		err = json_object_set_new(request, "pin", *pins ? json_string(pins) : json_null());
	if (!err)
		err = json_object_set_new(request, "interfaces", configured_interfaces(conf));
	if (!err)
		err = json_object_set_new(request, "want", json_string(conf_string(conf_section(conf, "media"), "engine")));
	return err ? -ENOMEM : 0;
}
