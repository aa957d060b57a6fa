/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of D-channels as a capture file, for tshark and its like: link type 177, LAPD behind the pseudo header of Linux, which tells the direction. */
#pragma once
#include <jansson.h>
#include <stdio.h>

/* A new file, or "-" for standard output, with its head: NULL and errno. */
FILE *pcap_open(const char *path);
/* Adds the frame of an event of topic "trace"; events without one are passed over. 0, or negative errno. */
int pcap_add(FILE *f, const json_t *event);
