// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/message_waiting.h"
#include "base/log.h"
#include "callagent/mgcp_line.h"
#include <errno.h>

#define RECORD SLICE("wait")

void message_waiting_set(struct mgcp_line *l, bool waiting)
{
	struct store *store = l->agent->store;
	const struct slice name = slice_str(l->tel->name);
	int err = !store ? 0 : waiting ? store_put(store, AGENT_STORE_MESSAGES, name, RECORD) : store_del(store, AGENT_STORE_MESSAGES, name);
	if (err)
		log_warn(l->object, "whether messages wait is not kept: %s", strerror(-err));
	mgcp_line_messages(l, waiting);
}

static int on_record(struct slice name, struct slice value, void *arg)
{
	struct agent *a = arg;
	struct mgcp_line *l = mgcp_lines_find(&a->mgcp_lines, name);
	if (!l)
		return store_del(a->store, AGENT_STORE_MESSAGES, name);
	l->messages = true;
	return 0;
}

int message_waiting_restore(struct agent *a)
{
	return store_load(a->store, AGENT_STORE_MESSAGES, on_record, a);
}

bool message_waiting_is(const struct sip_msg *notify)
{
	const struct sip_hdr *event = sip_msg_hdr(notify, SIP_HDR_EVENT);
	struct slice value = event ? event->value : SLICE_NONE;
	return slice_caseeq(slice_trim(slice_cut(&value, ';')), SLICE("message-summary"));
}

/* RFC 3842 5.2: "Messages-Waiting: yes" is the first line; what waits is not told to telephones. */
static int read_summary(struct slice body, bool *waiting)
{
	struct slice value = slice_line(&body), name = slice_cut(&value, ':');
	value = slice_trim(value);
	*waiting = slice_caseeq(value, SLICE("yes"));
	return slice_caseeq(slice_trim(name), SLICE("Messages-Waiting")) && (*waiting || slice_caseeq(value, SLICE("no"))) ? 0 : -EBADMSG;
}

void message_waiting_told(struct agent *a, struct sip_strans *st, const struct sip_msg *notify)
{
	const struct tel_line *tel = tel_lines_called(&a->tel_lines, notify->ruri.user);
	struct mgcp_line *l = tel ? mgcp_lines_find(&a->mgcp_lines, slice_str(tel->name)) : NULL;
	bool waiting = false;
	unsigned status = !l ? 404 : read_summary(notify->body, &waiting) ? 400 : 200;
	if (status == 200) {
		log_info(l->object, "%s", waiting ? "messages wait for its user" : "no messages wait for its user");
		message_waiting_set(l, waiting);
	}
	sip_reply_once(st, status, NULL, SLICE_NONE);
}
