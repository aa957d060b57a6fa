/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps other programs' outgoing sockets off our ports: ip_local_reserved_ports of this network namespace. */
#pragma once
#include <stdint.h>

/* Reserves the ports min..max and calls `added` with each range of them that was not reserved before. 0 or negative errno. */
int ports_reserve(uint16_t min, uint16_t max, void (*added)(void *arg, uint16_t min, uint16_t max), void *arg);
int ports_unreserve(uint16_t min, uint16_t max);
