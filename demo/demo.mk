# SPDX-License-Identifier: MIT
#
# DOC: builds the demo, for the root Makefile
#
# Shaders become SPIR-V, in headers, here; the programs do not need a compiler
# for them at run time. Each object's dependencies are recorded as it is made.
# pkg-config is asked only when something is built.

DEMO := $(BUILD)/demo
DEMO_PROGRAMS := figment-producer figment-consumer figment-strip figment-compare \
	figment-timeline
DEMO_SHADERS := object_vert object_frag room_vert room_frag
DEMO_CFLAGS = -D_GNU_SOURCE -Iuserspace/libfigment -Iuserspace/tools -Iuapi -I$(DEMO)/shaders \
	$(shell pkg-config --cflags libdrm vulkan libpng)
GLSLANG ?= glslangValidator

demo-build: $(addprefix $(DEMO)/,$(DEMO_PROGRAMS))

demo_share := common.o share.o
demo_vulkan := vk.o vk_share.o scene.o scene_data.o

$(DEMO)/figment-producer: $(addprefix $(DEMO)/,producer.o picture.o $(demo_share) $(demo_vulkan))
$(DEMO)/figment-consumer: $(addprefix $(DEMO)/,consumer.o picture.o $(demo_share) vk.o vk_share.o)
$(DEMO)/figment-strip: $(addprefix $(DEMO)/,strip.o picture.o $(demo_share))
$(DEMO)/figment-compare: $(addprefix $(DEMO)/,compare.o picture.o common.o)
$(DEMO)/figment-timeline: $(addprefix $(DEMO)/,timeline-main.o timeline.o timeline-svg.o common.o)

$(DEMO)/figment-producer $(DEMO)/figment-consumer $(DEMO)/figment-strip: $(BUILD)/lib/libfigment.so
$(DEMO)/figment-producer $(DEMO)/figment-consumer: \
	DEMO_LIBS = -L$(BUILD)/lib -lfigment $(shell pkg-config --libs vulkan libpng libdrm) -lz -lm
$(DEMO)/figment-strip: \
	DEMO_LIBS = -L$(BUILD)/lib -lfigment $(shell pkg-config --libs libpng libdrm) -lz
$(DEMO)/figment-compare: DEMO_LIBS = $(shell pkg-config --libs libpng) -lz
$(DEMO)/figment-timeline: DEMO_LIBS = -lm

$(addprefix $(DEMO)/,$(DEMO_PROGRAMS)):
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(DEMO_LIBS)

$(DEMO)/%.o: demo/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(DEMO_CFLAGS) -MMD -MP -c -o $@ $<

$(DEMO)/%.o: userspace/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(DEMO_CFLAGS) -MMD -MP -c -o $@ $<

$(DEMO)/scene.o: $(addprefix $(DEMO)/shaders/,$(addsuffix .h,$(DEMO_SHADERS)))

$(DEMO)/shaders/%_vert.h: demo/shaders/%.vert demo/shaders/view.glsl
	@mkdir -p $(@D)
	$(GLSLANG) --quiet -V --target-env vulkan1.3 --vn $*_vert -o $@ $<

$(DEMO)/shaders/%_frag.h: demo/shaders/%.frag demo/shaders/view.glsl
	@mkdir -p $(@D)
	$(GLSLANG) --quiet -V --target-env vulkan1.3 --vn $*_frag -o $@ $<

-include $(wildcard $(DEMO)/*.d)

install-demo: demo-build
	install -d $(DESTDIR)$(TESTDIR)/demo
	install -m755 $(addprefix $(DEMO)/,$(DEMO_PROGRAMS)) demo/figment-demo-test \
		$(DESTDIR)$(TESTDIR)/demo/
