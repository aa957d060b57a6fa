# SPDX-License-Identifier: GPL-3.0-or-later
# Benches: ours and a peer in turn, in one run, closing with "NAME ours=... peer=... ratio=..." where larger is better.
# `make bench-relay` the packet path, `make bench-sip` the signalling; R=N rounds.

BENCH_O := $(O)/bench

.PHONY: bench-relay bench-sip bench-tools
bench-relay: deps $(BENCH_O)/relaytool $(BENCH_O)/gen.bpf.o $(BENCH_O)/sink.bpf.o ## packets: ours, rtpengine and the bare XDP program
	@$(MAKE) --no-print-directory all
	@tests/bench/relay/bench.py --build $(O) --rounds $(or $(R),3)
bench-sip: deps ## calls: ours and kamailio
	@$(MAKE) --no-print-directory all
	@tests/bench/sip/bench.py --build $(O) --rounds $(or $(R),3)
bench-tools: $(BENCH_O)/relaytool $(BENCH_O)/gen.bpf.o $(BENCH_O)/sink.bpf.o

$(BENCH_O)/relaytool: tests/bench/relay/relaytool.c tests/bench/relay/relay.bpf.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D); $(CC) $(ALL_CFLAGS) -o $@ $< -lbpf
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
