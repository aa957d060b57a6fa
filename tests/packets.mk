# SPDX-License-Identifier: GPL-3.0-or-later
# Packet cases on every engine, in network namespaces of their own (needs root).

PACKETS_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/net/packets/*.c))

.PHONY: check-packets
$(O)/packets: $(PACKETS_OBJ) $(O)/fastpath.a $(O)/net.a $(O)/base.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
check-packets: $(O)/packets
	$(Q)T="$(T)" tests/net/packets/run $(O)/packets
