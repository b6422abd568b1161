"""Everything in which Blender 3.4 and 4.x differ, in one place. 3.4 is what the tests run; the names of 4.x are from its API reference."""
import bpy

# Sockets of the Principled BSDF that 4.0 renamed, by the name used here.
_SOCKETS = {
    "Emission Color": ("Emission Color", "Emission"),
    "Specular": ("Specular IOR Level", "Specular"),
    "Subsurface": ("Subsurface Weight", "Subsurface"),
}


def set_input(node, name, value):
    """Sets a socket of a node under whatever name this Blender has for it; one that it lacks is left out."""
    for alias in _SOCKETS.get(name, (name,)):
        if alias in node.inputs:
            node.inputs[alias].default_value = value
            return


def input_of(node, name):
    """The socket itself, for links."""
    return next(node.inputs[alias] for alias in _SOCKETS.get(name, (name,)) if alias in node.inputs)


def set_normals(mesh, normals):
    """Normals by vertex; until 4.0 they count only with auto-smooth on, which 4.1 took away."""
    if hasattr(mesh, "use_auto_smooth"):
        mesh.use_auto_smooth = True
    mesh.normals_split_custom_set_from_vertices(normals)


def ready_for_gltf():
    """The importer of 3.4 says numpy.bool, which NumPy 1.24 (Debian 12's) took away."""
    import numpy
    if not hasattr(numpy, "bool"):
        numpy.bool = bool


def openvdb():
    """The Python module of OpenVDB: bundled with Blender from 4.0 on as openvdb, Debian's as pyopenvdb; None where there is neither."""
    try:
        import openvdb
        return openvdb
    except ImportError:
        pass
    try:
        import pyopenvdb
        return pyopenvdb
    except ImportError:
        return None


def use_gpu():
    """Turns on the first kind of GPU that has a device; False where there is none."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    for kind in ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL"):
        try:
            preferences.compute_device_type = kind
        except TypeError:
            continue  # not in this build
        if hasattr(preferences, "refresh_devices"):
            preferences.refresh_devices()
        else:
            preferences.get_devices()
        devices = [device for device in preferences.devices if device.type == kind]
        for device in devices:
            device.use = True
        if devices:
            return True
    return False


def denoise(scene):
    """Open Image Denoise, where the build has it (Debian's 3.4 has not); whether it is on."""
    choices = [item.identifier for item in scene.cycles.bl_rna.properties["denoiser"].enum_items]
    scene.cycles.use_denoising = "OPENIMAGEDENOISE" in choices
    if scene.cycles.use_denoising:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
    return scene.cycles.use_denoising
