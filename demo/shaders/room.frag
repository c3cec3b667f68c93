/* SPDX-License-Identifier: MIT */
#version 450
#extension GL_GOOGLE_include_directive : require
/*
 * DOC: the room the object floats in
 *
 * A gradient whose hue goes once around in the course of the film, which makes
 * the twelve frames of a contact sheet easy to tell apart, and a tiled floor
 * with the object's soft shadow, met by a ray through each pixel.
 */
#include "view.glsl"

layout(location = 0) in vec3 v_ray;

layout(location = 0) out vec4 colour;

vec3 hue(float h)
{
	return 0.5 + 0.5 * cos(6.2831853 * (h + vec3(0.0, 0.33, 0.67)));
}

void main()
{
	vec3 ray = normalize(v_ray);
	vec3 tint = mix(vec3(0.5), hue(view.misc.x + 0.56), 0.75);
	vec3 c = mix(tint * 0.30, tint * 0.035, smoothstep(-0.10, 0.42, ray.y));
	float t = (view.misc.w - eye().y) / min(ray.y, -0.001);

	if (ray.y < -0.001) {
		vec2 p = (eye() + t * ray).xz;
		vec2 cell = abs(fract(p * 0.8) - 0.5);
		/* Joints of the tiles, as wide as a pixel at least. */
		float width = 0.02 + 0.9 * t / 400.0;
		float joint = smoothstep(0.5 - width, 0.5, max(cell.x, cell.y));
		vec2 tile = floor(p * 0.8);
		float even = mod(tile.x + tile.y, 2.0);
		vec3 base = tint * mix(0.13, 0.19, even) + 0.02;
		float shade = 1.0 - 0.75 * exp(-dot(p + vec2(0.55, 0.25), p + vec2(0.55, 0.25)) * 0.38);
		float glow = exp(-dot(p, p) * 0.055);

		base = mix(base, base * 0.45, joint) * (0.35 + 1.5 * glow) * shade;
		c = mix(base, c, smoothstep(5.0, 16.0, t));
	}
	colour = vec4(to_display(c), 1.0);
}
