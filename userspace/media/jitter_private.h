/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the de-jitter buffer share. */
#pragma once
#include "media/jitter.h"

/* Sequence numbers and interarrival jitter of a packet (jitter_sequence.c): false when it is a duplicate. */
bool jitter_sequence(struct jitter *j, const struct jitter_packet *p);
/* The numbers begin anew with this packet. */
void jitter_sequence_begin(struct jitter *j, const struct jitter_packet *p);
void jitter_arrived(struct jitter *j, const struct jitter_packet *p);

/* Depth (jitter_depth.c). A packet came with this lead. */
void jitter_lead(struct jitter *j, int32_t lead);
/* The range of leads remembered. */
struct jitter_leads jitter_range(const struct jitter *j);
/* A voice packet came after its turn had begun, with a negative lead: makes an adaptive buffer deeper. Its lead now. */
int32_t jitter_deepen(struct jitter *j, int32_t lead, size_t len);
/* `n` octets were played: concludes something at the end of a window. */
void jitter_passed(struct jitter *j, uint32_t n);
/* Does some of the slips that are owed, before `asked` octets are taken. */
void jitter_slip(struct jitter *j, size_t asked);
/* Takes at most `n` octets of one kind from the ring (jitter.c); `out` may be NULL. */
size_t jitter_take(struct jitter *j, uint8_t *out, size_t n, enum jitter_kind *kind);
/* How many octets of voice come next. */
size_t jitter_present(const struct jitter *j);
