// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/q931_print.h"
#include "isdn/q931.h"
#include "isdn/q931_names.h"

#define MANAGEMENT_SAPI   63
#define MAINTENANCE       0x03 /* protocol discriminators */
#define MAINTENANCE_OF_NI 0x43
#define CALL_CONTROL      0x08

/* --- messages (Q.931 4) ------------------------------------------------------------------------------------------------ */

/* The shifts of 4.5.3 and 4.5.4: in *codeset for all that follow, in *once for the next one. */
static bool is_shift(unsigned id, unsigned *codeset, unsigned *once)
{
	if ((id & 0xf0) != 0x90)
		return false;
	if (id & 8)
		*once = id & 7;
	else
		*codeset = *once = id & 7;
	return true;
}

static void print_elements(struct buf *out, struct slice rest)
{
	struct slice contents;
	unsigned codeset = 0, once = 0;
	for (int id; (id = q931_next_element(&rest, &contents)) >= 0;) {
		if (is_shift((unsigned)id, &codeset, &once))
			continue;
		buf_str(out, "    ");
		q931_print_element(out, once, (unsigned)id, (const uint8_t *)contents.p, contents.len);
		buf_char(out, '\n');
		once = codeset;
	}
	if (rest.len) {
		buf_str(out, "    cut short: ");
		buf_hex(out, rest.p, rest.len);
		buf_char(out, '\n');
	}
}

static const struct q931_code *messages_of(unsigned discriminator)
{
	return discriminator == MAINTENANCE	  ? q931_maintenance_att :
	       discriminator == MAINTENANCE_OF_NI ? q931_maintenance_national :
	       discriminator == CALL_CONTROL	  ? q931_messages :
						    NULL;
}

/* 4.3 */
static void print_reference(struct buf *out, const uint8_t *p, size_t n)
{
	unsigned value = n ? p[0] & 0x7f : 0;
	for (size_t i = 1; i < n; i++)
		value = value << 8 | p[i];
	if (!n)
		buf_str(out, ", dummy call reference");
	else if (!value)
		buf_printf(out, ", global call reference%s", p[0] & 0x80 ? " of the receiver" : "");
	else
		buf_printf(out, ", call %u of the %s", value, p[0] & 0x80 ? "receiver" : "sender");
}

static void print_message(struct buf *out, struct slice m)
{
	const uint8_t *p = (const uint8_t *)m.p;
	size_t reference = m.len > 1 ? p[1] & 15 : 0;
	const struct q931_code *names = messages_of(p[0]);
	if (m.len < 3 + reference || !names) {
		buf_str(out, names ? "message cut short: " : "unknown protocol: ");
		buf_hex(out, m.p, m.len);
		buf_char(out, '\n');
		return;
	}
	const char *name = q931_name(names, p[2 + reference]);
	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "message of type %02x", p[2 + reference]);
	print_reference(out, p + 2, reference);
	buf_char(out, '\n');
	print_elements(out, slice_from(m, 3 + reference));
}

/* --- frames (Q.921 3) ---------------------------------------------------------------------------------------------------- */

/* TEI management, 5.3.1: an unnumbered frame of its own. */
static void print_management(struct buf *out, struct slice m)
{
	const uint8_t *p = (const uint8_t *)m.p;
	if (m.len < 5 || p[0] != 0x0f) {
		buf_str(out, "management: ");
		buf_hex(out, m.p, m.len);
	} else {
		const char *name = q931_name(q921_tei_messages, p[3]);
		buf_printf(out, "TEI management: %s, reference %u, TEI %u", name ? name : "?", p[1] << 8 | p[2], p[4] >> 1);
	}
	buf_char(out, '\n');
}

static void print_control(struct buf *out, const uint8_t *p, size_t n)
{
	unsigned c = p[2], c2 = n > 3 ? p[3] : 0;
	const char *name;
	if ((c & 3) == 3) {
		name = q931_name(q921_unnumbered, c & 0xef);
		buf_printf(out, name ? "%s" : "unnumbered %s", name ? name : "frame");
		buf_printf(out, " P/F=%u", c >> 4 & 1);
	} else if (c & 1) {
		name = q931_name(q921_supervisory, c);
		buf_printf(out, "%s N(R)=%u P/F=%u", name ? name : "supervisory frame", c2 >> 1, c2 & 1);
	} else {
		buf_printf(out, "I N(S)=%u N(R)=%u P=%u", c >> 1, c2 >> 1, c2 & 1);
	}
}

void q921_print(struct buf *out, const uint8_t *octets, size_t n)
{
	if (n < 3 || ((octets[2] & 3) != 3 && n < 4)) {
		buf_str(out, "frame cut short: ");
		buf_hex(out, octets, n);
		buf_char(out, '\n');
		return;
	}
	struct slice m = q931_message(octets, n);
	unsigned sapi = octets[0] >> 2;
	print_control(out, octets, n);
	buf_printf(out, ", SAPI %u, TEI %u, C/R %u\n", sapi, octets[1] >> 1, octets[0] >> 1 & 1);
	if (m.len && sapi == MANAGEMENT_SAPI)
		print_management(out, m);
	else if (m.len)
		print_message(out, m);
}
