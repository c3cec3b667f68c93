# SPDX-License-Identifier: MIT
#
# DOC: builds the benchmarks, for the root Makefile
#
# They use the selftests' helpers, and so the harness's headers. Those of Vulkan are
# built where the Vulkan driver is.

BENCH_HELPERS := helpers process foreign
BENCH_OBJS = $(patsubst bench/%.c,$(BUILD)/bench/%.o,$(sort $(wildcard bench/*.c))) \
	$(patsubst %,$(BUILD)/bench/selftests/%.o,$(BENCH_HELPERS))
BENCH_CFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iuapi -Iuserspace/libfigment -Iselftests \
	-isystem $(shell selftests/fetch-harness.sh $(BUILD)/kselftest)/tools/testing/selftests \
	-Wno-missing-prototypes $(LIBDRM_CFLAGS) -MMD -MP

## make bench        measure figment beside its peers in a guest (docs/performance.md)
##   ICOUNT=1        counting instructions instead of time: the same figure every time
##   COMPARE=rev     so, this tree beside another revision
bench:
	@bench/run

bench-build: $(BUILD)/bench/figment-bench

$(BUILD)/bench/figment-bench: $(BENCH_OBJS) $(LIBFIGMENT_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBDRM_LIBS) -lm

$(BUILD)/bench/selftests/%.o: selftests/%.c bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) -c -o $@ $<

$(BUILD)/bench/%.o: bench/%.c bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/bench/*.d $(BUILD)/bench/selftests/*.d)

# Beside the selftests, in the guest.
guest-install: install-bench
install-bench: bench-build
	$(INSTALL) -D -m 755 $(BUILD)/bench/figment-bench \
		$(DESTDIR)$(TESTDIR)/bench/figment-bench

.PHONY: bench bench-build install-bench
