// SPDX-License-Identifier: GPL-2.0-or-later
/* Spans within this machine: DAHDI's dynamic_loc joins them in pairs. */
#include "switch.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_PAIRS 4

static int channels_make(int ctl, bool e1, int base)
{
	const int count = e1 ? 31 : 24, d = e1 ? 16 : 24;
	for (int i = 1; i <= count; i++) {
		struct dahdi_chanconfig c = {.chan = base + i - 1, .master = base + i - 1, .sigtype = i == d ? DAHDI_SIG_HDLCFCS : DAHDI_SIG_CLEAR,
					     .deflaw = e1 ? DAHDI_LAW_ALAW : DAHDI_LAW_MULAW};
		if (ioctl(ctl, DAHDI_CHANCONFIG, &c))
			return -errno;
	}
	return 0;
}

static struct dahdi_dynamic_span named(unsigned pair, unsigned side)
{
	struct dahdi_dynamic_span span = {.driver = "loc"};
	snprintf(span.addr, sizeof(span.addr), "%u:%u", pair, side);
	return span;
}

/* Those of an earlier time, if there are any. */
static void spans_remove(int ctl)
{
	for (unsigned i = 2 * MAX_PAIRS; i-- > 0;) {
		struct dahdi_dynamic_span span = named(1 + i / 2, i % 2);
		ioctl(ctl, DAHDI_DYNAMIC_DESTROY, &span);
	}
}

static int span_make(int ctl, bool e1, unsigned pair, unsigned side, int base)
{
	struct dahdi_dynamic_span span = named(pair, side);
	span.numchans = e1 ? 31 : 24;
	if (ioctl(ctl, DAHDI_DYNAMIC_CREATE, &span))
		return -errno;
	struct dahdi_lineconfig line = {.span = span.spanno, .lineconfig = e1 ? DAHDI_CONFIG_CCS | DAHDI_CONFIG_HDB3 : DAHDI_CONFIG_ESF | DAHDI_CONFIG_B8ZS};
	if (ioctl(ctl, DAHDI_SPANCONFIG, &line))
		return -errno;
	int err = channels_make(ctl, e1, base);
	int number = span.spanno;
	return err ? err : ioctl(ctl, DAHDI_STARTUP, &number) ? -errno : 0;
}

int span_cut(unsigned pair, unsigned side)
{
	int ctl = open("/dev/dahdi/ctl", O_RDWR | O_CLOEXEC), err = ctl < 0 ? -errno : 0;
	struct dahdi_dynamic_span span = named(pair, side);
	if (!err && ioctl(ctl, DAHDI_DYNAMIC_DESTROY, &span))
		err = -errno;
	if (ctl >= 0)
		close(ctl);
	return err;
}

int span_join(bool e1, unsigned pair, unsigned side, int base)
{
	int ctl = open("/dev/dahdi/ctl", O_RDWR | O_CLOEXEC), err = ctl < 0 ? -errno : span_make(ctl, e1, pair, side, base);
	if (ctl >= 0)
		close(ctl);
	return err;
}

int spans_make(bool e1, unsigned count)
{
	int ctl = open("/dev/dahdi/ctl", O_RDWR | O_CLOEXEC), err = ctl < 0 ? -errno : 0, base = 1;
	if (!err)
		spans_remove(ctl);
	for (unsigned i = 0; i < 2 * count && !err; i++) {
		err = span_make(ctl, e1, 1 + i / 2, i % 2, base);
		base += e1 ? 31 : 24;
	}
	if (ctl >= 0)
		close(ctl);
	return err;
}
