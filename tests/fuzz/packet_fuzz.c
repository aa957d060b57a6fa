// SPDX-License-Identifier: GPL-3.0-or-later
/* RTP packets of any content, played: what is read never leaves the packet, and the line always gets its octets. */
#include "media/playout.h"
#include "rtp/packet.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records of three bytes (format and length, octets taken ahead, octets to play) and a packet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct playout p;
	static const struct jitter_config config = {.depth = 20, .max = JITTER_MAX};
	uint8_t out[256];
	struct rtp_packet r;
	playout_init(&p, LAW_A, &config);
	for (uint32_t now = 0; size >= 3; now += 160) {
		size_t len = data[0] & 63;
		len = len > size - 3 ? size - 3 : len;
		if (!rtp_read(&r, data + 3, len)) {
			assert(r.payload >= data + 3 && r.payload + r.len <= data + 3 + len);
			const struct playout_packet k = {.format = (enum playout_format)((data[0] >> 6) + (r.pt & 1)), .marker = r.marker, .seq = r.seq, .ssrc = r.ssrc,
				.timestamp = r.timestamp, .arrival = now, .ahead = (int8_t)data[1], .payload = r.payload, .len = r.len};
			playout_put(&p, &k);
		}
		size_t ready = playout_ready(&p);
		assert(ready <= JITTER_RING);
		playout_get(&p, out, ready && ready < data[2] ? ready : data[2]);
		data += 3 + len;
		size -= 3 + len;
	}
	return 0;
}
