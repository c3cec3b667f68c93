// SPDX-License-Identifier: MIT
/**
 * DOC: the scene's Vulkan objects and its drawing
 *
 * Depth is one image for all frames, as frames are drawn one after the other on
 * one queue; the barrier before it is cleared again says so. Everything else is
 * only read.
 */
#include <stddef.h>
#include <stdlib.h>

#include "common.h"
#include "scene.h"

#include "object_vert.h"
#include "object_frag.h"
#include "room_vert.h"
#include "room_frag.h"

#define DEPTH_FORMAT	VK_FORMAT_D32_SFLOAT
#define TEXTURE_BYTES	(TEXTURE_SIZE * TEXTURE_SIZE * 4)
#define STAGES		(VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT)

static void create_set(struct scene *s)
{
	const VkDevice device = s->vk->device;
	const VkSamplerCreateInfo sampler = {
		.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
		.magFilter = VK_FILTER_LINEAR,
		.minFilter = VK_FILTER_LINEAR,
		.addressModeU = VK_SAMPLER_ADDRESS_MODE_REPEAT,
		.addressModeV = VK_SAMPLER_ADDRESS_MODE_REPEAT,
	};
	const VkDescriptorSetLayoutBinding binding = {
		.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
		.descriptorCount = 1,
		.stageFlags = VK_SHADER_STAGE_FRAGMENT_BIT,
	};
	const VkDescriptorSetLayoutCreateInfo set_layout = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = 1,
		.pBindings = &binding,
	};
	const VkDescriptorPoolSize size = { binding.descriptorType, 1 };
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};
	VkDescriptorSetAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorSetCount = 1,
		.pSetLayouts = &s->set_layout,
	};
	VkDescriptorImageInfo image = {
		.imageView = s->texture.view,
		.imageLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
	};
	VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.descriptorCount = 1,
		.descriptorType = binding.descriptorType,
		.pImageInfo = &image,
	};

	VK(vkCreateSampler(device, &sampler, NULL, &s->sampler));
	VK(vkCreateDescriptorSetLayout(device, &set_layout, NULL, &s->set_layout));
	VK(vkCreateDescriptorPool(device, &pool, NULL, &s->descriptors));
	alloc.descriptorPool = s->descriptors;
	VK(vkAllocateDescriptorSets(device, &alloc, &s->set));
	image.sampler = s->sampler;
	write.dstSet = s->set;
	vkUpdateDescriptorSets(device, 1, &write, 0, NULL);
}

static VkShaderModule shader(const struct vk *vk, const uint32_t *code, size_t size)
{
	const VkShaderModuleCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = size,
		.pCode = code,
	};
	VkShaderModule module;

	VK(vkCreateShaderModule(vk->device, &info, NULL, &module));
	return module;
}

/* The knot has vertices and depth; the room is made in its shaders and is behind all. */
static VkPipeline pipeline(const struct scene *s, VkShaderModule vert, VkShaderModule frag,
			   bool mesh)
{
	const VkPipelineShaderStageCreateInfo stages[] = {
		{
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_VERTEX_BIT, .module = vert, .pName = "main",
		}, {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_FRAGMENT_BIT, .module = frag, .pName = "main",
		},
	};
	const VkVertexInputBindingDescription binding = {
		.stride = sizeof(struct vertex),
	};
	const VkVertexInputAttributeDescription attributes[] = {
		{ 0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, position) },
		{ 1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, normal) },
		{ 2, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct vertex, uv) },
	};
	const VkPipelineVertexInputStateCreateInfo input = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
		.vertexBindingDescriptionCount = mesh ? 1 : 0,
		.pVertexBindingDescriptions = &binding,
		.vertexAttributeDescriptionCount = mesh ? 3 : 0,
		.pVertexAttributeDescriptions = attributes,
	};
	const VkPipelineInputAssemblyStateCreateInfo assembly = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
		.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
	};
	const VkViewport port = { 0, 0, FRAME_WIDTH, FRAME_HEIGHT, 0, 1 };
	const VkRect2D scissor = { { 0, 0 }, { FRAME_WIDTH, FRAME_HEIGHT } };
	const VkPipelineViewportStateCreateInfo viewport = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
		.viewportCount = 1, .pViewports = &port,
		.scissorCount = 1, .pScissors = &scissor,
	};
	const VkPipelineRasterizationStateCreateInfo raster = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
		.polygonMode = VK_POLYGON_MODE_FILL,
		.cullMode = mesh ? VK_CULL_MODE_BACK_BIT : VK_CULL_MODE_NONE,
		.frontFace = VK_FRONT_FACE_CLOCKWISE,
		.lineWidth = 1,
	};
	const VkPipelineMultisampleStateCreateInfo multisample = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
		.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
	};
	const VkPipelineDepthStencilStateCreateInfo depth = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
		.depthTestEnable = mesh,
		.depthWriteEnable = mesh,
		.depthCompareOp = VK_COMPARE_OP_LESS,
	};
	const VkPipelineColorBlendAttachmentState attachment = { .colorWriteMask = 0xf };
	const VkPipelineColorBlendStateCreateInfo blend = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
		.attachmentCount = 1,
		.pAttachments = &attachment,
	};
	const VkFormat format = FRAME_FORMAT;
	const VkPipelineRenderingCreateInfo rendering = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
		.colorAttachmentCount = 1,
		.pColorAttachmentFormats = &format,
		.depthAttachmentFormat = DEPTH_FORMAT,
	};
	const VkGraphicsPipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
		.pNext = &rendering,
		.stageCount = 2,
		.pStages = stages,
		.pVertexInputState = &input,
		.pInputAssemblyState = &assembly,
		.pViewportState = &viewport,
		.pRasterizationState = &raster,
		.pMultisampleState = &multisample,
		.pDepthStencilState = &depth,
		.pColorBlendState = &blend,
		.layout = s->layout,
	};
	VkPipeline pipe;

	VK(vkCreateGraphicsPipelines(s->vk->device, VK_NULL_HANDLE, 1, &info, NULL, &pipe));
	vkDestroyShaderModule(s->vk->device, vert, NULL);
	vkDestroyShaderModule(s->vk->device, frag, NULL);
	return pipe;
}

static void create_mesh(struct scene *s)
{
	struct vertex *vertices = xalloc(KNOT_VERTICES * sizeof(*vertices));
	uint16_t *indices = xalloc(KNOT_INDICES * sizeof(*indices));

	_Static_assert(KNOT_VERTICES <= 0xffff, "16-bit indices");
	knot_mesh(vertices, indices);
	vk_buffer(s->vk, &s->vertices, KNOT_VERTICES * sizeof(*vertices),
		  VK_BUFFER_USAGE_VERTEX_BUFFER_BIT, vertices);
	vk_buffer(s->vk, &s->indices, KNOT_INDICES * sizeof(*indices),
		  VK_BUFFER_USAGE_INDEX_BUFFER_BIT, indices);
	s->index_count = KNOT_INDICES;
	free(vertices);
	free(indices);
}

void scene_create(struct scene *s, const struct vk *vk)
{
	const VkPushConstantRange range = { STAGES, 0, sizeof(struct view) };
	VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &s->set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &range,
	};

	*s = (struct scene){ .vk = vk };
	vk_image(vk, &s->texture, VK_FORMAT_R8G8B8A8_SRGB, TEXTURE_SIZE, TEXTURE_SIZE,
		 VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
		 VK_IMAGE_ASPECT_COLOR_BIT);
	vk_image(vk, &s->depth, DEPTH_FORMAT, FRAME_WIDTH, FRAME_HEIGHT,
		 VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT, VK_IMAGE_ASPECT_DEPTH_BIT);
	vk_buffer(vk, &s->upload, TEXTURE_BYTES, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, NULL);
	glaze_texture(s->upload.map);
	create_mesh(s);
	create_set(s);
	VK(vkCreatePipelineLayout(vk->device, &layout, NULL, &s->layout));
	s->object = pipeline(s, shader(vk, object_vert, sizeof(object_vert)),
			     shader(vk, object_frag, sizeof(object_frag)), true);
	s->room = pipeline(s, shader(vk, room_vert, sizeof(room_vert)),
			   shader(vk, room_frag, sizeof(room_frag)), false);
}

void scene_upload(struct scene *s, VkCommandBuffer cmd)
{
	const VkBufferImageCopy copy = {
		.imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		.imageExtent = { TEXTURE_SIZE, TEXTURE_SIZE, 1 },
	};
	const struct vk_side copied = {
		VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
		VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 0,
	};
	const struct vk_side sampled = {
		VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT, VK_ACCESS_2_SHADER_SAMPLED_READ_BIT,
		VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, 0,
	};

	vk_barrier(cmd, s->texture.image, VK_IMAGE_ASPECT_COLOR_BIT, (struct vk_side){ 0 }, copied);
	vkCmdCopyBufferToImage(cmd, s->upload.buffer, s->texture.image,
			       VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &copy);
	vk_barrier(cmd, s->texture.image, VK_IMAGE_ASPECT_COLOR_BIT, copied, sampled);
}

void scene_draw(struct scene *s, VkCommandBuffer cmd, VkImageView view, unsigned int frame)
{
	const VkPipelineStageFlags2 tests = VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT |
					    VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT;
	const VkRenderingAttachmentInfo colour = {
		.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
		.imageView = view,
		.imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
		/* The room covers every pixel. */
		.loadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
		.storeOp = VK_ATTACHMENT_STORE_OP_STORE,
	};
	const VkRenderingAttachmentInfo depth = {
		.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
		.imageView = s->depth.view,
		.imageLayout = VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL,
		.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
		.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
		.clearValue.depthStencil.depth = 1,
	};
	const VkRenderingInfo rendering = {
		.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
		.renderArea = { { 0, 0 }, { FRAME_WIDTH, FRAME_HEIGHT } },
		.layerCount = 1,
		.colorAttachmentCount = 1,
		.pColorAttachments = &colour,
		.pDepthAttachment = &depth,
	};
	const struct vk_side depth_from = {
		tests, VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
		VK_IMAGE_LAYOUT_UNDEFINED, 0,
	};
	const struct vk_side depth_to = {
		tests, VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT |
		       VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
		VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL, 0,
	};
	const VkDeviceSize zero = 0;
	struct view constants;

	frame_view(&constants, frame);
	vk_barrier(cmd, s->depth.image, VK_IMAGE_ASPECT_DEPTH_BIT, depth_from, depth_to);
	vkCmdBeginRendering(cmd, &rendering);
	vkCmdPushConstants(cmd, s->layout, STAGES, 0, sizeof(constants), &constants);
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->room);
	vkCmdDraw(cmd, 3, 1, 0, 0);
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->object);
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->layout, 0, 1, &s->set,
				0, NULL);
	vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertices.buffer, &zero);
	vkCmdBindIndexBuffer(cmd, s->indices.buffer, 0, VK_INDEX_TYPE_UINT16);
	vkCmdDrawIndexed(cmd, s->index_count, 1, 0, 0, 0);
	vkCmdEndRendering(cmd);
}

void scene_destroy(struct scene *s)
{
	const VkDevice device = s->vk->device;

	vkDestroyPipeline(device, s->object, NULL);
	vkDestroyPipeline(device, s->room, NULL);
	vkDestroyPipelineLayout(device, s->layout, NULL);
	vkDestroyDescriptorPool(device, s->descriptors, NULL);
	vkDestroyDescriptorSetLayout(device, s->set_layout, NULL);
	vkDestroySampler(device, s->sampler, NULL);
	vk_image_destroy(s->vk, &s->texture);
	vk_image_destroy(s->vk, &s->depth);
	vk_buffer_destroy(s->vk, &s->vertices);
	vk_buffer_destroy(s->vk, &s->indices);
	vk_buffer_destroy(s->vk, &s->upload);
}
