/* SPDX-License-Identifier: MIT */
#version 450
#extension GL_GOOGLE_include_directive : require
/* DOC: turns the knot; positions are the world's, as only rotation is applied. */
#include "view.glsl"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;

layout(location = 0) out vec3 v_world;
layout(location = 1) out vec3 v_normal;
layout(location = 2) out vec2 v_uv;

vec3 turn(vec3 p)
{
	return vec3(dot(view.rot[0].xyz, p), dot(view.rot[1].xyz, p), dot(view.rot[2].xyz, p));
}

void main()
{
	v_world = turn(position);
	v_normal = turn(normal);
	v_uv = uv;
	gl_Position = view.mvp * vec4(position, 1.0);
}
