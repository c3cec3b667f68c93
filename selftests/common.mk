# SPDX-License-Identifier: GPL-2.0-only
#
# DOC: what the Makefiles of figment's selftests share
#
# They are kselftest's: TEST_GEN_PROGS, run_tests, install, by the kernel's own
# lib.mk, which comes with the harness (fetch-harness.sh). Set ROOT to the
# project's root and OUTPUT_SUBDIR, and LIBS to packages besides libdrm; include
# this last. BITS=32 builds 32-bit programs, for the same kernel.

BUILD ?= build
PREFIX ?= /usr/local
TESTDIR ?= $(PREFIX)/lib/figment
override BUILD := $(if $(filter /%,$(BUILD)),$(BUILD),$(abspath $(ROOT)/$(BUILD)))

OUTPUT := $(BUILD)/$(OUTPUT_SUBDIR)
INSTALL_PATH ?= $(DESTDIR)$(TESTDIR)/$(OUTPUT_SUBDIR)

KSELFTEST_TREE := $(shell $(ROOT)/selftests/fetch-harness.sh $(BUILD)/kselftest)
ifeq ($(KSELFTEST_TREE),)
$(error There is no kselftest harness)
endif
KHDR_INCLUDES := -isystem $(KSELFTEST_TREE)/tools/testing/selftests

# The harness's macros define functions, and compare what they are given.
override CFLAGS := $(or $(CFLAGS),-O2 -g) -std=gnu11 -D_GNU_SOURCE= -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-prototypes -Wno-sign-compare -fno-strict-aliasing -pthread \
	-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 $(BITS:%=-m%) \
	$(KHDR_INCLUDES) -I$(ROOT)/uapi -I$(ROOT)/userspace/libfigment -I$(ROOT)/selftests \
	$(shell pkg-config --cflags libdrm $(LIBS))
LDLIBS += $(shell pkg-config --libs libdrm $(LIBS)) -lm
# The headers are the same for both, so the library alone will do.
override LDLIBS := $(if $(BITS),$(LDLIBS:-ldrm=-l:libdrm.so.2),$(LDLIBS))

# libfigment is linked in, so that a test needs nothing but itself.
# Of each Makefile's own: they may run beside one another.
OBJ := $(BUILD)/obj/$(OUTPUT_SUBDIR)
SHARED := $(patsubst $(ROOT)/%.c,$(OBJ)/%.o, \
	$(wildcard $(ROOT)/userspace/libfigment/*.c) \
	$(addprefix $(ROOT)/selftests/,helpers.c process.c foreign.c workload.c))
LOCAL_HDRS += $(wildcard $(ROOT)/selftests/*.h $(ROOT)/userspace/libfigment/*.h \
	$(ROOT)/uapi/*.h)

include $(KSELFTEST_TREE)/tools/testing/selftests/lib.mk

# Without rsync, which a machine may not have.
define INSTALL_SINGLE_RULE
	$(if $(INSTALL_LIST),install -d $(INSTALL_PATH))
	$(if $(INSTALL_LIST),cp --preserve=mode $(INSTALL_LIST) $(INSTALL_PATH)/)
endef

$(TEST_GEN_PROGS): $(SHARED) | $(OUTPUT)

$(OUTPUT):
	mkdir -p $@

$(OBJ)/%.o: $(ROOT)/%.c $(LOCAL_HDRS)
	@mkdir -p $(@D)
	$(call msg,CC,,$@)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<
