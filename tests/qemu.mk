# SPDX-License-Identifier: GPL-3.0-or-later
# What needs a kernel of its own: Debian's, under emulation. `make check-qemu T=storm` those cases whose names hold that; `make check-qemu LONG=1`
# with longer storms and a million fuzzed messages.

QEMU_TOOLS := $(O)/switch $(O)/qemu/operators.bpf.o $(O)/qemu/keepxdp $(O)/qemu/storm $(O)/qemu/choice $(O)/qemu/nlfuzz $(O)/qemu/lines $(O)/qemu/audio $(O)/dahdi/dahdi.ko

.PHONY: check-qemu qemu-tools
check-qemu: all module $(O)/packets $(QEMU_TOOLS) ## the kernel module, and what else wants another kernel, under QEMU; T=NAME chooses
	@LONG=$(or $(LONG),0) tests/qemu/run $(O) $(T)
qemu-tools: $(O)/packets $(QEMU_TOOLS)

QEMU_SHARED := $(O)/tests/qemu/traffic.o $(O)/tests/net/packets/wire.o
$(O)/qemu/storm $(O)/qemu/choice $(O)/qemu/keepxdp: $(O)/qemu/%: $(O)/tests/qemu/%.o $(QEMU_SHARED) $(O)/fastpath.a $(O)/net.a $(O)/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
$(O)/qemu/operators.bpf.o: tests/qemu/operators.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D); $(CLANG) -O2 -g -Wall -Werror -target bpf -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<
$(O)/qemu/nlfuzz: $(O)/tests/qemu/nlfuzz.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -lmnl -lbpf
$(O)/qemu/lines: $(O)/tests/qemu/lines.o $(O)/tdm.a $(O)/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
$(O)/qemu/audio: $(O)/tests/qemu/audio.o $(addprefix $(O)/,mediagw.a keep.a ctl.a config.a fastpath.a sdp.a mgcp.a media.a rtp.a stun.a tdm.a net.a base.a)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
$(O)/dahdi/dahdi.ko: tests/qemu/dahdi
	$(call say,KBUILD,$@)
	$(Q)tests/qemu/dahdi $(@D) $(KDIR)
