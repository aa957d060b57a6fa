// SPDX-License-Identifier: GPL-3.0-or-later
/* Header values by group: the first byte chooses the row, the rest is the value. What parses is read again from what is written. */
#include "base/mem.h"
#include "routing/headers.h"
#include "registrar/gruu.h"
#include "sip/digest_hash.h"
#include "sip/oc.h"
#include "sip/parse.h"
#include "sip/replaces.h"
#include <stdlib.h>

static void within(struct slice part, struct slice whole)
{
	if (slice_is_set(part) && (part.p < whole.p || slice_end(part) > slice_end(whole)))
		abort();
}

/* From, To, Contact, Route, Refer-To, Diversion, ...: rewritten for the other side it still is one, with no control character in it. */
static void address(struct slice v)
{
	struct sip_nameaddr na, again;
	struct buf out = buf_growing();
	if (!sip_nameaddr_parse(&na, v)) {
		within(na.display, v);
		within(na.uri.text, v);
		within(na.params, v);
		if (!sip_has_control(v) && headers_rewrite_value(&out, v, SLICE("192.0.2.1")) &&
		    (sip_has_control(buf_text(&out)) || sip_nameaddr_parse(&again, buf_text(&out))))
			abort();
	}
	buf_reset(&out);
}

static void via(struct slice v)
{
	struct sip_via a;
	if (sip_via_parse(&a, v))
		return;
	within(a.host, v);
	within(a.branch, v);
	if (!a.host.len || !a.transport.len)
		abort();
}

static void cseq(struct slice v)
{
	struct sip_cseq c;
	if (!sip_cseq_parse(&c, v) && (c.number > INT32_MAX || !c.method_text.len))
		abort();
}

static void credentials(struct slice v)
{
	struct digest_fields f;
	if (!digest_parse(&f, v))
		within(f.nonce, v);
}

/* Lists and parameters of any header: every part is within, and the walk ends. */
static void list(struct slice v)
{
	struct slice rest = v;
	for (size_t n = 0; slice_is_set(rest); n++) {
		struct slice one = sip_cut(&rest, ','), params = one;
		struct sip_param_item it;
		within(one, v);
		slice_cut(&params, ';');
		while (sip_param_next(&params, &it, NULL))
			within(it.name, v);
		if (n > v.len + 1)
			abort();
	}
}

static void display(struct slice v)
{
	struct buf out = buf_growing();
	sip_write_display(&out, v);
	if (sip_has_control(buf_text(&out)) && !memchr(v.p, '\t', v.len))
		abort();
	buf_reset(&out);
	sip_write_quoted(&out, v);
	if (sip_has_control(buf_text(&out)) || sip_quoted_len(buf_text(&out)) != out.len)
		abort();
	buf_reset(&out);
}

/* Replaces, and what else stands behind the "?" of Refer-To: unescaped it is read as a header value. */
static void replaces(struct slice v)
{
	struct sip_replaces r;
	struct sip_uri uri;
	struct buf out = buf_growing();
	(void)sip_target_dialog_parse(&r, v);
	if (!sip_replaces_parse(&r, v)) {
		within(r.call_id, v);
		if (!r.to_tag.len || !r.from_tag.len || !r.call_id.len)
			abort();
	}
	if (!sip_uri_parse(&uri, v) && !sip_uri_header(&out, &uri, SLICE("Replaces")) && !sip_replaces_parse(&r, buf_text(&out)))
		within(r.to_tag, buf_text(&out));
	buf_reset(&out);
}

/* The parameters of Via that say how much a server takes (RFC 7339): whatever they say, some of what is asked goes there. */
static void overload(struct slice v)
{
	struct sip_oc oc = {0};
	struct addr peer;
	unsigned passed = 0;
	addr_parse(&peer, SLICE("192.0.2.1:5060"), 0);
	if (sip_oc_init(&oc))
		abort();
	sip_oc_heard(&oc, &peer, v);
	for (unsigned i = 0; i < 10; i++)
		passed += !sip_oc_holds_back(&oc, &peer);
	if (!oc.n && passed != 10)
		abort();
	sip_oc_fini(&oc);
}

/* URIs of one instance (RFC 5627): no number but one that we signed. */
static void gruu(struct slice v)
{
	static const uint8_t key[GRUU_KEY_LEN];
	struct sip_uri uri;
	uint64_t number;
	if (sip_uri_parse(&uri, v))
		return;
	within(gruu_of(&uri), v);
	gruu_number(&uri, key, &number);
	within(sip_uri_request(v), v);
}

static void (*const groups[])(struct slice v) = {address, via, cseq, credentials, list, display, replaces, overload, gruu};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	groups[data[0] % (sizeof groups / sizeof *groups)](slice_of((const char *)data + 1, size - 1));
	if (mem_blocks())
		abort();
	return 0;
}
