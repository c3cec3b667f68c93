# SPDX-License-Identifier: MIT
#
# DOC: libfigment and the Vulkan driver
#
# The driver has libfigment's objects in it: what a loader puts into somebody's
# process should depend on nothing beside it that may be of another version.
#
# The manifest and the .pc file say where things are installed, so they are made
# when they are. The manifest that is built is for the driver where it is built:
# VK_DRIVER_FILES=$(BUILD)/lib/figment_icd.*.json runs it without installing it.
#
# With the driver comes what makes Mesa's OpenGL use it: a file of Mesa's own
# configuration.

PKG_CONFIG ?= pkg-config
INSTALL ?= install

FIGMENT_LIB := $(BUILD)/lib
FIGMENT_ICD = figment_icd.$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))).json
figment_objs = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard userspace/$(1)/*.c)))
LIBFIGMENT_OBJS := $(call figment_objs,libfigment)
VULKAN_OBJS := $(call figment_objs,vulkan)

# Presenting by dma-buf takes Wayland's headers and protocols.
WAYLAND_PROTOCOLS := $(shell $(PKG_CONFIG) --exists wayland-client wayland-scanner && \
	$(PKG_CONFIG) --variable=pkgdatadir wayland-protocols 2>/dev/null)
WAYLAND_XML := $(if $(WAYLAND_PROTOCOLS),$(wildcard \
	$(WAYLAND_PROTOCOLS)/stable/linux-dmabuf/linux-dmabuf-v1.xml \
	$(WAYLAND_PROTOCOLS)/staging/linux-drm-syncobj/linux-drm-syncobj-v1.xml))
WAYLAND_SOURCES := $(addprefix $(BUILD)/userspace/vulkan/,$(notdir $(WAYLAND_XML:.xml=.c)))
ifeq ($(words $(WAYLAND_XML)),2)
WAYLAND_CFLAGS = -DFIGMENT_WAYLAND -I$(BUILD)/userspace/vulkan \
	$(shell $(PKG_CONFIG) --cflags wayland-client)
WAYLAND_LIBS = $(shell $(PKG_CONFIG) --libs wayland-client)
VULKAN_OBJS += $(WAYLAND_SOURCES:.c=.o)
else
VULKAN_OBJS := $(filter-out %/swapchain.o %/wayland.o,$(VULKAN_OBJS))
endif

# Asked only by the recipes, so that a machine without libdrm can still make help.
LIBDRM_CFLAGS = $(shell $(PKG_CONFIG) --cflags libdrm)
LIBDRM_LIBS = $(shell $(PKG_CONFIG) --libs libdrm)
VULKAN_CFLAGS = $(shell $(PKG_CONFIG) --cflags vulkan)

FIGMENT_COMPILE = $(CC) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Iuapi $(LIBDRM_CFLAGS) -MMD -MP $(CPPFLAGS) $(CFLAGS) \
	-fPIC
FIGMENT_LINK = $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-z,defs -Wl,-Bsymbolic

# $(1): the library's path
figment_manifest = printf '%s\n' '{' '    "file_format_version": "1.0.1",' '    "ICD": {' \
	'        "library_path": "$(1)",' '        "api_version": "1.4.0"' '    }' '}'

figment_pc = printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	'Name: figment' 'Description: C API of the figment virtual GPU' 'Version: $(VERSION)' \
	'Requires.private: libdrm' 'Libs: -L$${libdir} -lfigment' 'Cflags: -I$${includedir}/figment'

# The driver speaks Vulkan 1.4 and so must the headers. Debian 12 has 1.3, and a
# lavapipe that is too old besides; the rest of figment is of use there too.
VULKAN_DRIVER := $(if $(shell $(PKG_CONFIG) --atleast-version=1.4.300 vulkan 2>/dev/null && echo y),vulkan-driver,no-vulkan-driver)

# libgbm says what a backend is only since Mesa 25.1.
GBM_BACKEND := $(if $(wildcard $(shell $(PKG_CONFIG) --variable=includedir gbm 2>/dev/null)/gbm_backend_abi.h),gbm-backend,no-gbm-backend)
GBM_OBJS := $(call figment_objs,gbm)

userspace: $(FIGMENT_LIB)/libfigment.so $(VULKAN_DRIVER) $(GBM_BACKEND)

gbm-backend: $(FIGMENT_LIB)/figment_gbm.so
no-gbm-backend:
	@echo "figment: no GBM backend: it needs gbm_backend_abi.h (libgbm-dev, Mesa 25.1)"

$(GBM_OBJS): $(BUILD)/%.o: %.c userspace/userspace.mk Makefile
	@mkdir -p $(@D)
	$(FIGMENT_COMPILE) -c -o $@ $<

$(FIGMENT_LIB)/figment_gbm.so: $(GBM_OBJS) $(LIBFIGMENT_OBJS)
	@mkdir -p $(@D)
	$(FIGMENT_LINK) -Wl,--version-script=userspace/gbm/figment_gbm.map -o $@ \
		$^ $(LIBDRM_LIBS)

vulkan-driver: $(FIGMENT_LIB)/libvulkan_figment.so $(FIGMENT_LIB)/manifest
no-vulkan-driver:
	@echo "figment: no Vulkan driver: it needs Vulkan headers of 1.4 or later (libvulkan-dev)"

# What libfigment does not export is static. The driver's version script hides all of it.
$(LIBFIGMENT_OBJS): $(BUILD)/%.o: %.c userspace/userspace.mk Makefile
	@mkdir -p $(@D)
	$(FIGMENT_COMPILE) -fvisibility=default -c -o $@ $<

$(filter-out $(WAYLAND_SOURCES:.c=.o),$(VULKAN_OBJS)): $(BUILD)/%.o: %.c userspace/userspace.mk Makefile
	@mkdir -p $(@D)
	$(FIGMENT_COMPILE) $(VULKAN_CFLAGS) $(WAYLAND_CFLAGS) -DFIGMENT_VERSION='"$(VERSION)"' \
		-c -o $@ $<

define figment_protocol
$(BUILD)/userspace/vulkan/$(basename $(notdir $(1))).h: $(1)
	@mkdir -p $$(@D)
	wayland-scanner client-header $$< $$@
$(BUILD)/userspace/vulkan/$(basename $(notdir $(1))).c: $(1)
	@mkdir -p $$(@D)
	wayland-scanner private-code $$< $$@
$(BUILD)/userspace/vulkan/$(basename $(notdir $(1))).o: $(BUILD)/userspace/vulkan/$(basename $(notdir $(1))).c
	$$(FIGMENT_COMPILE) $$(WAYLAND_CFLAGS) -c -o $$@ $$<
endef
$(foreach xml,$(WAYLAND_XML),$(eval $(call figment_protocol,$(xml))))
$(BUILD)/userspace/vulkan/wayland.o: | $(WAYLAND_SOURCES:.c=.h)

$(FIGMENT_LIB)/libfigment.so.0: $(LIBFIGMENT_OBJS)
	@mkdir -p $(@D)
	$(FIGMENT_LINK) -Wl,-soname,$(@F) -o $@ $^ $(LIBDRM_LIBS)

$(FIGMENT_LIB)/libfigment.so: $(FIGMENT_LIB)/libfigment.so.0
	ln -sf $(<F) $@

# The build id is part of what tells one build of the driver from another (uuid.c).
$(FIGMENT_LIB)/libvulkan_figment.so: userspace/vulkan/vulkan_figment.map \
		$(VULKAN_OBJS) $(LIBFIGMENT_OBJS)
	@mkdir -p $(@D)
	$(FIGMENT_LINK) -Wl,-soname,$(@F) -Wl,-z,nodelete -Wl,--build-id=sha1 \
		-Wl,--version-script=$< -o $@ $(filter %.o,$^) \
		$(LIBDRM_LIBS) $(WAYLAND_LIBS) -ldl

$(FIGMENT_LIB)/manifest: $(FIGMENT_LIB)/libvulkan_figment.so
	$(call figment_manifest,$(abspath $<)) >$(@D)/$(FIGMENT_ICD)
	@touch $@

install-userspace: install-library install-$(VULKAN_DRIVER) install-$(GBM_BACKEND)

# Where libgbm does not look: it is who sets GBM_BACKENDS_PATH to this that wants it.
GBMDIR ?= $(PREFIX)/lib/figment/gbm
install-no-gbm-backend: no-gbm-backend
install-gbm-backend: gbm-backend
	$(INSTALL) -D -m 755 $(FIGMENT_LIB)/figment_gbm.so $(DESTDIR)$(GBMDIR)/figment_gbm.so

install-library: $(FIGMENT_LIB)/libfigment.so
	$(INSTALL) -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(INCLUDEDIR)/figment)
	$(INSTALL) -m 755 $(FIGMENT_LIB)/libfigment.so.0 $(DESTDIR)$(LIBDIR)
	ln -sf libfigment.so.0 $(DESTDIR)$(LIBDIR)/libfigment.so
	$(INSTALL) -m 644 userspace/libfigment/figment.h uapi/figment_drm.h \
		$(DESTDIR)$(INCLUDEDIR)/figment
	$(figment_pc) >$(DESTDIR)$(LIBDIR)/pkgconfig/figment.pc
ifeq ($(DESTDIR),)
	ldconfig
endif

install-no-vulkan-driver: no-vulkan-driver
install-vulkan-driver: vulkan-driver
	$(INSTALL) -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(ICDDIR)
	$(INSTALL) -m 755 $(FIGMENT_LIB)/libvulkan_figment.so $(DESTDIR)$(LIBDIR)
	$(call figment_manifest,$(LIBDIR)/libvulkan_figment.so) \
		>$(DESTDIR)$(ICDDIR)/$(FIGMENT_ICD)
	$(INSTALL) -D -m 644 userspace/mesa/50-figment.conf $(DESTDIR)$(DRIRCDIR)/50-figment.conf

uninstall-userspace:
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libfigment.so libfigment.so.0 \
		libvulkan_figment.so pkgconfig/figment.pc)
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/figment/,figment.h figment_drm.h)
	rm -f $(DESTDIR)$(ICDDIR)/$(FIGMENT_ICD) $(DESTDIR)$(DRIRCDIR)/50-figment.conf
	rm -f $(DESTDIR)$(GBMDIR)/figment_gbm.so
	-rmdir $(DESTDIR)$(GBMDIR) $(DESTDIR)$(INCLUDEDIR)/figment

-include $(LIBFIGMENT_OBJS:.o=.d) $(VULKAN_OBJS:.o=.d) $(GBM_OBJS:.o=.d)

.PHONY: userspace gbm-backend no-gbm-backend install-gbm-backend install-no-gbm-backend \
	vulkan-driver no-vulkan-driver install-userspace install-library \
	install-vulkan-driver install-no-vulkan-driver uninstall-userspace
