/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP streams from peer a to peer b of tests/net/packets, in every pair of families, of which every packet is accounted for. */
#pragma once
#include "../net/packets/wire.h"
#include <bpf/bpf.h>

#define STREAMS 8

struct traffic;

/* Sets the streams up: stream i is on the gateway's ports GW_PORT + 2 * i. */
struct traffic *traffic_begin(struct fastpath *fp);
/* Sets them up once more and begins to count anew. */
void traffic_again(struct traffic *t);
/* Sends a packet of each stream every 5 ms for `ms`, reads what arrives, and runs the loop. It sends none while many are on their way: a veth drops what finds
 * 256 frames before it, and a virtual processor that is to read them may stand still for as long as its host likes. */
void traffic_flow(struct traffic *t, int ms);
/* How many packets have arrived. Others may ask while packets flow. */
unsigned traffic_arrived(void);
/* Reads what still arrives, until all is there or nothing has come for two seconds. */
void traffic_drain(struct traffic *t);
void traffic_end(struct traffic *t);

/* NULL when each packet that was sent has come once. */
const char *traffic_wrong(const struct traffic *t);
/* NULL when the slots' counters sum up to what was sent. */
const char *traffic_miscounted(const struct traffic *t);
/* Packets by engine, those out of order, and the longest time without one. */
void traffic_says(const struct traffic *t, char *line, size_t size);

/* Packets that an engine has accepted on all streams. */
uint64_t accepted_by(const struct fastpath *fp, enum fp_engine by);

/* The map id of the module's table in this namespace; 0: none. */
uint32_t slots_id(void);
uint32_t map_id(int fd);
