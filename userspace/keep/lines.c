// SPDX-License-Identifier: GPL-3.0-or-later
#include "keep/lines.h"
#include "base/mem.h"
#include "tdm/driver.h"
#include <errno.h>

static struct tdm_setup *configured;

void lines_configure(const struct conf *conf)
{
	struct tdm_setup *s = NULL;
	struct buf why = buf_growing();
	tdm_setup_load(&s, conf, &why);
	buf_reset(&why);
	mem_deref(configured);
	configured = s;
}

void lines_forget(void)
{
	configured = mem_deref(configured);
}

static bool is_configured(json_int_t channel)
{
	return channel > 0 && channel <= TDM_MAX_CHANNELS && configured && configured->channels[channel].signalling != TDM_UNUSED;
}

int lines_open(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	const json_t *channel = json_object_get(request, "channel");
	json_int_t number = json_integer_value(channel);
	*n = 0;
	if (!json_is_integer(channel))
		return -EINVAL;
	if (number && !is_configured(number))
		return -EPERM;
	int fd = tdm_dahdi.open((unsigned)number);
	if (fd < 0)
		return fd;
	fds[0] = fd;
	*n = 1;
	*reply = json_object();
	return 0;
}
