"""Registers neighbouring sections with scikit-image, as its documentation does, and chains the results.

Why: to show, on the same input and in the same run, what a user of a general tool reaches. Called by the benchmark beside it:

    python3 compare.py rigid|elastic STACK.f32 SECTIONS HEIGHT WIDTH OUT

STACK.f32 holds float32 [SECTIONS, HEIGHT, WIDTH]. OUT receives float64: for rigid [SECTIONS, 2, 3], where an aligned pixel (x, y)
comes from; for elastic [SECTIONS, 2, HEIGHT, WIDTH], what is added to the row and the column of an aligned pixel.
"""
import sys

import numpy as np
from scipy import ndimage
from skimage.filters import difference_of_gaussians, window
from skimage.registration import optical_flow_ilk, phase_cross_correlation
from skimage.transform import rotate, warp_polar

kind, stack, sections, height, width, out = sys.argv[1:7]
sections, height, width = int(sections), int(height), int(width)
images = np.fromfile(stack, dtype=np.float32).reshape(sections, height, width)
centre = np.array([(height - 1) / 2, (width - 1) / 2])


def polar(image):
    """Spectrum over the angle, as in scikit-image's example on registration by polar transforms."""
    banded = difference_of_gaussians(image, 1, 20) * window("hann", image.shape)
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(banded)))
    radius = min(image.shape) // 4
    return warp_polar(spectrum, radius=radius, output_shape=(720, radius))[:360]  # half a turn: spectra are symmetric


def rigid(first, second):
    """3 x 3 map from pixels (x, y) of the first image to pixels of the second."""
    shift, *_ = phase_cross_correlation(polar(first), polar(second), upsample_factor=20)
    degrees = -shift[0] * 360 / 720
    best = None
    for angle in (degrees, -degrees):
        turned = rotate(second, angle, mode="edge", preserve_range=True)
        moved, error, _ = phase_cross_correlation(first, turned, upsample_factor=20)
        if best is None or error < best[0]:
            best = (error, angle, moved)
    _, angle, moved = best
    # rotate(angle): pixel p of the result is the pixel centre + R(angle) (p - centre) of the original; first(p) = turned(p - moved).
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    turn = np.array([[cos, -sin], [sin, cos]])
    c = centre[::-1]
    result = np.eye(3)
    result[:2, :2] = turn
    result[:2, 2] = c + turn @ (-moved[::-1] - c)
    return result


if kind == "rigid":
    maps = [np.eye(3)]
    for z in range(1, sections):
        maps.append(rigid(images[z - 1], images[z]) @ maps[-1])
    np.array([m[:2] for m in maps]).tofile(out)
else:
    grid = np.stack(np.mgrid[:height, :width].astype(float))
    flows, before = [np.zeros_like(grid)], images[0]
    for z in range(1, sections):
        flow = optical_flow_ilk(before, images[z], radius=15)
        before = ndimage.map_coordinates(images[z], grid + flow, order=1, mode="nearest")
        flows.append(flow)
    np.array(flows).astype(np.float64).tofile(out)
