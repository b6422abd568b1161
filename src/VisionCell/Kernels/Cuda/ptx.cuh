// All inline PTX of the kernels, in one place, because no compiler here but ptxas reads it. Two halves are kept in a u32. Each has its
// counterpart in tests/gpu/emulation.h.
#pragma once
#if !defined(VISIONCELL_EMULATION)

// Two floats to two halves, round to nearest even; low half first. (PTX ISA: cvt)
DEVICE u32 half2_pack(float low, float high)
{
    u32 r;
    asm("{.reg .b16 l, h; cvt.rn.f16.f32 l, %1; cvt.rn.f16.f32 h, %2; mov.b32 %0, {l, h};}" : "=r"(r) : "f"(low), "f"(high));
    return r;
}

DEVICE float half_low(u32 v)
{
    float r;
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, l;}" : "=f"(r) : "r"(v));
    return r;
}

DEVICE float half_high(u32 v)
{
    float r;
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, h;}" : "=f"(r) : "r"(v));
    return r;
}

// D (16 x 8, f32) += A (16 x 16, f16, row) * B (16 x 8, f16, column). Fragments as in the PTX ISA, mma.m16n8k16. (sm_80)
DEVICE void mma_16x8x16(float d[4], const u32 a[4], const u32 b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Adds two or four neighbouring floats to global memory; one instruction from sm_90 on. p is aligned to all of them.
DEVICE void add_pair(float* p, float x, float y)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("red.global.add.v2.f32 [%0], {%1, %2};" :: "l"(p), "f"(x), "f"(y) : "memory");
#else
    asm volatile("red.global.add.f32 [%0], %1;" :: "l"(p), "f"(x) : "memory");
    asm volatile("red.global.add.f32 [%0], %1;" :: "l"(p + 1), "f"(y) : "memory");
#endif
}

DEVICE void add_quad(float* p, float x, float y, float z, float w)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" :: "l"(p), "f"(x), "f"(y), "f"(z), "f"(w) : "memory");
#else
    add_pair(p, x, y);
    add_pair(p + 2, z, w);
#endif
}
#endif
