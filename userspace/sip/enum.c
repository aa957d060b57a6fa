// SPDX-License-Identifier: GPL-3.0-or-later
/* ENUM: the DDDS application of RFC 6116. The first well known rule makes a domain of the number (2), NAPTR records are taken in their order (3.2,
 * RFC 3402), and a terminal one makes the URI. Written as if every answer were known (struct dns_search). */
#include "sip/enum.h"
#include "base/mem.h"
#include "sip/enum_rewrite.h"
#include "sip/uri.h"
#include <errno.h>

#define DIGITS_MAX 15
#define DEPTH_MAX  5  /* non-terminal records */
#define URI_MAX	   1024

struct sip_enum {
	struct dns_search search;
	char number[DIGITS_MAX + 2]; /* the Application Unique String: "+441632960083" */
	char domain[DNS_NAME_MAX + 1];
	sip_enum_fn fn;
	void *arg;
	struct buf uris;
	unsigned n;
	int failed;
};

/* 2: "+", digits only; reversed, parted by dots, under the suffix. */
static int take_number(struct sip_enum *e, struct slice number, struct slice suffix)
{
	struct buf domain = buf_fixed(e->domain, sizeof e->domain);
	if (number.len < 2 || number.len > DIGITS_MAX + 1 || number.p[0] != '+')
		return -EINVAL;
	for (size_t i = number.len - 1; i; i--) {
		if (number.p[i] < '0' || number.p[i] > '9')
			return -EINVAL;
		buf_char(&domain, number.p[i]);
		buf_char(&domain, '.');
	}
	buf_slice(&domain, suffix);
	buf_z(&domain);
	return domain.err ? -EINVAL : slice_copy(number, e->number, sizeof e->number);
}

/* 3.4.3: "E2U+" and enumservices parted by "+", one of which leads to a SIP URI (RFC 3764 "sip", RFC 4769 "pstn:sip"). */
static bool is_sip_service(struct slice service)
{
	struct slice first = slice_cut(&service, '+');
	if (!slice_caseeq(first, SLICE("E2U")))
		return false;
	while (slice_is_set(service)) {
		struct slice one = slice_cut(&service, '+');
		if (slice_caseeq(one, SLICE("sip")) || slice_caseeq(one, SLICE("pstn:sip")))
			return true;
	}
	return false;
}

static bool is_sip_uri(struct slice text)
{
	struct sip_uri u;
	return !sip_uri_parse(&u, text) && u.scheme <= SIP_SCHEME_SIPS;
}

/* A rule that makes no SIP URI of this number is passed over (RFC 3402 4). */
static void take_terminal(struct sip_enum *e, const struct dns_naptr *r)
{
	char text[URI_MAX];
	struct buf uri = buf_fixed(text, sizeof text);
	if (e->n == SIP_ENUM_MAX || sip_enum_rewrite(&uri, slice_str(r->regexp), e->number) || !is_sip_uri(buf_text(&uri)))
		return;
	buf_slice(&e->uris, buf_text(&uri));
	buf_char(&e->uris, '\0');
	e->n++;
}

static int compare(const struct dns_naptr *a, const struct dns_naptr *b)
{
	return a->order != b->order ? (int)a->order - (int)b->order : (int)a->preference - (int)b->preference;
}

/* RFC 3403 4.1: by order, then preference. */
static unsigned in_order(const struct dns_naptr *out[SIP_ENUM_MAX], const struct dns_answer *a)
{
	unsigned n = 0;
	for (unsigned i = 0; i < a->n; i++) {
		const struct dns_naptr *r = &a->record[i].naptr;
		unsigned at = n < SIP_ENUM_MAX ? n : SIP_ENUM_MAX;
		for (; at && compare(out[at - 1], r) > 0; at--)
			if (at < SIP_ENUM_MAX)
				out[at] = out[at - 1];
		if (at < SIP_ENUM_MAX)
			out[at] = r;
		n = n < SIP_ENUM_MAX ? n + 1 : n;
	}
	return n;
}

/* The records at `domain`; those without flags lead on (RFC 3403 4.1, RFC 6116 3.4.1.1 wants few of them). */
static void follow(struct sip_enum *e, struct slice domain, unsigned depth)
{
	const struct dns_naptr *r[SIP_ENUM_MAX];
	const struct dns_answer *a = dns_search_get(&e->search, domain, DNS_NAPTR);
	if (!a)
		return;
	if (a->err && a->err != -ENOENT && a->err != -ENODATA)
		e->failed = a->err;
	unsigned n = in_order(r, a);
	for (unsigned i = 0; i < n; i++) {
		if (slice_caseeq(slice_str(r[i]->flags), SLICE("u")) && is_sip_service(slice_str(r[i]->service)))
			take_terminal(e, r[i]);
		else if (!*r[i]->flags && *r[i]->replacement && depth < DEPTH_MAX)
			follow(e, slice_str(r[i]->replacement), depth + 1);
		else if (!*r[i]->flags && *r[i]->replacement)
			e->failed = -ELOOP;
	}
}

static int uris_new(struct sip_enum_uris **ret, const struct sip_enum *e)
{
	struct sip_enum_uris *u = mem_alloc(sizeof *u + e->n * sizeof u->uri[0] + e->uris.len, NULL);
	if (!u)
		return -ENOMEM;
	char *text = (char *)&u->uri[e->n];
	memcpy(text, e->uris.p, e->uris.len);
	for (u->n = 0; u->n < e->n; text += strlen(text) + 1)
		u->uri[u->n++] = text;
	*ret = u;
	return 0;
}

static int decide(struct sip_enum *e, struct sip_enum_uris **ret)
{
	buf_reset(&e->uris);
	e->n = 0;
	e->failed = 0;
	follow(e, slice_str(e->domain), 0);
	if (!dns_search_done(&e->search))
		return -EINPROGRESS;
	if (e->uris.err)
		return -ENOMEM;
	return e->n ? uris_new(ret, e) : e->failed ? e->failed : -ENOENT;
}

static void run_again(void *arg)
{
	struct sip_enum *e = mem_ref(arg);
	struct sip_enum_uris *uris = NULL;
	int err = decide(e, &uris);
	if (err != -EINPROGRESS)
		e->fn(e->arg, err, uris);
	mem_deref(uris);
	mem_deref(e);
}

static void enum_destroy(void *obj)
{
	struct sip_enum *e = obj;
	dns_search_fini(&e->search);
	buf_reset(&e->uris);
}

int sip_enum(struct sip_enum_uris **uris, struct sip_enum **pending, struct dns *d, struct slice number, struct slice suffix, sip_enum_fn fn,
	     void *arg)
{
	struct sip_enum *e = mem_alloc(sizeof *e, enum_destroy);
	if (!e)
		return -ENOMEM;
	dns_search_init(&e->search, d, run_again, e);
	e->fn = fn;
	e->arg = arg;
	int err = take_number(e, number, suffix);
	err = err ? err : decide(e, uris);
	if (err == -EINPROGRESS)
		*pending = e;
	else
		mem_deref(e);
	return err;
}
