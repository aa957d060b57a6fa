/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a stream is not relayed by a faster engine: one list for the command line, SNMP and the page. Each has a name for programs and a
 * text for people. */
#pragma once

#define FP_WHYS(X)                                                                                               \
	X(FASTEST, "fastest", "there is no faster engine")                                                       \
	X(CONFIGURED, "configured", "media.engine asks for no faster engine")                                    \
	X(KEPT, "kept", "kept on a slower engine by address.engine or `stream engine`")                          \
	X(RTCP, "rtcp", "RTCP is read by tandem-mg")                                                             \
	X(DELIVERED, "delivered", "goes to a telephone line of this machine")                                    \
	X(NO_SIDE, "no-other-side", "leads nowhere yet")                                                         \
	X(NO_KERNEL, "no-kernel", "the kernel's part cannot be had: `show engines` says why")                    \
	X(NO_XDP, "no-xdp", "no interface runs XDP")                                                             \
	X(ARRIVES, "arrives-without-xdp", "arrives by an interface that runs no XDP")                            \
	X(ARRIVES_GENERIC, "arrives-generic", "arrives by an interface that runs no native XDP")                 \
	X(LEAVES, "leaves-without-xdp", "leaves by an interface that XDP cannot send on")                        \
	X(LEAVES_GENERIC, "leaves-generic", "leaves by an interface that native XDP cannot send on")             \
	X(VRF, "vrf", "in a VRF: XDP serves that of the first address only")                                     \
	X(NO_HOP, "no-next-hop", "its next hop is not known")                                                    \
	X(UNRESOLVED, "next-hop-silent", "its next hop does not answer")                                         \
	X(NO_MODULE, "no-module", "the kernel module is not loaded")                                             \
	X(MODULE, "module-refused", "the kernel module cannot be used: `show engines` says why")                 \
	X(EXCEPTION, "exception", "the last packets were exceptions: fragments, IP options, or a stream just set up")

#define FP_WHY_ENUM(id, name, text) FP_WHY_##id,
enum fp_why { FP_WHYS(FP_WHY_ENUM) FP_WHY_COUNT };
#undef FP_WHY_ENUM

const char *fp_why_name(enum fp_why why);
const char *fp_why_text(enum fp_why why);
