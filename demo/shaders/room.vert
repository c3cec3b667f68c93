/* SPDX-License-Identifier: MIT */
#version 450
#extension GL_GOOGLE_include_directive : require
/* DOC: one triangle that covers the picture, with a ray of sight at each corner. */
#include "view.glsl"

layout(location = 0) out vec3 v_ray;

void main()
{
	vec2 p = vec2(gl_VertexIndex == 1 ? 3.0 : -1.0, gl_VertexIndex == 2 ? 3.0 : -1.0);
	float s = sin(view.rot[2].w), c = cos(view.rot[2].w);
	vec3 ray = vec3(p.x * view.misc.y, -p.y * view.misc.z, -1.0);

	v_ray = vec3(ray.x, ray.y * c - ray.z * s, ray.y * s + ray.z * c);
	gl_Position = vec4(p, 0.0, 1.0);
}
