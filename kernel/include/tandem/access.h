/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading and writing what others read and write meanwhile: each access is whole and happens once, and says nothing of the order of others.
 * BPF has no words for this; its loads and stores are that. */
#pragma once
#include "tandem/flow.h"

#ifdef __KERNEL__
#include <linux/compiler.h>
#define TANDEM_GET(x)      READ_ONCE(x)
#define TANDEM_PUT(x, v)   WRITE_ONCE(x, v)
#elif defined(__bpf__)
#define TANDEM_GET(x)      (x)
#define TANDEM_PUT(x, v)   ((x) = (v))
#else
#define TANDEM_GET(x)      __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define TANDEM_PUT(x, v)   __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#endif
#define TANDEM_ADD(x, n)   TANDEM_PUT(x, TANDEM_GET(x) + (n)) /* by the only writer */

/* Half an address. */
TANDEM_INLINE __u64 tandem_ip_half(const struct tandem_ip *ip, int half)
{
	return TANDEM_GET(((const __u64 *)ip)[half]);
}

TANDEM_INLINE void tandem_ip_put(struct tandem_ip *to, const struct tandem_ip *from)
{
	TANDEM_PUT(((__u64 *)to)[0], tandem_ip_half(from, 0));
	TANDEM_PUT(((__u64 *)to)[1], tandem_ip_half(from, 1));
}
