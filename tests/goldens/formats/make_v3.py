"""Makes the Zarr v3 goldens (OME-NGFF 0.5). Debian has no writer of Zarr v3, so metadata and shards are put together here after
the specification (zarr-specs core 3.0, sharding_indexed 1.0), with the codecs of numcodecs; check_v3.mjs reads them back with
zarrita, an independent implementation. Voxels as in make_voxels.py.

    cd tests/goldens/formats && /usr/bin/python3 make_v3.py && npm install zarrita@0.7.5 @zarrita/storage@0.2.0 && node check_v3.mjs
"""
import itertools
import json
import os
import shutil
import struct

import numcodecs
import numpy as np

from make_voxels import voxels


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


ENCODE = {
    "gzip": lambda b: numcodecs.GZip(5).encode(b),
    "zstd": lambda b: bytes(numcodecs.Zstd(3).encode(b)),
    "blosc": lambda b: bytes(numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE).encode(b)),
    "crc32c": lambda b: b + crc32c(b),
}
CONFIGURATION = {
    "gzip": {"level": 5},
    "zstd": {"level": 3, "checksum": False},
    "blosc": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0},
}


def codec(name):
    return {"name": name, "configuration": CONFIGURATION[name]} if name in CONFIGURATION else {"name": name}


def encode(chunk, order, endian, names):
    if order:
        chunk = chunk.transpose(order)
    data = np.ascontiguousarray(chunk).astype(chunk.dtype.newbyteorder(">" if endian == "big" else "<")).tobytes()
    for name in names:
        data = ENCODE[name](data)
    return data


def padded(array, corner, shape, fill):
    out = np.full(shape, fill, array.dtype)
    part = array[tuple(slice(c, c + n) for c, n in zip(corner, shape))]
    out[tuple(slice(0, n) for n in part.shape)] = part
    return out


def write(name, array, chunks, codecs, order=None, endian="little", fill=0, key="default", separator="/", shard=None, index="end", skip=()):
    shutil.rmtree(name, ignore_errors=True)
    os.makedirs(name + "/0")
    scale = [{"type": "scale", "scale": [0.04, 0.008, 0.008]}]
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    group = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "multiscales": [
        {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}]}}}
    inner = [{"name": "transpose", "configuration": {"order": order}}] if order else []
    inner += [{"name": "bytes", "configuration": {"endian": endian}}] + [codec(n) for n in codecs]
    if shard:
        inner = [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": list(chunks), "codecs": inner, "index_location": index,
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]}}]
    outer = shard or chunks
    meta = {"zarr_format": 3, "node_type": "array", "shape": list(array.shape), "data_type": array.dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(outer)}},
            "chunk_key_encoding": {"name": key, "configuration": {"separator": separator}},
            "fill_value": "NaN" if fill != fill else fill, "codecs": inner, "attributes": {}}
    json.dump(group, open(name + "/zarr.json", "w"))
    json.dump(meta, open(name + "/0/zarr.json", "w"))
    for at in itertools.product(*(range(-(-n // c)) for n, c in zip(array.shape, outer))):
        corner = [i * c for i, c in zip(at, outer)]
        if shard:
            entries, body = [], b""
            per = [s // c for s, c in zip(shard, chunks)]
            size = int(np.prod(per)) * 16 + 4
            for sub in itertools.product(*(range(n) for n in per)):
                begin = [o + i * c for o, i, c in zip(corner, sub, chunks)]
                if any(b >= n for b, n in zip(begin, array.shape)) or tuple(begin) in skip:
                    entries += [2**64 - 1, 2**64 - 1]
                    continue
                data = encode(padded(array, begin, chunks, fill), order, endian, codecs)
                entries += [len(body) + (size if index == "start" else 0), len(data)]
                body += data
            table = struct.pack(f"<{len(entries)}Q", *entries)
            table += crc32c(table)
            data = table + body if index == "start" else body + table
        else:
            data = encode(padded(array, corner, chunks, fill), order, endian, codecs)
        file = os.path.join(name, "0", separator.join((["c"] if key == "default" else []) + [str(i) for i in at]))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        open(file, "wb").write(data)


write("v3-zstd-u2.zarr", voxels("u2"), (4, 16, 16), ["zstd"])
write("v3-gzip-crc32c-f4.zarr", voxels("f4"), (4, 16, 16), ["gzip", "crc32c"], endian="big", fill=float("nan"))
write("v3-blosc-u2.zarr", voxels("u2"), (4, 16, 16), ["blosc"], key="v2", separator=".")
write("v3-plain-u1.zarr", voxels("u1"), (3, 19, 11), [], separator=".")
write("v3-transpose-u2.zarr", voxels("u2"), (4, 16, 16), ["gzip"], order=[2, 0, 1])
write("v3-sharded-u2.zarr", voxels("u2"), (2, 8, 8), ["zstd", "crc32c"], shard=(4, 16, 32))
write("v3-sharded-start-f4.zarr", voxels("f4"), (4, 16, 16), ["zstd"], shard=(8, 32, 32), index="start")
write("v3-sharded-missing-u2.zarr", voxels("u2"), (2, 8, 8), ["gzip"], shard=(4, 16, 32), fill=77, skip=((2, 8, 16),))
