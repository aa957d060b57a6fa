// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists and hash tables. */
#include "unit.h"
#include "base/hash.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct item {
	int n;
	struct link link;
	struct hash_link by_n;
};

static void a_list_survives_removal_while_walking(void **state)
{
	struct list l = {0};
	struct item items[10], *it;
	int seen = 0;
	assert_true(list_empty(&l));
	assert_null(list_first(&l));
	list_foreach(it, &l, link)
		fail();
	memset(items, 0, sizeof items);
	for (int i = 0; i < 10; i++) {
		items[i].n = i;
		list_append(&l, &items[i].link);
	}
	list_foreach_safe(it, &l, link)
		if (it->n % 2)
			list_remove(&it->link);
	list_foreach(it, &l, link) {
		assert_int_equal(it->n, seen);
		seen += 2;
	}
	assert_int_equal(list_count(&l), 5);
	list_remove(&items[1].link); /* is in no list any more */
	assert_int_equal(list_count(&l), 5);
	list_prepend(&l, &items[1].link);
	assert_ptr_equal(list_first(&l), &items[1].link);
}

static struct item *find(struct hash *h, int n, uint32_t hash)
{
	struct item *it;
	hash_foreach_match(it, h, hash, by_n)
		if (it->n == n)
			return it;
	return NULL;
}

static void a_table_finds_everything_while_it_grows_and_shrinks(void **state)
{
	enum { N = 5000 };
	struct hash h;
	struct item *items = calloc(N, sizeof *items), *it;
	assert_int_equal(hash_init(&h, 1), 0);
	for (int i = 0; i < N; i++) {
		items[i].n = i;
		hash_insert(&h, &items[i].by_n, (uint32_t)(i / 3) * 2654435761u); /* three share a hash */
		assert_ptr_equal(find(&h, i / 2, (uint32_t)(i / 2 / 3) * 2654435761u), &items[i / 2]);
	}
	assert_int_equal(h.count, N);
	assert_true(h.mask >= N / 2); /* it grew: chains stay short */
	hash_foreach(it, &h, by_n)
		if (it->n % 3 == 0)
			hash_remove(&h, &it->by_n);
	hash_remove(&h, &items[0].by_n);
	for (int i = 0; i < N; i++)
		assert_ptr_equal(find(&h, i, (uint32_t)(i / 3) * 2654435761u), i % 3 ? &items[i] : NULL);
	assert_int_equal(h.count, N - (N + 2) / 3);
	hash_free(&h);
	assert_null(find(&h, 1, 0));
	free(items);
}

static void fill(void *arg)
{
	struct hash h;
	struct item items[100] = {0};
	if (hash_init(&h, 8))
		return;
	for (int i = 0; i < 100; i++) {
		items[i].n = i;
		hash_insert(&h, &items[i].by_n, (uint32_t)i);
	}
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(find(&h, i, (uint32_t)i), &items[i]); /* also when it could not grow */
	hash_free(&h);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(fill, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_survives_removal_while_walking),
		cmocka_unit_test(a_table_finds_everything_while_it_grows_and_shrinks),
		cmocka_unit_test(memory_running_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
