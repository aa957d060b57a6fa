/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder under bpffs that keeps maps and links alive without us. Its name carries the layout's version and the ranges,
 * so that only a folder that means the same is adopted. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct pin {
	char dir[PATH_MAX]; /* "": nothing is pinned */
};

/* Makes the folder for this layout and these ranges (`fingerprint`). 0 or negative errno. */
int pin_open(struct pin *p, const char *dir, uint32_t fingerprint);
/* The same folder when it is there, else -ENOENT. */
int pin_find(struct pin *p, const char *dir, uint32_t fingerprint);
/* Calls `fn` with each other folder of any layout's. */
void pin_others(const struct pin *p, const char *dir, void (*fn)(void *arg, uint32_t layout, const struct pin *other), void *arg);
/* Removes a folder and all in it. */
void pin_drop(const struct pin *p);
/* An object goes on under the same name in another folder; 0 or negative errno. */
int pin_move(const struct pin *from, const struct pin *to, const char *name);
/* The pinned object, or -1. */
int pin_get(const struct pin *p, const char *name);
/* 0 also when nothing is to be pinned. Replaces. */
int pin_put(const struct pin *p, const char *name, int fd);
/* Calls `fn` with each pinned name that begins with `prefix`. */
void pin_each(const struct pin *p, const char *prefix, void (*fn)(void *arg, const char *name), void *arg);
void pin_remove(const struct pin *p, const char *name);
/* Only the name goes; what it named is not detached. */
void pin_forget(const struct pin *p, const char *name);
/* Removes all folders and all in them. */
void pin_clear(const char *dir);

/* Notes that outlive us beside the pinned objects, each an empty folder: what has to be undone at the end. */
int pin_note(const char *dir, const char *note);
void pin_unnote(const char *dir, const char *note);
/* Calls `fn` with each note that begins with `prefix`. */
void pin_notes(const char *dir, const char *prefix, void (*fn)(void *arg, const char *note), void *arg);
