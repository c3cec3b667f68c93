# SPDX-License-Identifier: MIT
#
# DOC: builds the benchmarks, for the root Makefile
#
# They use the selftests' helpers, and so the harness's headers. Those of Vulkan are
# built where the Vulkan driver is.

BENCH := $(BUILD)/bench
BENCH_PROGRAMS := $(BENCH)/figment-bench \
	$(if $(filter vulkan-driver,$(VULKAN_DRIVER)),$(BENCH)/figment-bench-vulkan)
BENCH_OBJS := $(patsubst bench/%.c,$(BENCH)/%.o,$(sort $(wildcard bench/*.c)))
BENCH_VULKAN_OBJS := $(patsubst bench/%.c,$(BENCH)/%.o,$(sort $(wildcard bench/vulkan/*.c)))
BENCH_HELPERS := $(patsubst %,$(BENCH)/selftests/%.o,helpers process foreign)
BENCH_VULKAN_HELPERS := $(patsubst %,$(BENCH)/selftests/vulkan/%.o,vk vk_memory vk_sync)
BENCH_CFLAGS = -D_GNU_SOURCE= -D_FILE_OFFSET_BITS=64 -Iuapi -Iuserspace/libfigment -Iselftests \
	-Iselftests/vulkan -Ibench \
	-isystem $(shell selftests/fetch-harness.sh $(BUILD)/kselftest)/tools/testing/selftests \
	-Wno-missing-prototypes -Wno-sign-compare $(LIBDRM_CFLAGS) -MMD -MP

## make bench        measure figment beside its peers in a guest (docs/performance.md)
##   ICOUNT=1        counting instructions instead of time: the same figure every time
##   COMPARE=rev     so, this tree beside another revision
bench:
	@bench/run

bench-build: $(BENCH_PROGRAMS)

$(BENCH)/figment-bench: $(BENCH_OBJS) $(BENCH_HELPERS) $(LIBFIGMENT_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBDRM_LIBS) -lm

# The same harness, with subjects of its own.
$(BENCH)/figment-bench-vulkan: $(BENCH)/bench.o $(BENCH_VULKAN_OBJS) $(BENCH_HELPERS) \
		$(BENCH_VULKAN_HELPERS) $(LIBFIGMENT_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBDRM_LIBS) $(shell $(PKG_CONFIG) --libs vulkan) -lm

$(BENCH)/selftests/%.o: selftests/%.c bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) -c -o $@ $<

$(BENCH)/%.o: bench/%.c bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) -c -o $@ $<

-include $(wildcard $(addprefix $(BENCH)/,*.d vulkan/*.d selftests/*.d selftests/vulkan/*.d))

# Beside the selftests, in the guest.
guest-install: install-bench
install-bench: bench-build
	$(INSTALL) -d $(DESTDIR)$(TESTDIR)/bench
	$(INSTALL) -m 755 $(BENCH_PROGRAMS) $(DESTDIR)$(TESTDIR)/bench

.PHONY: bench bench-build install-bench
