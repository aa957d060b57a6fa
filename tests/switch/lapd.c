// SPDX-License-Identifier: GPL-2.0-or-later
/* Just enough of Q.921 to carry any octets: SAPI 0, TEI 0, modulo 128. Nothing is sent twice, and nothing is checked that a well peer does right. */
#include "switch.h"
#include <string.h>

#define ASK_MS 1000
#define SABME  0x6f
#define UA     0x63
#define DM     0x0f
#define DISC   0x43
#define RR     0x01
#define POLL   0x10 /* in unnumbered frames; 0x01 of the second octet in others */

/* Q.921 3.3.2: a command of the network and a response of the user have the C/R bit. */
static uint8_t address(const struct lapd *l, bool command)
{
	return command == l->network ? 0x02 : 0x00;
}

static void send_unnumbered(struct lapd *l, bool command, uint8_t control)
{
	const uint8_t f[] = {address(l, command), 0x01, control};
	wire_send(l->wire, f, sizeof(f));
}

static void send_ready(struct lapd *l, bool final)
{
	const uint8_t f[] = {address(l, false), 0x01, RR, l->vr << 1 | final};
	wire_send(l->wire, f, sizeof(f));
}

static void set_up(struct lapd *l, bool up)
{
	if (up)
		l->vs = l->vr = 0;
	l->asking = false;
	if (up != l->up)
		tell(json_pack("{s:s, s:b}", "event", "dchannel", "up", up));
	l->up = up;
}

void lapd_establish(struct lapd *l)
{
	l->asking = true;
	l->ask_at = now_ms();
}

void lapd_release(struct lapd *l)
{
	send_unnumbered(l, true, DISC | POLL);
	set_up(l, false);
}

int lapd_run(struct lapd *l)
{
	if (!l->asking)
		return -1;
	int64_t left = (int64_t)l->ask_at - (int64_t)now_ms();
	if (left > 0)
		return left;
	send_unnumbered(l, true, SABME | POLL);
	l->ask_at = now_ms() + ASK_MS;
	return ASK_MS;
}

void lapd_send(struct lapd *l, const uint8_t *message, size_t len)
{
	uint8_t f[MAX_FRAME] = {address(l, true), 0x01, l->vs << 1, l->vr << 1};
	if (len > sizeof(f) - 6)
		len = sizeof(f) - 6;
	memcpy(f + 4, message, len);
	l->vs = (l->vs + 1) & 127;
	wire_send(l->wire, f, 4 + len);
}

static void take_message(struct lapd *l, const uint8_t *message, size_t len)
{
	char hex[2 * MAX_FRAME + 1];
	to_hex(message, len, hex);
	size_t refs = len > 1 ? message[1] & 15 : 0, type = 2 + refs;
	int reference = 0;
	for (size_t i = 0; i < refs && 2 + i < len; i++)
		reference = reference << 8 | (i ? message[2 + i] : message[2] & 0x7f);
	tell(json_pack("{s:s, s:s, s:i, s:b, s:i, s:s}", "event", "message", "q931", type < len ? q931_name(message[type]) : "short", "reference", reference, "theirs",
		       !(refs && len > 2 && message[2] & 0x80), "discriminator", len ? message[0] : -1, "hex", hex));
}

void lapd_received(struct lapd *l, const uint8_t *f, size_t len)
{
	if (len < 3)
		return;
	if ((f[2] & 3) == 3) {
		switch (f[2] & ~POLL) {
		case SABME:
			send_unnumbered(l, false, UA | (f[2] & POLL));
			set_up(l, true);
			break;
		case DISC:
			send_unnumbered(l, false, UA | (f[2] & POLL));
			set_up(l, false);
			break;
		case UA:
			if (l->asking)
				set_up(l, true);
			break;
		case DM:
			set_up(l, false);
			break;
		}
		return;
	}
	if (len < 4 || !l->up)
		return;
	bool command = !(f[0] & 2) == l->network; /* theirs */
	if (!(f[2] & 1) && f[2] >> 1 == l->vr) {
		l->vr = (l->vr + 1) & 127;
		send_ready(l, f[3] & 1);
		take_message(l, f + 4, len - 4);
	} else if (command && f[3] & 1) {
		send_ready(l, true);
	}
}
