// The perceptron of Perceptron.cs on tensor cores: halves multiplied, floats summed. IN, HIDDEN and OUT come as macros, so that every
// loop is unrolled and the activations of a warp's 16 rows stay in registers from the first layer to the last ("fully fused":
// arXiv:2106.12372, section 4). An accumulator of one layer has the layout of the operand of the next (PTX ISA, mma.m16n8k16):
// lane = 4 g + c holds rows g and g + 8, columns 2 c and 2 c + 1 of each block of eight.
#include "prelude.cuh"

#define WARPS (HIDDEN > 64 ? 2 : 4)
#define ROWS (16 * WARPS)
#define IN_TILES (IN / 16)
#define HIDDEN_TILES (HIDDEN / 16)
// Eight halves more a line part the banks of shared memory.
#define LINE (ROWS + 8)

// Inputs that lie together: all of a row, or the features of a level, [IN / FEATURES, N, FEATURES], as encoding writes them best.
#ifndef FEATURES
#define FEATURES IN
#endif

DEVICE u64 input_of(u32 n, u32 row, u32 column) { return ((u64)(column / FEATURES) * n + row) * FEATURES + column % FEATURES; }

#define FIRST_FORWARD 0
#define SECOND_FORWARD (IN * HIDDEN / 2)
#define SECOND_BACKWARD (SECOND_FORWARD + HIDDEN * HIDDEN / 2)
#define FIRST_BACKWARD (SECOND_BACKWARD + HIDDEN * HIDDEN / 2)
#define PACKED (FIRST_BACKWARD + IN * HIDDEN / 2)

// One operand register of B, element (k, n) being matrix[k * row + n * column]; tiles of 16 x 8, two registers a lane side by side.
DEVICE u32 operand(const float* matrix, u32 row, u32 column, u32 n_tiles, u32 i)
{
    u32 half = i & 1, lane = i >> 1 & 31, tile = i >> 6;
    u32 k = tile / n_tiles * 16 + half * 8 + (lane & 3) * 2, n = tile % n_tiles * 8 + (lane >> 2);
    return half2_pack(matrix[k * row + n * column], matrix[(k + 1) * row + n * column]);
}

// Weights to halves in the order in which the lanes of a warp read them: forward and transposed.
KERNEL(pack_weights, const float* weights, u32* packed)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= PACKED)
        return;
    const float* second = weights + IN * HIDDEN;
    if (i < SECOND_FORWARD)
        packed[i] = operand(weights, HIDDEN, 1, HIDDEN / 8, i);
    else if (i < SECOND_BACKWARD)
        packed[i] = operand(second, HIDDEN, 1, HIDDEN / 8, i - SECOND_FORWARD);
    else if (i < FIRST_BACKWARD)
        packed[i] = operand(second, 1, HIDDEN, HIDDEN / 8, i - SECOND_BACKWARD);
    else
        packed[i] = operand(weights, 1, HIDDEN, IN / 8, i - FIRST_BACKWARD);
}

template <int K_TILES, int N_TILES> DEVICE void layer(float sum[][4], const u32 a[][4], const u32* packed, u32 lane)
{
    UNROLL
    for (int n = 0; n < N_TILES; n++)
    {
        sum[n][0] = sum[n][1] = sum[n][2] = sum[n][3] = 0.f;
        UNROLL
        for (int k = 0; k < K_TILES; k++)
        {
            uint2 b = *(const uint2*)(packed + ((k * N_TILES + n) * 32 + lane) * 2);
            u32 operands[2] = {b.x, b.y};
            mma_16x8x16(sum[n], a[k], operands);
        }
    }
}

DEVICE void rectify(float sum[][4], int blocks)
{
    UNROLL
    for (int n = 0; n < blocks; n++)
        UNROLL
        for (int i = 0; i < 4; i++)
            sum[n][i] = fmaxf(sum[n][i], 0.f);
}

// Accumulators of two blocks of eight columns to one operand of sixteen.
template <int TILES> DEVICE void to_operand(u32 a[][4], const float sum[][4], float scale)
{
    UNROLL
    for (int k = 0; k < TILES; k++)
        UNROLL
        for (int part = 0; part < 4; part++)
        {
            const float* pair = sum[2 * k + (part >> 1)] + 2 * (part & 1);
            a[k][part] = half2_pack(pair[0] * scale, pair[1] * scale);
        }
}

DEVICE void load_rows(u32 a[][4], const float* inputs, u32 n, u32 row, u32 lane)
{
    UNROLL
    for (int k = 0; k < IN_TILES; k++)
        UNROLL
        for (int part = 0; part < 4; part++)
        {
            u32 r = row + (lane >> 2) + 8 * (part & 1), column = k * 16 + 8 * (part >> 1) + 2 * (lane & 3);
            float2 pair = {0.f, 0.f};
            if (r < n)
                pair = *(const float2*)(inputs + input_of(n, r, column));
            a[k][part] = half2_pack(pair.x, pair.y);
        }
}

KERNEL(perceptron_forward, u32 n, const float* inputs, const u32* packed, const float* third, float* outputs)
{
    u32 lane = threadIdx.x & 31, warp = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, row = 16 * warp;
    if (row >= n)
        return; // The whole warp leaves together.
    u32 a[IN_TILES > HIDDEN_TILES ? IN_TILES : HIDDEN_TILES][4];
    float sum[HIDDEN / 8][4];
    load_rows(a, inputs, n, row, lane);
    layer<IN_TILES, HIDDEN / 8>(sum, a, packed + FIRST_FORWARD, lane);
    rectify(sum, HIDDEN / 8);
    to_operand<HIDDEN_TILES>(a, sum, 1.f);
    layer<HIDDEN_TILES, HIDDEN / 8>(sum, a, packed + SECOND_FORWARD, lane);
    rectify(sum, HIDDEN / 8);
    UNROLL
    for (int output = 0; output < OUT; output++)
    {
        float upper = 0.f, lower = 0.f;
        UNROLL
        for (int block = 0; block < HIDDEN / 8; block++)
            UNROLL
            for (int i = 0; i < 2; i++)
            {
                float weight = third[(block * 8 + 2 * (lane & 3) + i) * OUT + output];
                upper = fmaf(sum[block][i], weight, upper);
                lower = fmaf(sum[block][2 + i], weight, lower);
            }
        upper = warp_add(warp_add(upper, 1), 2);
        lower = warp_add(warp_add(lower, 1), 2);
        u32 r = row + (lane >> 2);
        if ((lane & 3) == 0 && r < n)
            outputs[(u64)r * OUT + output] = upper;
        if ((lane & 3) == 0 && r + 8 < n)
            outputs[(u64)(r + 8) * OUT + output] = lower;
    }
}

// Gradients of a batch are as small as its inverse size, and halves end at 6e-8: before they become halves they are multiplied by the
// power of two that takes the largest of the block to 512..1024, which costs no bit. Called by all threads of the block.
DEVICE float block_scale(const float sum[][4], int blocks, float* warp_largest)
{
    float largest = 0.f;
    UNROLL
    for (int n = 0; n < blocks; n++)
        UNROLL
        for (int i = 0; i < 4; i++)
            largest = fmaxf(largest, fabsf(sum[n][i]));
    UNROLL
    for (int offset = 1; offset < 32; offset *= 2)
        largest = warp_max(largest, offset);
    __syncthreads();
    if ((threadIdx.x & 31) == 0)
        warp_largest[threadIdx.x >> 5] = largest;
    __syncthreads();
    UNROLL
    for (int warp = 0; warp < WARPS; warp++)
        largest = fmaxf(largest, warp_largest[warp]);
    u32 exponent = __float_as_uint(largest) >> 23;
    u32 field = exponent == 0 ? 127u : 263u - exponent;
    return __uint_as_float((field > 253u ? 253u : field) << 23);
}

DEVICE float inverse_power(float power) { return __uint_as_float((254u << 23) - __float_as_uint(power)); }

// Stores the operand of 16 rows transposed, [column][row], as a sum over rows needs it.
template <int TILES> DEVICE void store_transposed(u16* line, const u32 a[][4], u32 row, u32 lane)
{
    UNROLL
    for (int k = 0; k < TILES; k++)
        UNROLL
        for (int part = 0; part < 4; part++)
        {
            u32 r = row + (lane >> 2) + 8 * (part & 1), column = k * 16 + 8 * (part >> 1) + 2 * (lane & 3);
            line[column * LINE + r] = (u16)a[k][part];
            line[(column + 1) * LINE + r] = (u16)(a[k][part] >> 16);
        }
}

// total += scale * X^T D for 16 columns of X and all of D.
DEVICE void weight_tile(float total[][4], const u16* x, const u16* d, u32 tile, float scale, u32 lane)
{
    u32 g = lane >> 2, c = 2 * (lane & 3);
    UNROLL
    for (int n = 0; n < HIDDEN / 8; n++)
    {
        float sum[4] = {0.f, 0.f, 0.f, 0.f};
        UNROLL
        for (int k = 0; k < ROWS; k += 16)
        {
            const u16* line = x + (tile * 16 + g) * LINE + k + c;
            const u16* other = d + (n * 8 + g) * LINE + k + c;
            u32 a[4] = {*(const u32*)line, *(const u32*)(line + 8 * LINE), *(const u32*)(line + 8), *(const u32*)(line + 8 * LINE + 8)};
            u32 b[2] = {*(const u32*)other, *(const u32*)(other + 8)};
            mma_16x8x16(sum, a, b);
        }
        UNROLL
        for (int i = 0; i < 4; i++)
            total[n][i] = fmaf(scale, sum[i], total[n][i]);
    }
}

#define WEIGHT_TILES (IN_TILES + HIDDEN_TILES)
#define OWN_TILES ((WEIGHT_TILES + WARPS - 1) / WARPS)

// A block takes ROWS rows at a time and keeps the gradient of the weights over all of them, each warp some tiles of it in registers.
KERNEL(perceptron_backward, u32 n, const float* inputs, const u32* packed, const float* third, const float* output_gradient, float* weight_gradient, float* input_gradient)
{
    alignas(16) __shared__ u16 x_lines[IN * LINE];
    alignas(16) __shared__ u16 first_lines[HIDDEN * LINE];
    alignas(16) __shared__ u16 first_down[HIDDEN * LINE];
    alignas(16) __shared__ u16 second_down[HIDDEN * LINE];
    __shared__ float third_gradient[HIDDEN * OUT];
    __shared__ float warp_largest[WARPS];
    u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, c = lane & 3;
    float total[OWN_TILES][HIDDEN / 8][4] = {};
    for (u32 i = threadIdx.x; i < HIDDEN * OUT; i += blockDim.x)
        third_gradient[i] = 0.f;
    for (u32 base = blockIdx.x * ROWS; base < n; base += gridDim.x * ROWS)
    {
        u32 row = base + 16 * warp, upper = row + g, lower = row + g + 8;
        __syncthreads(); // The lines of the rows before have been read.
        u32 x[IN_TILES][4], first[HIDDEN_TILES][4], down[HIDDEN_TILES][4];
        float sum[HIDDEN / 8][4], gradient[HIDDEN / 8][4];
        load_rows(x, inputs, n, row, lane);
        store_transposed<IN_TILES>(x_lines, x, 16 * warp, lane);
        layer<IN_TILES, HIDDEN / 8>(sum, x, packed + FIRST_FORWARD, lane);
        rectify(sum, HIDDEN / 8);
        to_operand<HIDDEN_TILES>(first, sum, 1.f);
        store_transposed<HIDDEN_TILES>(first_lines, first, 16 * warp, lane);
        layer<HIDDEN_TILES, HIDDEN / 8>(sum, first, packed + SECOND_FORWARD, lane);
        rectify(sum, HIDDEN / 8);

        // The last layer, in floats.
        UNROLL
        for (int block = 0; block < HIDDEN / 8; block++)
            UNROLL
            for (int i = 0; i < 4; i++)
                gradient[block][i] = 0.f;
        UNROLL
        for (int output = 0; output < OUT; output++)
        {
            float above = upper < n ? output_gradient[(u64)upper * OUT + output] : 0.f;
            float below = lower < n ? output_gradient[(u64)lower * OUT + output] : 0.f;
            UNROLL
            for (int block = 0; block < HIDDEN / 8; block++)
                UNROLL
                for (int i = 0; i < 2; i++)
                {
                    u32 column = block * 8 + 2 * c + i;
                    float weight = third[column * OUT + output];
                    if (sum[block][i] > 0.f)
                        gradient[block][i] = fmaf(above, weight, gradient[block][i]);
                    if (sum[block][2 + i] > 0.f)
                        gradient[block][2 + i] = fmaf(below, weight, gradient[block][2 + i]);
                    float share = fmaf(sum[block][i], above, sum[block][2 + i] * below);
                    share = warp_add(warp_add(warp_add(share, 4), 8), 16);
                    if (g == 0)
                        atomicAdd(third_gradient + column * OUT + output, share);
                }
        }

        // The second layer.
        float scale = block_scale(gradient, HIDDEN / 8, warp_largest);
        to_operand<HIDDEN_TILES>(down, gradient, scale);
        store_transposed<HIDDEN_TILES>(second_down, down, 16 * warp, lane);
        layer<HIDDEN_TILES, HIDDEN / 8>(gradient, down, packed + SECOND_BACKWARD, lane);
        UNROLL
        for (int k = 0; k < HIDDEN_TILES; k++)
            UNROLL
            for (int part = 0; part < 4; part++)
            {
                float* pair = gradient[2 * k + (part >> 1)] + 2 * (part & 1);
                pair[0] = half_low(first[k][part]) > 0.f ? pair[0] : 0.f;
                pair[1] = half_high(first[k][part]) > 0.f ? pair[1] : 0.f;
            }

        // The first layer and the inputs; the gradient carries both scales.
        float again = block_scale(gradient, HIDDEN / 8, warp_largest);
        to_operand<HIDDEN_TILES>(down, gradient, again);
        store_transposed<HIDDEN_TILES>(first_down, down, 16 * warp, lane);
        float unscaled = inverse_power(scale), unscaled_twice = unscaled * inverse_power(again);
        float result[IN / 8][4];
        layer<HIDDEN_TILES, IN / 8>(result, down, packed + FIRST_BACKWARD, lane);
        UNROLL
        for (int block = 0; block < IN / 8; block++)
        {
            float2 pair = {result[block][0] * unscaled_twice, result[block][1] * unscaled_twice};
            float2 other = {result[block][2] * unscaled_twice, result[block][3] * unscaled_twice};
            if (upper < n)
                *(float2*)(input_gradient + input_of(n, upper, block * 8 + 2 * c)) = pair;
            if (lower < n)
                *(float2*)(input_gradient + input_of(n, lower, block * 8 + 2 * c)) = other;
        }

        __syncthreads(); // All lines of these rows are written.
        UNROLL
        for (int own = 0; own < OWN_TILES; own++)
        {
            u32 tile = own * WARPS + warp;
            if (tile < HIDDEN_TILES)
                weight_tile(total[own], first_lines, second_down, tile, unscaled, lane);
            else if (tile < WEIGHT_TILES)
                weight_tile(total[own], x_lines, first_down, tile - HIDDEN_TILES, unscaled_twice, lane);
        }
    }
    // third_gradient has been complete since the last barrier.
    UNROLL
    for (int own = 0; own < OWN_TILES; own++)
    {
        u32 tile = own * WARPS + warp;
        if (tile >= WEIGHT_TILES)
            continue;
        float* matrix = tile < HIDDEN_TILES ? weight_gradient + IN * HIDDEN + tile * 16 * HIDDEN : weight_gradient + (tile - HIDDEN_TILES) * 16 * HIDDEN;
        UNROLL
        for (int block = 0; block < HIDDEN / 8; block++)
            UNROLL
            for (int i = 0; i < 4; i += 2)
                add_pair(matrix + (g + 4 * i) * HIDDEN + block * 8 + 2 * c, total[own][block][i], total[own][block][i + 1]);
    }
    for (u32 i = threadIdx.x; i < HIDDEN * OUT; i += blockDim.x)
        atomicAdd(weight_gradient + IN * HIDDEN + HIDDEN * HIDDEN + i, third_gradient[i]);
}

EMULATED(pack_weights) EMULATED(perceptron_forward) EMULATED(perceptron_backward)
