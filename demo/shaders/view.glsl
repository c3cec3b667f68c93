/* SPDX-License-Identifier: MIT */
/*
 * DOC: what both pipelines are told about a frame
 *
 * It fits into the 128 bytes of push constants that every device has, so no
 * frame needs a uniform buffer, and none can be overwritten too early.
 */
layout(push_constant) uniform View {
	mat4 mvp;
	vec4 rot[3];	/* rows of the object's rotation; .w: eye height, eye distance, pitch */
	vec4 misc;	/* phase 0..1 of the turn, tan(fov/2) in x and y, height of the floor */
} view;

vec3 eye()
{
	return vec3(0.0, view.rot[0].w, view.rot[1].w);
}

vec3 to_display(vec3 c)
{
	/* A filmic shoulder, then sRGB's gamma: the image is UNORM. */
	c = c * (2.2 * c + 0.1) / (c * (2.0 * c + 0.6) + 0.2);
	return pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
}
