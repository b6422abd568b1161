// Hash grid (arXiv:2201.05989, section 3), Adam (arXiv:1412.6980, algorithm 1), trilinear sampling. Shapes, ranges and conventions
// are those of IFieldKernels; the struct is that of CudaGrid in CudaKernels.cs.
#include "sampling.cuh"

struct Level { float scale; u32 nodes, offset, size, dense; };
struct Grid { u32 levels; Level level[16]; };

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

// Numbers of a level and sample begin at sample * row + level * step: [N, levels, F] or, what neighbouring threads reach together,
// [levels, N, F].
struct Rows { u32 row, step; };

DEVICE u64 start_of(Rows rows, u32 sample, u32 level) { return (u64)sample * rows.row + (u64)level * rows.step; }

// Two neighbours along x. Entries of two features are 8 bytes and every second pair of neighbours shares 16 aligned bytes, in tables and
// hashed levels alike: one read, one addition in place of two.
struct Pair { u32 lower, upper; };

DEVICE Pair pair_of(const Cell& cell, const Level& level, u32 row) { return {entry_of(cell, level, 2 * row), entry_of(cell, level, 2 * row + 1)}; }

DEVICE bool together(Pair pair) { return (pair.lower ^ pair.upper) == 1; }

// sum += the shares of both in their features. The reads of all pairs are under way before the first is needed.
DEVICE void read_pairs(float sum[2], const float* table, const Cell& cell, const Level& level)
{
    float4 near[4];
    float2 far[4];
    UNROLL
    for (u32 row = 0; row < 4; row++)
    {
        Pair pair = pair_of(cell, level, row);
        near[row] = *(const float4*)(table + 2 * (u64)(pair.lower & ~1u));
        far[row] = {0.f, 0.f};
        if (!together(pair))
            far[row] = *(const float2*)(table + 2 * (u64)pair.upper);
    }
    UNROLL
    for (u32 row = 0; row < 4; row++)
    {
        Pair pair = pair_of(cell, level, row);
        bool odd = pair.lower & 1;
        float2 first = {near[row].x, near[row].y}, second = {near[row].z, near[row].w};
        float2 lower = odd ? second : first, upper = together(pair) ? (odd ? first : second) : far[row];
        float share = share_of(cell, 2 * row), other = share_of(cell, 2 * row + 1);
        sum[0] = fmaf(other, upper.x, fmaf(share, lower.x, sum[0]));
        sum[1] = fmaf(other, upper.y, fmaf(share, lower.y, sum[1]));
    }
}

// One thread a sample and level: blockIdx.y is the level, so that a wave of blocks shares one level's table in the cache.
KERNEL(encode_2, u32 n, const float* positions, const float* table, float* features, Rows rows, Grid grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    float sum[2] = {0.f, 0.f};
    read_pairs(sum, table, cell, grid.level[level]);
    *(float2*)(features + start_of(rows, sample, level)) = {sum[0], sum[1]};
}

KERNEL(encode_4, u32 n, const float* positions, const float* table, float* features, Rows rows, Grid grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    float4 sum = {0.f, 0.f, 0.f, 0.f};
    UNROLL
    for (u32 corner = 0; corner < 8; corner++)
    {
        float4 v = *(const float4*)(table + 4 * (u64)entry_of(cell, grid.level[level], corner));
        float share = share_of(cell, corner);
        sum = {fmaf(share, v.x, sum.x), fmaf(share, v.y, sum.y), fmaf(share, v.z, sum.z), fmaf(share, v.w, sum.w)};
    }
    *(float4*)(features + start_of(rows, sample, level)) = sum;
}

KERNEL(encode_backward_2, u32 n, const float* positions, const float* gradient, float* table_gradient, Rows rows, Grid grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    float2 down = *(const float2*)(gradient + start_of(rows, sample, level));
    UNROLL
    for (u32 row = 0; row < 4; row++)
    {
        Pair pair = pair_of(cell, grid.level[level], row);
        float share = share_of(cell, 2 * row), other = share_of(cell, 2 * row + 1);
        if (together(pair))
        {
            bool odd = pair.lower & 1;
            float first = odd ? other : share, second = odd ? share : other;
            add_quad(table_gradient + 2 * (u64)(pair.lower & ~1u), first * down.x, first * down.y, second * down.x, second * down.y);
            continue;
        }
        add_pair(table_gradient + 2 * (u64)pair.lower, share * down.x, share * down.y);
        add_pair(table_gradient + 2 * (u64)pair.upper, other * down.x, other * down.y);
    }
}

KERNEL(encode_backward_4, u32 n, const float* positions, const float* gradient, float* table_gradient, Rows rows, Grid grid)
{
    u32 sample = blockIdx.x * blockDim.x + threadIdx.x, level = blockIdx.y;
    if (sample >= n)
        return;
    Cell cell = cell_of(positions + 3 * (u64)sample, grid.level[level].scale);
    float4 down = *(const float4*)(gradient + start_of(rows, sample, level));
    UNROLL
    for (u32 corner = 0; corner < 8; corner++)
    {
        float share = share_of(cell, corner);
        add_quad(table_gradient + 4 * (u64)entry_of(cell, grid.level[level], corner), share * down.x, share * down.y, share * down.z, share * down.w);
    }
}

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
