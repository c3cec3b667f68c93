# SPDX-License-Identifier: MIT
#
# DOC: what a person or CI asks figment for. `make help` lists it.
#
# Userspace is built here with the machine's own compiler; the kernel module is
# built by DKMS, wherever it gets installed. demo, check and vm need a guest:
# vm/run makes one, in which this same Makefile's guest-install has been run.

VERSION := 0.1.0

BUILD    ?= build
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib/$(shell $(CC) -print-multiarch)
INCLUDEDIR ?= $(PREFIX)/include
DATADIR  ?= $(PREFIX)/share
TESTDIR  ?= $(PREFIX)/lib/figment
# The loader looks for ICDs in these whatever the prefix is.
ICDDIR   ?= $(DATADIR)/vulkan/icd.d
# Mesa looks in its own prefix, which is Debian's.
DRIRCDIR ?= /usr/share/drirc.d
UDEVDIR  ?= /usr/lib/udev/rules.d
MODPROBEDIR ?= /etc/modprobe.d
KVER     ?= $(shell uname -r)

CFLAGS   ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wmissing-prototypes -Wstrict-prototypes -Wshadow -fvisibility=hidden -pthread
# SANITIZE=thread: only what is built with it too can use the driver then (the selftests).
ifneq ($(SANITIZE),)
override CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
endif

export VERSION BUILD PREFIX LIBDIR INCLUDEDIR DATADIR TESTDIR ICDDIR CFLAGS

default: all

include userspace/userspace.mk
include userspace/tools/tools.mk
include demo/demo.mk
include kernel/dkms.mk
include kernel/tests/kunit.mk
include selftests/fuzz/fuzz.mk
include bench/bench.mk

# The demo needs the Vulkan driver, and so more than `make install` does.
all: userspace tools $(if $(filter vulkan-driver,$(VULKAN_DRIVER)),demo-build)

help:
	@sed -n 's/^## //p' $(filter-out %.d,$(MAKEFILE_LIST))

## make demo         two processes share a picture through the virtual GPU, in a guest
## make demo-desktop a sway desktop on the virtual GPU, and its screenshot
## make check        build everything and run every test in a guest (EVERYWHERE=1, or core: each kernel)
## make check-clients  run other people's programs on figment, in a guest of a newer Debian
## make check-mutants break the Vulkan driver in many ways: do the tests notice?
## make lint         checkpatch and sparse, in the guest's root: what lint/known has not
## make vm [RUN=..]  run a command in a guest that has figment (vm/README.md)
# The command is the guest's shell's to expand, not make's.
override RUN := $(value RUN)
export RUN

demo:
	@demo/run
demo-desktop:
	@demo/desktop
check:
	@selftests/$(if $(EVERYWHERE),run-everywhere,run-in-vm)
check-clients:
	@selftests/run-in-vm clients
check-mutants:
	@selftests/mutants/in-vm
lint:
	@vm/run --lint
vm:
	@vm/run
## make docs         docs/uapi.md, by the kernel's kernel-doc
docs:
	@docs/render-uapi

## make install      on this machine: DKMS module, library, ICD, headers (DESTDIR, PREFIX)
## make uninstall    take all of that away
install: install-userspace install-tools install-module
uninstall: uninstall-userspace uninstall-tools uninstall-module

# Run inside the guest's root, by vm/run: what a user installs, and what a test needs.
guest-install: PREFIX := /usr
# Where there is a 32-bit libdrm there are to be 32-bit tests, or it is a failure; but
# sanitizers' libraries are of 64 bits.
M32 := $(if $(SANITIZE),,$(if $(wildcard /usr/lib/i386-linux-gnu/libdrm.so.2),y))
guest-install: install install-demo install-kunit
	$(MAKE) -C selftests install $(if $(M32)$(SANITIZE),M32=$(M32))
	$(MAKE) -C selftests/clients install
ifneq ($(MUTANTS),)
	selftests/mutants/build $(CURDIR) $(DESTDIR)/usr/lib/figment/mutants $(CC) -w
	$(INSTALL) selftests/mutants/run $(DESTDIR)/usr/lib/figment/mutants
endif

clean:
	rm -rf $(BUILD)

.PHONY: default all help demo demo-desktop check check-clients check-mutants lint vm docs install \
	uninstall guest-install clean demo-build install-demo
