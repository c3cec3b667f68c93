// SPDX-License-Identifier: MIT
/**
 * DOC: mesh, texture and view of the scene
 *
 * All computed, so that the demo has no assets. The texture repeats seamlessly,
 * since its noise lives on a lattice that wraps around.
 */
#include <math.h>

#include "scene.h"

#define PI	3.14159265358979f

struct vec3 {
	float x, y, z;
};

static struct vec3 add(struct vec3 a, struct vec3 b)
{
	return (struct vec3){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static struct vec3 scale(struct vec3 a, float f)
{
	return (struct vec3){ a.x * f, a.y * f, a.z * f };
}

static struct vec3 cross(struct vec3 a, struct vec3 b)
{
	return (struct vec3){
		a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x,
	};
}

static struct vec3 unit(struct vec3 a)
{
	return scale(a, 1 / sqrtf(a.x * a.x + a.y * a.y + a.z * a.z));
}

/* The (2,3) torus knot: twice around the axis, three times through the hole. */
static struct vec3 knot(float t)
{
	float r = 0.80f + 0.38f * cosf(3 * t);

	return (struct vec3){ r * cosf(2 * t), r * sinf(2 * t), 0.52f * sinf(3 * t) };
}

void knot_mesh(struct vertex *vertices, uint16_t *indices)
{
	const float radius = 0.255f;

	for (int i = 0; i <= KNOT_SEGMENTS; i++) {
		float t = 2 * PI * i / KNOT_SEGMENTS;
		struct vec3 here = knot(t), next = knot(t + 0.01f);
		struct vec3 tangent = unit(add(next, scale(here, -1)));
		/* The knot never passes through the origin, so this is well defined. */
		struct vec3 b = unit(cross(tangent, add(next, here)));
		struct vec3 n = cross(b, tangent);

		for (int j = 0; j <= KNOT_SIDES; j++) {
			float a = 2 * PI * j / KNOT_SIDES;
			struct vec3 normal = add(scale(n, cosf(a)), scale(b, sinf(a)));
			struct vec3 p = add(here, scale(normal, radius));

			*vertices++ = (struct vertex){
				{ p.x, p.y, p.z }, { normal.x, normal.y, normal.z },
				{ 9.0f * i / KNOT_SEGMENTS, 2.0f * j / KNOT_SIDES },
			};
		}
	}
	for (int i = 0; i < KNOT_SEGMENTS; i++) {
		for (int j = 0; j < KNOT_SIDES; j++) {
			uint16_t a = i * (KNOT_SIDES + 1) + j, b = a + KNOT_SIDES + 1;
			const uint16_t quad[6] = { a, b, a + 1, a + 1, b, b + 1 };

			for (int k = 0; k < 6; k++)
				*indices++ = quad[k];
		}
	}
}

static float lattice(uint32_t x, uint32_t y, uint32_t period)
{
	uint32_t h = (x % period) * 374761393u + (y % period) * 668265263u + period * 2246822519u;

	h = (h ^ (h >> 13)) * 1274126177u;
	return ((h ^ (h >> 16)) & 0xffff) / 65535.0f;
}

static float noise(float x, float y, uint32_t period)
{
	uint32_t ix = x, iy = y;
	float fx = x - ix, fy = y - iy;
	float a, b;

	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	a = lattice(ix, iy, period) * (1 - fx) + lattice(ix + 1, iy, period) * fx;
	b = lattice(ix, iy + 1, period) * (1 - fx) + lattice(ix + 1, iy + 1, period) * fx;
	return a * (1 - fy) + b * fy;
}

/* u, v in 0..1; the sum of four octaves, 0..1 */
static float cloud(float u, float v)
{
	float sum = 0, weight = 0.5f;

	for (uint32_t period = 4; period <= 32; period *= 2, weight /= 2)
		sum += weight * noise(u * period, v * period, period);
	return sum / 0.9375f;
}

void glaze_texture(uint8_t *texels)
{
	static const float glazes[4][3] = {
		{ 232, 220, 196 }, { 18, 92, 120 }, { 208, 92, 44 }, { 20, 54, 92 },
	};

	for (int y = 0; y < TEXTURE_SIZE; y++) {
		for (int x = 0; x < TEXTURE_SIZE; x++) {
			float u = (float)x / TEXTURE_SIZE, v = (float)y / TEXTURE_SIZE;
			int tile = (x * 2 / TEXTURE_SIZE) + 2 * (y * 2 / TEXTURE_SIZE);
			/* A diagonal vein, bent by the noise; and clouds in the glaze. */
			float wave = sinf(2 * PI * (u + v + 1.3f * cloud(u, v)));
			float vein = powf(1 - fabsf(wave), 6);
			float light = 0.72f + 0.42f * cloud(v, u);
			/* Grout between the tiles. */
			int gx = x % (TEXTURE_SIZE / 2), gy = y % (TEXTURE_SIZE / 2);
			bool grout = gx < 3 || gy < 3;
			const float *glaze = glazes[tile];

			for (int c = 0; c < 3; c++) {
				float base = grout ? 46 : glaze[c] * light;
				float lit = grout ? base : base + (250 - base) * 0.5f * vein;

				*texels++ = lit > 255 ? 255 : (uint8_t)lit;
			}
			*texels++ = 255;
		}
	}
}

void frame_view(struct view *view, unsigned int frame)
{
	const float eye_y = 0.95f, eye_z = 4.9f, floor_y = -1.55f;
	const float pitch = -0.20f, tan_y = 0.40f;
	const float tan_x = tan_y * FRAME_WIDTH / FRAME_HEIGHT;
	const float near = 1, far = 20;
	float phase = (float)frame / FRAMES;
	/* A third of a turn closes the loop, as the knot has that symmetry. */
	float a = 2 * PI * phase / 3, lean = -0.50f + 0.22f * sinf(2 * PI * phase);
	float yaw = 0.45f * cosf(2 * PI * phase);
	float ca = cosf(a), sa = sinf(a), cl = cosf(lean), sl = sinf(lean);
	float cy = cosf(yaw), sy = sinf(yaw), cp = cosf(pitch), sp = sinf(pitch);
	/* About z (the knot's axis), then x, then y. */
	const float r[3][3] = {
		{ cy * ca + sy * sl * sa, -cy * sa + sy * sl * ca, sy * cl },
		{ cl * sa, cl * ca, -sl },
		{ -sy * ca + cy * sl * sa, sy * sa + cy * sl * ca, cy * cl },
	};

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++)
			view->rot[i][j] = r[i][j];
	}
	view->rot[0][3] = eye_y;
	view->rot[1][3] = eye_z;
	view->rot[2][3] = pitch;
	view->misc[0] = phase;
	view->misc[1] = tan_x;
	view->misc[2] = tan_y;
	view->misc[3] = floor_y;

	for (int j = 0; j < 4; j++) {
		/* A column of the model's matrix, seen from the eye: right, up, ahead. */
		float x = j < 3 ? r[0][j] : 0;
		float y = j < 3 ? r[1][j] : -eye_y;
		float z = j < 3 ? r[2][j] : -eye_z;
		float up = cp * y + sp * z;
		float ahead = sp * y - cp * z;

		view->mvp[j * 4] = x / tan_x;
		view->mvp[j * 4 + 1] = -up / tan_y;
		view->mvp[j * 4 + 2] = (far * ahead - (j < 3 ? 0 : far * near)) / (far - near);
		view->mvp[j * 4 + 3] = ahead;
	}
}
