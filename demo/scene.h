/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SCENE_H
#define DEMO_SCENE_H

/**
 * DOC: the scene
 *
 * A glazed torus knot that turns in a tiled room: a graphics pipeline with
 * vertices, indices, depth and a texture. It is a function of the frame's number
 * alone, so that the same frame can be rendered again, elsewhere, to compare.
 */

#include "vk.h"

struct scene {
	const struct vk *vk;
	VkDescriptorSetLayout set_layout;
	VkDescriptorPool descriptors;
	VkDescriptorSet set;
	VkPipelineLayout layout;
	VkPipeline object, room;
	VkSampler sampler;
	struct vk_image texture, depth;
	struct vk_buffer vertices, indices, upload;
	uint32_t index_count;
};

/** scene_create() - make the scene's objects and its mesh */
void scene_create(struct scene *scene, const struct vk *vk);
/** scene_upload() - record what is needed once: the texture's way to the device */
void scene_upload(struct scene *scene, VkCommandBuffer cmd);
/**
 * scene_draw() - record the drawing of a frame
 * @scene: the scene
 * @cmd: the command buffer
 * @view: what to draw to, in COLOR_ATTACHMENT_OPTIMAL
 * @frame: the frame's number
 */
void scene_draw(struct scene *scene, VkCommandBuffer cmd, VkImageView view,
		unsigned int frame);
void scene_destroy(struct scene *scene);

/* scene_data.c: what the scene is made of */

#define TEXTURE_SIZE	128

struct vertex {
	float position[3], normal[3], uv[2];
};

struct view {
	float mvp[16];
	float rot[3][4];
	float misc[4];
};

#define KNOT_SEGMENTS	150
#define KNOT_SIDES	16
#define KNOT_VERTICES	((KNOT_SEGMENTS + 1) * (KNOT_SIDES + 1))
#define KNOT_INDICES	(KNOT_SEGMENTS * KNOT_SIDES * 6)

void knot_mesh(struct vertex *vertices, uint16_t *indices);
/** glaze_texture() - paint the tiles: TEXTURE_SIZE squared texels, R8G8B8A8 sRGB */
void glaze_texture(uint8_t *texels);
/** frame_view() - where eye and object are in a frame */
void frame_view(struct view *view, unsigned int frame);

#endif
