// What a training does between the kernels of the field and those of rays, so that nothing of a step visits the host: values of the
// perceptron's numbers, errors of rays, places drawn from a target. The structs are those of FieldOutput and TargetDraw.
#include "sampling.cuh"

struct Output { u32 kind, width; float offset, scale; };
struct Draw { u32 shape[3]; float origin[3], voxel[3]; float offset, scale, weight; u32 seed; };

DEVICE float sigmoid(float x) { return 1.f / (1.f + expf(-x)); }

// FieldActivations: itself, log(1 + e^x), e^x, both of which end at 15.
DEVICE float activated(u32 kind, float x)
{
    if (kind == 1)
        return x > 15.f ? x : logf(1.f + expf(x));
    return kind == 2 ? expf(fminf(x, 15.f)) : x;
}

DEVICE float slope(u32 kind, float x)
{
    if (kind == 1)
        return sigmoid(x);
    return kind == 2 ? expf(fminf(x, 15.f)) : 1.f;
}

KERNEL(activate, u32 n, const float* numbers, float* values, float* emissions, Output output)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    const float* number = numbers + output.width * (u64)i;
    values[i] = fmaf(output.scale, activated(output.kind, number[0]), output.offset);
    emissions[i] = output.width > 1 ? sigmoid(number[1]) : 1.f;
}

// The gradient takes the place of the numbers.
KERNEL(activate_backward, u32 n, const float* value_gradient, const float* emission_gradient, float* numbers, Output output)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float* number = numbers + output.width * (u64)i;
    number[0] = value_gradient[i] * output.scale * slope(output.kind, number[0]);
    if (output.width > 1)
    {
        float emission = sigmoid(number[1]);
        number[1] = emission_gradient[i] * emission * (1.f - emission);
    }
}

// Four warps a block; the sum of a block is one part.
DEVICE void add_part(float loss, float* parts)
{
    __shared__ float warps[4];
    UNROLL
    for (int offset = 16; offset > 0; offset /= 2)
        loss = warp_add(loss, offset);
    if ((threadIdx.x & 31) == 0)
        warps[threadIdx.x >> 5] = loss;
    __syncthreads();
    if (threadIdx.x == 0)
        parts[blockIdx.x] = warps[0] + warps[1] + warps[2] + warps[3];
}

// Squared errors of rays and their gradient. Width 3: images, whose intensity counts. Width 1: integrals, of which the mean over the ray counts
// where means is set. The gradient may take the place of what was seen.
KERNEL(ray_loss, u32 rays, u32 width, u32 means, float weight, float share, const int* offsets, const float* samples, const float* targets, const float* seen, float* gradient, float* parts)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    float loss = 0.f;
    if (r < rays)
    {
        float length = 1.f, own = share;
        if (means)
        {
            length = 0.f;
            for (int i = offsets[r]; i < offsets[r + 1]; i++)
                length += samples[2 * (u64)i + 1];
            own = length > 0.f ? share / length : 0.f;
        }
        float error = (seen[width * (u64)r] - targets[r] * length) * own;
        loss = weight * error * error / rays;
        gradient[width * (u64)r] = 2.f * weight * error * own / rays;
        for (u32 k = 1; k < width; k++)
            gradient[width * (u64)r + k] = 0.f;
    }
    add_part(loss, parts);
}

// Voxels of a target at random, each fourth anywhere about its centre; TargetDraw has the same on the host.
KERNEL(draw_target, u32 n, const float* volume, const float* weights, float* positions, float* targets, float* sample_weights, Draw draw)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float place[3];
    u64 voxel = 0;
    UNROLL
    for (u32 axis = 0; axis < 3; axis++)
    {
        float chosen = floorf(place_of(draw.seed, i, axis) * draw.shape[axis]);
        voxel = voxel * draw.shape[axis] + (u64)chosen;
        float aside = i % 4 == 0 ? place_of(draw.seed, i, 3 + axis) - 0.5f : 0.f;
        place[axis] = inside(chosen + aside, (float)(draw.shape[axis] - 1));
        positions[3 * (u64)i + axis] = fmaf(place[axis], draw.voxel[axis], draw.origin[axis]);
    }
    targets[i] = (trilinear(volume, draw.shape, place) - draw.offset) / draw.scale;
    sample_weights[i] = draw.weight * weights[voxel];
}

EMULATED(activate) EMULATED(activate_backward) EMULATED(ray_loss) EMULATED(draw_target)
