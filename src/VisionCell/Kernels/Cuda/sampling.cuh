// What several sources share: places drawn at random and values between voxels.
#pragma once
#include "prelude.cuh"

DEVICE float inside(float v, float most) { return v > 0.f ? fminf(v, most) : 0.f; }

// RayMarch.Place: 0 to below 1, a multiple of 2^-24, the same on every backend.
DEVICE float place_of(u32 seed, u32 ray, u32 step)
{
    u32 h = seed + ray * 0x9E3779B1u;
    h = (h ^ h >> 16) * 0x85EBCA6Bu + step * 0xC2B2AE35u;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return ((h ^ h >> 16) >> 8) * (1.f / (1 << 24));
}

DEVICE float trilinear(const float* volume, const u32 length[3], const float position[3])
{
    u32 lower[3], upper[3];
    float share[3];
    UNROLL
    for (int axis = 0; axis < 3; axis++)
    {
        float place = inside(position[axis], (float)(length[axis] - 1)), floor = floorf(place);
        lower[axis] = (u32)floor;
        upper[axis] = lower[axis] + 1 < length[axis] ? lower[axis] + 1 : length[axis] - 1;
        share[axis] = place - floor;
    }
    float section[2];
    UNROLL
    for (int s = 0; s < 2; s++)
    {
        float row[2];
        UNROLL
        for (int r = 0; r < 2; r++)
        {
            const float* line = volume + ((u64)(s ? upper[0] : lower[0]) * length[1] + (r ? upper[1] : lower[1])) * length[2];
            row[r] = fmaf(share[2], line[upper[2]] - line[lower[2]], line[lower[2]]);
        }
        section[s] = fmaf(share[1], row[1] - row[0], row[0]);
    }
    return fmaf(share[0], section[1] - section[0], section[0]);
}
