# SPDX-License-Identifier: GPL-3.0-or-later
# What a call costs the fast path and tandem-mg to set up, change, read and remove, while 50,000 are up.

.PHONY: bench-setup
bench-setup: $(O)/bench/setuptool $(O)/tandem-mg ## rates of set-up, change, reading and removal with CALLS=50000 up
	$(Q)tests/bench/setup/run $(O)/bench/setuptool $(O)/tandem-mg $(or $(CALLS),50000) 1000 100000
$(O)/bench/setuptool: $(O)/tests/bench/setup/setuptool.o $(O)/fastpath.a $(O)/net.a $(O)/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
