// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/nonce.h"
#include "sip/parse.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <openssl/crypto.h>

enum { WINDOW = 64 };

struct used_nonce {
	struct hash_link by_id;
	struct link in_order;
	struct nonce_id id;
	uint32_t highest;
	uint64_t seen; /* bit i: count highest - i */
};

static void put_be(uint8_t *p, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t time_of(const struct nonce_id *id)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | id->bytes[i];
	return v;
}

static uint32_t hash_of(const struct nonce_id *id)
{
	return slice_hash(slice_of((const char *)id->bytes, sizeof id->bytes), false);
}

int nonces_init(struct nonces *n, const uint8_t secret[NONCE_SECRET], uint32_t life_ms, unsigned max)
{
	EVP_MAC *siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	int err = hash_init(&n->used, 64);
	n->mac = siphash ? EVP_MAC_CTX_new(siphash) : NULL;
	EVP_MAC_free(siphash);
	memcpy(n->secret, secret, sizeof n->secret);
	list_init(&n->order);
	n->life_ms = life_ms;
	n->max = max ? max : 1;
	return err || n->mac ? err : -EIO;
}

static void forget(struct nonces *n, struct used_nonce *u)
{
	hash_remove(&n->used, &u->by_id);
	list_remove(&u->in_order);
	n->count--;
	mem_free(u);
}

void nonces_free(struct nonces *n)
{
	struct used_nonce *u;
	list_foreach_safe(u, &n->order, in_order)
		forget(n, u);
	hash_free(&n->used);
	EVP_MAC_CTX_free(n->mac);
	n->mac = NULL;
	OPENSSL_cleanse(n->secret, sizeof n->secret);
}

/* Of the identity, and of who it is for when that is said. */
static int sign(struct nonces *n, const struct nonce_id *id, const struct addr *peer, uint8_t *mac, size_t size)
{
	uint8_t full[EVP_MAX_MD_SIZE], ip[16];
	size_t len;
	if (!EVP_MAC_init(n->mac, n->secret, sizeof n->secret, NULL) || !EVP_MAC_update(n->mac, id->bytes, sizeof id->bytes))
		return -EIO;
	if (peer)
		addr_mapped(peer, ip);
	if (peer && !EVP_MAC_update(n->mac, ip, sizeof ip))
		return -EIO;
	if (!EVP_MAC_final(n->mac, full, &len, sizeof full) || len < size)
		return -EIO;
	memcpy(mac, full, size);
	return 0;
}

int nonce_make(struct nonces *n, const struct addr *peer, char out[NONCE_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t raw[NONCE_ID + NONCE_MAC + NONCE_PLACE];
	struct nonce_id id;
	put_be(id.bytes, clock_ms(), 8);
	put_be(id.bytes + 8, n->number++, 4);
	memcpy(raw, id.bytes, NONCE_ID);
	int err = sign(n, &id, NULL, raw + NONCE_ID, NONCE_MAC) ?: sign(n, &id, peer, raw + NONCE_ID + NONCE_MAC, NONCE_PLACE);
	for (unsigned i = 0; i < sizeof raw; i++) {
		out[2 * i] = hex[raw[i] >> 4];
		out[2 * i + 1] = hex[raw[i] & 15];
	}
	out[NONCE_LEN] = '\0';
	return err;
}

static bool read_nonce(struct slice text, uint8_t raw[NONCE_LEN / 2])
{
	if (text.len != NONCE_LEN)
		return false;
	for (unsigned i = 0; i < NONCE_LEN / 2; i++) {
		int high = sip_hex(text.p[2 * i]), low = sip_hex(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		raw[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool nonce_is_for(struct nonces *n, struct slice text, const struct addr *peer)
{
	uint8_t raw[NONCE_LEN / 2], mac[NONCE_PLACE];
	struct nonce_id id;
	if (!read_nonce(text, raw))
		return false;
	memcpy(id.bytes, raw, NONCE_ID);
	return !sign(n, &id, peer, mac, NONCE_PLACE) && !CRYPTO_memcmp(mac, raw + NONCE_ID + NONCE_MAC, NONCE_PLACE);
}

bool nonce_check(struct nonces *n, struct slice text, struct nonce_id *id)
{
	uint8_t raw[NONCE_LEN / 2], mac[NONCE_MAC];
	if (!read_nonce(text, raw))
		return false;
	memcpy(id->bytes, raw, NONCE_ID);
	if (sign(n, id, NULL, mac, NONCE_MAC) || CRYPTO_memcmp(mac, raw + NONCE_ID, NONCE_MAC))
		return false;
	uint64_t made = time_of(id), now = clock_ms();
	return made <= now && now - made <= n->life_ms;
}

static struct used_nonce *find(const struct nonces *n, const struct nonce_id *id)
{
	struct used_nonce *u;
	uint32_t h = hash_of(id);
	hash_foreach_match(u, &n->used, h, by_id)
		if (!memcmp(&u->id, id, sizeof *id))
			return u;
	return NULL;
}

/* Makes room: what is too old needs no memory, and of the rest the first goes. */
static void make_room(struct nonces *n)
{
	struct used_nonce *u;
	uint64_t now = clock_ms();
	list_foreach_safe(u, &n->order, in_order) {
		uint64_t made = time_of(&u->id);
		bool old = now - made > n->life_ms;
		if (!old && n->count < n->max)
			break;
		if (!old && made > n->floor)
			n->floor = made;
		forget(n, u);
	}
}

static struct used_nonce *remember(struct nonces *n, const struct nonce_id *id)
{
	make_room(n);
	struct used_nonce *u = mem_raw(sizeof *u);
	if (!u)
		return NULL;
	*u = (struct used_nonce){.id = *id};
	hash_insert(&n->used, &u->by_id, hash_of(id));
	list_append(&n->order, &u->in_order);
	n->count++;
	return u;
}

bool nonce_use(struct nonces *n, const struct nonce_id *id, uint32_t nc)
{
	struct used_nonce *u = find(n, id);
	if (!nc || (!u && n->floor && time_of(id) <= n->floor))
		return false;
	if (!u && !(u = remember(n, id)))
		return false;
	if (nc > u->highest) {
		uint32_t up = nc - u->highest;
		u->seen = (up < WINDOW ? u->seen << up : 0) | 1;
		u->highest = nc;
		return true;
	}
	uint32_t back = u->highest - nc;
	if (back >= WINDOW || u->seen >> back & 1)
		return false;
	u->seen |= UINT64_C(1) << back;
	return true;
}
