# SPDX-License-Identifier: GPL-3.0-or-later
# The test switch, the far end of a PRI: `make check-switch` has it call itself over a socket pair.

.PHONY: check-switch
check-switch: $(O)/switch ## the test switch against itself, without a kernel's help
	$(Q)O=$(O) tests/switch/check.py

SWITCH_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/switch/*.c))
$(O)/switch: $(SWITCH_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lpri -ljansson
