// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef BASE_RESIDENT_H
#define BASE_RESIDENT_H

/* Reads the code and the data of this program and its libraries into memory, where they stay (mlock(2)): who has to be in time cannot wait for a disk. What
 * is mapped later is not meant. Negative errno when some of it may still have to be read, RLIMIT_MEMLOCK being too small (-ENOMEM, -EPERM). */
int resident_program(void);

#endif
