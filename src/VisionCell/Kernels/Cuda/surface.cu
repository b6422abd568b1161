// Marching cubes. Numbers of vertices and triangles, and their order, are those of MarchingCubes.cs; the cases come from CubeCases.cs as a table.
// One thread a row of voxels or cubes: first it counts, then, with the counts of the rows before it, it writes.
#include "prelude.cuh"

struct Surface { u32 depth, height, width, below; double iso, voxel[3], origin[3]; };

// At least 0 inside.
DEVICE float relative(const Surface& s, float value) { return (float)(s.below ? s.iso - value : value - s.iso); }

DEVICE bool crosses(float a, float b) { return (a >= 0.f) != (b >= 0.f); }

// counts [rows, 2]: crossings along x and y of each voxel row, and those to the plane above.
KERNEL(count_crossings, u32 rows, const float* volume, u32* counts, Surface s)
{
    u32 row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float* line = volume + (u64)row * s.width;
    u64 plane = (u64)s.height * s.width;
    bool last = row % s.height + 1 == s.height, top = row / s.height + 1 == s.depth;
    u32 flat = 0, pillars = 0;
    for (u32 x = 0; x < s.width; x++)
    {
        float own = relative(s, line[x]);
        flat += x + 1 < s.width && crosses(own, relative(s, line[x + 1]));
        flat += !last && crosses(own, relative(s, line[x + s.width]));
        pillars += !top && crosses(own, relative(s, line[x + plane]));
    }
    counts[2 * (u64)row] = flat;
    counts[2 * (u64)row + 1] = pillars;
}

// Central differences, one-sided at the border, order x, y, z.
DEVICE void gradient_at(const float* volume, const Surface& s, u32 z, u32 y, u32 x, double result[3])
{
    const float* at = volume + ((u64)z * s.height + y) * s.width + x;
    u32 place[3] = {x, y, z}, length[3] = {s.width, s.height, s.depth};
    u64 stride[3] = {1, s.width, (u64)s.height * s.width};
    UNROLL
    for (int axis = 0; axis < 3; axis++)
    {
        u32 before = place[axis] > 0, after = place[axis] + 1 < length[axis];
        const float *low = before ? at - stride[axis] : at, *high = after ? at + stride[axis] : at;
        result[axis] = ((double)*high - (double)*low) / (double)(before + after) / s.voxel[axis];
    }
}

DEVICE void write_vertex(const float* volume, const Surface& s, u32 z, u32 y, u32 x, int axis, float from, float to, float* position, float* normal)
{
    double t = from / ((double)from - (double)to);
    // What is not a number has no place: the middle. Not at a voxel's centre, where vertices would coincide.
    t = t - t == 0 ? (t < 1e-3 ? 1e-3 : t > 1 - 1e-3 ? 1 - 1e-3 : t) : 0.5;
    double place[3] = {(double)x, (double)y, (double)z}, a[3], b[3], length = 0;
    UNROLL
    for (int i = 0; i < 3; i++)
        position[i] = (float)(s.origin[i] + (place[i] + (axis == i ? t : 0)) * s.voxel[i]);
    gradient_at(volume, s, z, y, x, a);
    gradient_at(volume, s, z + (axis == 2), y + (axis == 1), x + (axis == 0), b);
    UNROLL
    for (int i = 0; i < 3; i++)
    {
        a[i] = ((1 - t) * a[i] + t * b[i]) * (s.below ? 1 : -1);
        length += a[i] * a[i];
    }
    bool usable = length > 0 && length - length == 0;
    float scale = usable ? 1.f / sqrtf((float)length) : 0.f;
    // Of a length out of a float's range: 0, which the normals of the triangles then take the place of.
    if (!(scale > 0.f) || scale - scale != 0.f)
        usable = false;
    UNROLL
    for (int i = 0; i < 3; i++)
        normal[i] = usable ? (float)a[i] * scale : 0.f;
}

// edges [3, voxels]: numbers of the crossings that begin at each voxel, along x, y, z. starts [rows, 2]: first numbers of each row.
KERNEL(write_crossings, u32 rows, const float* volume, const u32* starts, float* positions, float* normals, u32* edges, Surface s)
{
    u32 row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    u32 z = row / s.height, y = row % s.height;
    u64 plane = (u64)s.height * s.width, voxels = plane * s.depth, first = (u64)row * s.width;
    const float* line = volume + first;
    u32 flat = starts[2 * (u64)row], pillar = starts[2 * (u64)row + 1];
    for (u32 x = 0; x < s.width; x++)
    {
        float own = relative(s, line[x]);
        UNROLL
        for (int axis = 0; axis < 3; axis++)
        {
            bool inside = axis == 0 ? x + 1 < s.width : axis == 1 ? y + 1 < s.height : z + 1 < s.depth;
            if (!inside)
                continue;
            float other = relative(s, line[x + (axis == 0 ? 1 : axis == 1 ? s.width : plane)]);
            if (!crosses(own, other))
                continue;
            u32 vertex = axis == 2 ? pillar++ : flat++;
            write_vertex(volume, s, z, y, x, axis, own, other, positions + 3 * (u64)vertex, normals + 3 * (u64)vertex);
            edges[axis * voxels + first + x] = vertex;
        }
    }
}

// Values at the corners of a cube: at least 0 inside.
DEVICE void corners_of(const float* volume, const Surface& s, u64 at, float w[8])
{
    u64 plane = (u64)s.height * s.width;
    UNROLL
    for (int c = 0; c < 8; c++)
        w[c] = relative(s, volume[at + (c & 1) + (c >> 1 & 1) * (u64)s.width + (c >> 2) * plane]);
}

// A tunnel of the trilinear interpolant: TrilinearTunnel.cs says what and why.
struct Tunnel { double low[3], high[3]; u32 kind; };

DEVICE bool tunnel_roots(double a00, double a10, double a01, double a11, double b00, double b10, double b01, double b11, double* low, double* high, bool* odd)
{
    double first = a00 * a11 - a10 * a01, last = b00 * b11 - b10 * b01, square = (b00 - a00) * (b11 - a11) - (b10 - a10) * (b01 - a01);
    *odd = square > 0;
    if (!(square * first > 0 && square * last > 0))
        return false;
    double linear = last - first - square, discriminant = linear * linear - 4 * square * first;
    if (!(discriminant > 0))
        return false;
    double middle = -linear / (2 * square), half = sqrt(discriminant) / (2 * (square < 0 ? -square : square));
    *low = middle - half < 1e-3 ? 1e-3 : middle - half;
    *high = middle + half > 1 - 1e-3 ? 1 - 1e-3 : middle + half;
    return middle > 0 && middle < 1 && half > 1e-3 && *high - *low > 1e-3;
}

DEVICE bool find_tunnel(const float w[8], Tunnel* tunnel)
{
    bool odd_x, odd_y, odd_z;
    if (!tunnel_roots(w[0], w[2], w[4], w[6], w[1], w[3], w[5], w[7], tunnel->low, tunnel->high, &odd_x)
        || !tunnel_roots(w[0], w[4], w[1], w[5], w[2], w[6], w[3], w[7], tunnel->low + 1, tunnel->high + 1, &odd_y)
        || !tunnel_roots(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], tunnel->low + 2, tunnel->high + 2, &odd_z))
        return false;
    double x = (tunnel->low[0] + tunnel->high[0]) / 2, y = (tunnel->low[1] + tunnel->high[1]) / 2, z = (tunnel->low[2] + tunnel->high[2]) / 2, middle = 0;
    UNROLL
    for (int c = 0; c < 8; c++)
        middle += w[c] * ((c & 1) ? x : 1 - x) * ((c & 2) ? y : 1 - y) * ((c & 4) ? z : 1 - z);
    tunnel->kind = (odd_z ? 2u : 0u) | (odd_y ? 4u : 0u) | (middle >= 0 ? 1u : 0u);
    return true;
}

// The case of a cube, 0 where nothing crosses it. table: for each of 256 * 64 cases where its entry begins, then for each of 256
// which faces are ambiguous and for each of 6 faces its four corners, then entries (CubeCases.cs, AddEntry).
DEVICE u32 case_of(const float* volume, const Surface& s, const u32* table, u64 at, u32* inside)
{
    float w[8];
    u32 mask = 0;
    corners_of(volume, s, at, w);
    UNROLL
    for (int c = 0; c < 8; c++)
        mask |= (w[c] >= 0.f ? 1u : 0u) << c;
    *inside = mask;
    if (mask == 0 || mask == 255)
        return 0;
    u32 ambiguous = table[256 * 64 + mask], joined = 0;
    UNROLL
    for (int f = 0; f < 6; f++)
    {
        if (!(ambiguous >> f & 1))
            continue;
        // Values of the corners without an index that is only known at run time, so that they stay in registers.
        const u32* corners = table + 256 * 64 + 256 + 4 * f;
        double v[4];
        UNROLL
        for (int k = 0; k < 4; k++)
        {
            v[k] = 0;
            UNROLL
            for (int c = 0; c < 8; c++)
                v[k] = corners[k] == (u32)c ? (double)w[c] : v[k];
        }
        double even = v[0] * v[2], odd = v[1] * v[3];
        joined |= (v[0] >= 0 ? even >= odd : odd >= even) ? 1u << f : 0u;
    }
    u32 entry = table[mask << 6 | joined], tunnels = table[entry + 2];
    Tunnel tunnel;
    return tunnels != 0 && find_tunnel(w, &tunnel) ? table[tunnels + tunnel.kind] : entry;
}

// counts [rows, 2]: corners of triangles, and vertices added inside, of each row of cubes.
KERNEL(count_triangles, u32 rows, const float* volume, const u32* table, u32* counts, Surface s)
{
    u32 row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    u64 at = ((u64)(row / (s.height - 1)) * s.height + row % (s.height - 1)) * s.width;
    u32 corners = 0, added = 0, inside;
    for (u32 x = 0; x + 1 < s.width; x++)
    {
        u32 entry = case_of(volume, s, table, at + x, &inside);
        if (inside == 0 || inside == 255)
            continue;
        corners += table[entry];
        added += table[entry + 1];
    }
    counts[2 * (u64)row] = corners;
    counts[2 * (u64)row + 1] = added;
}

// Where in edges that of the cube at the first voxel stands. Edge e: four along x, four along y, four along z; where it begins is in bits of its
// number (CubeCases.EdgeCorners).
DEVICE u64 begin_of(const Surface& s, u32 e)
{
    u64 plane = (u64)s.height * s.width;
    u32 axis = e >> 2, one = e & 1, two = e >> 1 & 1;
    return axis * plane * s.depth + (axis == 0 ? one * (u64)s.width + two * plane : axis == 1 ? one + two * plane : one + two * (u64)s.width);
}

// starts [rows, 2]: the first corner, and the first added vertex, of each row.
KERNEL(write_triangles, u32 rows, const float* volume, const u32* table, const u32* edges, const u32* starts, u32* triangles, float* positions, Surface s)
{
    u32 row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    u64 at = ((u64)(row / (s.height - 1)) * s.height + row % (s.height - 1)) * s.width;
    u32 corner = starts[2 * (u64)row], added = starts[2 * (u64)row + 1], inside;
    for (u32 x = 0; x + 1 < s.width; x++)
    {
        u32 entry = case_of(volume, s, table, at + x, &inside);
        if (inside == 0 || inside == 255)
            continue;
        u32 corners = table[entry], loops = table[entry + 1];
        const u32* list = table + entry + 3;
        for (u32 i = 0; i < corners; i++)
        {
            u32 e = list[i];
            triangles[corner++] = e < 12 ? edges[begin_of(s, e) + at + x] : added + (e - 12);
        }
        list += corners;
        for (u32 c = 0; c < loops; c++, added++)
        {
            u32 length = *list++;
            float* position = positions + 3 * (u64)added;
            if (*list >= 16)
            {
                // A corner of the tunnel's box.
                u32 take = *list++ - 16;
                u64 place[3] = {x, row % (s.height - 1), row / (s.height - 1)};
                float w[8];
                Tunnel tunnel;
                corners_of(volume, s, at + x, w);
                find_tunnel(w, &tunnel);
                UNROLL
                for (int k = 0; k < 3; k++)
                    position[k] = (float)(s.origin[k] + ((double)place[k] + ((take >> k & 1) ? tunnel.high[k] : tunnel.low[k])) * s.voxel[k]);
                continue;
            }
            double sum[3] = {0, 0, 0};
            for (u32 i = 0; i < length; i++)
            {
                const float* crossing = positions + 3 * (u64)edges[begin_of(s, *list++) + at + x];
                UNROLL
                for (int k = 0; k < 3; k++)
                    sum[k] += crossing[k];
            }
            UNROLL
            for (int k = 0; k < 3; k++)
                position[k] = (float)(sum[k] / length);
        }
    }
}

EMULATED(count_crossings) EMULATED(write_crossings) EMULATED(count_triangles) EMULATED(write_triangles)
