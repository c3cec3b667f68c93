# SPDX-License-Identifier: MIT
#
# DOC: builds and installs figment_kunit.ko, for a kernel that has KUnit
#
# Where $(KVER) has none, as distributions' kernels do not, there is nothing to do.

KUNIT_KERNEL := /lib/modules/$(KVER)/build
KUNIT_BUILD := $(abspath $(BUILD))/kunit/$(KVER)
KUNIT_HAS = $(shell grep -qs '^CONFIG_KUNIT=[ym]' $(KUNIT_KERNEL)/include/config/auto.conf && echo y)

# Built in a copy: the sources may not be writable, and are for more than one kernel.
kunit:
	rm -rf $(KUNIT_BUILD)
	mkdir -p $(KUNIT_BUILD)
	cp -r kernel uapi $(KUNIT_BUILD)
	$(MAKE) -C $(KUNIT_KERNEL) M=$(KUNIT_BUILD)/kernel/tests FIGMENT_WERROR=y modules

install-kunit: $(if $(KUNIT_HAS),kunit)
ifneq ($(KUNIT_HAS),)
	$(INSTALL) -D -m 644 $(KUNIT_BUILD)/kernel/tests/figment_kunit.ko \
		$(DESTDIR)$(TESTDIR)/kunit/$(KVER)/figment_kunit.ko
endif

.PHONY: kunit install-kunit
