/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The free ones of the numbers 0..n-1, first freed first reused: a number just given back rests as long as possible, so that stray
 * packets or late commands for it meet nobody. Taking, giving and claiming are O(1). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct numbers; /* mem_deref() frees it */

int numbers_new(struct numbers **ret, uint32_t n);
/* 0, or -EBUSY when all are taken. */
int numbers_take(struct numbers *u, uint32_t *ret);
/* Takes this one: 0, -EBUSY when it is taken, -ERANGE. */
int numbers_claim(struct numbers *u, uint32_t number);
/* Giving back what is not taken does nothing. */
void numbers_give(struct numbers *u, uint32_t number);
bool numbers_taken(const struct numbers *u, uint32_t number);
uint32_t numbers_used(const struct numbers *u);
uint32_t numbers_total(const struct numbers *u);
