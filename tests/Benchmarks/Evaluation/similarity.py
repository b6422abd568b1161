"""PSNR and SSIM of two volumes by scikit-image, timed; run by Program.cs: PATH PATH EDGE. Prints seconds of either, processor seconds of both, peak memory beyond the volumes in MB, and
both values. Single precision stays single precision in scikit-image, which is the faster and leaner way for it; windows of 11^3 Gaussian, as ours."""
import resource
import sys
import time

import numpy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

edge = int(sys.argv[3])
a, b = (numpy.fromfile(path, numpy.float32).reshape(edge, edge, edge) for path in sys.argv[1:3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, used = time.perf_counter(), time.process_time()
psnr = peak_signal_noise_ratio(b, a, data_range=255)
first = time.perf_counter()
ssim = structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
end, used = time.perf_counter(), time.process_time() - used
print(first - start, end - first, used, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3, psnr, ssim)
