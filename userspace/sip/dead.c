// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/dead.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>

struct place {
	struct hash_link by_server;
	struct link link; /* marked first, first */
	struct timer end;
	struct sip_dead *dead;
	struct sip_server server;
	const char *why;
	unsigned times;
};

struct sip_dead {
	struct hash places;
	struct list marked;
	unsigned max;
};

static uint32_t hash_of(const struct sip_server *server)
{
	return addr_hash(&server->addr) * 5 + (uint32_t)server->transport;
}

static struct place *find(const struct sip_dead *d, const struct sip_server *server)
{
	struct place *p;
	if (!d->places.count)
		return NULL;
	hash_foreach_match(p, &d->places, hash_of(server), by_server)
		if (p->server.transport == server->transport && addr_eq(&p->server.addr, &server->addr))
			return p;
	return NULL;
}

static void place_destroy(void *obj)
{
	struct place *p = obj;
	hash_remove(&p->dead->places, &p->by_server);
	list_remove(&p->link);
	timer_stop(&p->end);
}

static void on_end(void *arg)
{
	mem_deref(arg);
}

static struct place *place_new(struct sip_dead *d, const struct sip_server *server)
{
	if (d->places.count >= d->max)
		mem_deref(container_of(list_first(&d->marked), struct place, link));
	struct place *p = mem_alloc(sizeof *p, place_destroy);
	if (!p)
		return NULL;
	p->dead = d;
	p->server = *server;
	hash_insert(&d->places, &p->by_server, hash_of(server));
	list_append(&d->marked, &p->link);
	return p;
}

void sip_dead_mark(struct sip_dead *d, const struct sip_server *server, uint32_t ms, const char *why)
{
	char text[ADDR_STR_LEN];
	struct place *p = find(d, server);
	if (!p && !(p = place_new(d, server)))
		return;
	if (!p->times++)
		log_remote("sip", "%s %s comes last for %u ms: %s", sip_transports[server->transport].name, addr_str(&server->addr, text), ms, why);
	p->why = why;
	timer_start(&p->end, ms, on_end, p);
}

void sip_dead_clear(struct sip_dead *d, const struct sip_server *server)
{
	mem_deref(find(d, server));
}

bool sip_dead_has(const struct sip_dead *d, const struct sip_server *server)
{
	return find(d, server) != NULL;
}

static void dead_destroy(void *obj)
{
	struct sip_dead *d = obj;
	struct place *p;
	list_foreach_safe(p, &d->marked, link)
		mem_deref(p);
	hash_free(&d->places);
}

int sip_dead_new(struct sip_dead **ret, unsigned max)
{
	struct sip_dead *d = mem_alloc(sizeof *d, dead_destroy);
	if (!d)
		return -ENOMEM;
	list_init(&d->marked);
	d->max = max;
	int err = hash_init(&d->places, 16);
	if (err)
		mem_deref(d);
	else
		*ret = d;
	return err;
}

json_t *sip_dead_json(const struct sip_dead *d)
{
	const struct place *p;
	char text[ADDR_STR_LEN];
	json_t *list = json_array();
	if (!list)
		return NULL;
	list_foreach(p, &d->marked, link) {
		uint64_t now = clock_ms(), left = p->end.due > now ? p->end.due - now : 0;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "transport", sip_transports[p->server.transport].name, "address",
						      addr_str(&p->server.addr, text), "why", p->why, "times", (json_int_t)p->times,
						      "left_ms", (json_int_t)left));
	}
	return list;
}
