"""Materials. What a cutaway takes away is transparent: a test of the position in the shader, exact at every pixel, the same for
closed and open surfaces and for volumes, and movable afterwards, because each cutaway is an empty of the scene."""
import bpy

from . import compat


def rgba(text):
    """'#rrggbb' (sRGB) as linear light, which is what sockets take."""
    values = [int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in values] + [1]


def blank(name):
    """A material without nodes but its output."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    return material, tree, tree.nodes.new("ShaderNodeOutputMaterial")


def _math(tree, operation, a, b):
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    for socket, value in zip(node.inputs, (a, b)):
        if isinstance(value, (int, float)):
            socket.default_value = value
        elif value is not None:
            tree.links.new(value, socket)
    return node.outputs[0]


def kept(tree, cutaways):
    """A socket that is 1 where no cutaway reaches, 0 where one does; None without cutaways."""
    result = None
    for kind, empty in cutaways:
        place = tree.nodes.new("ShaderNodeTexCoord")
        place.object = empty
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        tree.links.new(place.outputs["Object"], split.inputs[0])
        if kind == "plane":
            outside = _math(tree, "LESS_THAN", split.outputs["Z"], 0)
        else:
            sizes = [_math(tree, "ABSOLUTE", split.outputs[axis], None) for axis in "XYZ"]
            outside = _math(tree, "GREATER_THAN", _math(tree, "MAXIMUM", _math(tree, "MAXIMUM", sizes[0], sizes[1]), sizes[2]), 1)
        result = outside if result is None else _math(tree, "MULTIPLY", result, outside)
    return result


def _veil(tree, output, shader, opacity, cutaways):
    """Mixes a surface with transparency by opacity and cutaways."""
    share = kept(tree, cutaways)
    if opacity < 1:
        share = opacity if share is None else _math(tree, "MULTIPLY", share, opacity)
    if share is None:
        tree.links.new(shader, output.inputs["Surface"])
        return
    mix = tree.nodes.new("ShaderNodeMixShader")
    if isinstance(share, float):
        mix.inputs[0].default_value = share
    else:
        tree.links.new(share, mix.inputs[0])
    tree.links.new(tree.nodes.new("ShaderNodeBsdfTransparent").outputs[0], mix.inputs[1])
    tree.links.new(shader, mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])


def surface(name, spec, cutaways):
    """The material of a mesh."""
    material, tree, output = blank(name)
    node = tree.nodes.new("ShaderNodeBsdfPrincipled")
    colour = rgba(spec["colour"])
    compat.set_input(node, "Base Color", colour)
    compat.set_input(node, "Roughness", spec["roughness"])
    compat.set_input(node, "Metallic", spec["metallic"])
    compat.set_input(node, "Specular", spec["specular"])
    compat.set_input(node, "Emission Color", colour)
    compat.set_input(node, "Emission Strength", spec["emission"])
    if spec["vertexColours"]:
        attribute = tree.nodes.new("ShaderNodeAttribute")
        attribute.attribute_name = "Colour"
        tree.links.new(attribute.outputs["Color"], node.inputs["Base Color"])
        if spec["emission"] > 0:
            tree.links.new(attribute.outputs["Color"], compat.input_of(node, "Emission Color"))
    _veil(tree, output, node.outputs[0], spec["opacity"], cutaways)
    material.diffuse_color = colour  # of the solid view
    return material


def card(name, image, opacity, cutaways):
    """The material of a section: its grey values as they are, from both sides, whatever the light."""
    material, tree, output = blank(name)
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    texture.extension = "EXTEND"
    emission = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(texture.outputs["Color"], emission.inputs["Color"])
    _veil(tree, output, emission.outputs[0], opacity, cutaways)
    return material


def flat(name, colour):
    """One colour, whatever the light."""
    material, tree, output = blank(name)
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = rgba(colour)
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return material


def medium(name, spec, unit_nm, cutaways):
    """The material of a dense volume: absorption and emission alike, so that a uniform part of extinction s per nm and depth d
    covers 1 - exp(-s d) of what is behind it with its colour, without noise."""
    material, tree, output = blank(name)
    attribute = tree.nodes.new("ShaderNodeAttribute")
    attribute.attribute_name = "density"
    window = tree.nodes.new("ShaderNodeMapRange")
    window.clamp = True
    tree.links.new(attribute.outputs["Fac"], window.inputs["Value"])
    for socket, value in (("From Min", spec["low"]), ("From Max", spec["high"]), ("To Min", 0), ("To Max", spec["extinction"] * unit_nm)):
        window.inputs[socket].default_value = value
    density = window.outputs["Result"]
    share = kept(tree, cutaways)
    if share is not None:
        density = _math(tree, "MULTIPLY", density, share)
    absorption, emission, total = (tree.nodes.new(kind) for kind in ("ShaderNodeVolumeAbsorption", "ShaderNodeEmission", "ShaderNodeAddShader"))
    absorption.inputs["Color"].default_value = (0, 0, 0, 1)
    emission.inputs["Color"].default_value = rgba(spec["colour"])
    tree.links.new(density, absorption.inputs["Density"])
    tree.links.new(density, emission.inputs["Strength"])
    tree.links.new(absorption.outputs[0], total.inputs[0])
    tree.links.new(emission.outputs[0], total.inputs[1])
    tree.links.new(total.outputs[0], output.inputs["Volume"])
    return material
