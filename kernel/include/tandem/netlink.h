/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The generic netlink family by which the kernel module is told what to relay: each attribute and each command is written here once; the module
 * makes its policy and its operations of it, userspace its validation.
 *
 * The module keeps no streams of its own. It is given the slot table, a BPF array that XDP and the daemon use too (tandem/flow.h), and which addresses
 * and ports it stands for; it holds a reference on it, so the table outlives whoever gave it. One table is attached in a network namespace at a time. */
#pragma once

#define TANDEM_NL_FAMILY  "tandem"
#define TANDEM_NL_VERSION 1
#define TANDEM_NL_EVENTS  "events" /* multicast group: what happens on streams */

/* name, type (NLA_type in the kernel, MNL_TYPE_type in userspace), length of BINARY (exact) or NUL_STRING (most) */
#define TANDEM_NL_ATTRS(X)                                                                                     \
	X(LAYOUT, U32, 0)        /* TANDEM_LAYOUT of whoever speaks: another one is refused */                 \
	X(SLOTS_FD, U32, 0)      /* descriptor of the slot table */                                            \
	X(SLOTS_ID, U32, 0)      /* BPF map id of the attached table */                                        \
	X(SLOTS, U32, 0)         /* how many slots it has */                                                   \
	X(LOCAL, NESTED, 0)      /* a local address; as often as there are any */                              \
	X(IP, BINARY, 16)        /* in LOCAL: struct tandem_ip */                                              \
	X(RANGE, BINARY, 8)      /* in LOCAL: struct tandem_local */                                           \
	X(REASON, NESTED, 0)     /* a counter of the attached table; as often as there are any */              \
	X(REASON_INDEX, U32, 0)  /* in REASON: enum tandem_reason */                                           \
	X(REASON_COUNT, U64, 0)  /* in REASON: packets */                                                      \
	X(EVENT, BINARY, 12)     /* struct tandem_event */                                                     \
	X(VERSION, NUL_STRING, 31) /* of the module */

#define TANDEM_NL_ATTR_ENUM(name, type, len) TANDEM_A_##name,
enum tandem_nl_attr { TANDEM_A_UNSPEC, TANDEM_NL_ATTRS(TANDEM_NL_ATTR_ENUM) TANDEM_A_COUNT };
#undef TANDEM_NL_ATTR_ENUM

/* name, who may: ADMIN needs CAP_NET_ADMIN over the network namespace */
#define TANDEM_NL_COMMANDS(X)                                                                                  \
	X(GET, ANYONE)    /* -> LAYOUT, VERSION and, when a table is attached, SLOTS_ID, SLOTS, REASON... */   \
	X(ATTACH, ADMIN)  /* LAYOUT, SLOTS_FD, LOCAL...: relay by this table; replaces the one before it without a gap */ \
	X(DETACH, ADMIN)  /* relay nothing */                                                                  \
	X(EVENT, NOBODY)  /* to the multicast group: EVENT */

#define TANDEM_NL_COMMAND_ENUM(name, who) TANDEM_C_##name,
enum tandem_nl_command { TANDEM_C_UNSPEC, TANDEM_NL_COMMANDS(TANDEM_NL_COMMAND_ENUM) TANDEM_C_COUNT };
#undef TANDEM_NL_COMMAND_ENUM
