/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generic netlink: families of the kernel found by name, requests to them, and what they and the kernel's "nlctrl" tell by themselves.
 * Questions are answered at once by the local kernel; what is told comes on the loop. */
#pragma once
#include "base/buf.h"
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

struct genl; /* a socket for questions, and optionally a watch; mem_deref() closes both */

#define GENL_MAX_GROUPS 8
#define GENL_REQUEST    16384 /* bytes that a request may have */

struct genl_group {
	char name[GENL_NAMSIZ];
	uint32_t id;
};

struct genl_family {
	char name[GENL_NAMSIZ];
	uint16_t id; /* changes whenever the family comes anew */
	uint32_t version;
	struct genl_group groups[GENL_MAX_GROUPS];
	unsigned n_groups;
};

struct genl_handlers {
	/* A family appeared in the kernel, or went away; all of them are told. May be NULL. */
	void (*family)(void *arg, const struct genl_family *f, bool exists);
	/* A message to a group that was joined; its payload is a struct genlmsghdr and attributes. May be NULL. */
	void (*message)(void *arg, const struct nlmsghdr *h);
	/* Messages were lost: anything may have been told. May be NULL. */
	void (*lost)(void *arg);
};

/* `handlers` may be NULL: nothing is watched then. 0 or negative errno. */
int genl_open(struct genl **ret, const struct genl_handlers *handlers, void *arg);

/* A family by its name: 0, or -ENOENT when the kernel has none. A kernel that has it as a module for which this name is an alias loads it
 * to answer (when `load`); without `load` nothing is loaded. */
int genl_family(struct genl *g, const char *name, bool load, struct genl_family *ret);
/* A group of the family; 0 when it has none of this name. */
uint32_t genl_group(const struct genl_family *f, const char *name);
/* Starts to hear a group; it ends by itself when the family goes away. 0 or negative errno. */
int genl_join(struct genl *g, uint32_t group);

/* Begins a request in `buf` (GENL_REQUEST bytes): attributes are put behind it with mnl_attr_put*_check(h, GENL_REQUEST, ...). */
struct nlmsghdr *genl_request(void *buf, uint16_t family, uint8_t command, uint8_t version);
/* Sends a request and gives each answer to `fn` (mnl_cb_run(3)), which may be NULL. 0 or negative errno; then `why`, when it is not NULL,
 * has the kernel's own words for it (extended acknowledgement), or stays empty. */
int genl_ask(struct genl *g, struct nlmsghdr *h, mnl_cb_t fn, void *arg, struct buf *why);

/* What a message of "nlctrl" says of a family: 0, or -EBADMSG. */
int genl_parse_family(const struct nlmsghdr *h, struct genl_family *ret);
