"""Reads scene.json and holds it against scene.schema.json, so that a misspelt key is an error and never a silent default.

The schema is written by the C# records in src/VisionCell/Scenes (one truth); of JSON Schema, what it uses is understood here.
Needs no Blender.
"""
import hashlib
import json
import math
import os
import re


class SceneError(Exception):
    """The scene cannot be used: one line that names the file, the field and the fix."""


def read(path):
    """The scene with every default filled in, and paths made absolute."""
    try:
        with open(path, encoding="utf-8") as file:
            scene = json.load(file)
    except OSError as error:
        raise SceneError(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise SceneError(f"{path}: is not JSON: {error.msg} (line {error.lineno})") from error
    with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scene.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    scene = check(scene, schema, path, "")
    folder = os.path.dirname(os.path.abspath(path))
    for kind in ("meshes", "sections", "volumes"):
        for index, item in enumerate(scene[kind]):
            item["path"] = os.path.join(folder, item["path"])
            if not os.path.exists(item["path"]):
                raise SceneError(f"{path}: {kind}[{index}].path: '{item['path']}' does not exist")
    low, high = scene["boundsNm"]["min"], scene["boundsNm"]["max"]
    if not all(a < b for a, b in zip(low, high)):
        raise SceneError(f"{path}: boundsNm: min {low} must lie below max {high} along each axis")
    return scene


def digest(path, scene, *beside):
    """Of the scene file, of all that it names, of other files, and of these scripts: what was made of the same is not made again."""
    here = os.path.dirname(os.path.abspath(__file__))
    named = [item["path"] for kind in ("meshes", "sections", "volumes") for item in scene[kind]]
    scripts = [os.path.join(here, name) for name in sorted(os.listdir(here)) if name.endswith(".py")]
    total = hashlib.sha256()
    for name in [path, *named, *beside, *scripts]:
        try:
            with open(name, "rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).digest())
        except OSError as error:
            raise SceneError(f"{name}: {error.strerror}") from error
    return total.hexdigest()


def check(value, schema, source, where):
    """The value with defaults filled in; SceneError where it does not fit."""
    at = f"{source}: {where}" if where else source
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, name) for name in types):
        raise SceneError(f"{at}: {json.dumps(value)[:60]} is no {' or '.join(types)}")
    if "enum" in schema and value not in schema["enum"]:
        raise SceneError(f"{at}: {json.dumps(value)} is none of {', '.join(str(v) for v in schema['enum'])}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not (math.isfinite(value) and low <= value <= high):
            raise SceneError(f"{at}: {value} must be {low:g} to {high:g}")
    if isinstance(value, str) and "pattern" in schema:
        if not re.search(schema["pattern"], value):
            raise SceneError(f"{at}: '{value}' must be {schema.get('description', schema['pattern'])}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            raise SceneError(f"{at}: {len(value)} entries, not {schema.get('minItems', 0)}")
        return [check(item, schema["items"], source, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for key in value:
            if key not in known:
                raise SceneError(f"{source}: unknown key '{where + '.' if where else ''}{key}'; known: {', '.join(known)}")
        for key in schema.get("required", []):
            if key not in value:
                raise SceneError(f"{source}: '{where + '.' if where else ''}{key}' is missing")
        result = {}
        for key, part in known.items():
            inside = f"{where}.{key}" if where else key
            result[key] = check(value[key], part, source, inside) if key in value else None
            if result[key] is None and part.get("default") is not None:
                result[key] = check(part["default"], part, source, inside)
        return result
    return value


def _is(value, name):
    return {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }[name]
