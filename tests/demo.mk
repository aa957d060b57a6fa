# SPDX-License-Identifier: GPL-3.0-or-later
$(O)/demo/similar: tests/demo/similar.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) -std=gnu17 -O3 -ffast-math $(WARN) -o $@ $< -lm
