# SPDX-License-Identifier: MIT
#
# DOC: installs the module's source for DKMS, and its configuration.
#
# With DESTDIR (a package being made) nothing is built: DKMS does that where the
# package gets installed.

DKMS_SRC := /usr/src/figment-$(VERSION)
DKMS_FILES := Kbuild dkms.conf $(wildcard kernel/*.c kernel/*.h) kernel/detect.sh uapi/figment_drm.h

# Each version that DKMS has: of two, it would build both for every new kernel.
define dkms-remove
	for version in $$(dkms status -m figment 2>/dev/null | \
			sed -nE 's|^figment[/,] ?([^,: ]+).*|\1|p' | sort -u); do \
		dkms remove figment/$$version --all; \
		[ $$version = $(VERSION) ] || rm -rf /usr/src/figment-$$version; \
	done >/dev/null 2>&1
endef

install-module:
	rm -rf $(DESTDIR)$(DKMS_SRC)
	for f in $(DKMS_FILES); do \
		install -D -m 0644 $$f $(DESTDIR)$(DKMS_SRC)/$$f || exit 1; \
	done
	# What the operator has changed stays.
	[ -e $(DESTDIR)$(MODPROBEDIR)/figment.conf ] || \
		install -D -m 0644 kernel/figment.modprobe $(DESTDIR)$(MODPROBEDIR)/figment.conf
	install -D -m 0644 kernel/figment.rules $(DESTDIR)$(UDEVDIR)/70-figment.rules
ifeq ($(DESTDIR),)
	$(dkms-remove)
	dkms add figment/$(VERSION)
	dkms build figment/$(VERSION) -k $(KVER)
	dkms install figment/$(VERSION) -k $(KVER) --force
	-udevadm control --reload 2>/dev/null
endif

uninstall-module:
ifeq ($(DESTDIR),)
	-modprobe -r figment 2>/dev/null
	$(dkms-remove)
endif
	rm -rf $(DESTDIR)$(DKMS_SRC)
	rm -f $(DESTDIR)$(MODPROBEDIR)/figment.conf $(DESTDIR)$(UDEVDIR)/70-figment.rules

.PHONY: install-module uninstall-module
