// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/keys.h"
#include <errno.h>
#include <sys/random.h>

struct wanted {
	struct slice name;
	uint8_t *key;
};

static int take(struct slice key, struct slice value, void *arg)
{
	const struct wanted *w = arg;
	if (!slice_eq(key, w->name) || value.len != KEY_LEN)
		return 0;
	memcpy(w->key, value.p, KEY_LEN);
	return 1;
}

int keys_get(struct store *s, unsigned table, const char *name, uint8_t key[KEY_LEN])
{
	struct wanted w = {slice_str(name), key};
	int res = store_load(s, table, take, &w);
	if (res)
		return res < 0 ? res : 0;
	if (getrandom(key, KEY_LEN, 0) != KEY_LEN)
		return -EIO;
	return store_put(s, table, w.name, slice_of((const char *)key, KEY_LEN));
}
