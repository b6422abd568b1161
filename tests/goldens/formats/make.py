"""Makes the goldens of this folder with python3-tifffile, libtiff-tools and python3-zarr (Debian 12: tifffile 2023.2.3,
libtiff 4.5.0, zarr 2.13.6, numcodecs 0.11.0; run with /usr/bin/python3). Voxels as in make_voxels.py.

    cd tests/goldens/formats && /usr/bin/python3 make.py
"""
import os
import shutil
import subprocess

import numcodecs
import numpy as np
import tifffile
import zarr

from make_voxels import voxels


def tiff(name, dtype, **options):
    options.setdefault("photometric", "minisblack")
    options.setdefault("metadata", None)
    tifffile.imwrite(name + ".tif", voxels(dtype), **options)


for t in ("u1", "u2", "f4"):
    tiff(f"strips-{t}", t, rowsperstrip=7)
    tiff(f"big-endian-{t}", t, byteorder=">", rowsperstrip=7)
    tiff(f"deflate-{t}", t, compression="zlib", rowsperstrip=5)
    tiff(f"bigtiff-big-endian-{t}", t, bigtiff=True, byteorder=">", rowsperstrip=4, compression="zlib")
    tiff(f"tiles-{t}", t, tile=(16, 16))
    tiff(f"tiles-deflate-{t}", t, tile=(16, 32), compression="zlib")
for t in ("u1", "u2"):
    tiff(f"predictor-{t}", t, compression="zlib", predictor=2, rowsperstrip=6)
    tiff(f"predictor-big-endian-{t}", t, compression="zlib", predictor=2, byteorder=">", tile=(16, 16))
tiff("adobe-deflate-u1", "u1", compression="adobe_deflate")
tiff("white-zero-u1", "u1", photometric="miniswhite")
tifffile.imwrite("imagej-u2.tif", voxels("u2"), imagej=True, resolution=(250.0, 200.0), metadata={"spacing": 0.05, "unit": "micron", "axes": "ZYX"})
tifffile.imwrite("imagej-frames-u1.tif", voxels("u1"), imagej=True, metadata={"axes": "TYX"})
tifffile.imwrite("imagej-contiguous-u2.tif", voxels("u2"), imagej=True, metadata={"spacing": 50.0, "unit": "nm", "axes": "ZYX"}, resolution=(0.125, 0.125), truncate=True)
tifffile.imwrite("ome-u1.ome.tif", voxels("u1"), photometric="minisblack",
                 metadata={"axes": "ZYX", "PhysicalSizeX": 0.004, "PhysicalSizeY": 0.005, "PhysicalSizeZ": 50, "PhysicalSizeZUnit": "nm"})
tifffile.imwrite("ome-time-u1.ome.tif", voxels("u1"), photometric="minisblack", metadata={"axes": "TYX"})
tifffile.imwrite("ome-channels-u1.ome.tif", voxels("u1"), photometric="minisblack", metadata={"axes": "CYX"})
with tifffile.TiffWriter("ome-pyramid-u1.ome.tif") as writer:
    writer.write(voxels("u1"), subifds=1, photometric="minisblack", tile=(16, 16), metadata={"axes": "ZYX", "PhysicalSizeX": 8, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 8, "PhysicalSizeYUnit": "nm", "PhysicalSizeZ": 8, "PhysicalSizeZUnit": "nm"})
    writer.write(voxels("u1")[:, ::2, ::2], subfiletype=1, photometric="minisblack", tile=(16, 16), metadata=None)
with tifffile.TiffWriter("thumbnail-u1.tif") as writer:
    for section in voxels("u1"):
        writer.write(section, photometric="minisblack", metadata=None, contiguous=False)
        writer.write(section[::4, ::4], photometric="minisblack", subfiletype=1, metadata=None, contiguous=False)
tifffile.imwrite("signed.tif", voxels("u2").astype("i2"), photometric="minisblack", metadata=None)
tifffile.imwrite("double.tif", voxels("f4").astype("f8"), photometric="minisblack", metadata=None)
tifffile.imwrite("colour.tif", np.zeros((2, 8, 9, 3), "u1"), photometric="rgb", metadata=None)
tifffile.imwrite("bilevel.tif", voxels("u1") > 100, photometric="minisblack", metadata=None)
with tifffile.TiffWriter("sizes.tif") as writer:
    writer.write(voxels("u1")[0], photometric="minisblack", metadata=None)
    writer.write(voxels("u1")[0, :-1], photometric="minisblack", metadata=None)

# What tifffile cannot compress without imagecodecs is made by libtiff's own tool from the plain files.
for source, name, options in (
    ("strips-u1", "lzw-u1", ("-c", "lzw")),
    ("strips-u2", "lzw-predictor-u2", ("-c", "lzw:2")),
    ("big-endian-u2", "lzw-predictor-big-endian-u2", ("-c", "lzw:2", "-B")),
    ("strips-f4", "lzw-f4", ("-c", "lzw")),
    ("strips-f4", "deflate-predictor-3-f4", ("-c", "zip:3", "-r", "6")),
    ("strips-f4", "tiles-predictor-3-f4", ("-c", "zip:3", "-t", "-w", "16", "-l", "16")),
    ("strips-f4", "predictor-2-f4", ("-c", "zip:2")),
    ("strips-u1", "packbits-u1", ("-c", "packbits")),
    ("strips-u2", "packbits-tiles-u2", ("-c", "packbits", "-t", "-w", "32", "-l", "16")),
    ("strips-u2", "zstd-u2", ("-c", "zstd:2")),
    ("strips-u1", "reversed-bits-u1", ("-f", "lsb2msb")),
    ("strips-u1", "reversed-bits-lzw-u1", ("-c", "lzw", "-f", "lsb2msb")),
    ("strips-u1", "bigtiff-u1", ("-8", "-c", "lzw:2", "-B")),
    ("strips-u1", "jpeg-u1", ("-c", "jpeg", "-r", "16")),
):
    subprocess.run(["tiffcp", *options, source + ".tif", name + ".tif"], check=True)


def group(name, transformations, axes):
    shutil.rmtree(name, ignore_errors=True)
    root = zarr.open_group(name, mode="w")
    root.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": transformations}]}]
    return root


SPACE = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
SCALE = [{"type": "scale", "scale": [0.04, 0.008, 0.008]}, {"type": "translation", "translation": [0.1, 0.2, 0.3]}]
for t in ("u1", "u2", "f4"):
    group(f"default-{t}.zarr", SCALE, SPACE).create_dataset("0", data=voxels(t), chunks=(4, 16, 16))  # blosc, lz4, shuffle
codecs = {
    "uncompressed": None,
    "zlib": numcodecs.Zlib(),
    "gzip": numcodecs.GZip(),
    "zstd": numcodecs.Zstd(),
    "lz4": numcodecs.LZ4(),
    "blosc-zstd-bits": numcodecs.Blosc("zstd", 3, numcodecs.Blosc.BITSHUFFLE),
    "blosc-zlib": numcodecs.Blosc("zlib", 3, numcodecs.Blosc.SHUFFLE),
    "blosc-blosclz": numcodecs.Blosc("blosclz", 5, numcodecs.Blosc.NOSHUFFLE),
    "blosc-blosclz-shuffle": numcodecs.Blosc("blosclz", 9, numcodecs.Blosc.SHUFFLE, blocksize=1024),
    "blosc-lz4-blocks": numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE, blocksize=512),
}
for name, codec in codecs.items():
    group(f"{name}.zarr", SCALE, SPACE).create_dataset("0", data=voxels("u2"), chunks=(4, 16, 16), compressor=codec, dimension_separator="/")
group("big-endian.zarr", SCALE, SPACE).create_dataset("0", data=voxels("f4").astype(">f4"), chunks=(4, 16, 16))
group("fortran.zarr", SCALE, SPACE).create_dataset("0", data=voxels("u2"), chunks=(4, 16, 16), order="F")
five = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *SPACE]
group("five-axes.zarr", [{"type": "scale", "scale": [1, 1, 0.04, 0.008, 0.008]}], five).create_dataset("0", data=voxels("u2")[None, None], chunks=(1, 1, 4, 16, 16))
group("channels.zarr", [{"type": "scale", "scale": [1, 1, 1, 1]}], [{"name": "c", "type": "channel"}, *SPACE]).create_dataset("0", data=np.zeros((2, 4, 4, 4), "u1"))
group("signed.zarr", SCALE, SPACE).create_dataset("0", data=voxels("u2").astype("<i2"))
group("no-unit.zarr", SCALE, [{"name": n, "type": "space"} for n in "zyx"]).create_dataset("0", data=voxels("u1"))
sparse = group("missing-chunks.zarr", SCALE, SPACE).create_dataset("0", shape=(5, 19, 33), chunks=(4, 16, 16), dtype="u2", fill_value=77)
sparse[0:4, 0:16, 16:32] = voxels("u2")[0:4, 0:16, 16:32]
shutil.rmtree("bare.zarr", ignore_errors=True)
zarr.save_array("bare.zarr", voxels("u1"))
