"""Builds and renders a Vision Cell scene in Blender, without a window and without an add-on:

    blender -b --factory-startup -noaudio --python visioncell_scene.py -- scene.json [--stage import,animate,render,assemble] [--frames 1-40] [--view view.json]

Everything is written beside scene.json: scene.blend for further work, frames/NNNN.png, picture.png and, of more than one frame,
video.mp4. What is there and unchanged is not made again, so that the same command goes on where it was stopped, and a farm may
render ranges of frames: first --stage import,animate once, then --stage render --frames A-B on each machine, then --stage assemble.
Exit codes: 0 done, 2 wrong use, 3 a scene that cannot be used (one line says why), 1 anything else.
"""
import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from visioncell import scenefile, stages, view  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="visioncell_scene.py", description=__doc__.split("\n")[0])
    parser.add_argument("scene", help="scene.json")
    parser.add_argument("--stage", default=",".join(stages.NAMES), help="which stages, separated by commas (default: all)")
    parser.add_argument("--frames", default=None, help="A-B or N: which frames to render (default: all)")
    parser.add_argument("--view", default=None, metavar="VIEW.JSON", help="what the camera sees, as another viewer left it (default: what the scene says)")
    given = parser.parse_args(sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else [])
    given.stage = given.stage.split(",")
    unknown = [name for name in given.stage if name not in stages.NAMES]
    if unknown:
        parser.error(f"--stage {unknown[0]}: known are {', '.join(stages.NAMES)}")
    span = re.fullmatch(r"(\d+)(?:-(\d+))?", given.frames or "1-999999")
    if not span or int(span[1]) < 1 or int(span[2] or span[1]) < int(span[1]):
        parser.error(f"--frames {given.frames}: give N or A-B, from 1")
    given.frames = int(span[1]), int(span[2] or span[1])
    return given


def main():
    given = arguments()
    try:
        scene = scenefile.read(given.scene)
        digest = scenefile.digest(given.scene, scene, *([given.view] if given.view else []))
        if given.view:
            view.apply(scene, given.view)
        build = stages.Build(scene, digest, os.path.dirname(os.path.abspath(given.scene)))
        for stage in stages.NAMES:
            if stage in given.stage:
                getattr(build, "do_" + stage)(*(given.frames if stage == "render" else ()))
    except scenefile.SceneError as error:
        print(f"visioncell: error: {error}", file=sys.stderr, flush=True)
        sys.exit(3)


main()
