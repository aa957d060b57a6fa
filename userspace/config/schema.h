/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections and options of tandem.conf, for every program. */
#pragma once
#include "base/conf.h"
#include "net/addr.h"

#define CONFIG_FILE "/etc/tandem/tandem.conf"

extern const struct conf_section config_schema[];
/* The configuration used when no file is there: this machine's addresses, one media gateway; its users are in
 * state.directory/users.conf. */
extern const char config_default[];

/* conf_load() with config_schema, then the checks that span sections (names that must exist, ranges that overlap). */
int config_load(struct conf **ret, const char *path, const char *text, struct buf *why);
/* config_load() of `path`; of CONFIG_FILE when NULL; of config_default when that is not there either. */
int config_open(struct conf **ret, const char *path, struct buf *why);
/* When the built-in configuration is in use and has no users yet: makes users 1001 and 1002 with random passwords in
 * state.directory/users.conf (mode 0600) and tells them in `told`. 0, or negative errno. */
int config_first_run(const char *path, struct buf *told);
/* Writes two users with random passwords to a new file `path` and tells them: what config_first_run() does. */
int config_make_users(const char *path, struct buf *told);

#define CONFIG_MAX_NETS 16

/* An `address` section, resolved. Names live as long as the configuration. */
struct config_address {
	const char *name;
	struct addr local[2]; /* at most one of each family; port 0 */
	unsigned n_local;
	struct addr public[2]; /* behind one-to-one NAT: what peers outside `nets` see, at most one of each family */
	unsigned n_public;
	struct prefix nets[CONFIG_MAX_NETS]; /* local networks */
	unsigned n_nets;
	uint16_t port_min, port_max; /* media ports, both included */
	uint16_t sip_port, tls_port, ws_port, wss_port;
	uint8_t dscp_voice, dscp_signalling;
	uint8_t engine; /* index among the choices of address.engine */
};

/* Every address section in file order, as an array to mem_free(). local = {"auto"} becomes what this machine has now.
 * -EADDRNOTAVAIL with one line in `why` when a local address is not on this machine (`check` true). */
int config_addresses(const struct conf *c, struct config_address **ret, unsigned *n, bool check, struct buf *why);
/* The local (or public) address of a family, NULL when there is none. */
const struct addr *config_address_of(const struct addr *list, unsigned n, sa_family_t family);
/* "16384-32767" to numbers: 0 or -EINVAL. */
int config_ports(const char *text, uint16_t *min, uint16_t *max);
