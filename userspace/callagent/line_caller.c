// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/line_caller.h"
#include "callagent/agent.h"
#include "routing/headers.h"

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "+0123456789*#")];
}

static bool asserted(const struct sip_msg *m, char *out, size_t size)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr na;
	while (m && sip_msg_each(m, SIP_HDR_P_ASSERTED_IDENTITY, &it, &value))
		if (!sip_nameaddr_parse(&na, value) && !na.star && !number_of_uri(&na.uri, out, size) && is_number(out))
			return true;
	return false;
}

void line_caller_number(const struct agent *a, char *name, size_t size)
{
	const struct user *u = is_number(name) || !a->registrar ? NULL : auth_user(registrar_auth(a->registrar), name);
	for (unsigned i = 0; u && i < conf_list_count(user_conf(u), "numbers"); i++)
		if (is_number(conf_list_at(user_conf(u), "numbers", i))) {
			slice_copy(slice_str(conf_list_at(user_conf(u), "numbers", i)), name, size);
			return;
		}
}

/* What a trunk that is believed asserts, unless a route has made another number of the one in its request. */
static bool vouched_for(const struct trunk *t, const struct sip_msg *m, char *number, size_t size)
{
	char own[128] = "", pai[128];
	if (!t->believed || !asserted(m, pai, sizeof(pai)))
		return false;
	if (m->request)
		trunk_caller(&t->numbers, m, own, sizeof(own));
	return (!is_number(number) || !strcmp(own, number)) && !number_read(&t->numbers.plan, t->numbers.in, slice_str(pai), number, size);
}

enum isdn_screening line_caller_identify(const struct agent *a, const struct leg *party, const struct sip_msg *m, char *number, size_t size)
{
	struct trunk *t = party ? trunks_find(&a->trunks, slice_str(party->target)) : NULL;
	if (t && m && vouched_for(t, m, number, size))
		return ISDN_NETWORK;
	const struct tel_line *l = party ? tel_lines_find(&a->tel_lines, slice_str(party->target)) : NULL;
	if (t || !party || (l && l->kind == TEL_ISDN))
		return ISDN_NOT_SCREENED;
	if (!is_number(number) && !slice_copy(slice_str(party->target), number, size))
		line_caller_number(a, number, size);
	return ISDN_PASSED;
}

static bool wants_privacy(const struct shown *caller, const struct sip_msg *invite)
{
	if (caller->presentation != PRESENT_AS_SENT)
		return caller->presentation == PRESENT_RESTRICTED;
	return invite && (headers_want_privacy(invite) || slice_caseeq(invite->from.uri.host, SLICE("anonymous.invalid")) ||
			  slice_caseeq(invite->from.uri.user, SLICE("anonymous")));
}

/* Who is to come in somebody's place sees who stays. */
static const struct leg *caller_of(const struct leg *l)
{
	return l->joins ? call_peer(l->call, l->call->transferor) : l->call->a;
}

void line_caller_read(struct line_caller *ret, const struct agent *a, const struct leg *l, const struct shown *shown, const struct sip_msg *native)
{
	const struct sip_msg *invite = native && native->request && native->method == SIP_INVITE ? native : NULL;
	*ret = (struct line_caller){.hidden = wants_privacy(shown, invite)};
	CDR_SET(ret->number, slice_str(shown->number));
	CDR_SET(ret->name, slice_str(shown->display));
	ret->screening = line_caller_identify(a, caller_of(l), invite, ret->number, sizeof(ret->number));
	if (!is_number(ret->number))
		ret->number[0] = '\0';
	if (!*ret->name && invite)
		sip_display_text(invite->from.display, ret->name, sizeof(ret->name));
}
