// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/kept.h"
#include "base/fdstore.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct held_name {
	char text[16];
};

static struct held_name name_of(unsigned channel)
{
	struct held_name n;
	snprintf(n.text, sizeof(n.text), "tdm-%u", channel);
	return n;
}

static int ask(unsigned channel)
{
	json_t *request = json_pack("{s:s, s:i}", "do", "tdm-open", "channel", (int)channel), *reply = NULL;
	int fd = -1;
	unsigned n = 1;
	int err = request ? keep_request(request, &reply, &fd, &n) : -ENOMEM;
	json_decref(reply);
	json_decref(request);
	return err ? err : n ? fd : -EIO;
}

static int open_kept(unsigned channel)
{
	int fd = channel ? fdstore_take(name_of(channel).text) : -1;
	if (fd >= 0)
		return fd;
	/* The machine may have no cards at all: nobody need be asked for that, each second. */
	if (access(TDM_CTL_DEVICE, F_OK))
		return -ENOENT;
	fd = ask(channel);
	return fd == -ENOTCONN ? tdm_dahdi.open(channel) : fd;
}

const struct tdm_driver *tdm_kept(void)
{
	static struct tdm_driver kept;
	kept = tdm_dahdi;
	kept.open = open_kept;
	return &kept;
}

int tdm_hold(unsigned channel, int fd)
{
	return fdstore_put(name_of(channel).text, fd);
}

void tdm_unhold(unsigned channel)
{
	fdstore_remove(name_of(channel).text);
}
