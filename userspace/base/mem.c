// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/mem.h"
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct head {
	alignas(max_align_t) mem_destroy_fn destroy;
	unsigned refs;
};

static size_t blocks;
static size_t fail_in;
static int failed;

static int injected(void)
{
	if (!fail_in || --fail_in)
		return 0;
	failed = 1;
	return 1;
}

static struct head *head_of(const void *obj)
{
	return (struct head *)((char *)(uintptr_t)obj - sizeof(struct head));
}

void *mem_alloc(size_t size, mem_destroy_fn destroy)
{
	if (injected())
		return NULL;
	struct head *h = calloc(1, sizeof *h + size);
	if (!h)
		return NULL;
	h->destroy = destroy;
	h->refs = 1;
	blocks++;
	return h + 1;
}

void *mem_ref(void *obj)
{
	if (obj)
		head_of(obj)->refs++;
	return obj;
}

void *mem_deref(void *obj)
{
	if (!obj)
		return NULL;
	struct head *h = head_of(obj);
	assert(h->refs);
	if (h->refs > 1) {
		h->refs--;
		return NULL;
	}
	/* The count stays at one while the destructor runs, so that it may hand the object to functions
	 * that take and give back a reference. */
	if (h->destroy) {
		mem_destroy_fn destroy = h->destroy;
		h->destroy = NULL;
		destroy(obj);
		if (h->refs > 1) {
			h->refs--;
			return NULL;
		}
	}
	blocks--;
	free(h);
	return NULL;
}

unsigned mem_refs(const void *obj)
{
	return obj ? head_of(obj)->refs : 0;
}

void *mem_raw(size_t size)
{
	if (injected())
		return NULL;
	void *p = malloc(size ? size : 1);
	if (p)
		blocks++;
	return p;
}

void *mem_regrow(void *raw, size_t size)
{
	if (!raw)
		return mem_raw(size);
	return injected() ? NULL : realloc(raw, size ? size : 1);
}

void mem_free(void *raw)
{
	if (!raw)
		return;
	blocks--;
	free(raw);
}

char *mem_strndup(const char *s, size_t n)
{
	char *d = mem_raw(n + 1);
	if (!d)
		return NULL;
	memcpy(d, s, n);
	d[n] = '\0';
	return d;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

size_t mem_blocks(void)
{
	return blocks;
}

void mem_fail_nth(size_t n)
{
	fail_in = n;
	failed = 0;
}

int mem_failed(void)
{
	return failed;
}
