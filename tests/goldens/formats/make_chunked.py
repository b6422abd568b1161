"""Makes the goldens of N5 with python3-zarr (Debian 12: zarr 2.13.6, numcodecs 0.11.0), which writes every block whole, and those of N5 with smaller blocks
at the end and of Neuroglancer's precomputed format after their specifications (n5 4.0; neuroglancer src/datasource/precomputed/volume.md), for which
Debian has no writer; JPEG by python3-pil. The latter have not been read by another program. Voxels as in make_voxels.py.

    cd tests/goldens/formats && /usr/bin/python3 make_chunked.py
"""
import gzip
import io
import itertools
import json
import os
import shutil
import struct

import numcodecs
import numpy as np
import zarr
from PIL import Image

from make_voxels import voxels

BLOCK = (4, 16, 16)
TRANSFORM = {"transform": {"axes": ["z", "y", "x"], "scale": [40, 8, 6], "translate": [100, 200, 300], "units": ["nm", "nm", "nm"]}}
PIXEL = {"pixelResolution": {"dimensions": [6, 8, 40], "unit": "nm"}}


def add(file, attributes):
    with open(file, encoding="utf-8") as old:
        known = json.load(old)
    with open(file, "w", encoding="utf-8") as new:
        json.dump({**known, **attributes}, new, indent=1)


def dump(file, json_value):
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8") as new:
        json.dump(json_value, new, indent=1)


def zarrs(name, dtype, compressor, attributes):
    shutil.rmtree(name, ignore_errors=True)
    zarr.array(voxels(dtype), chunks=BLOCK, compressor=compressor, store=zarr.N5Store(name))
    add(f"{name}/attributes.json", attributes)


def levels(name):
    shutil.rmtree(name, ignore_errors=True)
    root = zarr.group(store=zarr.N5Store(name))
    for level, step in (("s0", 1), ("s1", 2)):
        root.create_dataset(level, data=voxels("u2")[:, ::step, ::step], chunks=BLOCK, compressor=numcodecs.GZip(5))
        add(f"{name}/{level}/attributes.json", {"downsamplingFactors": [step, step, 1]})
    add(f"{name}/attributes.json", {"resolution": [6, 8, 40], "units": ["nm", "nm", "nm"]})


def chunks(data):
    """Index and content of each chunk along z, y, x, those at the end smaller."""
    for at in itertools.product(*(range(-(-n // b)) for n, b in zip(data.shape, BLOCK))):
        yield at, np.ascontiguousarray(data[tuple(slice(i * b, (i + 1) * b) for i, b in zip(at, BLOCK))])


def cut(name, dtype, compression, encode, mode=0, missing=()):
    shutil.rmtree(name, ignore_errors=True)
    data = voxels(dtype)
    dump(f"{name}/attributes.json", {"n5": "2.5.1", "dimensions": data.shape[::-1], "blockSize": BLOCK[::-1], "dataType": data.dtype.name, "compression": compression, **PIXEL})
    for at, block in chunks(data):
        if at in missing:
            continue
        file = os.path.join(name, *(str(i) for i in at[::-1]))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(struct.pack(">HHIII", mode, 3, *block.shape[::-1]) + (struct.pack(">I", block.size) if mode else b"") + encode(block.astype(block.dtype.newbyteorder(">")).tobytes()))


def precomputed(name, dtype, encoding, zipped=False):
    shutil.rmtree(name, ignore_errors=True)
    scales = []
    for step in (1, 2):
        data, offset, key = voxels(dtype)[:, ::step, ::step], (30 // step, 20 // step, 10), f"{6 * step}_{8 * step}_40"
        scales.append({"key": key, "size": data.shape[::-1], "resolution": [6 * step, 8 * step, 40], "voxel_offset": offset, "chunk_sizes": [BLOCK[::-1]], "encoding": encoding})
        os.makedirs(f"{name}/{key}")
        for at, block in chunks(data):
            first = [i * b + o for i, b, o in zip(at[::-1], BLOCK[::-1], offset)]
            file = f"{name}/{key}/" + "_".join(f"{f}-{f + n}" for f, n in zip(first, block.shape[::-1]))
            content = block.tobytes()
            if encoding == "jpeg":
                # Any width and height of so many pixels: that of x, and of y and z together, as CloudVolume has it.
                packed = io.BytesIO()
                Image.fromarray(block.reshape(-1, block.shape[2])).save(packed, "jpeg", quality=100)
                content = packed.getvalue()
            with open(file + (".gz" if zipped else ""), "wb") as out:
                out.write(gzip.compress(content, mtime=0) if zipped else content)
    dump(f"{name}/info", {"@type": "neuroglancer_multiscale_volume", "type": "image", "data_type": voxels(dtype).dtype.name, "num_channels": 1, "scales": scales})


zarrs("raw-u1.n5", "u1", None, TRANSFORM)
zarrs("blosc-u2.n5", "u2", numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE), PIXEL)
zarrs("zlib-f4.n5", "f4", numcodecs.Zlib(5), PIXEL)
zarrs("xz-u1.n5", "u1", numcodecs.LZMA(), PIXEL)
levels("levels-u2.n5")
cut("cut-u2.n5", "u2", {"type": "gzip", "level": 5, "useZlib": False}, lambda b: gzip.compress(b, mtime=0), missing=((0, 0, 1),))
cut("cut-mode-1-f4.n5", "f4", {"type": "zstd", "level": 3}, lambda b: bytes(numcodecs.Zstd(3).encode(b)), mode=1)
precomputed("raw-u2.precomputed", "u2", "raw")
precomputed("zipped-f4.precomputed", "f4", "raw", zipped=True)
precomputed("jpeg-u1.precomputed", "u1", "jpeg")
