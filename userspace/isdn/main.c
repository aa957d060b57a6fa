// SPDX-License-Identifier: GPL-2.0-or-later
/* tandem-isdn: the order of things. */
#include "base/daemon.h"
#include "base/mem.h"
#include "config/schema.h"
#include "isdn/admin.h"
#include "isdn/control.h"
#include "isdn/group.h"
#include "tdm/kept.h"

#define CLEAR_MS 1000 /* how long the end waits for the far ends to confirm */

static struct isdn *isdn;
static struct admin *admin;
static struct timer end_timer;

static void publish(void *arg, const char *topic, json_t *event)
{
	if (daemon_ctl())
		ctl_publish(daemon_ctl(), topic, event);
	else
		json_decref(event);
}

static bool wanted(void *arg, const char *topic)
{
	return daemon_ctl() && ctl_wanted(daemon_ctl(), topic);
}

static bool stopping;

static void on_idle(void *arg)
{
	if (stopping)
		daemon_end();
}

static void on_appeared(void *arg)
{
	if (admin)
		admin_refresh(admin);
}

static void on_barred(void *arg, const struct bchannel *b)
{
	if (admin)
		admin_barred(admin, b);
}

static void on_subscribers(void *arg)
{
	if (isdn)
		isdn_check_agent(isdn);
}

static int open_admin(const struct conf *conf)
{
	struct buf path = buf_growing();
	buf_printf(&path, "%s/mg.sock", conf_string(conf_section(conf, "state"), "runtime"));
	int err = path.err ? path.err : admin_open(&admin, isdn, buf_z(&path));
	buf_reset(&path);
	return err;
}

static int start(void *arg, const struct conf *conf, struct buf *why)
{
	int err = isdn_new(&isdn, &(struct isdn_params){.driver = tdm_kept(), .publish = publish, .wanted = wanted, .idle = on_idle, .appeared = on_appeared, .barred = on_barred, .watch = true});
	if (!err)
		err = isdn_configure(isdn, conf, why);
	if (!err)
		err = open_admin(conf);
	if (!err)
		ctl_on_subscribers(daemon_ctl(), on_subscribers, NULL);
	return err;
}

static int reload(void *arg, const struct conf *was, const struct conf *now, struct buf *why)
{
	return isdn_configure(isdn, now, why);
}

static void ended(void *arg)
{
	daemon_end();
}

static bool stop(void *arg)
{
	if (isdn_clear(isdn, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE))
		return true;
	stopping = true;
	timer_start(&end_timer, CLEAR_MS, ended, NULL);
	return false;
}

static void close_all(void *arg)
{
	timer_stop(&end_timer);
	admin = mem_deref(admin);
	isdn = mem_deref(isdn);
}

int main(int argc, char **argv)
{
	static const struct daemon_params params = {
		.name = "tandem-isdn",
		.help = "ISDN: Q.921 and Q.931 on the D-channels of T1 and E1 spans.",
		.socket = "isdn.sock",
		.load = config_open,
		.verbs = control_verbs,
		.arg = &isdn,
		.start = start,
		.reload = reload,
		.stop = stop,
		.close = close_all,
	};
	return daemon_main(argc, argv, &params);
}
