// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames between the descriptor and who speaks Q.921, with what is done to them on the way. A message of Q.931 that is to be lost keeps its frame, since
 * Q.921 would send it again: it gets a protocol discriminator that nobody knows, and Q.931 5.8.1 has it ignored. */
#include "switch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HEADER   4 /* octets of address and control before a message */
#define LOST     0x7f
#define Q931     0x08
#define LINKTYPE 203 /* LAPD */

#define RELEASE_COMPLETE 0x5a

static const struct {
	int type;
	const char *name;
} messages[] = {
	{0x01, "alerting"}, {0x02, "proceeding"}, {0x03, "progress"}, {0x05, "setup"}, {0x07, "connect"}, {0x0d, "setup-ack"}, {0x0f, "connect-ack"},
	{0x20, "user-info"}, {0x26, "resume"}, {0x2e, "resume-ack"}, {0x25, "suspend"}, {0x45, "disconnect"}, {0x46, "restart"}, {0x4d, "release"},
	{0x4e, "restart-ack"}, {0x5a, "release-complete"}, {0x62, "facility"}, {0x6e, "notify"}, {0x75, "status-enquiry"}, {0x7b, "information"},
	{0x7d, "status"}, {0x24, "hold"}, {0x28, "hold-ack"}, {0x31, "retrieve"}, {0x33, "retrieve-ack"},
};

const char *q931_name(int type)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].type == type)
			return messages[i].name;
	return "unknown";
}

int q931_type(const char *name)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (!strcmp(messages[i].name, name))
			return messages[i].type;
	return -1;
}

/* --- looking into frames ------------------------------------------------------------------------------------------- */

static bool is_information(const uint8_t *f, size_t len)
{
	return len > HEADER && !(f[2] & 1);
}

/* Where the type of a message is: past the discriminator and the call reference. 0: no message of Q.931 is in this frame. */
static size_t type_at(const uint8_t *f, size_t len)
{
	if (!is_information(f, len) || f[HEADER] != Q931 || len < HEADER + 2)
		return 0;
	size_t at = HEADER + 2 + (f[HEADER + 1] & 15);
	return at < len ? at : 0;
}

static const char *control_name(const uint8_t *f, size_t len)
{
	if (len < 3)
		return "short";
	if (!(f[2] & 1))
		return "I";
	if ((f[2] & 3) == 1)
		return (const char *[]){"RR", "RNR", "REJ", "S"}[f[2] >> 2 & 3];
	switch (f[2] & 0xef) {
	case 0x6f:
		return "SABME";
	case 0x63:
		return "UA";
	case 0x0f:
		return "DM";
	case 0x43:
		return "DISC";
	case 0x03:
		return "UI";
	case 0x87:
		return "FRMR";
	}
	return "U";
}

static void tell_frame(enum direction dir, const uint8_t *f, size_t len)
{
	char hex[2 * MAX_FRAME + 1];
	to_hex(f, len, hex);
	json_t *e = json_pack("{s:s, s:s, s:I, s:s, s:s}", "event", "frame", "dir", dir == TX ? "tx" : "rx", "at", (json_int_t)now_ms(), "l2", control_name(f, len),
			      "hex", hex);
	bool numbered = len >= HEADER && (f[2] & 3) != 3;
	if (numbered) {
		json_object_set_new(e, "nr", json_integer(f[3] >> 1));
		json_object_set_new(e, "poll", json_boolean(f[3] & 1));
	} else if (len > 2) {
		json_object_set_new(e, "poll", json_boolean(f[2] & 0x10));
	}
	size_t at = type_at(f, len);
	if (at) {
		json_object_set_new(e, "q931", json_string(q931_name(f[at])));
		json_object_set_new(e, "ns", json_integer(f[2] >> 1));
	}
	tell(e);
}

static void write_pcap(struct wire *w, const uint8_t *f, size_t len)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	const uint32_t header[] = {t.tv_sec, t.tv_nsec / 1000, len, len};
	fwrite(header, sizeof(header), 1, w->pcap);
	fwrite(f, len, 1, w->pcap);
	fflush(w->pcap);
}

bool wire_pcap(struct wire *w, const char *path)
{
	const uint32_t header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, MAX_FRAME, LINKTYPE};
	w->pcap = fopen(path, "wb");
	return w->pcap && fwrite(header, sizeof(header), 1, w->pcap) == 1;
}

/* --- what befalls them --------------------------------------------------------------------------------------------- */

static struct rule *rule_for(struct wire *w, enum direction dir, int type)
{
	for (unsigned i = 0; i < w->rule_count; i++) {
		struct rule *r = &w->rules[i];
		if (r->dir == dir && r->count && (r->type < 0 || r->type == type))
			return r;
	}
	return NULL;
}

static void put(struct frame *f, const uint8_t *octets, size_t at, size_t len)
{
	if (at + len > sizeof(f->octets) - 2)
		len = sizeof(f->octets) - 2 - at;
	memcpy(f->octets + at, octets, len);
	f->len = at + len;
}

static void apply_rules(struct wire *w, enum direction dir, struct frame *f)
{
	size_t at = type_at(f->octets, f->len);
	struct rule *r = at ? rule_for(w, dir, f->octets[at]) : NULL;
	if (!r)
		return;
	r->count--;
	tell(json_pack("{s:s, s:s, s:s, s:s}", "event", "rule", "dir", dir == TX ? "tx" : "rx", "q931", q931_name(f->octets[at]), "action",
		       (const char *[]){"drop", "delay", "replace", "append"}[r->action]));
	switch (r->action) {
	case DROP:
		f->octets[HEADER] = LOST;
		break;
	case DELAY:
		f->due += r->ms;
		break;
	case REPLACE:
		put(f, r->octets, HEADER, r->len);
		break;
	case APPEND:
		put(f, r->octets, f->len, r->len);
		break;
	}
}

/* In order: none overtakes another that was delayed. */
static void enqueue(struct wire *w, enum direction dir, const uint8_t *octets, size_t len)
{
	struct frame **last = &w->queue[dir], *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->due = now_ms() + w->delay[dir];
	put(f, octets, 0, len);
	if (dir == TX && w->instead && is_information(octets, len)) {
		put(f, w->instead, HEADER, w->instead_len);
		w->instead = NULL;
	}
	size_t at = type_at(f->octets, f->len);
	if (dir == TX && w->refusal && at && f->octets[at] == RELEASE_COMPLETE && at + 4 < f->len) {
		f->octets[at + 4] = 0x80 | w->refusal;
		w->refusal = 0;
	}
	apply_rules(w, dir, f);
	for (; *last; last = &(*last)->next)
		if ((*last)->due > f->due)
			f->due = (*last)->due;
	*last = f;
}

static struct frame *due(struct wire *w, enum direction dir)
{
	struct frame *f = w->queue[dir];
	if (!f || f->due > now_ms())
		return NULL;
	w->queue[dir] = f->next;
	return f;
}

int wire_due(const struct wire *w)
{
	int64_t soonest = -1, now = now_ms();
	for (int dir = RX; dir <= TX; dir++)
		if (w->queue[dir]) {
			int64_t left = (int64_t)w->queue[dir]->due - now;
			left = left < 0 ? 0 : left;
			soonest = soonest < 0 || left < soonest ? left : soonest;
		}
	return soonest;
}

/* --- the descriptor ------------------------------------------------------------------------------------------------ */

static const char *event_name(int code)
{
	switch (code) {
	case DAHDI_EVENT_ALARM:
		return "alarm";
	case DAHDI_EVENT_NOALARM:
		return "no-alarm";
	case DAHDI_EVENT_ABORT:
		return "abort";
	case DAHDI_EVENT_OVERRUN:
		return "overrun";
	case DAHDI_EVENT_BADFCS:
		return "bad-fcs";
	case DAHDI_EVENT_REMOVED:
		return "removed";
	}
	return "other";
}

/* What waited instead of a frame. False when the channel is no more. */
static bool tell_dahdi(struct wire *w)
{
	int code = 0;
	bool alive = !ioctl(w->fd, DAHDI_GETEVENT, &code);
	if (!alive)
		code = DAHDI_EVENT_REMOVED;
	if (code)
		tell(json_pack("{s:s, s:s, s:i}", "event", "dahdi", "what", event_name(code), "code", code));
	return alive && code != DAHDI_EVENT_REMOVED;
}

bool wire_read(struct wire *w)
{
	uint8_t octets[MAX_FRAME];
	ssize_t n = read(w->fd, octets, sizeof(octets));
	if (n < 0 && errno == ELAST)
		return tell_dahdi(w);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return w->dahdi;
	if (w->checked)
		n -= 2;
	if (n < 3)
		return true;
	if (w->pcap)
		write_pcap(w, octets, n);
	if (w->trace)
		tell_frame(RX, octets, n);
	if (!w->silent[RX])
		enqueue(w, RX, octets, n);
	return true;
}

size_t wire_take(struct wire *w, uint8_t *octets, size_t size)
{
	struct frame *f = due(w, RX);
	if (!f)
		return 0;
	size_t len = f->len < size ? f->len : size;
	memcpy(octets, f->octets, len);
	free(f);
	return len;
}

void wire_send(struct wire *w, const uint8_t *octets, size_t len)
{
	if (w->silent[TX] || w->fd < 0)
		return;
	enqueue(w, TX, octets, len);
	wire_flush(w);
}

void wire_flush(struct wire *w)
{
	struct frame *f;
	while ((f = due(w, TX))) {
		if (w->pcap)
			write_pcap(w, f->octets, f->len);
		if (w->trace)
			tell_frame(TX, f->octets, f->len);
		if (w->fd >= 0 && write(w->fd, f->octets, f->len + (w->checked ? 2 : 0)) < 0)
			tell_error("cannot send a frame", strerror(errno));
		free(f);
	}
}
