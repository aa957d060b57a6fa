# SPDX-License-Identifier: GPL-3.0-or-later
# `make check-soak`: an hour of mixed calls, and a restart under 100,000 phones; SECONDS= and PHONES= make it shorter. Part of check-long.

.PHONY: check-soak
check-soak: ## an hour of mixed calls with flat memory, 100,000 phones back after a restart; SECONDS=300 PHONES=10000
	@$(MAKE) --no-print-directory all
	@tests/soak/run --build $(O) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(PHONES),--phones $(PHONES)) $(if $(T),--only $(T))
