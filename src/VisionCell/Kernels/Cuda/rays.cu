// Ray marching, compositing and occupancy as IRayKernels and RayMarch have them. One thread a ray: its samples depend on those before.
#include "sampling.cuh"

struct March { float extent[3], scale[3]; u32 cells[3]; float step; u32 seed, stratified; };

DEVICE bool finite(float v) { return fabsf(v) < 3.4e38f; }

// Counts the samples of a ray and, where there is room for positions, writes them.
template <bool WRITES> DEVICE u32 walk(const float* ray, u32 index, const March& march, const u32* occupancy, float* positions, float* samples, u32 room)
{
    float near = ray[6], far = ray[7];
    if (near != near || far != far)
        return 0;
    UNROLL
    for (int axis = 0; axis < 3; axis++)
    {
        float origin = ray[axis], direction = ray[3 + axis];
        if (!finite(origin) || !finite(direction) || (direction == 0.f && !(origin >= 0.f && origin <= march.extent[axis])))
            return 0;
        if (direction == 0.f)
            continue;
        float a = -origin / direction, b = (march.extent[axis] - origin) / direction;
        near = fmaxf(near, fminf(a, b));
        far = fminf(far, fmaxf(a, b));
    }
    if (!(far > near))
        return 0;
    u32 found = 0, steps = (u32)fminf(ceilf((far - near) / march.step), 65536.f);
    for (u32 step = 0; step < steps && found < room; step++)
    {
        float start = fmaf((float)step, march.step, near), length = fminf(march.step, far - start);
        float depth = fmaf(length, march.stratified ? place_of(march.seed, index, step) : 0.5f, start);
        float position[3];
        u32 cell = 0;
        UNROLL
        for (int axis = 0; axis < 3; axis++)
        {
            position[axis] = fmaf(depth, ray[3 + axis], ray[axis]);
            cell = cell * march.cells[axis] + (u32)fminf(fmaxf(position[axis] * march.scale[axis], 0.f), (float)(march.cells[axis] - 1));
        }
        if (!(length > 0.f) || !(occupancy[cell >> 5] >> (cell & 31) & 1))
            continue;
        if (WRITES)
        {
            UNROLL
            for (int axis = 0; axis < 3; axis++)
                positions[3 * found + axis] = position[axis];
            samples[2 * found] = depth;
            samples[2 * found + 1] = length;
        }
        found++;
    }
    return found;
}

KERNEL(count_samples, u32 rays, const float* ray, const u32* occupancy, int* counts, March march)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r < rays)
        counts[r] = (int)walk<false>(ray + 8 * (u64)r, r, march, occupancy, nullptr, nullptr, 0xffffffffu);
}

KERNEL(march_rays, u32 rays, const float* ray, const u32* occupancy, const int* offsets, float* positions, float* samples, March march)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rays)
        return;
    u32 first = (u32)offsets[r], room = (u32)offsets[r + 1] - first;
    float* own = positions + 3 * (u64)first;
    float* own_samples = samples + 2 * (u64)first;
    for (u32 i = walk<true>(ray + 8 * (u64)r, r, march, occupancy, own, own_samples, room); i < room; i++)
    {
        own[3 * i] = own[3 * i + 1] = own[3 * i + 2] = 0.f;
        own_samples[2 * i] = own_samples[2 * i + 1] = 0.f;
    }
}

// 1 - exp(-x), with its digits where x is small.
DEVICE float stopped(float x) { return x < 0.03f ? x * (1.f - x * (0.5f - x * (1.f / 6 - x * (1.f / 24)))) : 1.f - expf(-x); }

KERNEL(composite, u32 rays, const int* offsets, const float* samples, const float* densities, const float* emissions, float background, float* images)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rays)
        return;
    float passed = 1.f, intensity = 0.f, depth = 0.f;
    for (int i = offsets[r]; i < offsets[r + 1]; i++)
    {
        float weight = passed * stopped(densities[i] * samples[2 * (u64)i + 1]);
        intensity = fmaf(weight, emissions[i], intensity);
        depth = fmaf(weight, samples[2 * (u64)i], depth);
        passed -= weight;
    }
    float* image = images + 3 * (u64)r;
    image[0] = fmaf(passed, background, intensity);
    image[1] = 1.f - passed;
    image[2] = depth;
}

// Far to near, so that what lies behind a sample is known (RayCompositing.cs has the formula).
KERNEL(composite_backward, u32 rays, const int* offsets, const float* samples, const float* densities, const float* emissions, float background, const float* image_gradient, float* density_gradient, float* emission_gradient)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rays)
        return;
    const float* gradient = image_gradient + 3 * (u64)r;
    float optical_depth = 0.f;
    for (int i = offsets[r]; i < offsets[r + 1]; i++)
        optical_depth = fmaf(densities[i], samples[2 * (u64)i + 1], optical_depth);
    float behind = expf(-optical_depth) * (gradient[0] * background - gradient[1]);
    for (int i = offsets[r + 1] - 1; i >= offsets[r]; i--)
    {
        float length = samples[2 * (u64)i + 1], own = densities[i] * length, after = expf(-optical_depth);
        optical_depth = fmaxf(optical_depth - own, 0.f);
        float weight = expf(-optical_depth) * stopped(own), value = fmaf(gradient[0], emissions[i], gradient[2] * samples[2 * (u64)i]);
        density_gradient[i] = length * (after * value - behind);
        emission_gradient[i] = gradient[0] * weight;
        behind = fmaf(weight, value, behind);
    }
}

KERNEL(integrate, u32 rays, const int* offsets, const float* samples, const float* densities, float* integrals)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rays)
        return;
    float sum = 0.f;
    for (int i = offsets[r]; i < offsets[r + 1]; i++)
        sum = fmaf(densities[i], samples[2 * (u64)i + 1], sum);
    integrals[r] = sum;
}

KERNEL(integrate_backward, u32 rays, const int* offsets, const float* samples, const float* integral_gradient, float* density_gradient)
{
    u32 r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rays)
        return;
    for (int i = offsets[r]; i < offsets[r + 1]; i++)
        density_gradient[i] = integral_gradient[r] * samples[2 * (u64)i + 1];
}

// One thread a word: no bit is shared.
KERNEL(update_occupancy, u32 cells, float fade, float threshold, const float* found, float* known, u32* occupancy)
{
    u32 word = blockIdx.x * blockDim.x + threadIdx.x, bits = 0;
    if (word >= (cells + 31) / 32)
        return;
    for (u32 i = 32 * word; i < cells && i < 32 * word + 32; i++)
    {
        float now = fmaxf(known[i] * fade, found[i]);
        known[i] = now;
        bits |= (now > threshold ? 1u : 0u) << (i & 31);
    }
    occupancy[word] = bits;
}

EMULATED(count_samples) EMULATED(march_rays) EMULATED(composite) EMULATED(composite_backward) EMULATED(integrate) EMULATED(integrate_backward) EMULATED(update_occupancy)
