#!/usr/bin/python3
"""Makes metrics.json, what independent tools say of two small volumes: PSNR and SSIM of scikit-image, the Gaussian blur of SciPy,
the Fourier transform of NumPy; feature similarity written out from the two papers with NumPy and SciPy in double precision, noise terms
summed over the image as Kovesi describes them (the authors' own program may not be built upon). Volumes are integer formulas, so
that the tests make the same ones without reading them.

Debian 12: apt-get install python3-skimage python3-scipy; then /usr/bin/python3 make.py"""
import json
import pathlib

import numpy
import scipy
import skimage
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
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
        "fsim": float(numpy.mean([feature_similarity(a[z], b[z]) for z in rows])),
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


def phase_congruency(image):
    """Kovesi 1999, PC2; log-Gabor filters at 4 scales from a wavelength of 6 pixels, doubling, and 4 orientations."""
    rows, columns = image.shape

    def axis(n):
        return (numpy.arange(n) - (n - 1) / 2) / (n - 1) if n % 2 else (numpy.arange(n) - n / 2) / n

    x, y = numpy.meshgrid(axis(columns), axis(rows))
    radius = numpy.fft.ifftshift(numpy.hypot(x, y))
    theta = numpy.fft.ifftshift(numpy.arctan2(-y, x))
    radius[0, 0] = 1
    lowpass = 1 / (1 + (radius / 0.45) ** 30)
    spectrum = numpy.fft.fft2(image)
    energy_all = numpy.zeros(image.shape)
    amplitude_all = numpy.zeros(image.shape)
    for orientation in range(4):
        turn = theta - orientation * numpy.pi / 4
        turn = abs(numpy.arctan2(numpy.sin(turn), numpy.cos(turn)))
        spread = numpy.exp(-turn ** 2 / (2 * (numpy.pi / 4 / 1.2) ** 2))
        responses, kernels, power = [], [], []
        for scale in range(4):
            band = numpy.exp(-numpy.log(radius * 6 * 2 ** scale) ** 2 / (2 * numpy.log(0.55) ** 2)) * lowpass
            band[0, 0] = 0
            f = band * spread
            power.append((f ** 2).sum())
            kernels.append(numpy.fft.ifft2(f).real * numpy.sqrt(rows * columns))
            responses.append(numpy.fft.ifft2(spectrum * f))
        total = sum(responses)
        mean = total / (abs(total) + 1e-4)
        energy = sum(r.real * mean.real + r.imag * mean.imag - abs(r.real * mean.imag - r.imag * mean.real) for r in responses)
        noise = -numpy.median(abs(responses[0]) ** 2) / numpy.log(0.5) / power[0]
        squares = sum((k ** 2).sum() for k in kernels)
        products = sum((kernels[i] * kernels[j]).sum() for i in range(4) for j in range(i + 1, 4))
        tau = numpy.sqrt((2 * noise * squares + 4 * noise * products) / 2)
        threshold = (tau * numpy.sqrt(numpy.pi / 2) + 2 * numpy.sqrt((2 - numpy.pi / 2) * tau ** 2)) / 1.7
        energy_all += numpy.maximum(energy - threshold, 0)
        amplitude_all += sum(abs(r) for r in responses)
    return energy_all / amplitude_all


def feature_similarity(a, b):
    """Zhang et al. 2011, equations 3 to 7; images averaged down by round(shorter edge / 256)."""
    factor = max(1, int(min(a.shape) / 256 + 0.5))
    mean = numpy.full((factor, factor), 1 / factor ** 2)

    def shrink(v):
        # Zeros outside; an even window reaches one pixel further to the end than to the start.
        full = convolve2d(v, mean, mode="full")
        start = factor // 2
        return full[start:start + v.shape[0], start:start + v.shape[1]][::factor, ::factor]

    a, b = shrink(a), shrink(b)
    scharr = numpy.array([[3, 0, -3], [10, 0, -10], [3, 0, -3]]) / 16
    gradients = [numpy.hypot(convolve2d(v, scharr, mode="same"), convolve2d(v, scharr.T, mode="same")) for v in (a, b)]
    p, q = phase_congruency(a), phase_congruency(b)
    g, h = gradients
    weight = numpy.maximum(p, q)
    similarity = (2 * p * q + 0.85) / (p ** 2 + q ** 2 + 0.85) * (2 * g * h + 160) / (g ** 2 + h ** 2 + 160)
    return float((similarity * weight).sum() / weight.sum())


def large():
    """One pair of sections large enough to be averaged down by 2, odd in both edges."""
    y, x = numpy.indices((385, 391), dtype=numpy.int64)
    h = (y * 104729 + x * 1299709) & 0x7FFFFFFF
    h ^= h >> 7
    reference = 40 + 2 * abs((7 * x // 5 + y // 3) % 64 - 32) + abs((5 * y // 4) % 48 - 24) + h % 13
    g = (y * 32452843 + x * 49979687) & 0x7FFFFFFF
    g ^= g >> 9
    return (reference + 0.5 * (g % 41 - 20)).astype(numpy.float64), reference.astype(numpy.float64)


if __name__ == "__main__":
    a, b = volumes()
    decimated = [z for z in range(25) if z % 4]
    result = {
        "tools": f"scikit-image {skimage.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}",
        "all": score(a, b, list(range(25)), 0, 25),
        "decimate4": score(a, b, decimated, 0, 25),
        "pool4": score(a[:24], b[:24], list(range(4, 20)), 4, 16),
        "fsimLarge": feature_similarity(*large()),
        "shellCorrelation": shell_correlation(a, b, (12.03, 8.017, 10.11), (25, 40, 60)),
        "axialCorrelation": shell_correlation(a, b, (12.03, 8.017, 10.11), (25, 40, 60), 20),
    }
    path = pathlib.Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(path.read_text())
