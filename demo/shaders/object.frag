/* SPDX-License-Identifier: MIT */
#version 450
#extension GL_GOOGLE_include_directive : require
/*
 * DOC: glazed tiles in the light of two lamps
 *
 * Blinn-Phong with a warm key light and a cool fill light; light from the floor
 * and a rim keep the shadow side readable at this size.
 */
#include "view.glsl"

layout(location = 0) in vec3 v_world;
layout(location = 1) in vec3 v_normal;
layout(location = 2) in vec2 v_uv;

layout(set = 0, binding = 0) uniform sampler2D glaze;

layout(location = 0) out vec4 colour;

const vec3 key_dir = normalize(vec3(0.55, 0.80, 0.60));
const vec3 fill_dir = normalize(vec3(-0.80, 0.25, 0.45));

vec3 lamp(vec3 albedo, vec3 n, vec3 v, vec3 dir, vec3 light, float gloss)
{
	float diffuse = max(dot(n, dir), 0.0);
	float spec = pow(max(dot(n, normalize(dir + v)), 0.0), gloss);

	return light * (albedo * diffuse + 0.55 * spec * step(0.0, dot(n, dir)));
}

void main()
{
	vec3 n = normalize(v_normal);
	vec3 v = normalize(eye() - v_world);
	vec3 albedo = texture(glaze, v_uv).rgb;
	float rim = pow(1.0 - max(dot(n, v), 0.0), 3.0);
	float from_floor = 0.5 - 0.5 * n.y;

	vec3 c = albedo * mix(vec3(0.10, 0.12, 0.17), vec3(0.16, 0.12, 0.09), from_floor);
	c += lamp(albedo, n, v, key_dir, vec3(1.35, 1.22, 1.02), 48.0);
	c += lamp(albedo, n, v, fill_dir, vec3(0.16, 0.24, 0.40), 20.0);
	c += rim * vec3(0.22, 0.30, 0.42);
	colour = vec4(to_display(c), 1.0);
}
