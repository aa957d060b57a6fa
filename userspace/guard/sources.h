/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered of the addresses that messages come from: an IPv4 address, or 64 bits of an IPv6 one, which is what one subscriber
 * has. Of bounded size: those that have proved to be where they say and those that have not have a share each, and within it the one not
 * seen for longest makes room. So made-up senders only ever push out one another. Finding and making room take constant time. */
#pragma once
#include "base/hash.h"
#include "net/addr.h"

/* A token bucket, full at first. */
struct bucket {
	uint64_t at;     /* when it was looked at last */
	uint32_t milli;  /* thousandths of a token */
	bool used;
};

/* What flows into a bucket: tokens a minute, and how many it holds. */
struct bucket_rate {
	uint32_t per_minute, burst;
};

/* Takes a token: false when there is none. */
bool bucket_take(struct bucket *b, const struct bucket_rate *rate, uint64_t now);

enum { SOURCE_BUCKETS = 4 };

struct origin {
	struct hash_link by_key;
	struct link order; /* in its share, the latest last */
	uint64_t key[2];
	sa_family_t family;
	bool proven;       /* something that only was sent to it came back from it */
	bool by_operator;  /* its ban */
	uint8_t rule;      /* its ban is for */
	uint64_t seen_at, banned_until, sheltered_until; /* on clock_ms() */
	uint32_t bans;
	uint64_t messages, dropped;
	struct bucket bucket[SOURCE_BUCKETS];
};

struct sources {
	struct hash by_key;
	struct list share[2]; /* unproven, proven */
	unsigned n[2], max;   /* of each share */
	uint64_t secret[2];
	uint64_t forgotten;   /* made room for others */
};

/* `max`: how many altogether. 0 or -ENOMEM. */
int sources_init(struct sources *s, unsigned max);
void sources_fini(struct sources *s);
struct origin *sources_find(const struct sources *s, const struct addr *a);
/* Finds or makes it, and notes that it was seen now. NULL when memory is out. */
struct origin *sources_seen(struct sources *s, const struct addr *a);
/* It moves to the share of those that have proved where they are. */
void sources_prove(struct sources *s, struct origin *o);
/* "192.0.2.1" or "2001:db8::/64" into an array of ADDR_STR_LEN; returns it. */
const char *origin_str(const struct origin *o, char *dst);
/* The key of an address, for other tables that go by the same measure: 16 bytes. */
void origin_key(const struct addr *a, uint64_t key[2]);
