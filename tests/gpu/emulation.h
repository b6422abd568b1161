// CUDA on a processor, for tests: every CUDA thread is a fiber, barriers and warp collectives switch between them, and threads run in
// either order between two barriers. Finds swapped fragments, wrong strides, missing barriers (a value not yet written in one of the
// orders), barriers that not all reach, and, under AddressSanitizer, accesses out of bounds. Does not find races between blocks: blocks
// run one after another. Fragments follow the PTX ISA (mma.m16n8k16).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#define __device__
#define __global__
#define __shared__ static
#define DEVICE static inline
#define KERNEL(name, ...) static void name(__VA_ARGS__)

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) uint2 { u32 x, y; };
struct Index { u32 x, y, z; };

// Saves the registers that a call keeps and the stack pointer, and goes on where another fiber did the same. ucontext would ask the
// kernel for the signal mask each time, twenty times as slow. (System V ABI, x86-64)
extern "C" __attribute__((visibility("hidden"))) void emulation_switch(void** from, void* to);
asm(R"(
.text
.type emulation_switch, @function
emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

namespace emulation {
enum Waiting { Runs, AtBlock, AtWarp, Done };
struct Fiber { void* context; Waiting state; std::unique_ptr<char[]> stack; };
static const size_t StackSize = 256 << 10;
static Index thread, block, block_size, grid_size;
static u32 current;
static std::vector<Fiber> fibers;
static void* scheduler;
static std::function<void()> body;
static u32 exchange[32][32][6]; // warp, lane, what it gives the others
static bool reversed;

static void enter(u32 i)
{
    current = i;
    thread = {i % block_size.x, i / block_size.x % block_size.y, i / (block_size.x * block_size.y)};
}

static void start()
{
    body();
    fibers[current].state = Done;
    emulation_switch(&fibers[current].context, scheduler);
}

static void wait(Waiting at)
{
    u32 self = current;
    fibers[self].state = at;
    emulation_switch(&fibers[self].context, scheduler);
    enter(self);
}

// Frees those of [from, to) that have all come to the same barrier; those that have left do not count.
static bool release(u32 from, u32 to, Waiting at)
{
    bool any = false;
    for (u32 i = from; i < to; i++)
    {
        if (fibers[i].state != Done && fibers[i].state != at)
            return false;
        any |= fibers[i].state == at;
    }
    for (u32 i = from; any && i < to; i++)
        if (fibers[i].state == at)
            fibers[i].state = Runs;
    return any;
}

static bool run_lanes(u32 from, u32 to)
{
    bool any = false;
    for (u32 k = from; k < to; k++)
    {
        u32 i = reversed ? to - 1 - (k - from) : k;
        if (fibers[i].state != Runs)
            continue;
        any = true;
        enter(i);
        emulation_switch(&scheduler, fibers[i].context);
    }
    return any;
}

static bool run_block()
{
    u32 n = block_size.x * block_size.y * block_size.z;
    if (fibers.size() < n)
        fibers.resize(n);
    for (u32 i = 0; i < n; i++)
    {
        Fiber& fiber = fibers[i];
        if (!fiber.stack)
            fiber.stack.reset(new char[StackSize]);
        fiber.state = Runs;
        // Six registers, the address that the first switch returns to, and one word, so that the stack is aligned as after a call.
        void** top = (void**)(((uintptr_t)fiber.stack.get() + StackSize) & ~(uintptr_t)15);
        memset(top - 8, 0, 64);
        top[-2] = (void*)start;
        fiber.context = top - 8;
    }
    for (;;)
    {
        bool ran = false, all_done = true;
        // A warp runs as far as it can before the next one starts: what it should have waited for is then not there yet.
        for (u32 k = 0; k < n; k += 32)
        {
            u32 first = reversed ? (n - 1 - k) / 32 * 32 : k, end = first + 32 < n ? first + 32 : n;
            while (run_lanes(first, end) | release(first, end, AtWarp))
                ran = true;
        }
        ran |= release(0, n, AtBlock);
        for (u32 i = 0; i < n; i++)
            all_done &= fibers[i].state == Done;
        if (all_done)
            return true;
        if (!ran)
        {
            fprintf(stderr, "emulation: a barrier that not all threads of its block or warp reach\n");
            return false;
        }
    }
}

template <class... A, size_t... I> static bool launch(void (*kernel)(A...), void** arguments, Index grid, Index threads, std::index_sequence<I...>)
{
    body = [=] { kernel(*(std::decay_t<A>*)arguments[I]...); };
    grid_size = grid;
    block_size = threads;
    for (u32 z = 0; z < grid.z; z++)
        for (u32 y = 0; y < grid.y; y++)
            for (u32 x = 0; x < grid.x; x++)
            {
                block = {x, y, z};
                if (!run_block())
                    return false;
            }
    return true;
}

template <class... A> static bool launch(void (*kernel)(A...), void** arguments, Index grid, Index threads) { return launch(kernel, arguments, grid, threads, std::index_sequence_for<A...>{}); }

template <class... A> static int parameter_sizes(void (*)(A...), u32* sizes)
{
    u32 all[] = {(u32)sizeof(A)...};
    memcpy(sizes, all, sizeof all);
    return sizeof...(A);
}
}

#define threadIdx emulation::thread
#define blockIdx emulation::block
#define blockDim emulation::block_size
#define gridDim emulation::grid_size

// What the software driver finds of a kernel.
#define EMULATED(name) \
    extern "C" int launch_##name(void** arguments, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, int reversed) \
    { \
        emulation::reversed = reversed; \
        return emulation::launch(name, arguments, {gx, gy, gz}, {bx, by, bz}); \
    } \
    extern "C" int parameters_##name(u32* sizes) { return emulation::parameter_sizes(name, sizes); }

static inline void __syncthreads() { emulation::wait(emulation::AtBlock); }

// Lanes exchange in two steps: all have given before one takes, all have taken before one gives again.
static inline u32* lane_exchange() { return emulation::exchange[emulation::current >> 5][emulation::current & 31]; }

static inline float __shfl_xor_sync(u32, float v, int offset)
{
    memcpy(lane_exchange(), &v, 4);
    emulation::wait(emulation::AtWarp);
    float other;
    memcpy(&other, emulation::exchange[emulation::current >> 5][(emulation::current & 31) ^ offset], 4);
    emulation::wait(emulation::AtWarp);
    return other;
}

static inline float atomicAdd(float* p, float v)
{
    float before = *p;
    *p = before + v;
    return before;
}

static inline u32 __float_as_uint(float v) { u32 r; memcpy(&r, &v, 4); return r; }
static inline float __uint_as_float(u32 v) { float r; memcpy(&r, &v, 4); return r; }
static inline u32 half_bits(float v) { _Float16 h = (_Float16)v; u16 r; memcpy(&r, &h, 2); return r; }
static inline float half_value(u32 v) { u16 bits = (u16)v; _Float16 h; memcpy(&h, &bits, 2); return (float)h; }
static inline u32 half2_pack(float low, float high) { return half_bits(low) | half_bits(high) << 16; }
static inline float half_low(u32 v) { return half_value(v); }
static inline float half_high(u32 v) { return half_value(v >> 16); }
static inline void add_pair(float* p, float x, float y) { p[0] += x; p[1] += y; }
static inline void add_quad(float* p, float x, float y, float z, float w) { add_pair(p, x, y); add_pair(p + 2, z, w); }

static inline void mma_16x8x16(float d[4], const u32 a[4], const u32 b[2])
{
    u32 lane = emulation::current & 31;
    u32 (*all)[6] = emulation::exchange[emulation::current >> 5];
    memcpy(all[lane], a, 16);
    memcpy(all[lane] + 4, b, 8);
    emulation::wait(emulation::AtWarp);
    for (int i = 0; i < 4; i++)
    {
        u32 row = (lane >> 2) + 8 * (i >> 1), column = 2 * (lane & 3) + (i & 1);
        for (u32 k = 0; k < 16; k++)
        {
            u32 left = all[4 * (row & 7) + (k & 7) / 2][(row >> 3) + 2 * (k >> 3)];
            u32 right = all[4 * column + (k & 7) / 2][4 + (k >> 3)];
            d[i] += (k & 1 ? half_high(left) : half_low(left)) * (k & 1 ? half_high(right) : half_low(right));
        }
    }
    emulation::wait(emulation::AtWarp);
}
