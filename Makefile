# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists what can be made. Folders are libraries: every userspace/NAME/ becomes $(O)/NAME.a; a program is its
# folder's archive linked with those it may include (userspace/README.md says which).

O       ?= build
CC      ?= gcc
CLANG   ?= clang
V       ?= 0
Q       := $(if $(filter 1,$V),,@)
say      = $(if $(filter 1,$V),,@printf '  %-7s %s\n' $(1) $(2))

CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-unused-parameter -Werror
CPPFLAGS += -D_GNU_SOURCE -Iuserspace -Ikernel/include -I$(O)/gen
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(WARN) -fno-strict-aliasing -pthread $(SAN)
ALLOCATOR = $(if $(SAN),,-ljemalloc) # first, so that every library uses it; the sanitizers have their own
LDLIBS   := -Wl,--as-needed -luv -ljansson -lconfuse -llmdb -lsqlite3 -lwebsockets -lssl -lcrypto -lcares -lpcre2-8 -lxdp -lbpf -lmnl -lspandsp -lm -pthread
prefix   ?= /usr

# Folders from the most to the least dependent: also the link order.
LIBS     := callagent routing registrar guard cdr mediagw keep ctl config fastpath proxy sip sdp mgcp media rtp stun tdm net base
PROGRAMS := tandem-keep tandem-ca tandem-mg tandem-isdn tandemctl
dir_tandem-keep := keep
dir_tandem-ca   := callagent
dir_tandem-mg   := mediagw
dir_tandemctl   := ctl
dir_tandem-isdn := isdn

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help
all: $(PROGRAMS:%=$(O)/%)

lib_src   = $(filter-out %/main.c,$(wildcard userspace/$(1)/*.c))
lib_obj   = $(patsubst %.c,$(O)/%.o,$(call lib_src,$(1)))
archives := $(LIBS:%=$(O)/%.a)
# libpri is GPL-2.0-only: its one user links nothing but this, all of it GPL-2.0-or-later, and no OpenSSL (make lint looks at the map).
ISDN_LIBS   := isdn tdm config net base
ISDN_LDLIBS := -Wl,--as-needed -lpri -luv -ljansson -lconfuse -llmdb -lpcre2-8 -lm -pthread

define lib_rule
$(O)/$(1).a: $(call lib_obj,$(1))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D); rm -f $$@; ar rcs $$@ $$^
endef
$(foreach l,$(LIBS) isdn,$(eval $(call lib_rule,$(l))))

# program, its archives, its libraries
define program_rule
$(O)/$(1): $(O)/userspace/$(dir_$(1))/main.o $(2)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -Wl,-Map=$$@.map -o $$@ $$< -Wl,--start-group $(2) -Wl,--end-group $$(ALLOCATOR) $(3)
endef
$(foreach p,$(filter-out tandem-isdn,$(PROGRAMS)),$(eval $(call program_rule,$(p),$(archives),$(LDLIBS))))
$(eval $(call program_rule,tandem-isdn,$(ISDN_LIBS:%=$(O)/%.a),$(ISDN_LDLIBS)))

$(O)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# --- BPF: one object and one skeleton for each bpf/NAME.bpf.c ---------------------------------------------------------
BPF_SRC  := $(wildcard bpf/*.bpf.c)
BPF_SKEL := $(BPF_SRC:bpf/%.bpf.c=$(O)/gen/%.skel.h)

$(O)/gen/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h kernel/include/tandem/*.h)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D); $(CLANG) -O2 -g -Wall -Werror -fno-strict-aliasing -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Ikernel/include -Ibpf \
		-I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<
$(O)/gen/%.skel.h: $(O)/gen/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)bpftool gen skeleton $< name $(subst .,_,$*) > $@
$(call lib_obj,fastpath) $(call lib_obj,keep): | $(BPF_SKEL)

# --- tests, benches, fuzzing, packaging -------------------------------------------------------------------------------
include $(wildcard kernel/*.mk tests/*.mk appliance/*.mk)

-include $(shell find $(O) -name '*.d' 2>/dev/null)
