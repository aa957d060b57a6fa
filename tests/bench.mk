# SPDX-License-Identifier: GPL-3.0-or-later
# Benches: ours and a peer in turn, in one run, closing with "NAME ours=... peer=... ratio=..." where larger is better.
# `make bench-relay` the packet path, `make bench-sip` the signalling; R=N rounds.

BENCH_O := $(O)/bench

.PHONY: bench-relay bench-sip bench-tools
bench-relay: deps $(BENCH_O)/relaytool $(BENCH_O)/gen.bpf.o $(BENCH_O)/sink.bpf.o ## packets: XDP, null, rtpengine, a bare XDP program; T=NAME
	@$(MAKE) --no-print-directory all
	@tests/bench/relay/bench.py --build $(O) --rounds $(or $(R),3) $(if $(T),--only $(T)) $(if $(S),--seconds $(S))
bench-sip: deps ## calls and registrations: ours and kamailio; parsing, memory; T=proxy,memory
	@$(MAKE) --no-print-directory all $(BENCH_O)/parsetool $(BENCH_O)/bindtool $(BENCH_O)/routetool
	@tests/bench/sip/bench.py --build $(O) --rounds $(or $(R),3) $(if $(T),--only $(T)) $(if $(S),--seconds $(S))
bench-tools: $(BENCH_O)/relaytool $(BENCH_O)/gen.bpf.o $(BENCH_O)/sink.bpf.o

$(BENCH_O)/relaytool: tests/bench/relay/relaytool.c tests/bench/relay/relay.bpf.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) -o $@ $< -lbpf
$(BENCH_O)/parsetool: tests/bench/sip/parsetool.c $(O)/sip.a $(O)/sdp.a $(O)/net.a $(O)/base.a
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALLOCATOR) $(LDLIBS)
$(BENCH_O)/bindtool $(BENCH_O)/routetool: $(BENCH_O)/%: tests/bench/sip/%.c $(archives)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< -Wl,--start-group $(archives) -Wl,--end-group $(ALLOCATOR) $(LDLIBS)
$(BENCH_O)/%.bpf.o: tests/bench/relay/%.bpf.c tests/bench/relay/relay.bpf.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D); $(CLANG) -O2 -g -Wall -Werror -target bpf -mcpu=v3 -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<

# What a packet costs in the XDP program itself.
.PHONY: bench-prog
bench-prog: $(BENCH_O)/progtool $(BENCH_O)/prog.bpf.o $(BENCH_O)/sink.bpf.o ## nanoseconds in the XDP program, each pair of families
	@$(BENCH_O)/progtool $(BENCH_O)/prog.bpf.o $(BENCH_O)/sink.bpf.o $(or $(R),5)
$(BENCH_O)/progtool: tests/bench/prog/progtool.c tests/bench/prog/prog.bpf.h tests/bench/relay/relay.bpf.h $(O)/gen/relay.skel.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< -lbpf
$(BENCH_O)/%.bpf.o: tests/bench/prog/%.bpf.c tests/bench/prog/prog.bpf.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D); $(CLANG) -O2 -g -Wall -Werror -target bpf -mcpu=v3 -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<

# Telephone lines beside a program that only reads, writes and sends, in instructions, in the guest of tests/qemu.
.PHONY: bench-tdm
bench-tdm: deps $(BENCH_O)/tdmtool ## instructions a channel of an E1 bridged to RTP costs, ours and the least there is, under QEMU
	@$(MAKE) --no-print-directory $(O)/dahdi/dahdi.ko
	@tests/qemu/guest -t 1500 -q "-accel tcg,thread=single -smp 1 -icount shift=0,sleep=off" tests/bench/tdm/bench $(abspath $(O)) $(or $(R),3) $(or $(S),10)
$(BENCH_O)/tdmtool: tests/bench/tdm/tdmtool.c $(archives)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALLOCATOR) $(LDLIBS)

# The kernel module beside others, in instructions, in the guest of tests/qemu.
.PHONY: bench-kmod
bench-kmod: deps bench-tools ## instructions a packet: the module, rtpengine's and Jool, under QEMU
	@$(MAKE) --no-print-directory all module
	@tests/bench/kmod/fetch $(BENCH_O)/peers
	@tests/qemu/guest -t 1500 -q "-accel tcg,thread=single -smp 1 -icount shift=0" tests/bench/kmod/bench.py $(abspath $(O)) \
		--rounds $(or $(R),3) $(if $(T),--only $(T))
