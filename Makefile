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
PROGRAMS := tandem-keep tandem-ca tandem-mg tandemctl
dir_tandem-keep := keep
dir_tandem-ca   := callagent
dir_tandem-mg   := mediagw
dir_tandemctl   := ctl

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help
all: $(PROGRAMS:%=$(O)/%)

lib_src   = $(filter-out %/main.c,$(wildcard userspace/$(1)/*.c))
lib_obj   = $(patsubst %.c,$(O)/%.o,$(call lib_src,$(1)))
archives := $(LIBS:%=$(O)/%.a)

define lib_rule
$(O)/$(1).a: $(call lib_obj,$(1))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D); rm -f $$@; ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

define program_rule
$(O)/$(1): $(O)/userspace/$(dir_$(1))/main.o $(archives)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $$(archives) -Wl,--end-group $$(ALLOCATOR) $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

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
