// SPDX-License-Identifier: GPL-3.0-or-later
/* The de-jitter buffer: packets of any numbers and lengths, pulled in between. As many octets come out as are asked for, of a known kind, and what
 * is counted adds up. Input: a byte of configuration, then records of 8 bytes: what to do, sequence number, timestamp, length. */
#include "media/g711.h"
#include "media/jitter.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t pull(struct jitter *j, unsigned n)
{
	static uint8_t out[256];
	uint32_t pulled = 0;
	while (pulled < n) {
		enum jitter_kind kind;
		size_t got = jitter_get(j, out, n - pulled, &kind);
		assert(got >= 1 && got <= n - pulled && kind <= JITTER_EVENT);
		assert(kind != JITTER_NOISE || jitter_noise(j)->order <= COMFORT_ORDER);
		pulled += (uint32_t)got;
	}
	return pulled;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t payload[JITTER_PACKET + 255];
	static struct jitter j;
	uint64_t pulled = 0, put = 0;
	if (!size)
		return 0;
	jitter_init(&j, &(struct jitter_config){.fixed = data[0] & 1, .depth = data[0] * 10u, .max = (data[0] & 15) * 150u});
	for (data++, size--; size >= 8; data += 8, size -= 8) {
		uint16_t words[3];
		memcpy(words, data + 2, sizeof words);
		struct jitter_packet p = {.ssrc = data[0] >> 6, .seq = words[0], .timestamp = data[0] & 1 ? words[1] : words[1] * 65537u, .arrival = (uint32_t)pulled,
			.marker = data[0] >> 1 & 1, .kind = JITTER_VOICE + 2 * (data[0] >> 2 & 1) + (data[0] >> 3 & data[0] >> 2 & 1), .payload = payload,
			.len = words[2] % sizeof payload};
		jitter_put(&j, &p, data[0] & 16 ? law_other[LAW_U] : NULL);
		put++;
		if (data[0] == 0xff)
			jitter_fix(&j);
		for (unsigned i = data[1] & 32 ? 40 : 1; i; i--)
			pulled += pull(&j, data[1]);
		assert(j.stats.received + j.stats.duplicate + j.stats.stray >= put && j.stats.received + j.stats.duplicate <= put);
		assert(j.stats.dropped <= j.stats.late && j.stats.late <= j.stats.received);
		assert(j.stats.voice + j.stats.concealed + j.stats.noise <= pulled);
		assert(j.config.depth <= JITTER_MAX && jitter_depth(&j) < 1u << 30);
	}
	return 0;
}
