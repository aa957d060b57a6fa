# SPDX-License-Identifier: GPL-3.0-or-later
# Scenarios in network namespaces: `make check-net`, `make check-net T=register` those whose name holds that.

.PHONY: check-net
check-net: all $(O)/net/dropper ## scenarios in network namespaces; T=NAME chooses
	@O=$(O) tests/net/run $(T)

$(O)/net/dropper: tests/net/dropper.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $<
