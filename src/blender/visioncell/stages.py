"""The four stages. Each leaves a file, and does nothing where that file is there and made of the same scene:
import and animate scene.blend, render frames/NNNN.png one by one, assemble picture.png and video.mp4."""
import math
import os
import shutil
import subprocess
import time

import bpy

from . import annotations, compat, content, motion
from .scenefile import SceneError

NAMES = ("import", "animate", "render", "assemble")


def say(text):
    print(f"visioncell: {text}", flush=True)


class Build:
    """One scene in one folder."""

    def __init__(self, scene, digest, folder):
        self.scene, self.digest, self.folder = scene, digest, folder
        self.blend = os.path.join(folder, "scene.blend")
        self.frames = os.path.join(folder, "frames")
        self.space = content.Space(scene)
        self.count = scene["animation"]["frames"] if scene["animation"] else 1

    # --- import ---

    def do_import(self):
        if self._open("import"):
            return say("import: unchanged")
        start = time.perf_counter()
        bpy.ops.wm.read_factory_settings(use_empty=True)
        spec, stage = self.scene, bpy.context.scene
        stage.name = spec["name"]
        camera = content.put("camera", bpy.data.cameras.new("camera"), "lights")
        stage.camera = camera
        cutaways = [content.add_cutaway(cut, i, self.space) for i, cut in enumerate(spec["cutaways"])]
        for item in spec["meshes"]:
            content.add_mesh(item, self.space, cutaways)
        for item in spec["sections"]:
            content.add_section(item, self.space, cutaways)
        for item in spec["volumes"]:
            content.add_volume(item, self.space, cutaways, self.folder)
        for i, item in enumerate(spec["lights"]):
            content.add_light(item, i, camera)
        content.set_world(stage, spec["render"]["background"], spec["environment"])
        if spec["axes"]:
            annotations.add_axes(spec["axes"], spec, self.space, camera)
        for i, item in enumerate(spec["labels"]):
            annotations.add_label(item, i, self.space, camera)
        stage.unit_settings.system = "METRIC"
        stage.unit_settings.scale_length = spec["unitNm"] * 1e-9
        self._configure(stage)
        self._save("import")
        say(f"import: {time.perf_counter() - start:.1f} s")

    def _configure(self, stage):
        render = self.scene["render"]
        stage.render.engine = "CYCLES"
        stage.render.resolution_x, stage.render.resolution_y, stage.render.resolution_percentage = render["width"], render["height"], 100
        stage.render.film_transparent = render["transparent"]
        stage.render.image_settings.file_format = "PNG"
        stage.render.image_settings.color_mode = "RGBA" if render["transparent"] else "RGB"
        # Grey values and colours arrive as they are: no film curve.
        stage.view_settings.view_transform = "Standard"
        stage.view_settings.look = "None"
        stage.cycles.samples = render["samples"]
        stage.cycles.seed = render["seed"]
        stage.cycles.max_bounces = 4
        stage.cycles.transparent_max_bounces = 64  # cut surfaces lie behind each other
        stage.cycles.use_adaptive_sampling = True
        stage.cycles.adaptive_threshold = 0.02
        if render["denoise"]:
            compat.denoise(stage)
        if self.scene["volumes"]:
            stage.cycles.volume_step_rate = 1

    # --- animate ---

    def do_animate(self):
        if self._open("animate"):
            return say("animate: unchanged")
        if not self._open("import"):
            raise SceneError(f"{self.blend}: is missing or of another scene; run the stage 'import' first")
        stage, spec = bpy.context.scene, self.scene
        camera, path = stage.camera, motion.poses(spec)
        ortho = spec["camera"]["projection"] == "orthographic"
        camera.data.type = "ORTHO" if ortho else "PERSP"
        camera.data.sensor_fit = "HORIZONTAL"
        camera.data.angle = math.radians(spec["camera"]["fieldOfViewDegrees"])
        camera.rotation_mode = "QUATERNION"
        reach = max(pose.distance for pose in path) / self.space.unit
        camera.data.clip_start, camera.data.clip_end = 1e-3 * reach, 4 * reach + 2 * self.space.diagonal
        bar = annotations.add_scale_bar(spec["scaleBar"], path[0], camera, spec["render"]["width"] / spec["render"]["height"]) if spec["scaleBar"] else None
        stage.frame_start, stage.frame_end = 1, len(path)
        stage.render.fps = round(spec["animation"]["framesPerSecond"]) if spec["animation"] else 24
        last = None
        for frame, pose in enumerate(path, 1):
            _, turn, _ = content.matrix_of(pose, self.space).decompose()
            # q and -q are the same turn, but not for what lies between two frames (motion blur).
            camera.rotation_quaternion = -turn if last is not None and last.dot(turn) < 0 else turn
            last = camera.rotation_quaternion.copy()
            camera.location = content.matrix_of(pose, self.space).translation
            camera.data.ortho_scale = pose.width / self.space.unit
            moved = annotations.place_scale_bar(bar, pose, self.space, spec["camera"]["projection"], camera.data.clip_start) if bar else []
            if len(path) > 1:
                camera.keyframe_insert("location", frame=frame)
                camera.keyframe_insert("rotation_quaternion", frame=frame)
                if ortho:
                    camera.data.keyframe_insert("ortho_scale", frame=frame)
                for thing in moved:
                    thing.keyframe_insert("location", frame=frame)
                    thing.keyframe_insert("scale", frame=frame)
        stage.frame_set(1)
        self._save("animate")
        say(f"animate: {len(path)} frame{'s' if len(path) > 1 else ''}, {path[0].width:.1f} nm wide")

    # --- render ---

    def do_render(self, first, last):
        if not self._open("animate"):
            raise SceneError(f"{self.blend}: is missing or of another scene; run the stages 'import' and 'animate' first")
        stage = bpy.context.scene
        if self.scene["render"]["device"] == "gpu":
            if not compat.use_gpu():
                raise SceneError("render.device: no GPU that Cycles can use here; say 'cpu'")
            stage.cycles.device = "GPU"
        os.makedirs(self.frames, exist_ok=True)
        for frame in range(first, min(last, self.count) + 1):
            target = self._frame(frame)
            if self._finished(frame):
                say(f"frame {frame} of {self.count}: unchanged")
                continue
            start = time.perf_counter()
            beside = os.path.join(self.frames, f".{frame:04d}.{os.getpid()}.png")
            stage.frame_set(frame)
            stage.render.filepath = beside
            bpy.ops.render.render(write_still=True)
            if not os.path.exists(beside):
                raise SceneError(f"{target}: Blender wrote nothing; is the disk full, or are folder and file not writable?")
            os.replace(beside, target)
            say(f"frame {frame} of {self.count}: {time.perf_counter() - start:.1f} s")

    def _frame(self, frame):
        return os.path.join(self.frames, f"{frame:04d}.png")

    def _finished(self, frame):
        """As make sees it: a frame that is younger than the scene is done."""
        try:
            return os.path.getmtime(self._frame(frame)) >= os.path.getmtime(self.blend)
        except OSError:
            return False

    # --- assemble ---

    def do_assemble(self):
        missing = [frame for frame in range(1, self.count + 1) if not self._finished(frame)]
        if missing:
            raise SceneError(f"{self.frames}: {len(missing)} of {self.count} frames are missing, the first is {missing[0]}; run the stage 'render' with --frames {missing[0]}-{missing[-1]}")
        picture = os.path.join(self.folder, "picture.png")
        shutil.copyfile(self._frame(1), picture + ".part")
        os.replace(picture + ".part", picture)
        say(f"wrote {picture}")
        if self.count == 1:
            return
        if shutil.which("ffmpeg") is None:
            raise SceneError("a video of the frames needs ffmpeg: install Debian's package 'ffmpeg', then run the stage 'assemble' again")
        video = os.path.join(self.folder, "video.mp4")
        beside = os.path.join(self.folder, f".video.{os.getpid()}.mp4")
        try:
            # H.264 in 4:2:0 wants even sizes.
            subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-framerate", str(self.scene["animation"]["framesPerSecond"]), "-start_number", "1",
                            "-i", os.path.join(self.frames, "%04d.png"), "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-c:v", "libx264", "-crf", "18", "-preset", "fast",
                            "-pix_fmt", "yuv420p", "-movflags", "+faststart", beside], check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            raise SceneError(f"ffmpeg could not write the video: {error.stderr.strip().splitlines()[:1]}") from error
        os.replace(beside, video)
        say(f"wrote {video}")

    # --- scene.blend ---

    def _open(self, stage):
        """Opens scene.blend where it is of this scene and has been through the stage."""
        if not os.path.exists(self.blend):
            return False
        if bpy.data.filepath != self.blend:
            bpy.ops.wm.open_mainfile(filepath=self.blend, load_ui=False)
        held = bpy.context.scene
        return held.get("visioncellDigest") == self.digest and NAMES.index(held.get("visioncellStage", "import")) >= NAMES.index(stage)

    def _save(self, stage):
        held = bpy.context.scene
        held["visioncellDigest"], held["visioncellStage"] = self.digest, stage
        beside = f"{self.blend}.{os.getpid()}.part.blend"
        bpy.ops.wm.save_as_mainfile(filepath=beside, compress=True, copy=True, relative_remap=True)
        os.replace(beside, self.blend)
        bpy.ops.wm.open_mainfile(filepath=self.blend, load_ui=False)
