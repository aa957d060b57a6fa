# SPDX-License-Identifier: GPL-3.0-or-later
# tandem-mg alone, driven by a scripted call agent.

.PHONY: check-mg
check-mg: $(O)/tandem-mg
	$(Q)tests/net/mediagw/run.py $(O)/tandem-mg
