#!/usr/bin/python3
"""Makes this folder's pictures: scene.png, gray.png, chart.png. NumPy only, same pixels on every run.

    testdata/make_pictures.py [FOLDER]        about a minute

The pictures are the project's own, so that they can be shipped and compared for ever. What they are made to hold:
  scene.png  smooth sky, haze, fine rock and forest texture, hard silhouettes, water, sensor noise: a photograph's mix
  gray.png   one band; shaded spheres on a tiled floor, smooth shading beside sharp texture edges
  chart.png  thin lines, flat areas and small text: what transform codecs like least
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np


# ---- PNG, written by hand so that the bytes do not depend on a library's version -------------------------------------
def write_png(path, pixels):
    """pixels: uint8, (height, width) or (height, width, 3). Every row takes the filter with the smallest residual."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3
    rows = pixels.reshape(height, width * channels).astype(np.int16)
    left = np.zeros_like(rows)
    left[:, channels:] = rows[:, :-channels]
    up = np.zeros_like(rows)
    up[1:] = rows[:-1]
    corner = np.zeros_like(rows)
    corner[1:, channels:] = rows[:-1, :-channels]
    estimate = left + up - corner
    distance = [abs(estimate - left), abs(estimate - up), abs(estimate - corner)]
    paeth = np.where((distance[0] <= distance[1]) & (distance[0] <= distance[2]), left,
                     np.where(distance[1] <= distance[2], up, corner))
    residuals = np.stack([rows, rows - left, rows - up, rows - (left + up) // 2, rows - paeth]).astype(np.uint8)
    cost = np.abs(residuals.astype(np.int8).astype(np.int16)).sum(axis=2)
    best = cost.argmin(axis=0)
    lines = b"".join(bytes([best[y]]) + residuals[best[y], y].tobytes() for y in range(height))

    def chunk(kind, payload):
        return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))

    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9))
                     + chunk(b"IEND", b""))


def to_bytes(linear, gamma=True):
    """Linear light 0..1 to 8 bits with the sRGB curve."""
    clipped = np.clip(linear, 0, 1)
    if gamma:
        clipped = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.rint(255 * clipped).astype(np.uint8)


def halve(picture):
    """Mean of 2x2 pixels: the anti-aliasing of everything rendered at twice the size."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    return picture.reshape(height, 2, width, 2, *picture.shape[2:]).mean(axis=(1, 3))


# ---- noise ----------------------------------------------------------------------------------------------------------
def lattice(ix, iy, seed):
    """A pseudo-random value 0..1 for each integer point (a 32-bit integer hash)."""
    h = (ix.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (iy.astype(np.uint32) * np.uint32(0x85EBCA77))
    h = h ^ np.uint32((seed * 0xC2B2AE3D + 0x27D4EB2F) & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return (h ^ (h >> np.uint32(15))).astype(np.float32) / np.float32(2**32)


def value_noise(x, y, seed):
    """Smooth value noise 0..1 and its derivatives along x and y."""
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = fx.astype(np.int64), fy.astype(np.int64)
    u, v = (x - fx).astype(np.float32), (y - fy).astype(np.float32)
    su, sv = u * u * u * (u * (6 * u - 15) + 10), v * v * v * (v * (6 * v - 15) + 10)
    du, dv = 30 * u * u * (u * (u - 2) + 1), 30 * v * v * (v * (v - 2) + 1)
    a, b = lattice(ix, iy, seed), lattice(ix + 1, iy, seed)
    c, d = lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed)
    k = a - b - c + d
    return a + (b - a) * su + (c - a) * sv + k * su * sv, du * ((b - a) + k * sv), dv * ((c - a) + k * su)


def fractal_noise(x, y, octaves, seed, gain=0.5):
    """Sum of octaves, each turned against the last so that no grid shows; about 0..1."""
    total, amplitude, norm = 0, 1.0, 0.0
    for octave in range(octaves):
        total = total + amplitude * value_noise(x, y, seed + octave)[0]
        norm += amplitude
        amplitude *= gain
        x, y = 1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y - 9.1
    return total / norm


def terrain_height(x, y, octaves, seed):
    """Eroded-looking mountains: octaves count less where the ground is already steep."""
    total, amplitude = 0, 1.0
    slope_x, slope_y = 0, 0
    for octave in range(octaves):
        n, dx, dy = value_noise(x, y, seed + octave)
        slope_x, slope_y = slope_x + dx, slope_y + dy
        total = total + amplitude * n / (1 + slope_x**2 + slope_y**2)
        amplitude *= 0.5
        x, y = 1.6 * x - 1.2 * y, 1.2 * x + 1.6 * y
    return total


def smoothstep(low, high, value):
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    return a + (b - a) * t


def colour(r, g, b):
    """8-bit sRGB to linear light."""
    c = np.array([r, g, b], np.float32) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


# ---- scene.png: a lake before mountains ------------------------------------------------------------------------------
SUN = np.array([-0.62, 0.42, 0.66]) / np.linalg.norm([-0.62, 0.42, 0.66])  # right, up, forward


def ground_height(x, z, octaves):
    """Kilometres above the lake, which fills the basin before the camera."""
    relief = terrain_height(0.36 * x + 3.3, 0.36 * z + 1.7, octaves, seed=11)
    basin = np.sqrt((x / (1.15 + 0.10 * z)) ** 2 + ((z - 2.2) / 3.4) ** 2)    # 1 at the shore
    rise = smoothstep(0.85, 3.4, basin)
    return (relief - 0.42) * (0.10 + 1.75 * rise) * smoothstep(0.7, 1.25, basin) + 0.34 * rise - 0.09 * (basin < 1.2) * (
        1 - smoothstep(0.8, 1.2, basin))


def sky_colour(elevation, azimuth, clouds=True):
    """elevation, azimuth: tangents of the view direction."""
    length = np.sqrt(1 + elevation**2 + azimuth**2)
    towards_sun = np.clip((SUN[2] + SUN[1] * elevation + SUN[0] * azimuth) / length, 0, 1)[..., None]
    height = np.clip(elevation, 0, 1)[..., None]
    sky = mix(colour(214, 222, 228), colour(48, 104, 182), 1 - np.exp(-4.2 * height))
    sky = sky + 0.30 * colour(255, 214, 170) * towards_sun**6 + 0.25 * colour(255, 236, 210) * towards_sun**40
    if clouds:
        distance = 1 / np.maximum(elevation + 0.045, 0.02)  # clouds in a plane overhead, bent a little to the horizon
        x, z = azimuth * distance, distance
        warp = fractal_noise(0.8 * x + 5, 0.5 * z, 4, seed=71)
        wisps = fractal_noise(0.55 * x + 2.4 * warp, 1.1 * z + 1.6 * warp, 8, seed=81, gain=0.55)
        puffs = fractal_noise(0.9 * x + 9, 0.9 * z + 4, 8, seed=91)
        cover = 0.75 * smoothstep(0.50, 0.78, wisps) + 0.9 * smoothstep(0.53, 0.70, puffs)
        cover = np.clip(cover, 0, 1) * smoothstep(0.0, 0.10, elevation)
        bright = mix(colour(196, 204, 214), colour(255, 250, 243), smoothstep(0.45, 0.8, puffs)[..., None])
        sky = mix(sky, bright * 1.05, 0.85 * cover[..., None])
    return sky


def land_colour(x, z, height, normal, distance):
    """What grows and lies there, lit by sun and sky."""
    fine = fractal_noise(40 * x, 40 * z, 5, seed=31, gain=0.7)
    coarse = fractal_noise(3 * x, 3 * z, 5, seed=41)
    steep = 1 - normal[1]
    rock = mix(colour(92, 84, 78), colour(150, 138, 124), (0.6 * fine + 0.4 * coarse)[..., None])
    rock = rock * (0.75 + 0.5 * fractal_noise(6 * x, 90 * height + 4 * z, 4, seed=51)[..., None])  # strata
    meadow = mix(colour(88, 104, 52), colour(134, 132, 74), coarse[..., None])
    forest = mix(colour(22, 36, 22), colour(58, 78, 40), smoothstep(0.3, 0.75, fine)[..., None])
    ground = mix(meadow, rock, smoothstep(0.22, 0.42, steep + 0.25 * (coarse - 0.5))[..., None])
    trees = smoothstep(0.42, 0.52, coarse + 0.10 * (fine - 0.5)) * smoothstep(0.85, 0.45, height + 0.4 * (coarse - .5))
    ground = mix(ground, forest, (trees * smoothstep(0.55, 0.35, steep))[..., None])
    snow = smoothstep(0.95, 1.35, height + 0.5 * (coarse - 0.5)) * smoothstep(0.55, 0.30, steep + 0.15 * (fine - 0.5))
    ground = mix(ground, colour(244, 246, 250), snow[..., None])
    sand = smoothstep(0.020, 0.006, height)
    return mix(ground, colour(150, 140, 118) * (0.7 + 0.6 * fine[..., None]), sand[..., None])


def sun_reaches(x, z, height, steps=40):
    """Soft shadow: the smallest clearance on the way to the sun, relative to the way."""
    clear = np.ones_like(height)
    for k in range(1, steps + 1):
        way = 0.02 * 1.12**k
        above = height + way * SUN[1] - ground_height(x + way * SUN[0], z + way * SUN[2], 6)
        clear = np.minimum(clear, 0.5 + 9 * above / way)
    return np.clip(clear, 0, 1)


def render_land(columns, rows, horizon, focal, camera):
    """Sky and land for a camera looking level along z. Every image column is one vertical plane through the
    camera, so its heights are sampled along that plane with steps that grow with the distance."""
    azimuth = ((np.arange(columns) + 0.5 - columns / 2) / focal).astype(np.float32)
    depth = np.geomspace(0.8, 30, 2600).astype(np.float32)
    x, z = depth[:, None] * azimuth[None, :], np.broadcast_to(depth[:, None], (depth.size, columns))
    height = ground_height(x, z, 13).astype(np.float32)
    tangent = (height - camera) / z                    # of the elevation at which each sample appears
    tangent[height < 0] = -1                            # under water
    skyline = np.maximum.accumulate(tangent, axis=0)

    elevation = ((horizon - np.arange(rows) - 0.5) / focal).astype(np.float32)
    picture = sky_colour(*np.broadcast_arrays(elevation[:, None], azimuth[None, :]))
    hit = np.empty((rows, columns), np.int64)
    for column in range(columns):
        hit[:, column] = np.searchsorted(skyline[:, column], elevation)
    on_land = (hit > 0) & (hit < depth.size)
    # A ray that meets the lake's level before the shore sees water.
    on_land &= elevation[:, None] > -camera / depth[np.minimum(hit, depth.size - 1)]
    row, column = np.nonzero(on_land)
    index = hit[row, column]
    # Between the sample before and the one that covers the pixel's ray.
    before, after = tangent[index - 1, column], tangent[index, column]
    t = np.clip((elevation[row] - before) / np.maximum(after - before, 1e-6), 0, 1)
    d = mix(depth[index - 1], depth[index], t)
    px, pz = d * azimuth[column], d
    h = mix(height[index - 1, column], height[index, column], t)
    # Slopes over about one pixel's footprint.
    step = np.maximum(d / focal, 0.0015)
    slope_x = (ground_height(px + step, pz, 13) - ground_height(px - step, pz, 13)) / (2 * step)
    slope_z = (ground_height(px, pz + step, 13) - ground_height(px, pz - step, 13)) / (2 * step)
    norm = np.sqrt(1 + slope_x**2 + slope_z**2)
    normal = np.stack([-slope_x / norm, 1 / norm, -slope_z / norm])
    sun = np.clip(np.tensordot(SUN, normal, 1), 0, 1) * sun_reaches(px, pz, h + 0.002)
    surface = land_colour(px, pz, h, normal, d)
    light = 2.3 * sun[:, None] * colour(255, 238, 212) + (0.34 + 0.22 * normal[1])[:, None] * colour(150, 182, 224)
    surface = surface * light
    haze = (1 - np.exp(-0.030 * np.maximum(d - 1, 0) * np.exp(-0.6 * h)))[:, None]
    surface = mix(surface, sky_colour(np.full_like(d, 0.03), azimuth[column], clouds=False), haze)
    picture[row, column] = surface
    return picture, on_land


def paint_water(picture, horizon, focal, camera, land_below):
    """Below the horizon and where there is no land: the mirrored picture, shaken by ripples."""
    rows, columns = picture.shape[:2]
    first = int(np.ceil(horizon))
    row = np.arange(first, rows)
    down = (row + 0.5 - horizon) / focal
    z = camera / down[:, None]
    x = z * ((np.arange(columns) + 0.5 - columns / 2) / focal)[None, :]
    ripple = fractal_noise(26 * x, 9 * z, 5, seed=121, gain=0.6) - 0.5
    calm = smoothstep(0.45, 0.62, fractal_noise(1.3 * x + 3, 0.9 * z, 4, seed=131))
    shake = ripple * (0.25 + 0.75 * calm) * 70 * np.minimum(1, 14 * down[:, None])
    mirrored = np.clip(np.rint(2 * horizon - row[:, None] - 1 + shake), 0, horizon - 1).astype(np.int64)
    column = np.clip(np.arange(columns)[None, :] + np.rint(0.3 * shake).astype(np.int64), 0, columns - 1)
    reflection = picture[mirrored, column]
    cosine = down[:, None] / np.sqrt(1 + down[:, None] ** 2)
    fresnel = (0.10 + 0.90 * (1 - np.clip(cosine + 0.5 * ripple * calm, 0, 1)) ** 4)[..., None]
    depths = mix(colour(16, 46, 56), colour(28, 66, 70), smoothstep(0.3, 0.7, ripple + 0.5)[..., None])
    water = mix(depths, reflection, np.clip(fresnel, 0, 1) * 0.92)
    picture[first:] = np.where(land_below[first:, :, None], picture[first:], water)


def paint_pines(picture, generator):
    """Dark firs at the near shore, left and right: hard edges against water and sky."""
    rows, columns = picture.shape[:2]
    trees = []
    for _ in range(46):
        side = generator.random() < 0.62
        spread = generator.beta(1.0, 2.6)
        centre = (spread * 0.34 if side else 1 - spread * 0.24) * columns
        size = (0.20 + 0.34 * (1 - spread) * generator.random() + 0.05 * generator.random()) * rows
        base = (1.06 + 0.04 * generator.random()) * rows
        trees.append((base - 0.02 * rows * generator.random(), centre, base, size))
    for _, centre, base, size in sorted(trees):
        top = int(base - size)
        half = int(0.21 * size) + 2
        ys = np.arange(max(top, 0), min(int(base) + 1, rows))
        xs = np.arange(max(int(centre) - half, 0), min(int(centre) + half, columns))
        if ys.size == 0 or xs.size == 0:
            continue
        y, x = np.meshgrid(ys, xs, indexing="ij")
        t = (y - top) / size                                             # 0 at the tip
        seed = int(centre) & 1023
        boughs = 0.5 + 0.5 * np.abs(((t * (13 + seed % 5) + 0.7 * value_noise(x / 9, y / 14, seed)[0]) % 1) - 0.1)
        ragged = fractal_noise(x / 4, y / 3, 3, seed=seed, gain=0.7)
        reach = 0.185 * size * (t**0.9) * boughs * (0.55 + 0.9 * ragged) + 1.2
        inside = np.abs(x - centre) < reach
        lit = np.clip((centre - x) / (reach + 1), -1, 1) * 0.5 + 0.5      # the sun stands on the left
        needles = fractal_noise(x / 2.2, y / 1.6, 2, seed=seed + 7, gain=0.8)
        shade = (0.10 + 1.5 * lit * ragged * needles * (0.6 + 0.6 * boughs))[..., None]
        needle = mix(colour(10, 18, 15), colour(112, 124, 62), shade)
        area = picture[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1]
        area[inside] = needle[inside]


def make_scene(width=768, height=512):
    generator = np.random.Generator(np.random.PCG64(2024))
    columns, rows = 2 * width, 2 * height
    horizon, focal, camera = 0.60 * rows, 1.05 * columns, 0.055
    picture, on_land = render_land(columns, rows, horizon, focal, camera)
    paint_water(picture, horizon, focal, camera, on_land)
    paint_pines(picture, generator)
    picture = halve(picture)
    # Lens: a little fall-off to the corners. Sensor: noise that grows with the light, slightly blurred as by a
    # camera's own processing.
    y, x = np.mgrid[0:height, 0:width]
    radius = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width / 2) ** 2
    picture = picture * (1 - 0.13 * radius)[..., None]
    tone = 1 - np.exp(-1.35 * np.maximum(picture, 0))                    # film-like shoulder
    tone = tone / (1 - np.exp(-1.35 * 1.25))
    noise = generator.standard_normal((height, width, 3)).astype(np.float32)
    noise = 0.6 * noise + 0.1 * sum(np.roll(noise, shift, axis) for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)))
    tone = tone + noise * (0.0022 + 0.011 * np.sqrt(np.clip(tone, 0, 1)) * np.clip(tone, 0.02, 1) ** 0.5)
    return to_bytes(tone)


# ---- gray.png: spheres on a floor ------------------------------------------------------------------------------------
def make_gray(width=512, height=512):
    generator = np.random.Generator(np.random.PCG64(7))
    columns, rows = 2 * width, 2 * height
    y, x = np.mgrid[0:rows, 0:columns]
    direction = np.stack([(x - columns / 2) / columns, -(y - 0.42 * rows) / columns, np.full(x.shape, 1.0)])
    direction /= np.sqrt((direction**2).sum(axis=0))
    eye = np.array([0.0, 1.5, -4.6])
    light = np.array([-0.55, 0.75, -0.37]) / np.linalg.norm([-0.55, 0.75, -0.37])
    spheres = [((-0.95, 0.8, 0.6), 0.8), ((0.85, 0.55, -0.3), 0.55), ((-0.1, 0.3, -1.3), 0.3), ((1.7, 1.0, 2.4), 1.0)]

    def nearest(origin, ray):
        """Distance to the nearest sphere along the ray and its number, -1 for none."""
        best = np.full(ray.shape[1:], np.inf)
        which = np.full(ray.shape[1:], -1)
        for number, (centre, radius) in enumerate(spheres):
            offset = origin - np.array(centre).reshape(3, *[1] * (ray.ndim - 1))
            b = (offset * ray).sum(axis=0)
            discriminant = b * b - (offset**2).sum(axis=0) + radius * radius
            distance = -b - np.sqrt(np.maximum(discriminant, 0))
            hit = (discriminant > 0) & (distance > 1e-3) & (distance < best)
            best, which = np.where(hit, distance, best), np.where(hit, number, which)
        return best, which

    def floor_and_sky(origin, ray):
        """Gray of what a ray meets that meets no sphere."""
        t = np.where(ray[1] < -1e-4, -origin[1] / np.minimum(ray[1], -1e-4), np.inf)
        meets = t < 60
        t = np.where(meets, t, 0)
        fx, fz = origin[0] + t * ray[0], origin[2] + t * ray[2]
        tiles = (np.floor(1.25 * fx) + np.floor(1.25 * fz)) % 2
        grain = fractal_noise(9 * fx, 55 * fz, 5, seed=201)
        base = np.where(tiles > 0.5, 0.52 + 0.16 * (grain - 0.5), 0.13 + 0.10 * (grain - 0.5))
        point = np.stack([fx, np.zeros_like(fx), fz])
        blocked = nearest(point, np.broadcast_to(light.reshape(3, 1, 1), point.shape))[1] >= 0
        near = np.min([np.hypot(fx - c[0], fz - c[2]) / r for c, r in spheres], axis=0)
        lit = np.where(blocked, 0.22, 1.0) * (0.45 + 0.55 * smoothstep(0.2, 1.4, near))
        fade = np.exp(-0.045 * np.maximum(t - 3, 0))
        sky = 0.34 + 0.36 * np.clip(1 - 1.6 * ray[1], 0, 1)
        return np.where(meets, mix(sky, base * lit, fade), sky)

    origin = np.broadcast_to(eye.reshape(3, 1, 1), direction.shape)
    distance, which = nearest(origin, direction)
    picture = floor_and_sky(origin, direction)
    for number, (centre, radius) in enumerate(spheres):
        mask = which == number
        point = eye.reshape(3, 1, 1) + np.where(mask, distance, 0) * direction
        normal = (point - np.array(centre).reshape(3, 1, 1)) / radius
        facing = (direction * normal).sum(axis=0)
        mirrored = direction - 2 * facing * normal
        reflected = floor_and_sky(point, mirrored)
        diffuse = np.clip((light.reshape(3, 1, 1) * normal).sum(axis=0), 0, 1)
        shine = np.clip((light.reshape(3, 1, 1) * mirrored).sum(axis=0), 0, 1) ** 60
        rough = fractal_noise(14 * normal[0], 14 * normal[1] + 9 * normal[2], 5, seed=211 + number)
        body = (0.62, 0.16, 0.75, 0.38)[number] * (0.75 + 0.5 * rough)
        mirror = (0.06, 0.45, 0.04, 0.25)[number] + 0.4 * (1 - np.abs(facing)) ** 4
        picture = np.where(mask, mix(body * (0.16 + 0.84 * diffuse), reflected, mirror) + 0.7 * shine, picture)
    picture = halve(picture)
    picture = picture + 0.006 * generator.standard_normal(picture.shape)
    return to_bytes(picture)


# ---- chart.png: lines and text ---------------------------------------------------------------------------------------
# 5x7 glyphs, one number per row from the top, most significant of five bits on the left.
GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (14, 17, 1, 6, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), ".": (0, 0, 0, 0, 0, 12, 12), " ": (0,) * 7,
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30), "D": (28, 18, 17, 17, 17, 18, 28),
    "E": (31, 16, 16, 30, 16, 16, 31), "I": (14, 4, 4, 4, 4, 4, 14), "L": (16, 16, 16, 16, 16, 16, 31),
    "N": (17, 25, 21, 19, 17, 17, 17), "O": (14, 17, 17, 17, 17, 17, 14), "P": (30, 17, 17, 30, 16, 16, 16),
    "R": (30, 17, 17, 30, 20, 18, 17), "S": (15, 16, 16, 14, 1, 1, 30), "T": (31, 4, 4, 4, 4, 4, 4),
    "X": (17, 17, 10, 4, 10, 17, 17), "V": (17, 17, 17, 17, 17, 10, 4), "/": (1, 1, 2, 4, 8, 16, 16),
}


def draw_text(picture, x, y, words, rgb, size=1):
    for letter in words:
        for row, bits in enumerate(GLYPHS[letter]):
            for column in range(5):
                if bits >> (4 - column) & 1:
                    top, left = y + row * size, x + column * size
                    picture[top:top + size, left:left + size] = rgb
        x += 6 * size


def make_chart(width=480, height=320):
    picture = np.full((height, width, 3), 252, np.float32)
    left, right, top, bottom = 56, width - 20, 44, height - 44
    for k in range(7):
        y = bottom - (bottom - top) * k // 6
        picture[y, left:right] = 222
        draw_text(picture, left - 22, y - 3, str(26 + 2 * k), (70, 70, 70))
    for k in range(6):
        x = left + (right - left) * k // 5
        picture[top:bottom, x] = 222
        draw_text(picture, x - 8, bottom + 9, f"{0.4 * k:.1f}", (70, 70, 70))
    picture[top:bottom + 1, left] = 40
    picture[bottom, left:right] = 40
    draw_text(picture, left, 14, "RATE / DISTORTION", (30, 30, 30), size=2)
    draw_text(picture, right - 6 * 14, bottom + 26, "BITS PER PIXEL", (70, 70, 70))
    draw_text(picture, 8, top - 14, "PSNR DB", (70, 70, 70))
    # Anti-aliased curves: coverage falls off over one pixel from the curve's distance.
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    bpp = (columns - left) / (right - left) * 2
    for offset, rgb in ((0.0, (200, 60, 50)), (1.7, (230, 150, 30)), (3.1, (40, 120, 190))):
        value = 26 + offset + 4.1 * np.log2(1 + 3.2 * np.maximum(bpp, 0.03))
        y = bottom - (value - 26) / 12 * (bottom - top)
        slope = np.gradient(y, axis=1)
        distance = np.abs(rows - y) / np.sqrt(1 + slope**2)
        alpha = np.clip(1.5 - distance, 0, 1) * (bpp > 0.05) * (columns < right - 4) * (rows > top)
        picture = mix(picture, np.array(rgb, np.float32), alpha[..., None])
    for k, rgb in enumerate(((200, 60, 50), (230, 150, 30), (40, 120, 190))):
        y = bottom - 60 + 16 * k
        picture[y - 4:y + 4, right - 90:right - 76] = rgb
        draw_text(picture, right - 70, y - 3, f"SERIES {k + 1}", (50, 50, 50))
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    for name, make in (("scene.png", make_scene), ("gray.png", make_gray), ("chart.png", make_chart)):
        write_png(folder / name, make())
        print(f"{name}: {(folder / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
