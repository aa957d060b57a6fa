// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/netlink.h"
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#define BUFFER 32768 /* MNL_SOCKET_BUFFER_SIZE is read at run time; this is its ceiling for dumps */

int netlink_open(struct netlink *n, int bus, unsigned groups, int flags)
{
	const int on = 1;
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC | flags);
	if (!s)
		return -errno;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID)) {
		int err = -errno;
		mnl_socket_close(s);
		return err;
	}
	/* Errors in words, and without a copy of what was asked. */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, (void *)&on, sizeof on);
	(void)mnl_socket_setsockopt(s, NETLINK_CAP_ACK, (void *)&on, sizeof on);
	*n = (struct netlink){.socket = s};
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	n->socket = NULL;
}

/* One question: what its answers are given to. */
struct ask {
	mnl_cb_t fn;
	void *arg;
	struct buf *why;
	int err; /* the kernel's answer, which may be any error: those of libmnl's own too */
};

static int on_answer(const struct nlmsghdr *h, void *arg)
{
	const struct ask *a = arg;
	return a->fn ? a->fn(h, a->arg) : MNL_CB_OK;
}

static void read_words(const struct nlmsghdr *h, const struct nlmsgerr *e, struct buf *why)
{
	size_t at = sizeof *e;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		at += mnl_nlmsg_get_payload_len(&e->msg);
	if (at > mnl_nlmsg_get_payload_len(h))
		return;
	const struct nlattr *attr;
	mnl_attr_for_each(attr, h, (unsigned)at)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			buf_str(why, mnl_attr_get_str(attr));
}

static int on_error(const struct nlmsghdr *h, void *arg)
{
	struct ask *a = arg;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	if (mnl_nlmsg_get_payload_len(h) < sizeof *e) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (!e->error)
		return MNL_CB_STOP;
	if (a->why)
		read_words(h, e, a->why);
	a->err = e->error < 0 ? e->error : -e->error;
	return MNL_CB_ERROR;
}

int netlink_ask(struct netlink *n, struct nlmsghdr *h, mnl_cb_t fn, void *arg, struct buf *why)
{
	mnl_cb_t control[] = {[NLMSG_ERROR] = on_error};
	struct ask ask = {fn, arg, why, 0};
	char buf[BUFFER];
	unsigned pid = mnl_socket_get_portid(n->socket);
	h->nlmsg_seq = ++n->seq;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t len = mnl_socket_recvfrom(n->socket, buf, sizeof buf);
		if (len < 0)
			return -errno;
		int rc = mnl_cb_run2(buf, (size_t)len, h->nlmsg_seq, pid, on_answer, &ask, control, sizeof control / sizeof control[0]);
		if (ask.err)
			return ask.err;
		/* What is left of an earlier question that was given up is not for us. */
		if (rc < 0 && errno == EPROTO)
			continue;
		if (rc <= 0)
			return rc < 0 ? -errno : 0;
	}
}
