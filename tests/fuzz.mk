# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzzing: tests/fuzz/NAME_fuzz.c is a libFuzzer target, tests/fuzz/corpus/NAME/ its kept corpus. `make fuzz T=sip S=60` fuzzes one
# for a minute with clang; `make check-fuzz` replays every corpus with gcc under ASan and UBSan; `make check-fuzz-hours` fuzzes all of them
# for S seconds in all, two hours unless told otherwise.

S        ?= 60
FUZZ     := $(sort $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_O   := $(O)/fuzz
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_MAKE = $(MAKE) --no-print-directory O=$(FUZZ_O) CC=$(CLANG) SAN="$(FUZZ_SAN)" CFLAGS="-O1 -g" WARN=-w

# What each target links with, most dependent first.
fuzz_sip    := sip stun net base
fuzz_uri    := sip stun net base
fuzz_mime   := sip stun net base
fuzz_frame  := sip stun net base
fuzz_digest := sip stun net base
fuzz_sdp    := sdp net base
fuzz_mgcp   := mgcp net base
fuzz_digitmap := mgcp net base
fuzz_caller := mgcp net base
fuzz_request := mgcp net base
fuzz_notifier := mgcp net base
fuzz_stun   := stun net base
fuzz_dns    := net base
fuzz_enum   := sip stun net base
fuzz_proxy  := proxy sip stun net base
fuzz_rtp    :=
fuzz_rtcp   := rtp net base
fuzz_comfort := media rtp net base
fuzz_jitter := media rtp net base
fuzz_packet := media rtp net base
fuzz_events := media rtp net base
fuzz_tone   := media rtp net base
fuzz_callerid := media rtp net base
fuzz_header := routing registrar guard cdr config sip stun net base
fuzz_pass   := routing registrar guard cdr config sip stun net base
fuzz_transaction := sip stun net base
fuzz_session := sip stun net base
fuzz_config := config net base
fuzz_systemconf := tdm base
fuzz_isdn   := isdn tdm config net base
fuzz_libs_isdn := -lpri
fuzz_endpoint := tdm base
# Its store and gateway stand in for those of the archives.
fuzz_ld_record := -Wl,-z,muldefs
fuzz_record := callagent routing registrar guard cdr config proxy sip sdp mgcp rtp stun net base
fuzz_party  := callagent routing registrar guard cdr config proxy sip sdp mgcp rtp stun net base
fuzz_guard  := guard config sip stun net base

.PHONY: fuzz check-fuzz check-fuzz-hours fuzz-link
fuzz: ## fuzz one parser: T=sip S=60 (seconds); what it finds is kept in tests/out/fuzz/
	$(if $(filter $(T),$(FUZZ)),,$(error T=NAME, one of: $(FUZZ)))
	$(Q)$(FUZZ_MAKE) $(FUZZ_O)/bin/fuzz-$(T)
	$(Q)mkdir -p tests/out/fuzz/$(T)
	$(Q)$(FUZZ_O)/bin/fuzz-$(T) -max_total_time=$(S) -max_len=4096 -timeout=10 -artifact_prefix=tests/out/fuzz/$(T)- \
		tests/out/fuzz/$(T) tests/fuzz/corpus/$(T)

check-fuzz: ## replay the kept corpora
	$(Q)$(MAKE) --no-print-directory O=$(UNIT_O) SAN="$(UNIT_SAN)" CFLAGS="-O1 -g" fuzz-link
	$(Q)tests/fuzz/run $(FUZZ:%=$(UNIT_O)/bin/replay-%)

check-fuzz-hours: ## fuzz every parser, S=7200 seconds in all; part of check-long
	$(Q)$(FUZZ_MAKE) $(FUZZ:%=$(FUZZ_O)/bin/fuzz-%)
	$(Q)tests/fuzz/hours $(if $(filter-out file,$(origin S)),$(S),7200) $(FUZZ:%=$(FUZZ_O)/bin/fuzz-%)

fuzz-link: $(FUZZ:%=$(O)/bin/replay-%)

define fuzz_rule
$(O)/bin/fuzz-$(1): $(O)/tests/fuzz/$(1)_fuzz.o $(fuzz_$(1):%=$(O)/%.a)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D); $$(CC) $$(ALL_CFLAGS) -fsanitize=fuzzer $(fuzz_ld_$(1)) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(fuzz_libs_$(1)) $$(LDLIBS)
$(O)/bin/replay-$(1): $(O)/tests/fuzz/$(1)_fuzz.o $(O)/tests/fuzz/replay.o $(fuzz_$(1):%=$(O)/%.a)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D); $$(CC) $$(ALL_CFLAGS) $(fuzz_ld_$(1)) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(fuzz_libs_$(1)) $$(LDLIBS)
endef
$(foreach t,$(FUZZ),$(eval $(call fuzz_rule,$(t))))
