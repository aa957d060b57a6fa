# SPDX-License-Identifier: GPL-3.0-or-later
# Ours against other makers' programs: tests/peers/NAME/run drives one and prints a line "ok NAME" or "FAIL NAME" a check.

PEERS_MGCP := $(O)/tests/peers/osmo-mgw/drive
PEERS_LIBS := $(O)/mgcp.a $(O)/sdp.a $(O)/net.a $(O)/base.a

.PHONY: check-peers peers-programs
peers-programs: $(PEERS_MGCP)
check-peers: peers-programs
	$(Q)tests/peers/run $(abspath $(O))

$(PEERS_MGCP): $(O)/tests/peers/osmo-mgw/drive.o $(PEERS_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(PEERS_LIBS) -Wl,--end-group $(LDLIBS)
