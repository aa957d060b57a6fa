// SPDX-License-Identifier: GPL-3.0-or-later
/* Digits in parameters of RFC 3064 (2.7, table 11): "addr(k0,5,5,5,1,2,3,4,s0)". */
#include "mediagw/circuit_internal.h"
#include "mgcp/gateway.h"
#include <errno.h>
#include <string.h>

/* MF's signals, and how media/digits.h spells them. */
static const struct {
	const char *symbol;
	char digit;
} signals[] = {{"k0", '*'}, {"s0", '#'}, {"s1", 'A'}, {"s2", 'B'}, {"s3", 'C'}};

static char digit_of(struct slice one, bool mf)
{
	for (size_t i = 0; mf && i < sizeof signals / sizeof *signals; i++)
		if (slice_caseeq(one, slice_str(signals[i].symbol)))
			return signals[i].digit;
	return one.len == 1 && strchr(mf ? "0123456789" : "0123456789*#ABCD", one.p[0]) ? one.p[0] : '\0';
}

static int digits_of(struct slice list, bool mf, char *out, size_t size)
{
	size_t n = 0;
	while (slice_is_set(list) && !slice_empty(slice_trim(list))) {
		char digit = digit_of(mgcp_list_next(&list), mf);
		if (!digit || n + 1 >= size)
			return -EINVAL;
		out[n++] = digit;
	}
	out[n] = '\0';
	return n ? 0 : -EINVAL;
}

int circuit_address(struct slice params, const char *name, bool mf, char *out, size_t size)
{
	while (slice_is_set(params) && !slice_empty(slice_trim(params))) {
		struct mgcp_event e;
		if (mgcp_event_parse(&e, mgcp_list_next(&params)))
			return -EINVAL;
		if (slice_caseeq(e.name, slice_str(name)))
			return digits_of(e.actions, mf, out, size);
	}
	return -ENOENT;
}

void circuit_mf_write(struct buf *out, struct slice digits)
{
	for (size_t i = 0; i < digits.len; i++) {
		const char *symbol = NULL;
		if (i)
			buf_char(out, ',');
		for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
			if (signals[k].digit == digits.p[i])
				symbol = signals[k].symbol;
		if (symbol)
			buf_str(out, symbol);
		else
			buf_char(out, digits.p[i]);
	}
}
