"""Reads view.json, which the browser and Unity share (src/VisionCell/Scenes/ViewState.cs says what stands in it), into a scene: the camera
looks as the view does, its planes cut, and its layers are shown as it says. Needs no Blender."""
import json
import math

from .scenefile import SceneError

FIELD_OF_VIEW = 45  # degrees from the lower to the upper edge, in perspective

SCHEMA = {
    "version": (1, lambda v: v == 1, "must be 1"),
    "positionNm": ([0, 0, 0], lambda v: _numbers(v, 3), "three numbers x, y, z are needed"),
    "orientation": ([0, 0, 0, 1], lambda v: _numbers(v, 4) and abs(math.hypot(*v) - 1) < 1e-3, "a unit quaternion x, y, z, w is needed"),
    "orthographic": (True, lambda v: isinstance(v, bool), "must be true or false"),
    "heightNm": (1000, lambda v: _numbers([v], 1) and v > 0, "must be a positive number of nanometres"),
    "layers": ([], lambda v: isinstance(v, list), "must be a list"),
    "clipPlanes": ([], lambda v: isinstance(v, list), "must be a list"),
}
LAYER = {
    "name": (None, lambda v: isinstance(v, str), "must be the name of a layer"),
    "visible": (True, lambda v: isinstance(v, bool), "must be true or false"),
    "opacity": (1, lambda v: _numbers([v], 1) and 0 <= v <= 1, "must be 0 to 1"),
    "window": (None, lambda v: v is None or _numbers(v, 2) and v[0] != v[1], "two different grey levels, black and white, or null"),
}
PLANE = {
    "normal": ([0, 0, 1], lambda v: _numbers(v, 3) and any(v), "three numbers x, y, z, not all zero"),
    "offsetNm": (0, lambda v: _numbers([v], 1), "must be a number of nanometres"),
}


def apply(scene, path):
    """The scene, changed to show what the view file at a path shows."""
    try:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
    except OSError as error:
        raise SceneError(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise SceneError(f"{path}: is not JSON: {error.msg} (line {error.lineno})") from error
    view = _checked(given, SCHEMA, path, "")
    layers = [_checked(layer, LAYER, path, f"layers[{i}].") for i, layer in enumerate(view["layers"])]
    planes = [_checked(plane, PLANE, path, f"clipPlanes[{i}].") for i, plane in enumerate(view["clipPlanes"])]

    render, camera = scene["render"], scene["camera"]
    aspect = render["width"] / render["height"]
    camera.update({
        "projection": "orthographic" if view["orthographic"] else "perspective",
        "direction": _turn(view["orientation"], [0, 0, 1]),
        "up": _turn(view["orientation"], [0, -1, 0]),
        "targetNm": list(view["positionNm"]),
        "widthNm": view["heightNm"] * aspect,
        "fieldOfViewDegrees": 2 * math.degrees(math.atan(aspect * math.tan(math.radians(FIELD_OF_VIEW / 2)))),
    })
    for plane in planes:
        length = math.hypot(*plane["normal"])
        normal = [n / length for n in plane["normal"]]
        scene["cutaways"].append({"kind": "plane", "pointNm": [plane["offsetNm"] * n for n in normal], "normal": normal, "minNm": None, "maxNm": None})
    for layer in layers:
        _show(scene, layer)


def _show(scene, layer):
    """Meshes go by their names; sections and fog are what 'volume' is here. A layer that the scene has not got changes nothing."""
    name, opacity = layer["name"], layer["opacity"]
    named = lambda item, kind: item["name"] == name or (name == "volume" and kind != "meshes")
    for kind in ("meshes", "sections", "volumes"):
        if not layer["visible"]:
            scene[kind] = [item for item in scene[kind] if not named(item, kind)]
    for item in filter(lambda i: named(i, "meshes"), scene["meshes"]):
        item["material"]["opacity"] *= opacity
    for item in filter(lambda i: named(i, "sections"), scene["sections"]):
        item["opacity"] *= opacity
    for item in filter(lambda i: named(i, "volumes"), scene["volumes"]):
        item["extinction"] *= opacity
        if layer["window"]:
            item["low"], item["high"] = layer["window"]


def _checked(given, schema, path, where):
    if not isinstance(given, dict):
        raise SceneError(f"{path}: {where.rstrip('.') or 'the file'} must be an object")
    for key in given:
        if key not in schema:
            raise SceneError(f"{path}: unknown key '{where}{key}'; known: {', '.join(schema)}")
    result = {key: given.get(key, default) for key, (default, _, _) in schema.items()}
    for key, (_, fits, message) in schema.items():
        if not fits(result[key]):
            raise SceneError(f"{path}: {where}{key} {json.dumps(result[key])[:60]}: {message}")
    return result


def _numbers(value, count):
    return isinstance(value, list) and len(value) == count and all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in value)


def _turn(q, v):
    """A vector turned by a unit quaternion x, y, z, w."""
    x, y, z, w = q
    cross = lambda a, b: [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    t = [2 * c for c in cross([x, y, z], v)]
    return [p + w * s + c for p, s, c in zip(v, t, cross([x, y, z], t))]
