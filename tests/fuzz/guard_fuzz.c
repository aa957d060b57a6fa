// SPDX-License-Identifier: GPL-3.0-or-later
/* The guard under whatever comes from a few addresses: peers are never dropped nor banned, nobody unproven is, and an emergency call always passes. */
#include "base/mem.h"
#include "base/timer.h"
#include "config/schema.h"
#include "guard/guard.h"
#include <stdlib.h>

static struct conf *conf;
static struct addr from[8]; /* the first two are peers */

static bool is_peer(void *arg, const struct addr *src)
{
	return addr_ip_eq(src, &from[0]) || addr_ip_eq(src, &from[1]);
}

static void open_once(void)
{
	static const char *const texts[] = {"192.0.2.1:5060", "[2001:db8::1]:5060", "192.0.2.3:5060", "192.0.2.4:1", "[2001:db8:1::1]:5060", "[2001:db8:1::2]:9",
					    "198.51.100.1:5060", "[2001:db8:2::1]:5060"};
	struct buf why = buf_growing();
	if (config_load(&conf, "f",
			"address in {\n local = {\"127.0.0.1\"}\n}\nsecurity {\n message-rate = 1\n message-burst = 3\n failure-rate = 1\n failure-burst = 2\n "
			"probe-rate = 1\n probe-burst = 2\n malformed-rate = 1\n malformed-burst = 2\n sources = 16\n ban-time = 1s\n}\n", &why))
		abort();
	for (size_t i = 0; i < 8; i++)
		addr_parse(&from[i], slice_str(texts[i]), 0);
}

static void step(struct guard *g, uint8_t what, uint8_t ms, bool *proven, struct slice rest)
{
	unsigned who = what >> 3 & 7;
	const struct addr *src = &from[who];
	bool good;
	switch (what & 7) {
	case 0:
	case 1:
		good = guard_admits(g, src, what & 64, rest);
		*proven |= what & 64;
		if (!good && (who < 2 || slice_starts(rest, SLICE("INVITE urn:service:sos "))))
			abort();
		break;
	case 2:
		guard_malformed(g, src);
		break;
	case 3:
		guard_refused_stranger(g, src);
		break;
	case 4:
		guard_authenticated(g, src, what & 64, what & 128);
		*proven |= what & 128;
		break;
	case 5:
		guard_proven(g, src);
		*proven = true;
		break;
	default:
		clock_test_advance(ms * UINT64_C(100));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!conf)
		open_once();
	size_t before = mem_blocks();
	struct guard *g;
	bool proven = false;
	if (guard_new(&g, &(struct guard_params){.conf = conf, .is_peer = is_peer}))
		abort();
	for (size_t i = 0; i + 1 < size; i += 2)
		step(g, data[i], data[i + 1], &proven, slice_of((const char *)data + i + 2, size - i - 2));
	json_t *bans = NULL;
	struct buf why = buf_growing();
	if (guard_verbs[0].fn && !guard_verbs[0].fn(g, NULL, &bans, &why) && !proven && json_array_size(bans))
		abort();
	json_decref(bans);
	mem_deref(g);
	if (mem_blocks() != before)
		abort();
	return 0;
}
