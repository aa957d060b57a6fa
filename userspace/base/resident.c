// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/resident.h"
#include <errno.h>
#include <link.h>
#include <sys/mman.h>

static int keep_segments(struct dl_phdr_info *object, size_t size, void *arg)
{
	int *err = arg;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &object->dlpi_phdr[i];
		if (h->p_type == PT_LOAD && mlock((const void *)(object->dlpi_addr + h->p_vaddr), h->p_memsz))
			*err = -errno;
	}
	return 0;
}

int resident_program(void)
{
	int err = 0;
	dl_iterate_phdr(keep_segments, &err);
	return err;
}
