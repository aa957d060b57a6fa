# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests: tests/unit/FOLDER/NAME_test.c is a cmocka program linked with userspace/FOLDER and what it may include, under ASan
# and UBSan. `make check-unit` runs all; `make check-unit T=sip` one folder.

UNIT_SAN  := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_O    := $(O)/unit
UNIT_SRC  := $(wildcard tests/unit/$(or $(T),*)/*_test.c)
UNIT_BIN  := $(UNIT_SRC:tests/unit/%.c=$(UNIT_O)/bin/%)

# What each folder's tests link with, most dependent first.
unit_base      := base
unit_config    := config net base
unit_net       := net base
unit_stun      := stun net base
unit_sip       := sip stun net base
unit_sdp       := sdp net base
unit_proxy     := proxy sip stun net base
unit_mgcp      := mgcp net base
unit_rtp       := rtp net base
unit_media     := media rtp net base
unit_fastpath  := fastpath net base
unit_ctl       := ctl config media rtp tdm net base
unit_keep      := keep fastpath config tdm net base
unit_mediagw   := mediagw fastpath config sdp mgcp media rtp tdm net base
unit_cdr       := cdr net base
unit_guard     := guard config sip stun net base
unit_registrar := registrar guard config sip stun net base
unit_routing   := routing registrar guard cdr config sip stun net base
unit_callagent := callagent routing registrar guard cdr config proxy sip sdp mgcp rtp stun net base
unit_tdm       := tdm config net base
unit_isdn      := isdn tdm config net base
unit_kernel    :=

# And which libraries, besides those of the programs.
unit_ld_isdn   := -lpri

# What has threads runs once more under the thread sanitizer, which must find nothing.
UNIT_TSAN   := -fsanitize=thread -fno-omit-frame-pointer
UNIT_TSAN_O := $(O)/tsan
UNIT_RACES  := $(strip $(if $(filter fastpath,$(or $(T),fastpath)),$(UNIT_TSAN_O)/bin/fastpath/threads_test) \
	$(if $(filter mediagw,$(or $(T),mediagw)),$(UNIT_TSAN_O)/bin/mediagw/span_thread_test))

.PHONY: check-unit unit-programs
check-unit: unit-programs
	$(Q)TSAN_OPTIONS=exitcode=66 tests/unit/run $(UNIT_BIN) $(UNIT_RACES)

# The sanitized objects live in a build of their own.
unit-programs: $(BPF_SKEL)
	$(Q)$(MAKE) --no-print-directory O=$(UNIT_O) SAN="$(UNIT_SAN)" T=$(T) CFLAGS="-O1 -g" unit-link
	$(if $(UNIT_RACES),$(Q)$(MAKE) --no-print-directory O=$(UNIT_TSAN_O) SAN="$(UNIT_TSAN)" WARN="$(WARN) -Wno-tsan" CFLAGS="-O1 -g" $(UNIT_RACES))

.PHONY: unit-link
unit-link: $(UNIT_SRC:tests/unit/%.c=$(O)/bin/%)

define unit_rule
$(O)/bin/$(1): $(O)/tests/unit/$(1).o $(unit_$(firstword $(subst /, ,$(1))):%=$(O)/%.a)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D); $$(CC) $$(ALL_CFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group -lcmocka $$(unit_ld_$(firstword $(subst /, ,$(1)))) $$(LDLIBS)
endef
$(foreach s,$(UNIT_SRC),$(eval $(call unit_rule,$(s:tests/unit/%.c=%))))
$(O)/tests/unit/%.o: CPPFLAGS += -Itests/unit
