"""Scale bar, axes and labels: one colour whatever the light, and always facing the camera."""
import bpy
import numpy as np
from mathutils import Vector

from . import content, framing, materials

_MARGIN = 0.04  # of the width of the picture, from its edges


def text(name, words, height, material, align="CENTER"):
    """Letters of a height in Blender units."""
    curve = bpy.data.curves.new(name, "FONT")
    curve.body = words
    curve.size = height / 0.7  # capitals take 0.7 of the size
    curve.align_x = align
    thing = content.put(name, curve, "annotations", material)
    content.only_seen(thing)
    return thing


def face(thing, camera):
    constraint = thing.constraints.new("COPY_ROTATION")
    constraint.target = camera


def beam(name, start, end, thickness, material):
    """A straight bar of square section between two points."""
    start, end = Vector(start), Vector(end)
    way = (end - start).normalized()
    side = way.orthogonal().normalized() * thickness / 2
    other = way.cross(side)
    ring = [side + other, other - side, -side - other, side - other]
    vertices = [point + offset for point in (start, end) for offset in ring]
    faces = [[0, 1, 2, 3], [7, 6, 5, 4]] + [[i, i + 4, (i + 1) % 4 + 4, (i + 1) % 4] for i in range(4)]
    thing = content.put(name, content.mesh_of(name, np.array(vertices), faces), "annotations", material)
    content.only_seen(thing)
    return thing


def add_scale_bar(spec, pose, camera, aspect):
    """A bar before the camera, in its own frame: one unit is the width of the picture, so that place_scale_bar says where and how large.
    Exact in an orthographic picture; in perspective it holds at the depth of what the camera looks at."""
    length = spec["lengthNm"] or framing.round_length(0.25 * pose.width)
    material = materials.flat("scale bar", spec["colour"])
    share, thickness = length / pose.width, 0.008
    left = 0.5 - _MARGIN - share if spec["corner"].endswith("right") else _MARGIN - 0.5
    bottom = _MARGIN - 0.5 / aspect if spec["corner"].startswith("bottom") else 0.5 / aspect - _MARGIN - thickness
    root = content.put("scale bar", None, "annotations")
    root.parent = camera
    vertices = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    bar = content.put("bar", content.mesh_of("bar", np.array(vertices, np.float32), [[0, 1, 2, 3]]), "annotations", material)
    content.only_seen(bar)
    bar.parent = root
    bar.location, bar.scale = (left, bottom, 0), (share, thickness, 1)
    bar["right"] = spec["corner"].endswith("right")
    root["lengthNm"] = length
    if spec["label"]:
        words = text("scale", framing.length_text(length), 0.026, material)
        words.parent = root
        above = spec["corner"].startswith("bottom")
        words.location = (left + share / 2, bottom + thickness + 0.012 if above else bottom - 0.012 - 0.026, 0)
    return root


def place_scale_bar(root, pose, space, projection, near):
    """Just beyond the near plane; the bar is as long as its length at the depth that the camera looks at."""
    depth = 1.5 * near
    width = pose.width / space.unit * (1 if projection == "orthographic" else depth * space.unit / pose.distance)
    root.location = (0, 0, -depth)
    root.scale = (width, width, width)
    share = root["lengthNm"] / pose.width
    bar = next(child for child in root.children if child.type == "MESH")
    if bar["right"]:
        bar.location[0] = 0.5 - _MARGIN - share
    bar.scale[0] = share
    for child in root.children:
        if child.type == "FONT":
            child.location[0] = bar.location[0] + share / 2
    return [root, bar, *[c for c in root.children if c.type == "FONT"]]


def add_axes(spec, scene, space, camera):
    """The three edges of the bounds that meet at their lowest corner, with a tick every step and the length at the end."""
    low, high = scene["boundsNm"]["min"], scene["boundsNm"]["max"]
    material = materials.flat("axes", spec["colour"])
    thin = 0.003 * space.diagonal
    step = spec["stepNm"] or framing.round_length(max(h - l for l, h in zip(low, high)) / 4)
    for axis, name in enumerate("xyz"):
        end, across = list(low), [0.0, 0.0, 0.0]
        end[axis] = high[axis]
        beam(f"axis {name}", space.point(low), space.point(end), thin, material)
        across[(axis + 1) % 3] = -0.015 * space.diagonal
        count = int((high[axis] - low[axis]) / step + 1e-9)
        for i in range(1, count + 1):
            at = list(low)
            at[axis] += i * step
            beam(f"tick {name} {i}", space.point(at), space.point(at) + Vector(across), thin, material)
        words = text(f"name {name}", f"{name} {framing.length_text(round(high[axis] - low[axis], 3))}", 0.022 * space.diagonal, material)
        words.location = space.point(end) + 0.04 * space.diagonal * (space.point(end) - space.point(low)).normalized()
        face(words, camera)


def add_label(spec, index, space, camera):
    height = spec["heightNm"] / space.unit if spec["heightNm"] else 0.025 * space.diagonal
    words = text(f"label {index + 1}", spec["text"], height, materials.flat(f"label {index + 1}", spec["colour"]))
    words.location = space.point(spec["positionNm"])
    face(words, camera)
