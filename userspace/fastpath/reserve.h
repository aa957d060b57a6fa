/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps other programs' outgoing sockets off our ports: ip_local_reserved_ports of this network namespace. */
#pragma once
#include <stdint.h>

/* Reserves the ports min..max and calls `added` with each range of them that was not reserved before. 0 or negative errno. */
int ports_reserve(uint16_t min, uint16_t max, void (*added)(void *arg, uint16_t min, uint16_t max), void *arg);
int ports_unreserve(uint16_t min, uint16_t max);

/* The same in text, "min-max"; anything else is ignored. */
void ports_unreserve_text(const char *range);
/* Reserves ports and notes in the folder `pin` (pin_note()) those that were not reserved before. */
void ports_reserve_noted(uint16_t min, uint16_t max, const char *pin);
/* Gives back what is noted there. */
void ports_unreserve_noted(const char *pin);
