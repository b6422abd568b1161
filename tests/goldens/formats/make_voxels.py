"""The voxels of the goldens: z * 29 + y * 7 + x * 3 + (x * y) % 5 at (z, y, x), times the factor of the type: 1 modulo 256 for
uint8, 101 modulo 65536 for uint16, 0.37 less 20 for float32."""
import numpy as np


def voxels(dtype, shape=(5, 19, 33)):
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    v = z * 29 + y * 7 + x * 3 + (x * y) % 5
    if dtype == "u1":
        return (v % 256).astype("u1")
    if dtype == "u2":
        return (v * 101 % 65536).astype("u2")
    return (v * np.float32(0.37) - np.float32(20)).astype("f4")
