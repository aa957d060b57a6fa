// SPDX-License-Identifier: GPL-2.0-or-later
/* Information elements in words (Q.931 4.5), a row each. */
#include "isdn/q931_names.h"
#include "isdn/q931_print.h"

/* A code by its name, else by its number. */
static void put_code(struct buf *out, const struct q931_code *table, unsigned value)
{
	const char *name = q931_name(table, value);
	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "%u", value);
}

static void put_text(struct buf *out, const uint8_t *p, size_t n)
{
	buf_char(out, '"');
	for (size_t i = 0; i < n; i++)
		buf_char(out, p[i] >= ' ' && p[i] < 0x7f && p[i] != '"' ? (char)p[i] : '.');
	buf_char(out, '"');
}

/* Octets that continue one another: those from *at up to one with the extension bit set; *at moves behind them. */
static size_t group_of(const uint8_t *p, size_t n, size_t *at)
{
	size_t first = *at;
	while (*at < n && !(p[(*at)++] & 0x80))
		;
	return *at - first;
}

/* 4.5.5 */
static void bearer(struct buf *out, const uint8_t *p, size_t n)
{
	size_t at = 0;
	group_of(p, n, &at);
	put_code(out, q931_capabilities, p[0] & 31);
	if (at >= n)
		return;
	unsigned rate = p[at] & 31, mode = p[at] >> 5 & 3;
	buf_printf(out, mode == 2 ? ", packet" : rate == 0x10 ? ", 64 kbit/s" : rate == 0x18 ? ", multirate" : ", rate %u", rate);
	group_of(p, n, &at);
	if (rate == 0x18 && at < n)
		buf_printf(out, " %u x 64 kbit/s", p[at++] & 0x7f);
	if (at < n && (p[at] >> 5 & 3) == 1) {
		buf_str(out, ", ");
		put_code(out, q931_layer1, p[at] & 31);
	}
}

/* Q.850 2.1 */
static void cause(struct buf *out, const uint8_t *p, size_t n)
{
	size_t at = 0;
	group_of(p, n, &at);
	if (at >= n) {
		buf_str(out, "cut short");
		return;
	}
	unsigned value = p[at] & 0x7f;
	buf_printf(out, "%u, ", value);
	put_code(out, q931_causes, value);
	buf_str(out, ", from: ");
	put_code(out, q931_locations, p[0] & 15);
	if (++at < n) {
		buf_str(out, ", diagnostics ");
		buf_hex(out, p + at, n - at);
	}
}

static void call_state(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "%u, ", p[0] & 63);
	put_code(out, q931_call_states, p[0] & 63);
}

static void channel_numbers(struct buf *out, const uint8_t *p, size_t n, bool map)
{
	buf_str(out, map ? ", map " : ", channel ");
	if (map)
		buf_hex(out, p, n);
	for (size_t i = 0; i < n && !map; i++)
		buf_printf(out, "%s%u", i ? "," : "", p[i] & 0x7f);
}

/* 4.5.13 */
static void channel(struct buf *out, const uint8_t *p, size_t n)
{
	static const char *const selections[] = {"no channel", "", "channel B2", "any channel"};
	bool primary = p[0] & 0x20, named = p[0] & 0x40;
	size_t at = 1;
	buf_str(out, p[0] & 8 ? "exclusive" : "preferred");
	if (p[0] & 4)
		buf_str(out, ", the D-channel");
	if (named && at < n) {
		buf_printf(out, ", interface %u", p[at] & 0x7f);
		group_of(p, n, &at);
	}
	if (!primary)
		buf_printf(out, ", %s", (p[0] & 3) == 1 ? "channel B1" : selections[p[0] & 3]);
	else if ((p[0] & 3) != 1)
		buf_printf(out, ", %s", selections[p[0] & 3]);
	else if (at + 1 < n)
		channel_numbers(out, p + at + 1, n - at - 1, p[at] & 0x10);
}

/* 4.5.23 */
static void progress(struct buf *out, const uint8_t *p, size_t n)
{
	if (n < 2) {
		buf_str(out, "cut short");
		return;
	}
	buf_printf(out, "%u, ", p[1] & 0x7f);
	put_code(out, q931_progress, p[1] & 0x7f);
	buf_str(out, ", from: ");
	put_code(out, q931_locations, p[0] & 15);
}

/* 4.5.8, 4.5.10, and those made like them: octets 3a and 3b when they are there */
static void number(struct buf *out, const uint8_t *p, size_t n)
{
	size_t at = 0, header = group_of(p, n, &at);
	put_text(out, p + at, n - at);
	buf_str(out, ", ");
	put_code(out, q931_number_types, p[0] >> 4 & 7);
	buf_str(out, ", ");
	put_code(out, q931_plans, p[0] & 15);
	if (header > 1) {
		buf_str(out, ", ");
		put_code(out, q931_presentations, p[1] >> 5 & 3);
		buf_str(out, ", ");
		put_code(out, q931_screenings, p[1] & 3);
	}
	if (header > 2) {
		buf_str(out, ", ");
		put_code(out, q931_redirections, p[2] & 15);
	}
}

static void text(struct buf *out, const uint8_t *p, size_t n)
{
	/* Display may begin with a character set (octet 3 of 4.5.16 in some networks). */
	put_text(out, p[0] & 0x80 ? p + 1 : p, p[0] & 0x80 ? n - 1 : n);
}

static void user_user(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "protocol %u, ", p[0]);
	put_text(out, p + 1, n - 1);
}

static void notification(struct buf *out, const uint8_t *p, size_t n)
{
	put_code(out, q931_notifications, p[0] & 0x7f);
}

static void restart(struct buf *out, const uint8_t *p, size_t n)
{
	put_code(out, q931_restarts, p[0] & 7);
}

static void signal_tone(struct buf *out, const uint8_t *p, size_t n)
{
	put_code(out, q931_signals, p[0]);
}

static void change_status(struct buf *out, const uint8_t *p, size_t n)
{
	put_code(out, q931_statuses, p[0] & 15);
}

static void date(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && i < 6; i++)
		buf_printf(out, "%s%02u", i == 0 ? "" : i < 3 ? "-" : i == 3 ? " " : ":", p[i]);
}

static const struct {
	uint8_t codeset, id;
	const char *name;
	void (*print)(struct buf *out, const uint8_t *p, size_t n); /* of at least one octet; NULL: in hexadecimal */
} elements[] = {
	{0, 0x00, "Segmented message", NULL},
	{0, 0x01, "Change status", change_status},
	{0, 0x04, "Bearer capability", bearer},
	{0, 0x08, "Cause", cause},
	{0, 0x10, "Call identity", NULL},
	{0, 0x14, "Call state", call_state},
	{0, 0x18, "Channel identification", channel},
	{0, 0x1c, "Facility", NULL},
	{0, 0x1e, "Progress indicator", progress},
	{0, 0x20, "Network-specific facilities", NULL},
	{0, 0x27, "Notification indicator", notification},
	{0, 0x28, "Display", text},
	{0, 0x29, "Date and time", date},
	{0, 0x2c, "Keypad facility", text},
	{0, 0x34, "Signal", signal_tone},
	{0, 0x36, "Switchhook", NULL},
	{0, 0x38, "Feature activation", NULL},
	{0, 0x39, "Feature indication", NULL},
	{0, 0x40, "Information rate", NULL},
	{0, 0x42, "Transit delay", NULL},
	{0, 0x4a, "Reverse charging indication", NULL},
	{0, 0x4c, "Connected number", number},
	{0, 0x4d, "Connected subaddress", NULL},
	{0, 0x6c, "Calling party number", number},
	{0, 0x6d, "Calling party subaddress", NULL},
	{0, 0x70, "Called party number", number},
	{0, 0x71, "Called party subaddress", NULL},
	{0, 0x74, "Redirecting number", number},
	{0, 0x76, "Redirection number", number},
	{0, 0x78, "Transit network selection", NULL},
	{0, 0x79, "Restart indicator", restart},
	{0, 0x7c, "Low layer compatibility", bearer},
	{0, 0x7d, "High layer compatibility", NULL},
	{0, 0x7e, "User-user", user_user},
	{0, 0xa0, "More data", NULL},
	{0, 0xa1, "Sending complete", NULL},
	{6, 0x01, "Originating line information", NULL},
	{6, 0x37, "Generic digits", NULL},
};

void q931_print_element(struct buf *out, unsigned codeset, unsigned id, const uint8_t *p, size_t n)
{
	size_t i = 0, count = sizeof(elements) / sizeof(elements[0]);
	while (i < count && (elements[i].codeset != codeset || elements[i].id != id))
		i++;
	if (i < count)
		buf_str(out, elements[i].name);
	else
		buf_printf(out, "Element %02x of codeset %u", id, codeset);
	if (!n)
		return;
	buf_str(out, ": ");
	if (i < count && elements[i].print)
		elements[i].print(out, p, n);
	else
		buf_hex(out, p, n);
}
