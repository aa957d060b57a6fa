# SPDX-License-Identifier: GPL-3.0-or-later
# Packet cases on every engine, in network namespaces of their own (needs root).

.PHONY: check-packets
$(O)/packets: $(O)/tests/net/packets/packets.o $(O)/fastpath.a $(O)/net.a $(O)/base.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
check-packets: $(O)/packets
	$(Q)tests/net/packets/run $(O)/packets
