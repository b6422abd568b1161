// What a GPU can do at most of the three things that bind the kernels: matrix products on tensor cores from registers, reads and atomic
// additions of entries at random places of tables. Written like the kernels, so that they pay for nothing but that.
#include "prelude.cuh"

DEVICE u32 scrambled(u32 v)
{
    v *= 2654435761u;
    v ^= v >> 15;
    v *= 2246822519u;
    return v ^ v >> 13;
}

#define CHAINS 8

KERNEL(matrix_products, u32 rounds, float* result)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x, a[4], b[2];
    UNROLL
    for (int k = 0; k < 4; k++)
        a[k] = half2_pack((scrambled(8 * i + k) & 1023) / 1024.f - 0.5f, 0.25f);
    UNROLL
    for (int k = 0; k < 2; k++)
        b[k] = half2_pack((scrambled(8 * i + 4 + k) & 1023) / 1024.f - 0.5f, -0.25f);
    float sum[CHAINS][4] = {};
    for (u32 round = 0; round < rounds; round++)
    {
        UNROLL
        for (int chain = 0; chain < CHAINS; chain++)
            mma_16x8x16(sum[chain], a, b);
    }
    float total = 0.f;
    UNROLL
    for (int chain = 0; chain < CHAINS; chain++)
        total += sum[chain][0] + sum[chain][1] + sum[chain][2] + sum[chain][3];
    result[i] = total;
}

// blockIdx.y is the table, as it is the level of a hash grid; mask is its size, a power of two, less 1.
DEVICE u32 entry_of(u32 sample, u32 place, u32 mask) { return blockIdx.y * (mask + 1) + (scrambled(8 * sample + place + blockIdx.y) & mask); }

template <int F> DEVICE void gather(u32 n, u32 mask, const float* table, float* result)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x;
    if (sample >= n)
        return;
    float sum = 0.f;
    UNROLL
    for (u32 place = 0; place < 8; place++)
    {
        const float* entry = table + (u64)F * entry_of(sample, place, mask);
        if (F == 4) { float4 v = *(const float4*)entry; sum += v.x + v.y + v.z + v.w; }
        else if (F == 2) { float2 v = *(const float2*)entry; sum += v.x + v.y; }
        else sum += *entry;
    }
    result[(u64)blockIdx.y * n + sample] = sum;
}

template <int F> DEVICE void scatter(u32 n, u32 mask, float* table)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x;
    if (sample >= n)
        return;
    float v = (float)(sample & 15) - 7.5f;
    UNROLL
    for (u32 place = 0; place < 8; place++)
    {
        float* entry = table + (u64)F * entry_of(sample, place, mask);
        if (F == 4)
            add_quad(entry, v, -v, v, -v);
        else
            add_pair(entry, v, -v);
    }
}

KERNEL(gather_1, u32 n, u32 mask, const float* table, float* result) { gather<1>(n, mask, table, result); }
KERNEL(gather_2, u32 n, u32 mask, const float* table, float* result) { gather<2>(n, mask, table, result); }
KERNEL(gather_4, u32 n, u32 mask, const float* table, float* result) { gather<4>(n, mask, table, result); }
KERNEL(scatter_2, u32 n, u32 mask, float* table) { scatter<2>(n, mask, table); }
KERNEL(scatter_4, u32 n, u32 mask, float* table) { scatter<4>(n, mask, table); }

EMULATED(matrix_products) EMULATED(gather_1) EMULATED(gather_2) EMULATED(gather_4) EMULATED(scatter_2) EMULATED(scatter_4)
