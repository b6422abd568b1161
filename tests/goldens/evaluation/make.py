#!/usr/bin/python3
"""Makes metrics.json, what independent tools say of two small volumes: PSNR and SSIM of scikit-image, the Gaussian blur of SciPy,
the Fourier transform of NumPy. Volumes are integer formulas, so that the tests make the same ones without reading them.

Debian 12: apt-get install python3-skimage python3-scipy; then /usr/bin/python3 make.py"""
import json
import pathlib

import numpy
import scipy
import skimage
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

SHAPE = (25, 40, 57)
RANGE = 255.0


def volumes():
    z, y, x = numpy.indices(SHAPE, dtype=numpy.int64)
    h = (z * 7919 + y * 104729 + x * 1299709) & 0x7FFFFFFF
    h ^= h >> 7
    reference = 40 + 2 * abs((7 * x + 3 * z) % 64 - 32) + abs((5 * y + 2 * z) % 48 - 24) + h % 13
    g = (z * 15485863 + y * 32452843 + x * 49979687) & 0x7FFFFFFF
    g ^= g >> 9
    reconstruction = reference + 0.5 * (g % 41 - 20) + (x > 30) * 6
    return reconstruction.astype(numpy.float64), reference.astype(numpy.float64)


def ssim_map(a, b):
    _, full = structural_similarity(a, b, data_range=RANGE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
    return full


def planes(a, b, axis, first, count, rows):
    """Mean over planes perpendicular to an axis of the cropped map's scored rows."""
    means = []
    for i in range(a.shape[axis]):
        p, q = a.take(i, axis)[first:first + count], b.take(i, axis)[first:first + count]
        cropped = ssim_map(p, q)[5:-5, 5:-5]
        keep = [r - first - 5 for r in rows if 5 <= r - first < count - 5]
        means.append(cropped[keep].mean())
    return float(numpy.mean(means))


def score(a, b, rows, first, count):
    xy = [structural_similarity(a[z], b[z], data_range=RANGE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False) for z in rows]
    detail = [v[rows] - gaussian_filter(v, 2)[rows] for v in (a, b)]
    return {
        "psnr": float(peak_signal_noise_ratio(b[rows], a[rows], data_range=RANGE)),
        "ssimXy": float(numpy.mean(xy)),
        "ssimXz": planes(a, b, 1, first, count, rows),
        "ssimYz": planes(a, b, 2, first, count, rows),
        "highFrequencyRatio": float(detail[0].std() / detail[1].std()),
    }


def shell_correlation(a, b, voxel, padded, cone=90):
    window = 1
    for axis, n in enumerate(a.shape):
        shape = [1, 1, 1]
        shape[axis] = n
        window = window * numpy.hanning(n + 2)[1:-1].reshape(shape)
    fa, fb = (numpy.fft.fftn((v - v.mean()) * window, s=padded) for v in (a, b))
    axes = numpy.meshgrid(*(numpy.fft.fftfreq(n, d) for n, d in zip(padded, voxel)), indexing="ij")
    f = numpy.sqrt(sum(g ** 2 for g in axes))
    inside = (cone == 90) | (abs(axes[0]) >= numpy.cos(numpy.deg2rad(cone)) * f)
    width = max(1 / (n * d) for n, d in zip(a.shape, voxel))
    shell = numpy.rint(f / width).astype(int)
    curve = []
    for s in range(1, int(0.5 / max(voxel) / width) + 1):
        m = (shell == s) & inside
        curve.append(float((fa[m] * fb[m].conj()).sum().real / numpy.sqrt((abs(fa[m]) ** 2).sum() * (abs(fb[m]) ** 2).sum())))
    return curve


a, b = volumes()
decimated = [z for z in range(25) if z % 4]
result = {
    "tools": f"scikit-image {skimage.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}",
    "all": score(a, b, list(range(25)), 0, 25),
    "decimate4": score(a, b, decimated, 0, 25),
    "pool4": score(a[:24], b[:24], list(range(4, 20)), 4, 16),
    "shellCorrelation": shell_correlation(a, b, (12.03, 8.017, 10.11), (25, 40, 60)),
    "axialCorrelation": shell_correlation(a, b, (12.03, 8.017, 10.11), (25, 40, 60), 20),
}
path = pathlib.Path(__file__).with_name("metrics.json")
path.write_text(json.dumps(result, indent=2) + "\n")
print(path.read_text())
