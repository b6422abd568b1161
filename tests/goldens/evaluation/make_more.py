#!/usr/bin/python3
"""Makes more.json, what independent tools say of the two small volumes of make.py by the further measures: SSIM of volumes, normalised error, variation of
information and adapted Rand error of scikit-image; rank correlation and filters of SciPy; transforms of NumPy. Multi-scale SSIM and GMSD, which none of
them has, are written out from the papers with SciPy's filters.

Debian 12: apt-get install python3-skimage python3-scipy; then /usr/bin/python3 make_more.py"""
import json
import pathlib
import runpy

import numpy
import scipy
import skimage
from scipy.ndimage import correlate1d
from scipy.signal import convolve2d
from scipy.stats import spearmanr
from skimage.metrics import adapted_rand_error, mean_squared_error, normalized_root_mse, structural_similarity, variation_of_information

RANGE = 255.0
VOXEL = (12.03, 8.017, 10.11)
here = pathlib.Path(__file__).parent
made = runpy.run_path(str(here / "make.py"), run_name="volumes")
a, b = made["volumes"]()
ROWS = [z for z in range(25) if z % 4]


def mask():
    """Voxels that count: two of three columns, and no border of 3."""
    z, y, x = numpy.indices(a.shape)
    return (x % 3 > 0) & (y >= 3) & (y < 37)


def ssim3(rows, counted):
    _, full = structural_similarity(a, b, data_range=RANGE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
    inner = numpy.zeros(a.shape, bool)
    inner[5:-5, 5:-5, 5:-5] = True
    scored = numpy.zeros(a.shape, bool)
    scored[rows] = True
    return float(full[inner & scored & counted].mean())


def ssim2(axis, counted):
    """SSIM of planes by a mask: mean over each plane, then over planes with any voxel."""
    means = []
    for i in range(a.shape[axis]):
        _, full = structural_similarity(a.take(i, axis), b.take(i, axis), data_range=RANGE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
        m = counted.take(i, axis)[5:-5, 5:-5]
        if m.any():
            means.append(full[5:-5, 5:-5][m].mean())
    return float(numpy.mean(means))


WINDOW = numpy.exp(-numpy.arange(-5, 6) ** 2 / (2 * 1.5 ** 2))
WINDOW /= WINDOW.sum()
EXPONENTS = numpy.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


def maps(p, q):
    def blur(v):
        return correlate1d(correlate1d(v, WINDOW, 0), WINDOW, 1)[5:-5, 5:-5]
    c1, c2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    m, n = blur(p), blur(q)
    structure = (2 * (blur(p * q) - m * n) + c2) / (blur(p * p) - m * m + blur(q * q) - n * n + c2)
    return (2 * m * n + c1) / (m * m + n * n + c1) * structure, structure


def multi_scale(p, q):
    scales, edge = 0, min(p.shape)
    while scales < 5 and edge >= 11:
        scales, edge = scales + 1, edge // 2
    exponents = EXPONENTS[:scales] / EXPONENTS[:scales].sum()
    value = 1.0
    for s in range(scales):
        index, structure = maps(p, q)
        value *= max(0.0, (index if s == scales - 1 else structure).mean()) ** exponents[s]
        p, q = (v[:v.shape[0] // 2 * 2, :v.shape[1] // 2 * 2].reshape(v.shape[0] // 2, 2, v.shape[1] // 2, 2).mean((1, 3)) for v in (p, q))
    return value


def gradient_deviation(p, q):
    prewitt = numpy.array([[1, 0, -1]] * 3) / 3

    def gradient(v):
        v = convolve2d(v, numpy.full((2, 2), 0.25))[1:, 1:][::2, ::2]
        return numpy.hypot(convolve2d(v, prewitt, mode="same"), convolve2d(v, prewitt.T, mode="same"))
    g, h = gradient(p), gradient(q)
    return ((2 * g * h + 170) / (g ** 2 + h ** 2 + 170)).std(ddof=1)


def gradient_ratio(rows):
    result = []
    for axis in range(3):
        sums = []
        for v in (a, b):
            d = abs(numpy.diff(v, axis=axis))
            if axis == 0:
                d = d[[z for z in range(24) if z in rows or z + 1 in rows]]
            else:
                d = d[rows]
            sums.append(d.sum())
        result.append(float(sums[0] / sums[1]))
    return result


def spectral_ratio(p, q, axis):
    n = p.shape[axis]
    window = numpy.hanning(n + 2)[1:-1]
    k = numpy.arange(n // 2 + 1) / n
    powers = []
    for v in (p, q):
        v = numpy.moveaxis(v, axis, -1)
        f = abs(numpy.fft.rfft((v - v.mean(-1, keepdims=True)) * window)) ** 2
        powers.append([f[..., (k > 2.0 ** (i - 5) + 1e-12) & (k <= 2.0 ** (i - 4) + 1e-12)].sum() for i in range(4)])
    return [float(r) for r in numpy.sqrt(numpy.array(powers[0]) / powers[1])]


def ring_correlation(pairs, size, padded):
    ring = max(1 / (n * d) for n, d in zip(pairs[0][0].shape, size))
    fy, fx = numpy.meshgrid(numpy.fft.fftfreq(padded[0], size[0]), numpy.fft.fftfreq(padded[1], size[1]), indexing="ij")
    index = numpy.rint(numpy.hypot(fy, fx) / ring).astype(int)
    count = int(0.5 / max(size) / ring)
    sums = numpy.zeros((3, count + 1))
    for p, q in pairs:
        window = numpy.outer(*(numpy.hanning(n + 2)[1:-1] for n in p.shape))
        f, g = (numpy.fft.fft2((v - v.mean()) * window, s=padded) for v in (p, q))
        for r in range(count + 1):
            m = index == r
            sums[:, r] += (f[m] * g[m].conj()).sum().real, (abs(f[m]) ** 2).sum(), (abs(g[m]) ** 2).sum()
    return [float(v) for v in (sums[0] / numpy.sqrt(sums[1] * sums[2]))[1:]]


def cone_correlation(axis, cone):
    padded = (25, 40, 60)
    window = 1
    for i, n in enumerate(a.shape):
        shape = [1, 1, 1]
        shape[i] = n
        window = window * numpy.hanning(n + 2)[1:-1].reshape(shape)
    f, g = (numpy.fft.fftn((v - v.mean()) * window, s=padded) for v in (a, b))
    axes = numpy.meshgrid(*(numpy.fft.fftfreq(n, d) for n, d in zip(padded, VOXEL)), indexing="ij")
    radius = numpy.sqrt(sum(k ** 2 for k in axes))
    width = max(1 / (n * d) for n, d in zip(a.shape, VOXEL))
    shell = numpy.rint(radius / width).astype(int)
    inside = axes[axis] ** 2 >= numpy.cos(numpy.deg2rad(cone)) ** 2 * radius ** 2
    curve = []
    for s in range(1, int(0.5 / max(VOXEL) / width) + 1):
        m = (shell == s) & inside
        curve.append(float((f[m] * g[m].conj()).sum().real / numpy.sqrt((abs(f[m]) ** 2).sum() * (abs(g[m]) ** 2).sum())))
    return curve


def labels():
    """Two partitions; 0 of the truth is unlabelled."""
    z, y, x = numpy.indices((9, 20, 23))
    truth = (x // 8 + 3 * (y // 7) + 9 * (z // 5)) % 15
    segmented = ((x + y // 9) // 6 + 4 * (y // 8) + 16 * (z // 4)) % 29 + 1
    return segmented, truth


def overlaps(segmented, truth):
    dice, iou, sizes = [], [], []
    for t in numpy.unique(truth[truth > 0]):
        own = truth == t
        best = max((numpy.logical_and(own, (segmented == s) & (truth > 0)).sum() / numpy.logical_or(own, (segmented == s) & (truth > 0)).sum(), s) for s in numpy.unique(segmented[own]))
        iou.append(best[0])
        dice.append(2 * best[0] / (1 + best[0]))
        sizes.append(own.sum())
    return float(numpy.average(dice, weights=sizes)), float(numpy.average(iou, weights=sizes))


def uncertainty():
    """Rank correlation of the error and a made-up expectation of it; ties are many."""
    z, y, x = numpy.indices(a.shape, dtype=numpy.int64)
    expected = 4 + (x + 2 * y + 3 * z) % 11 + 5.0 * (x > 30)
    return float(spearmanr(abs(a - b)[ROWS].ravel(), expected[ROWS].ravel()).correlation)


counted = mask()
segmented, truth = labels()
split, merge = variation_of_information(truth, segmented, ignore_labels=[0])
# scikit-image 0.19 gives them the other way round than it documents: it divides by pairs of the true image first.
rand, recall, precision = adapted_rand_error(truth, segmented, ignore_labels=[0])
dice, iou = overlaps(segmented, truth)
everything = numpy.ones(a.shape, bool)
adjacent = [float(numpy.corrcoef(a[z].ravel(), a[z + 1].ravel())[0, 1]) for z in range(24)]
result = {
    "tools": f"scikit-image {skimage.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}",
    "meanSquaredError": float(mean_squared_error(a[ROWS], b[ROWS])),
    "normalisedError": float(normalized_root_mse(b[ROWS], a[ROWS])),
    "maskedMeanSquaredError": float(mean_squared_error(a[counted], b[counted])),
    "ssimVolume": ssim3(list(range(25)), everything),
    "ssimVolumeDecimated": ssim3(ROWS, everything),
    "ssimVolumeMasked": ssim3(ROWS, counted),
    "ssimXyMasked": ssim2(0, counted),
    "ssimXzMasked": ssim2(1, counted),
    "ssimYzMasked": ssim2(2, counted),
    "multiScaleXy": float(numpy.mean([multi_scale(a[z], b[z]) for z in ROWS])),
    "multiScaleXz": float(numpy.mean([multi_scale(a[:, y], b[:, y]) for y in range(40)])),
    "multiScaleLarge": multi_scale(*made["large"]()),
    "gradientDeviation": float(numpy.mean([gradient_deviation(a[z], b[z]) for z in ROWS])),
    "gradientRatio": gradient_ratio(ROWS),
    "spectralRatioX": spectral_ratio(a[ROWS], b[ROWS], 2),
    "spectralRatioY": spectral_ratio(a[ROWS], b[ROWS], 1),
    "ringXy": ring_correlation([(a[z], b[z]) for z in ROWS], VOXEL[1:], (40, 60)),
    "ringYz": ring_correlation([(a[:, :, x], b[:, :, x]) for x in range(57)], VOXEL[:2], (25, 40)),
    "coneY": cone_correlation(1, 20),
    "coneX": cone_correlation(2, 20),
    "continuity": float(numpy.mean(adjacent)),
    "continuityLeast": min(adjacent),
    "split": float(split),
    "merge": float(merge),
    "adaptedRand": float(rand),
    "randPrecision": float(precision),
    "randRecall": float(recall),
    "dice": dice,
    "iou": iou,
    "rankCorrelation": uncertainty(),
}
path = here / "more.json"
path.write_text(json.dumps(result, indent=2) + "\n")
print(path.read_text())
