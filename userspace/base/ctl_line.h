/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the serving and the asking side of the control socket share. */
#pragma once
#include <sys/un.h>

/* The socket address of a path: 0, or -ENAMETOOLONG. */
int ctl_address(struct sockaddr_un *ret, const char *path);
