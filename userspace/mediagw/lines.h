/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This machine's telephone channels: the tdm library wired to the gateway, and what operators set kept in its store. */
#pragma once
#include "base/conf.h"
#include "mediagw/circuit_settings.h"
#include "mediagw/gateway.h"
#include "mediagw/span_thread.h"

struct lines; /* mem_deref() closes it, after the gateway */

/* Reads how spans and channels are to be set up; a mistake in that is an alarm, and none is set up then. `adopt`: an earlier process of this gateway was
 * killed, and its calls go on. `store` may be NULL. 0 or -ENOMEM. */
int lines_open(struct lines **ret, const struct tdm_driver *driver, const struct conf *conf, struct store *store, bool adopt);
/* What a changed configuration says of gains and signalling is taken at once, and holds from the next connection or call on; law and echo canceller of a channel as soon as
 * nothing uses it; of what a span or channel is, one line tells that it waits for the next start (lines_reload.c). 0, or -EINVAL or another error with nothing changed and `why`. */
int lines_reload(struct lines *l, const struct conf *conf, struct buf *why);
/* For struct gateway_params. */
struct tdm *lines_tdm(const struct lines *l);
/* The thread of the channel's span, made when there is none. 0 or negative errno. */
int lines_thread(const struct tdm_channel *c, struct fastpath *fp, struct span_thread **ret);
/* What was said of the channel's signalling. */
const struct circuit_settings *lines_settings(const struct tdm_channel *c);
/* Looks for spans, now and from now on: the gateway has endpoints for their channels. */
void lines_start(struct lines *l, struct gateway *gw);
/* The calls of an earlier process have been taken over: channels that were draining are locked when theirs is over, or at once. */
void lines_adopted(struct lines *l);
