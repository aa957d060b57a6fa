// SPDX-License-Identifier: GPL-3.0-or-later
/* lines SYSTEM.CONF: telephone channels of the kernel's DAHDI through userspace/tdm. The file makes two spans that are back to back: T1s whose first
 * channels are bearers, then an FXS against an FXO, an E&M trunk, a CAS channel, and at last a D-channel; or E1s, if it says so. */
#include "base/log.h"
#include "base/mem.h"
#include "tdm/bert.h"
#include "tdm/endpoint.h"
#include "tdm/verb.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define BLOCK       160 /* octets: 20 ms */

static const struct tdm_driver *const driver = &tdm_dahdi;
static struct tdm *tdm;
static unsigned failures;

static void result(const char *what, int err)
{
	if (err) {
		failures++;
		printf("FAIL %s: %s\n", what, strerror(-err));
	} else {
		printf("ok %s\n", what);
	}
	fflush(stdout);
}

/* A system.conf from a file. */
static struct tdm_setup *read_setup(const char *path)
{
	static char text[4096];
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0 || tdm_system_conf(s, path, slice_of(text, n), &why)) {
		printf("FAIL %s: %s\n", path, n < 0 ? strerror(errno) : buf_z(&why));
		exit(1);
	}
	close(fd);
	return s;
}

/* The channel at a place of a span, open; blocks of 20 ms. */
static int open_at(unsigned span, unsigned position)
{
	const struct tdm_buffers b = {.count = 8, .bytes = BLOCK};
	struct tdm_channel *c = tdm_channel_at(tdm, span, position);
	int fd = c ? driver->open(c->number) : -ENXIO;
	if (fd >= 0)
		driver->buffers(fd, &b);
	return fd;
}

static int wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n = poll(&p, 1, PATIENCE_MS);
	return n < 0 ? -errno : n ? 0 : -ETIMEDOUT;
}

/* The next event that is `kind`; others before it are passed over. */
static int wait_event(int fd, enum tdm_event_kind kind)
{
	struct tdm_event e;
	for (;;) {
		int err = driver->event(fd, &e);
		if (err)
			return err;
		if (e.kind == kind)
			return 0;
		if (e.kind == TDM_NO_EVENT && (err = wait_for(fd, POLLPRI)))
			return err;
	}
}

/* What has come, past events of the channel: its length, 0 when nothing has. */
static ssize_t read_past_events(int fd, uint8_t *octets, size_t size)
{
	struct tdm_event e;
	ssize_t n;
	while ((n = read(fd, octets, size)) < 0 && errno == TDM_EVENT_WAITS)
		if (driver->event(fd, &e))
			return -EIO;
	return n < 0 && errno == EAGAIN ? 0 : n < 0 ? -errno : n;
}

/* The test's sequence from one to the other until so many bits were compared: -EBADMSG for a wrong one. */
static int compare_bits(int from, int to, uint64_t bits)
{
	struct tdm_bert sender = {0}, receiver = {0};
	uint8_t block[BLOCK];
	while (receiver.bits < bits) {
		tdm_bert_fill(&sender, block, sizeof(block));
		int err = wait_for(from, POLLOUT);
		if (err)
			return err;
		if (write(from, block, sizeof(block)) < 0)
			return -errno;
		ssize_t n = read_past_events(to, block, sizeof(block));
		if (n < 0)
			return n;
		if (n > 0)
			tdm_bert_check(&receiver, block, n);
	}
	return receiver.errors || receiver.losses ? -EBADMSG : 0;
}

static void bytes_cross(void)
{
	int a = open_at(1, 1), b = open_at(2, 1);
	int err = a < 0 ? a : b < 0 ? b : 0;
	if (!err)
		err = compare_bits(a, b, 64000);
	result("64000 bits cross a pair of channels, all right", err);
	if (!err)
		err = compare_bits(b, a, 64000);
	result("and the other way", err);
	result("a channel that is open is told to be in use", driver->open(tdm_channel_at(tdm, 1, 1)->number) == -EBUSY ? 0 : -EBADMSG);
	close(a);
	close(b);
}

/* So many octets of one value are sent; the value that is heard for a while at last, or negative errno. */
static int heard_of(int from, int to, uint8_t sent)
{
	uint8_t block[BLOCK];
	int last = -1, same = 0;
	for (int i = 0; i < 500 && same < 4 * BLOCK; i++) {
		memset(block, sent, sizeof(block));
		int err = wait_for(from, POLLOUT);
		if (err)
			return err;
		if (write(from, block, sizeof(block)) < 0 && errno != EAGAIN && errno != TDM_EVENT_WAITS)
			return -errno;
		ssize_t n = read_past_events(to, block, sizeof(block));
		for (ssize_t k = 0; k < n; k++) {
			same = block[k] == last ? same + 1 : 0;
			last = block[k];
		}
	}
	return same < 4 * BLOCK ? -EBADMSG : last;
}

/* Gains are tables, so one that turns the lowest bit shows that they are in use, and when. */
static void voice_is_treated(void)
{
	struct tdm_gains turned;
	int a = open_at(1, 3), b = open_at(2, 3);
	for (int i = 0; i < 256; i++) {
		turned.rx[i] = i;
		turned.tx[i] = i ^ 1;
	}
	int err = a < 0 ? a : b < 0 ? b : driver->audio(a, true);
	if (!err)
		err = driver->gains(a, &turned);
	result("gains are set on a channel that carries voice", err);
	result("and are heard", heard_of(a, b, 0x54) == 0x55 ? 0 : -EBADMSG);
	result("the echo canceller is switched on", driver->cancel_echo(a, 256));
	result("and off", driver->cancel_echo(a, 0));
	result("a channel's law is set", driver->law(a, TDM_LAW_ALAW));
	err = driver->audio(a, false);
	result("a clear channel has neither gains nor canceller", err ? err : driver->gains(a, &turned) == -EINVAL && driver->cancel_echo(a, 256) == -EINVAL ? 0 : -EBADMSG);
	close(a);
	close(b);
	a = open_at(1, 3), b = open_at(2, 3);
	result("and nothing of it is left when it was closed", a < 0 || b < 0 ? -EBUSY : heard_of(a, b, 0x54) == 0x54 ? 0 : -EBADMSG);
	close(a);
	close(b);
}

/* Who writes too late has slipped, and is told. */
static void slips_are_told(void)
{
	uint8_t block[BLOCK] = {0};
	int fd = open_at(1, 4);
	int err = fd < 0 ? fd : driver->buffer_events(fd, true);
	if (!err)
		err = write(fd, block, sizeof(block)) < 0 ? -errno : wait_event(fd, TDM_EV_WRITE_UNDERRUN);
	result("a slip is told", err);
	close(fd);
}

static void a_looped_channel_gives_back(void)
{
	struct buf told = buf_growing();
	int err = tdm_do(tdm, SLICE("loop"), SLICE("ds/ds1-2/2"), &told);
	int a = open_at(1, 2);
	if (!err)
		err = a < 0 ? a : compare_bits(a, a, 16000);
	result("what is sent to a looped channel comes back", err);
	tdm_do(tdm, SLICE("unloop"), SLICE("ds/ds1-2/2"), &told);
	close(a);
	buf_reset(&told);
}

/* As on any line the first may be lost, while the receiver finds the flags. */
static void frames_cross(unsigned position)
{
	const struct tdm_buffers b = {.count = 16, .bytes = 1024};
	const uint8_t frame[] = {0x02, 0x01, 0x7f, 'T', 'a', 'n', 'd', 'e', 'm', 0, 0};
	uint8_t heard[1024];
	int from = open_at(1, position), to = open_at(2, position);
	int err = from < 0 ? from : to < 0 ? to : 0;
	ssize_t n = 0;
	if (!err) {
		driver->buffers(from, &b);
		driver->buffers(to, &b);
	}
	for (int i = 0; !err && !n && i < 20; i++) {
		struct pollfd p = {.fd = to, .events = POLLIN | POLLPRI};
		if (write(from, frame, sizeof(frame)) < 0 && errno != EAGAIN)
			err = -errno;
		else if (poll(&p, 1, PATIENCE_MS / 20) > 0)
			n = read_past_events(to, heard, sizeof(heard));
	}
	if (!err && (n != sizeof(frame) || memcmp(heard, frame, sizeof(frame) - 2)))
		err = n < 0 ? n : n ? -EBADMSG : -ETIMEDOUT;
	result("a frame crosses a pair of D-channels", err);
	close(from);
	close(to);
}

/* FXO signalling on the first span is the exchange, FXS on the second the telephone. */
static void hooks_cross(unsigned position)
{
	int exchange = open_at(1, position), phone = open_at(2, position);
	int err = exchange < 0 ? exchange : phone < 0 ? phone : driver->hook(phone, TDM_OFFHOOK);
	if (!err)
		err = wait_event(exchange, TDM_EV_OFFHOOK);
	result("an exchange sees a receiver lifted, by robbed bits", err);
	err = driver->hook(phone, TDM_ONHOOK);
	if (!err)
		err = wait_event(exchange, TDM_EV_ONHOOK);
	result("and hung up", err);
	err = driver->hook(exchange, TDM_RING);
	if (!err)
		err = wait_event(phone, TDM_EV_RING_BEGIN);
	result("a telephone hears it ring", err);
	driver->hook(exchange, TDM_RING_OFF);
	close(exchange);
	close(phone);
}

/* E&M wink start: who is called winks when it is ready for digits. */
static void winks_cross(unsigned position)
{
	int caller = open_at(1, position), called = open_at(2, position);
	int err = caller < 0 ? caller : called < 0 ? called : driver->hook(caller, TDM_OFFHOOK);
	if (!err)
		err = wait_event(called, TDM_EV_OFFHOOK);
	result("an E&M trunk is seized", err);
	err = driver->hook(called, TDM_WINK);
	if (!err)
		err = wait_event(caller, TDM_EV_WINK_FLASH);
	result("and winks", err);
	result("and the wink is over", wait_event(called, TDM_EV_HOOK_DONE));
	close(caller);
	close(called);
}

static void bits_cross(unsigned position)
{
	int from = open_at(1, position), to = open_at(2, position);
	uint8_t bits = 0;
	int err = from < 0 ? from : to < 0 ? to : driver->bits_write(from, 5);
	if (!err)
		err = wait_event(to, TDM_EV_BITS);
	for (int i = 0; !err && bits != 5 && i < 10; i++) {
		err = driver->bits_read(to, &bits);
		if (!err && bits != 5)
			err = wait_event(to, TDM_EV_BITS);
	}
	result("signalling bits cross", err);
	close(from);
	close(to);
}

static unsigned in_state(unsigned span, enum tdm_state state)
{
	unsigned n = 0;
	for (unsigned i = 1; i <= TDM_MAX_CHANNELS; i++) {
		struct tdm_channel *c = tdm_channel(tdm, i);
		n += c && c->span == span && c->state == state;
	}
	return n;
}

static int write_file(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/* A span that is taken out while a channel is open, and put in again. */
static void a_span_is_pulled(void)
{
	char device[PATH_MAX];
	unsigned channels = tdm_span(tdm, 2)->now.channels;
	int fd = open_at(2, 1);
	int err = realpath("/sys/bus/dahdi_spans/devices/span-2/..", device) ? write_file(device, "unassign_span", "1") : -errno;
	result("a span is pulled", err);
	if (err)
		return;
	result("who has a channel of it is told", wait_event(fd, TDM_EV_REMOVED));
	close(fd);
	tdm_poll(tdm);
	result("its channels are out of order", !tdm_span(tdm, 2) && in_state(2, TDM_OUT_OF_ORDER) == channels ? 0 : -EBADMSG);
	err = write_file(device, "assign_span", channels == 24 ? "1:2:25" : "1:2:32");
	for (int i = 0; i < 10 && !tdm_span(tdm, 2); i++)
		tdm_poll(tdm);
	result("and in service when it is there again", !err && tdm_span(tdm, 2) && in_state(2, TDM_IN_SERVICE) == channels ? 0 : -EBADMSG);
}

int main(int argc, char **argv)
{
	log_set_level(LOG_LEVEL_ERROR);
	struct tdm_setup *s = read_setup(argc > 1 ? argv[1] : "/etc/dahdi/system.conf");
	if (tdm_open(&tdm, driver, s, true, 1000, NULL, NULL))
		return 1;
	mem_deref(s);
	tdm_poll(tdm);
	tdm_poll(tdm);
	if (!tdm_span(tdm, 1) || !tdm_span(tdm, 2)) {
		printf("FAIL two spans are made as system.conf says: %s\n", tdm->ctl < 0 ? strerror(-tdm->ctl) : "they are not there");
		return 1;
	}
	bool e1 = tdm_span(tdm, 1)->now.kind == TDM_SPAN_E1;
	printf("note span 1: %s, %s; clock from span %u\n", tdm_span_kind_names[tdm_span(tdm, 1)->now.kind], tdm_span(tdm, 1)->now.description, tdm_timing(tdm));
	result(e1 ? "two E1 are made as system.conf says" : "two T1 are made as system.conf says",
	       in_state(1, TDM_IN_SERVICE) == tdm_span(tdm, 1)->now.channels ? 0 : -EBADMSG);
	bytes_cross();
	voice_is_treated();
	slips_are_told();
	if (e1) {
		frames_cross(16);
	} else {
		a_looped_channel_gives_back();
		hooks_cross(21);
		winks_cross(22);
		bits_cross(23);
		frames_cross(24);
	}
	a_span_is_pulled();
	/* For the next run. DAHDI miscounts the users of its modules when a span is pulled, and may refuse. */
	for (unsigned i = tdm->setup->n_dynamics; i-- > 0;)
		driver->dynamic_remove(tdm->ctl, &tdm->setup->dynamics[i]);
	mem_deref(tdm);
	return failures != 0;
}
