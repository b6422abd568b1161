// Hash grid (arXiv:2201.05989, section 3), Adam (arXiv:1412.6980, algorithm 1), trilinear sampling. Shapes, ranges and conventions
// are those of IFieldKernels; the struct is that of CudaGrid in CudaKernels.cs.
#include "prelude.cuh"

struct Level { float scale; u32 nodes, offset, size, dense; };
struct Grid { u32 levels; Level level[16]; };

DEVICE float inside(float v, float most) { return v > 0.f ? fminf(v, most) : 0.f; }

struct Cell { u32 node[3]; float share[3]; };

DEVICE Cell cell_of(const float* position, float scale)
{
    Cell cell;
    UNROLL
    for (int axis = 0; axis < 3; axis++)
    {
        float place = fmaf(inside(position[axis], 1.f), scale, 0.5f);
        float floor = floorf(place);
        cell.node[axis] = (u32)floor;
        cell.share[axis] = place - floor;
    }
    return cell;
}

// Bit 0 of a corner is the upper column, bit 1 the row, bit 2 the section.
DEVICE u32 entry_of(const Cell& cell, const Level& level, u32 corner)
{
    u32 z = cell.node[0] + (corner >> 2), y = cell.node[1] + (corner >> 1 & 1), x = cell.node[2] + (corner & 1);
    u32 index = level.dense ? (z * level.nodes + y) * level.nodes + x : (x ^ y * 2654435761u ^ z * 805459861u) & (level.size - 1);
    return level.offset + index;
}

DEVICE float share_of(const Cell& cell, u32 corner)
{
    return (corner & 4 ? cell.share[0] : 1.f - cell.share[0]) * (corner & 2 ? cell.share[1] : 1.f - cell.share[1]) * (corner & 1 ? cell.share[2] : 1.f - cell.share[2]);
}

// One thread a sample and level: blockIdx.y is the level, so that a wave of blocks shares one level's table in the cache.
template <int F> DEVICE void encode(u32 n, const float* positions, const float* table, float* features, const Grid& grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    float sum[F] = {};
    UNROLL
    for (u32 corner = 0; corner < 8; corner++)
    {
        const float* entry = table + (u64)F * entry_of(cell, grid.level[level], corner);
        float share = share_of(cell, corner);
        float value[F];
        if (F == 4) { float4 v = *(const float4*)entry; value[0] = v.x; value[1] = v.y; value[2 % F] = v.z; value[3 % F] = v.w; }
        else { float2 v = *(const float2*)entry; value[0] = v.x; value[1] = v.y; }
        UNROLL
        for (int f = 0; f < F; f++)
            sum[f] = fmaf(share, value[f], sum[f]);
    }
    float* result = features + ((u64)sample * grid.levels + level) * F;
    UNROLL
    for (int f = 0; f < F; f++)
        result[f] = sum[f];
}

template <int F> DEVICE void encode_backward(u32 n, const float* positions, const float* gradient, float* table_gradient, const Grid& grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    const float* down = gradient + ((u64)sample * grid.levels + level) * F;
    UNROLL
    for (u32 corner = 0; corner < 8; corner++)
    {
        float* entry = table_gradient + (u64)F * entry_of(cell, grid.level[level], corner);
        float share = share_of(cell, corner);
        if (F == 4)
            add_quad(entry, share * down[0], share * down[1], share * down[2 % F], share * down[3 % F]);
        else
            add_pair(entry, share * down[0], share * down[1]);
    }
}

KERNEL(encode_2, u32 n, const float* positions, const float* table, float* features, Grid grid) { encode<2>(n, positions, table, features, grid); }
KERNEL(encode_4, u32 n, const float* positions, const float* table, float* features, Grid grid) { encode<4>(n, positions, table, features, grid); }
KERNEL(encode_backward_2, u32 n, const float* positions, const float* gradient, float* table_gradient, Grid grid) { encode_backward<2>(n, positions, gradient, table_gradient, grid); }
KERNEL(encode_backward_4, u32 n, const float* positions, const float* gradient, float* table_gradient, Grid grid) { encode_backward<4>(n, positions, gradient, table_gradient, grid); }

// One thread a sample, all its levels: nothing to add across threads.
KERNEL(position_gradient, u32 n, const float* positions, const float* table, const float* gradient, float* result, u32 features, Grid grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x;
    if (sample >= n)
        return;
    float sum[3] = {0.f, 0.f, 0.f};
    for (u32 level = 0; level < grid.levels; level++)
    {
        float scale = grid.level[level].scale;
        Cell cell = cell_of(positions + 3 * (u64)sample, scale);
        const float* down = gradient + ((u64)sample * grid.levels + level) * features;
        UNROLL
        for (u32 corner = 0; corner < 8; corner++)
        {
            const float* entry = table + (u64)features * entry_of(cell, grid.level[level], corner);
            float along = 0.f;
            for (u32 f = 0; f < features; f++)
                along = fmaf(entry[f], down[f], along);
            float z = corner & 4 ? cell.share[0] : 1.f - cell.share[0];
            float y = corner & 2 ? cell.share[1] : 1.f - cell.share[1];
            float x = corner & 1 ? cell.share[2] : 1.f - cell.share[2];
            along *= scale;
            sum[0] += (corner & 4 ? along : -along) * y * x;
            sum[1] += (corner & 2 ? along : -along) * z * x;
            sum[2] += (corner & 1 ? along : -along) * z * y;
        }
    }
    UNROLL
    for (int axis = 0; axis < 3; axis++)
        result[3 * (u64)sample + axis] = sum[axis];
}

KERNEL(adam, u32 n, float* parameters, float* gradient, float* first, float* second, float beta1, float beta2, float rate, float correction, float epsilon)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float g = gradient[i];
    float m = fmaf(first[i], beta1, g * (1.f - beta1));
    float v = fmaf(second[i], beta2, g * g * (1.f - beta2));
    first[i] = m;
    second[i] = v;
    parameters[i] -= rate * m / (sqrtf(v * correction) + epsilon);
    gradient[i] = 0.f;
}

// The loss of IFieldKernels.FieldLoss over count numbers, width of a sample: its gradient, and its sum over each block, so that the total
// has one order. share is 1/N; weights may be null. The gradient may take the place of the outputs.
KERNEL(field_loss, u32 count, u32 width, float share, const float* outputs, const float* targets, const float* weights, float* gradient, float* parts)
{
    __shared__ float warps[4];
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    float loss = 0.f;
    if (i < count)
    {
        float difference = outputs[i] - targets[i], weighted = (weights ? weights[i / width] : 1.f) * share * difference;
        gradient[i] = 2.f * weighted;
        loss = weighted * difference;
    }
    UNROLL
    for (int offset = 16; offset > 0; offset /= 2)
        loss = warp_add(loss, offset);
    if ((threadIdx.x & 31) == 0)
        warps[threadIdx.x >> 5] = loss;
    __syncthreads();
    if (threadIdx.x == 0)
        parts[blockIdx.x] = warps[0] + warps[1] + warps[2] + warps[3];
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

KERNEL(sample_trilinear, u32 n, const float* volume, const float* positions, float* values, u32 depth, u32 height, u32 width)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    u32 length[3] = {depth, height, width};
    values[i] = trilinear(volume, length, positions + 3 * (u64)i);
}

KERNEL(warp_trilinear, u32 n, const float* volume, const float* displacement, float* result, u32 depth, u32 height, u32 width)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    u32 length[3] = {depth, height, width};
    const float* by = displacement + 3 * (u64)i;
    float position[3] = {i / (height * width) + by[0], i / width % height + by[1], i % width + by[2]};
    result[i] = trilinear(volume, length, position);
}

EMULATED(encode_2) EMULATED(encode_4) EMULATED(encode_backward_2) EMULATED(encode_backward_4) EMULATED(position_gradient)
EMULATED(adam) EMULATED(field_loss) EMULATED(sample_trilinear) EMULATED(warp_trilinear)
