// What the kernels may use on each of their three compilers: NVRTC or nvcc for a GPU, clang without a CUDA toolkit (the tests compile
// to PTX with it), and g++ with the emulation of tests/gpu/. No CUDA header is included: a libtorch package brings NVRTC without them.
#pragma once
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;

#if defined(VISIONCELL_EMULATION)
#define UNROLL
#include "emulation.h"
#else
// Arrays of a thread are registers only where every index is known.
#define UNROLL _Pragma("unroll")
#if defined(__clang__) && defined(__CUDA__)
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#include <__clang_cuda_builtin_vars.h>
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) uint2 { u32 x, y; };
static __device__ inline float fmaf(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
static __device__ inline float floorf(float a) { return __nvvm_floor_f(a); }
static __device__ inline float ceilf(float a) { return __nvvm_ceil_f(a); }
static __device__ inline float expf(float a) { return __nvvm_ex2_approx_f(a * 1.44269504f); }
static __device__ inline float logf(float a) { return __nvvm_lg2_approx_f(a) * 0.693147181f; }
static __device__ inline float fmaxf(float a, float b) { return __nvvm_fmax_f(a, b); }
static __device__ inline float fminf(float a, float b) { return __nvvm_fmin_f(a, b); }
static __device__ inline float fabsf(float a) { return __nvvm_fabs_f(a); }
static __device__ inline float sqrtf(float a) { return __nvvm_sqrt_rn_f(a); }
static __device__ inline double sqrt(double a) { return __nvvm_sqrt_rn_d(a); }
static __device__ inline float atomicAdd(float* p, float v) { return __nvvm_atom_add_gen_f(p, v); }
static __device__ inline float __shfl_xor_sync(u32 mask, float v, int offset) { return __nvvm_shfl_sync_bfly_f32(mask, v, offset, 0x1f); }
static __device__ inline u32 __float_as_uint(float v) { return __builtin_bit_cast(u32, v); }
static __device__ inline float __uint_as_float(u32 v) { return __builtin_bit_cast(float, v); }
#endif
// A function that is called would hand its arguments over in local memory.
#if defined(__clang__)
#define DEVICE static __device__ inline __attribute__((always_inline))
#else
#define DEVICE static __device__ inline
#endif
#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
#define EMULATED(name)
#endif

#include "ptx.cuh"

// A whole warp takes part in every shuffle here.
DEVICE float warp_add(float v, int offset) { return v + __shfl_xor_sync(0xffffffffu, v, offset); }
DEVICE float warp_max(float v, int offset) { return fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset)); }
