# SPDX-License-Identifier: MIT
#
# DOC: the figment command

TOOL_OBJS := $(patsubst userspace/%.c,$(BUILD)/userspace/%.o,$(sort $(wildcard userspace/tools/*.c)))

$(TOOL_OBJS): $(BUILD)/userspace/%.o: userspace/%.c userspace/tools/tools.mk Makefile
	@mkdir -p $(@D)
	$(FIGMENT_COMPILE) -Iuserspace/libfigment -c -o $@ $<

$(BUILD)/bin/figment: $(TOOL_OBJS) $(LIBFIGMENT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBDRM_LIBS) -lm

tools: $(BUILD)/bin/figment

install-tools: tools
	$(INSTALL) -D -m 755 $(BUILD)/bin/figment $(DESTDIR)$(PREFIX)/bin/figment

uninstall-tools:
	rm -f $(DESTDIR)$(PREFIX)/bin/figment

-include $(TOOL_OBJS:.o=.d)

.PHONY: tools install-tools uninstall-tools
