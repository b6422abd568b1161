"""Meshes, sections, volumes, cutaways and lights as objects of Blender. Positions are data positions (x right, y down, z deeper)
about the middle of the scene's bounds, one Blender unit for unitNm nanometres: right-handed on both sides, nothing is mirrored."""
import math
import os

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import compat, framing, materials
from .scenefile import SceneError


class Space:
    """Nanometres to Blender units."""

    def __init__(self, scene):
        bounds = scene["boundsNm"]
        self.unit = scene["unitNm"]
        self.centre = np.array([(a + b) / 2 for a, b in zip(bounds["min"], bounds["max"])])
        self.diagonal = math.dist(bounds["min"], bounds["max"]) / self.unit

    def point(self, nm):
        return Vector((np.array(nm) - self.centre) / self.unit)

    def points(self, nm):
        return ((np.asarray(nm, np.float64) - self.centre) / self.unit).astype(np.float32)


def put(name, data, collection="data", material=None):
    """A new object in a named collection."""
    target = bpy.data.collections.get(collection)
    if target is None:
        target = bpy.data.collections.new(collection)
        bpy.context.scene.collection.children.link(target)
    thing = bpy.data.objects.new(name, data)
    target.objects.link(thing)
    if material is not None:
        data.materials.append(material)
    return thing


def only_seen(thing):
    """Seen by the camera, but neither lit nor lighting."""
    thing.visible_diffuse = thing.visible_glossy = thing.visible_transmission = thing.visible_volume_scatter = thing.visible_shadow = False


def mesh_of(name, vertices, faces):
    """vertices [n, 3] in Blender units, faces [m, corners]."""
    mesh = bpy.data.meshes.new(name)
    faces = np.ascontiguousarray(faces, np.int32)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(vertices, np.float32).ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, faces.shape[1], dtype=np.int32))
    try:
        mesh.polygons.foreach_set("loop_total", np.full(len(faces), faces.shape[1], np.int32))
    except (AttributeError, TypeError):
        pass  # derived from the starts since 4.1
    mesh.update(calc_edges=True)
    return mesh


def read_ply(path):
    """Binary little-endian PLY of triangles: positions [n, 3] nm, normals [n, 3] or None, colours [n, 4] sRGB 0 to 255 or None, triangles [m, 3]."""
    kinds = {"float": "<f4", "double": "<f8", "uchar": "u1", "char": "i1", "int": "<i4", "uint": "<u4", "short": "<i2", "ushort": "<u2"}
    with open(path, "rb") as file:
        if file.readline().strip() != b"ply" or file.readline().split()[1:2] != [b"binary_little_endian"]:
            raise SceneError(f"{path}: no binary little-endian PLY file")
        counts, fields, element = {}, [], None
        for line in iter(file.readline, b""):
            words = line.decode("utf-8", "replace").split()
            if words[:1] == ["end_header"]:
                break
            if words[:1] == ["element"]:
                element = words[1]
                counts[element] = int(words[2])
            elif words[:1] == ["property"] and element == "vertex":
                fields.append((words[2], kinds[words[1]]))
            elif words[:1] == ["property"] and element == "face" and words[1:4] not in (["list", "uchar", "int"], ["list", "uchar", "uint"]):
                raise SceneError(f"{path}: faces with other properties than 'list uchar int' are not read")
        vertices = np.frombuffer(file.read(counts["vertex"] * np.dtype(fields).itemsize), fields)
        faces = np.frombuffer(file.read(counts["face"] * 13), [("count", "u1"), ("corners", "<i4", 3)])
    if len(faces) != counts["face"] or np.any(faces["count"] != 3):
        raise SceneError(f"{path}: is cut short, or holds faces that are no triangles")
    stack = lambda names: np.stack([vertices[name] for name in names], 1) if all(name in vertices.dtype.names for name in names) else None
    return stack("xyz"), stack(["nx", "ny", "nz"]), stack(["red", "green", "blue", "alpha"]), faces["corners"]


def add_mesh(spec, space, cutaways):
    material = materials.surface(spec["name"], spec["material"], cutaways if spec["cut"] else [])
    ending = os.path.splitext(spec["path"])[1].lower()
    if ending == ".ply":
        positions, normals, colours, triangles = read_ply(spec["path"])
        mesh = mesh_of(spec["name"], space.points(positions), triangles)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(triangles), bool))
        if normals is not None:
            compat.set_normals(mesh, normals)
        if colours is not None:
            layer = mesh.color_attributes.new("Colour", "BYTE_COLOR", "POINT")
            layer.data.foreach_set("color_srgb", (colours / np.float32(255)).ravel())
        elif spec["material"]["vertexColours"]:
            raise SceneError(f"{spec['path']}: has no vertex colours; leave vertexColours of '{spec['name']}' out")
        return put(spec["name"], mesh, material=material)
    if ending not in (".glb", ".gltf"):
        raise SceneError(f"{spec['path']}: a mesh is read from .ply, .glb or .gltf")
    before = set(bpy.data.objects)
    compat.ready_for_gltf()
    bpy.ops.import_scene.gltf(filepath=spec["path"])
    root = bpy.data.objects.new(spec["name"], None)
    bpy.context.scene.collection.objects.link(root)
    for thing in [t for t in bpy.data.objects if t not in before and t is not root]:
        if thing.parent is None:
            thing.parent = root
        if thing.type == "MESH":
            unit = thing.data.get("nanometresPerUnit", 1000)
            thing.data.materials.clear()
            thing.data.materials.append(material)
            if thing.data.color_attributes:
                thing.data.color_attributes[0].name = "Colour"
    # The importer turns glTF's y up into Blender's z up: (x, y, z) became (x, -z, y). Back to data axes, about the middle.
    root.matrix_world = Matrix.Translation(space.point([0, 0, 0])) @ Matrix.Scale(unit / space.unit, 4) @ Matrix.Rotation(-math.pi / 2, 4, "X")
    return root


def add_section(spec, space, cutaways):
    """A quad from the outer corner of the first pixel; seen from behind it is the mirror image, as glass is."""
    corner, across, down = (np.array(spec[key], float) for key in ("cornerNm", "acrossNm", "downNm"))
    mesh = mesh_of(spec["name"], space.points([corner, corner + down, corner + down + across, corner + across]), [[0, 1, 2, 3]])
    layer = mesh.uv_layers.new(name="UVMap")
    for loop, place in zip(layer.data, ((0, 1), (0, 0), (1, 0), (1, 1))):  # Blender's v runs up
        loop.uv = place
    try:
        image = bpy.data.images.load(spec["path"])
        image.pack()
    except RuntimeError as error:
        raise SceneError(f"{spec['path']}: no picture that Blender reads: {str(error).strip()}") from error
    thing = put(spec["name"], mesh, material=materials.card(spec["name"], image, spec["opacity"], cutaways if spec["cut"] else []))
    only_seen(thing)
    return thing


def add_volume(spec, space, cutaways, folder):
    """A grid: .vdb as it is, .npy [Z, Y, X] by way of OpenVDB."""
    path = spec["path"]
    if path.endswith(".npy"):
        path = _to_vdb(spec, folder)
    elif not path.endswith(".vdb"):
        raise SceneError(f"{path}: a volume is read from .npy or .vdb")
    data = bpy.data.volumes.new(spec["name"])
    data.filepath = path
    data.render.space = "WORLD"  # extinction is per unit of length, however the grid is scaled
    if not data.grids.load():
        raise SceneError(f"{path}: Blender cannot read this volume: {data.grids.error_message}")
    thing = put(spec["name"], data, material=materials.medium(spec["name"], spec, space.unit, cutaways if spec["cut"] else []))
    # The grid's own transform counts voxels; the object puts them in place. Voxel (0, 0, 0) is centred half a voxel inside the corner.
    size = spec["voxelSizeNm"]
    thing.location = space.point([c + 0.5 * s for c, s in zip(spec["cornerNm"], size)])
    thing.scale = [s / space.unit for s in size]
    return thing


def _to_vdb(spec, folder):
    vdb = compat.openvdb()
    if vdb is None:
        raise SceneError(f"{spec['path']}: a volume needs OpenVDB's Python module: install Debian's package 'python3-openvdb', or use Blender 4 from blender.org, which bundles it")
    voxels = np.load(spec["path"], mmap_mode="r")
    if voxels.ndim != 3:
        raise SceneError(f"{spec['path']}: has {voxels.ndim} axes, a volume has 3")
    grid = vdb.FloatGrid()
    grid.copyFromArray(np.ascontiguousarray(voxels.transpose(2, 1, 0), np.float32))
    grid.name = "density"
    target = os.path.join(folder, os.path.splitext(os.path.basename(spec["path"]))[0] + ".vdb")
    beside = f"{target}.{os.getpid()}.vdb"
    vdb.write(beside, grids=[grid])
    os.replace(beside, target)
    return target


def add_cutaway(spec, index, space):
    """The empty that says where a cutaway is: what has z above 0 in its frame (plane), or lies within -1 to 1 (box), is taken away."""
    empty = put(f"cutaway {index + 1}", None, "cutaways")
    if spec["kind"] == "plane":
        if spec["pointNm"] is None or spec["normal"] is None:
            raise SceneError(f"cutaways[{index}]: a plane needs pointNm and normal")
        empty.empty_display_type = "SINGLE_ARROW"
        empty.location = space.point(spec["pointNm"])
        empty.rotation_euler = Vector(spec["normal"]).to_track_quat("Z", "Y").to_euler()
    else:
        if spec["minNm"] is None or spec["maxNm"] is None:
            raise SceneError(f"cutaways[{index}]: a box needs minNm and maxNm")
        low, high = space.point(spec["minNm"]), space.point(spec["maxNm"])
        empty.empty_display_type = "CUBE"
        empty.location = (low + high) / 2
        empty.scale = [max(1e-9, h - l) / 2 for l, h in zip(low, high)]
    return spec["kind"], empty


def add_light(spec, index, camera):
    """A sun: its strength doesn't depend on the size of the data. Followed by the camera, it lights every frame alike."""
    light = bpy.data.lights.new(f"light {index + 1}", "SUN")
    light.energy = spec["strength"]
    light.color = materials.rgba(spec["colour"])[:3]
    light.angle = math.radians(spec["angleDegrees"])
    thing = put(light.name, light, "lights")
    # The camera's own frame is x right, y up, z towards the viewer; a scene says y down, z away, as its data.
    x, y, z = spec["direction"]
    direction = Vector((x, -y, -z) if spec["followCamera"] else (x, y, z))
    thing.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()
    if spec["followCamera"]:
        thing.parent = camera
    return thing


def set_world(scene, background, environment):
    """Even light from all around, which the camera does not see: it sees the background."""
    world = bpy.data.worlds.new("environment")
    scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    tree.nodes.clear()
    seen, lit, mix, path, output = (tree.nodes.new(kind) for kind in
        ("ShaderNodeBackground", "ShaderNodeBackground", "ShaderNodeMixShader", "ShaderNodeLightPath", "ShaderNodeOutputWorld"))
    seen.inputs["Color"].default_value = materials.rgba(background)
    lit.inputs["Color"].default_value = materials.rgba(environment["colour"])
    lit.inputs["Strength"].default_value = environment["strength"]
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    tree.links.new(lit.outputs[0], mix.inputs[1])
    tree.links.new(seen.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])


def matrix_of(pose, space):
    """Where a camera of that pose stands in Blender."""
    place = space.point(framing.along(pose.centre, pose.forward, -pose.distance))
    back = [-f for f in pose.forward]
    return Matrix([[pose.right[i], pose.up[i], back[i], place[i]] for i in range(3)] + [[0, 0, 0, 1]])
