// SPDX-License-Identifier: GPL-3.0-or-later
/* Any text as a configuration: good, or refused with a reason. */
#include "base/mem.h"
#include "config/schema.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfuse forgets the arguments of a function such as include() when the list of them is broken. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfuse.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	char *text = mem_strndup((const char *)data, size);
	if (config_load(&c, "fuzz.conf", text, &why) && !why.len)
		abort();
	mem_deref(c);
	buf_reset(&why);
	mem_free(text);
	return 0;
}
