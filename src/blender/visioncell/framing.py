"""Cameras: where they stand so that the data fill the picture. Vectors are [x, y, z]; y runs down the images, so that "up" is
-y unless the scene says otherwise. Needs no Blender."""
import itertools
import math
from collections import namedtuple

# right, up, forward: unit vectors. centre: what the camera looks at, nm. distance: from there, nm.
# width: what the picture spans at the centre, nm.
Pose = namedtuple("Pose", "right up forward centre distance width")


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def unit(a):
    length = math.sqrt(dot(a, a))
    return [p / length for p in a]


def along(point, direction, step):
    return [p + step * d for p, d in zip(point, direction)]


def turned(vector, axis, angle):
    """Rodrigues' rotation."""
    axis, cosine, sine = unit(axis), math.cos(angle), math.sin(angle)
    third, turn = (1 - cosine) * dot(axis, vector), cross(axis, vector)
    return [cosine * v + sine * t + third * a for v, t, a in zip(vector, turn, axis)]


def basis(direction, up):
    """right, up, forward of a camera that looks along a direction."""
    forward = unit(direction)
    right = cross(forward, up)
    if dot(right, right) < 1e-12 * dot(up, up):
        # Looking along "up": any other vector does, the one that keeps the images' x to the right.
        right = cross(forward, [0, 0, 1] if abs(forward[2]) < 0.9 else [0, -1, 0])
    right = unit(right)
    return right, cross(right, forward), forward


def corners(bounds):
    return [list(c) for c in itertools.product(*zip(bounds["min"], bounds["max"]))]


def pose(camera, bounds, aspect, turning=None):
    """The pose of a camera. aspect: width / height of the picture. turning: an axis about which the camera will turn: the frame
    is then wide enough for all angles, and the scale stays the same."""
    right, up, forward = basis(camera["direction"], camera["up"])
    middle = [(a + b) / 2 for a, b in zip(bounds["min"], bounds["max"])]
    centre = camera["targetNm"] or middle
    points = corners(bounds)
    if turning:
        arms = [[p - m for p, m in zip(point, middle)] for point in points]
        points = [along(middle, turned(arm, turning, math.radians(degrees)), 1) for arm in arms for degrees in range(0, 360, 5)]
    offsets = [[p - c for p, c in zip(point, centre)] for point in points]
    radius = max(math.sqrt(dot(o, o)) for o in offsets)
    spread = lambda o: max(abs(dot(o, right)), aspect * abs(dot(o, up)))
    if camera["projection"] == "orthographic":
        width = camera["widthNm"] or 2 * camera["margin"] * max(spread(o) for o in offsets)
        return Pose(right, up, forward, centre, 3 * radius, width)
    slope = math.tan(math.radians(camera["fieldOfViewDegrees"]) / 2)
    if camera["widthNm"]:
        distance = camera["widthNm"] / 2 / slope
    else:
        # Every corner inside the pyramid: |offset across| <= slope * depth.
        distance = max(camera["margin"] * spread(o) / slope - dot(o, forward) for o in offsets)
    return Pose(right, up, forward, centre, distance, 2 * slope * distance)


def round_length(length):
    """The longest of 1, 2, 5 times a power of ten that is no longer."""
    power = 10 ** math.floor(math.log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))


def length_text(nm):
    """As a scale bar says it."""
    for size, name in ((1e6, "mm"), (1e3, "µm")):
        if nm >= size:
            return f"{nm / size:g} {name}"
    return f"{nm:g} nm"
