"""The camera over the frames: still, on a turntable, or flown through keyframes. Every frame is keyed, so that nothing depends on
how Blender interpolates."""
import bisect
import math

from mathutils import Matrix, Quaternion

from . import framing
from .scenefile import SceneError


def poses(scene):
    """The pose of each frame, first to last."""
    camera, motion = scene["camera"], scene["animation"]
    aspect = scene["render"]["width"] / scene["render"]["height"]
    if motion is None:
        return [framing.pose(camera, scene["boundsNm"], aspect)]
    if motion["turntable"] and motion["keyframes"]:
        raise SceneError("animation: turntable and keyframes exclude each other; leave one out")
    if motion["keyframes"]:
        return _flight(scene, motion, aspect)
    turntable = motion["turntable"] or {"axis": None, "degrees": 360}
    axis = turntable["axis"] or camera["up"]
    still = framing.pose(camera, scene["boundsNm"], aspect, turning=axis)
    # The last frame is one step before the first: played in a loop it does not stutter.
    return [_turned(still, axis, math.radians(turntable["degrees"]) * i / motion["frames"]) for i in range(motion["frames"])]


def _turned(pose, axis, angle):
    return pose._replace(**{name: framing.turned(getattr(pose, name), axis, angle) for name in ("right", "up", "forward")})


def _flight(scene, motion, aspect):
    """Between two keyframes: the view turns evenly, the width changes by equal factors, the centre moves on a line; slow at both ends."""
    frames = [key["frame"] for key in motion["keyframes"]]
    if frames != sorted(set(frames)) or frames[0] < 1 or frames[-1] > motion["frames"]:
        raise SceneError(f"animation.keyframes: frames {frames} must rise and lie within 1 to {motion['frames']}")
    stops = [framing.pose({**scene["camera"], **{k: v for k, v in key.items() if k != "frame" and v is not None}}, scene["boundsNm"], aspect) for key in motion["keyframes"]]
    result = []
    for frame in range(1, motion["frames"] + 1):
        after = bisect.bisect_left(frames, frame)
        if after == 0 or after == len(frames):
            result.append(stops[min(after, len(frames) - 1)])
            continue
        t = (frame - frames[after - 1]) / (frames[after] - frames[after - 1])
        result.append(_between(stops[after - 1], stops[after], t * t * (3 - 2 * t)))
    return result


def _between(a, b, t):
    mix = lambda p, q: p + t * (q - p)
    turn = _quaternion(a).slerp(_quaternion(b), t).to_matrix()
    return framing.Pose(
        right=list(turn.col[0]), up=list(turn.col[1]), forward=[-c for c in turn.col[2]],
        centre=[mix(p, q) for p, q in zip(a.centre, b.centre)],
        distance=a.distance * (b.distance / a.distance) ** t, width=a.width * (b.width / a.width) ** t)


def _quaternion(pose):
    rows = [[pose.right[i], pose.up[i], -pose.forward[i]] for i in range(3)]
    return Quaternion(Matrix(rows).to_quaternion())
