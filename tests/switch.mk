# SPDX-License-Identifier: GPL-3.0-or-later
# The test switch, the far end of a PRI: `make check-switch` has it call itself over a socket pair.

.PHONY: check-switch
check-switch: $(O)/switch $(O)/fakedahdi.so ## the test switch against itself, without a kernel's help
	$(Q)O=$(O) tests/switch/check.py

SWITCH_OBJ := $(patsubst %.c,$(O)/%.o,$(filter-out %/fakedahdi.c,$(wildcard tests/switch/*.c)))
$(O)/switch: $(SWITCH_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lpri -ljansson
$(O)/fakedahdi.so: tests/switch/fakedahdi.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) -std=gnu17 $(CFLAGS) $(WARN) -D_GNU_SOURCE -fPIC -shared -o $@ $< -ldl

.PHONY: check-isdn
check-isdn: $(O)/tandem-isdn $(O)/tandem-ca $(O)/tandemctl $(O)/switch $(O)/fakedahdi.so ## tandem-isdn against the test switch, each switch type and role; T=NAME chooses
	$(Q)tests/isdn/run $(abspath $(O)) $(T)
