/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reference-counted memory. Whoever holds a reference owns a share; the last mem_deref() runs the
 * destructor, which must be safe in every state the object can be in, and frees the memory.
 * Not thread-safe: an object belongs to the thread that runs its loop. */
#pragma once
#include <stddef.h>

typedef void (*mem_destroy_fn)(void *obj);

/* Zeroed memory of `size` bytes with one reference; NULL when memory is out. `destroy` may be NULL. */
void *mem_alloc(size_t size, mem_destroy_fn destroy);
/* Takes one more reference and returns `obj`; NULL passes through. */
void *mem_ref(void *obj);
/* Gives one reference back; returns NULL so that `p = mem_deref(p)` clears the pointer. */
void *mem_deref(void *obj);
/* References held, 0 for NULL. */
unsigned mem_refs(const void *obj);

/* Plain memory through the same counters and the same fault injection (no reference count). */
void *mem_raw(size_t size);
void *mem_regrow(void *raw, size_t size);
void mem_free(void *raw);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* Blocks now allocated through this file: tests assert that it returns to where it was. */
size_t mem_blocks(void);
/* The n-th allocation from now (1 is the next) fails, and only that one; 0 switches injection off. */
void mem_fail_nth(size_t n);
/* Whether the injected failure has happened since mem_fail_nth(). */
int mem_failed(void);
