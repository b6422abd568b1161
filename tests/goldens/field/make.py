#!/usr/bin/env python3
"""What SART finds in a tilt series of bone and medulla-1: sart.json, which docs/benchmarks/field.md and the benchmark compare with.

60 projections over +-60 degrees of the middle 128^3 voxels, made and reconstructed by scikit-image, section by section about y: 20 iterations
of iradon_sart from zero at its default relaxation, 0.15. PSNR over the whole cube, range 255. Debian's python3-skimage 0.19; two minutes a volume and core.

    VISIONCELL_DATA=DIR /usr/bin/python3 tests/goldens/field/make.py [EDGE]
"""
import json
import os
import sys

import numpy
import skimage
from skimage import io
from skimage.transform import iradon_sart, radon

VIEWS, ITERATIONS = 60, 20
here = os.path.dirname(os.path.abspath(__file__))
edge = int(sys.argv[1]) if len(sys.argv) > 1 else 128
theta = numpy.linspace(-60, 60, VIEWS)


def sart(section):
    """Projects and reconstructs a section [z, x]; at 0 degrees rays run along z."""
    # As wide as the diagonal, so that no ray is missed at any tilt.
    before = int(numpy.ceil(edge * numpy.sqrt(2)) - edge) // 2 + 1
    wide = numpy.pad(section, before)
    sinogram = radon(wide, theta, circle=True)
    found = None
    for _ in range(ITERATIONS):
        found = iradon_sart(sinogram, theta, image=found)
    return found[before:before + edge, before:before + edge]


results = {}
for name in ["bone", "medulla-1"]:
    volume = io.imread(os.path.join(os.environ["VISIONCELL_DATA"], name + ".tif")).astype(float)
    z, y, x = [(n - edge) // 2 for n in volume.shape]
    cube = volume[z:z + edge, y:y + edge, x:x + edge]
    error = numpy.mean([numpy.mean((sart(cube[:, row, :]) - cube[:, row, :]) ** 2) for row in range(edge)])
    results[name] = round(10 * numpy.log10(255 ** 2 / error), 3)
    print(name, results[name], flush=True)
path = os.path.join(here, "sart.json")
with open(path, "w") as file:
    json.dump({"edge": edge, "views": VIEWS, "iterations": ITERATIONS, "scikitImage": skimage.__version__, "psnr": results}, file, indent=2)
    file.write("\n")
