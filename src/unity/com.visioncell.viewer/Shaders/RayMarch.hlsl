// The ray marcher of the Unity package: translucent volume, maximum intensity, iso-surface; in bricks of several levels of detail.
// Pure HLSL (shader model 4.5) without anything of Unity, so that the tests of Vision Cell compile it with glslang and run it on Mesa's
// software Vulkan against a ray marcher in C#.
//
// The including file declares (RayMarchParameters.hlsl, in a constant buffer or not) and:
//   Texture3D<float>  _VcAtlasTexture      bricks with their borders, stored values 0 to 1
//   Texture3D<uint4>  _VcPageTable         for each brick of the finest level: place in the atlas (in bricks), level + 1, or 0 where none is loaded
//   Texture3D<float>  _VcOccupancy         for each brick of the finest level: the most opaque that anything in it can be
//   Texture2D<float4> _VcTransfer          transfer function: value along x, gradient along y
//   SamplerState      sampler_VcLinear     linear, clamped
#ifndef VC_RAY_MARCH
#define VC_RAY_MARCH

#define VC_MOST_SAMPLES 4096
#define VC_SHADOW_SAMPLES 6
#define VC_REFINEMENTS 6

struct VcRay
{
    float3 origin;    // nm, less the lower corner of the volume
    float3 direction; // of length 1
    float reach;      // nm: it ends there, at something opaque
};

// Interleaved gradient noise (Jimenez, "Next generation post processing in Call of Duty: Advanced Warfare", 2014).
float VcNoise(float2 pixel)
{
    return frac(52.9829189 * frac(dot(pixel, float2(0.06711056, 0.00583715))));
}

// Brick of the finest level that holds a point.
int3 VcBrickAt(float3 position)
{
    return int3(clamp(floor(position / (_VcVoxelSize.xyz * _VcShape.w)), 0.0, ceil(_VcShape.xyz / _VcShape.w) - 1.0));
}

// Stored value at a point, interpolated within the level that is loaded there; below 0 where none is.
float VcStored(float3 position)
{
    uint4 page = _VcPageTable.Load(int4(VcBrickAt(position), 0));
    if (page.w == 0)
        return -1.0;
    float3 voxel = clamp(position / _VcVoxelSize.xyz, 0.0, _VcShape.xyz) / _VcFactors[page.w - 1].xyz;
    // The brick follows from the page table's cell, not from the voxel: a point on the face between two bricks belongs to either.
    float3 first = floor(float3(VcBrickAt(position)) / _VcFactors[page.w - 1].xyz) * _VcShape.w;
    float3 place = float3(page.xyz) * (_VcShape.w + 2.0 * _VcAtlas.w) + _VcAtlas.w + clamp(voxel - first, 0.0, _VcShape.w);
    return _VcAtlasTexture.SampleLevel(sampler_VcLinear, place / _VcAtlas.xyz, 0);
}

// Value at a point: 0 black, 1 white; may lie beyond both.
float VcValue(float3 position)
{
    float stored = VcStored(position);
    return stored < 0.0 ? -1e6 : (stored - _VcWindow.x) * _VcWindow.y;
}

// Change of the value over one voxel of the finest level along each axis; central differences, one-sided at the volume's edge.
float3 VcGradient(float3 position)
{
    float3 extent = _VcShape.xyz * _VcVoxelSize.xyz;
    float3 result;
    [unroll]
    for (int axis = 0; axis < 3; axis++)
    {
        float3 along = float3(axis == 0 ? 1.0 : 0.0, axis == 1 ? 1.0 : 0.0, axis == 2 ? 1.0 : 0.0) * _VcVoxelSize.xyz;
        float3 before = clamp(position - along, 0.0, extent), after = clamp(position + along, 0.0, extent);
        float way = dot(after - before, along) / dot(along, along);
        result[axis] = (VcStored(after) - VcStored(before)) * _VcWindow.y / max(way, 1e-3);
    }
    return result;
}

float4 VcTransferred(float value, float gradient)
{
    uint width, height;
    _VcTransfer.GetDimensions(width, height);
    // The first and the last texel stand for 0 and 1.
    float2 size = float2(width, height);
    float2 place = (saturate(float2(value, height > 1 ? gradient : 0.0)) * (size - 1.0) + 0.5) / size;
    return _VcTransfer.SampleLevel(sampler_VcLinear, place, 0);
}

// Opacity over another way than the reference length.
float VcOpacity(float opacity, float way)
{
    return 1.0 - pow(1.0 - min(opacity, 0.9999), way / _VcWindow.w);
}

// The part of a ray that the box and the planes leave; false where there is none.
bool VcClip(VcRay ray, out float from, out float to)
{
    from = 0.0;
    to = ray.reach;
    float3 safe = float3(abs(ray.direction.x) < 1e-9 ? 1e-9 : ray.direction.x, abs(ray.direction.y) < 1e-9 ? 1e-9 : ray.direction.y, abs(ray.direction.z) < 1e-9 ? 1e-9 : ray.direction.z);
    float3 low = (_VcBoxLow.xyz - ray.origin) / safe, high = (_VcBoxHigh.xyz - ray.origin) / safe;
    float3 near = min(low, high), far = max(low, high);
    from = max(from, max(near.x, max(near.y, near.z)));
    to = min(to, min(far.x, min(far.y, far.z)));
    for (int i = 0; i < int(_VcMode.w); i++)
    {
        float slope = dot(_VcPlanes[i].xyz, ray.direction), outside = dot(_VcPlanes[i].xyz, ray.origin) - _VcPlanes[i].w;
        if (abs(slope) < 1e-9)
        {
            if (outside > 0.0)
                return false;
        }
        else if (slope > 0.0)
            to = min(to, -outside / slope);
        else
            from = max(from, -outside / slope);
    }
    return from < to;
}

// How far from a point the brick around it ends along the ray.
float VcBrickExit(float3 position, float3 direction)
{
    float3 edge = _VcVoxelSize.xyz * _VcShape.w;
    float3 low = float3(VcBrickAt(position)) * edge;
    float3 way = float3(1e30, 1e30, 1e30);
    [unroll]
    for (int axis = 0; axis < 3; axis++)
    {
        if (abs(direction[axis]) > 1e-9)
            way[axis] = ((direction[axis] > 0.0 ? low[axis] + edge[axis] : low[axis]) - position[axis]) / direction[axis];
    }
    return max(0.0, min(way.x, min(way.y, way.z)));
}

// Share of the light that reaches a point: a few samples towards it, over growing ways.
float VcLit(float3 position)
{
    if (_VcShading.w <= 0.0)
        return 1.0;
    float clear = 1.0, way = 2.0 * _VcVoxelSize.w, at = 0.0;
    float3 extent = _VcShape.xyz * _VcVoxelSize.xyz;
    for (int i = 0; i < VC_SHADOW_SAMPLES; i++)
    {
        at += way;
        float3 there = position + _VcLight.xyz * at;
        if (any(there < 0.0) || any(there > extent))
            break;
        float value = VcValue(there);
        float opacity = _VcMode.x > 1.5 ? (value >= _VcWindow.z ? 0.5 : 0.0) : VcOpacity(VcTransferred(value, 1.0).a, way);
        clear *= 1.0 - opacity;
        way *= 1.5;
    }
    return 1.0 - _VcShading.w * (1.0 - clear);
}

// Blinn and Phong's light on a surface across the gradient, seen from both sides; where there is no gradient, ambient light and diffuse.
float3 VcShade(float3 colour, float3 position, float3 gradient, float3 direction)
{
    // Per nm, so that voxels of unequal edges are lit rightly.
    float3 normal = gradient / _VcVoxelSize.xyz;
    float strength = length(normal);
    float light = VcLit(position);
    if (strength < 1e-12)
        return colour * min(1.0, _VcLight.w + _VcShading.x * light);
    normal /= strength;
    float diffuse = abs(dot(normal, _VcLight.xyz));
    float3 sum = _VcLight.xyz - direction;
    float specular = pow(abs(dot(normal, sum / max(length(sum), 1e-6))), _VcShading.z);
    return colour * (_VcLight.w + _VcShading.x * diffuse * light) + _VcShading.y * specular * light;
}

// Colour and opacity of a ray, not multiplied. samples: how many were taken.
float4 VcMarch(VcRay ray, float2 pixel, out int samples)
{
    samples = 0;
    float from, to;
    if (!VcClip(ray, from, to))
        return float4(0, 0, 0, 0);
    float step = _VcVoxelSize.w;
    float t = from + step * (_VcMode.y > 0.5 ? VcNoise(pixel) : 0.5);
    float3 light = float3(0, 0, 0);
    float clear = 1.0, most = -1e6, before = -1e6;
    for (; t < to && samples < VC_MOST_SAMPLES; t += step)
    {
        float3 position = ray.origin + ray.direction * t;
        // Empty bricks are passed over by whole steps, so that samples lie where they would have lain.
        if (_VcMode.x < 0.5 && _VcOccupancy.Load(int4(VcBrickAt(position), 0)) <= 0.0)
        {
            t += step * floor(VcBrickExit(position, ray.direction) / step);
            continue;
        }
        samples++;
        float value = VcValue(position);
        if (_VcMode.x > 1.5)
        {
            if (value >= _VcWindow.z)
            {
                // Bisection between the last sample outside and this one.
                float low = before > -1e5 ? t - step : t, high = t;
                for (int i = 0; i < VC_REFINEMENTS; i++)
                {
                    float middle = 0.5 * (low + high);
                    if (VcValue(ray.origin + ray.direction * middle) >= _VcWindow.z)
                        high = middle;
                    else
                        low = middle;
                }
                float3 hit = ray.origin + ray.direction * high;
                return float4(VcShade(_VcColour.rgb, hit, VcGradient(hit), ray.direction), _VcColour.a);
            }
            before = value;
            continue;
        }
        if (_VcMode.x > 0.5)
        {
            most = max(most, value);
            continue;
        }
        if (value < -1e5)
            continue;
        float3 gradient = VcGradient(position);
        float4 colour = VcTransferred(value, length(gradient));
        if (colour.a <= 0.0)
            continue;
        float opacity = VcOpacity(colour.a, step);
        light += clear * opacity * VcShade(colour.rgb, position, gradient, ray.direction);
        clear *= 1.0 - opacity;
        if (1.0 - clear >= _VcMode.z)
            break;
    }
    if (_VcMode.x > 1.5)
        return float4(0, 0, 0, 0);
    if (_VcMode.x > 0.5)
    {
        float shown = saturate(most);
        return most < -1e5 ? float4(0, 0, 0, 0) : float4(shown, shown, shown, _VcColour.a);
    }
    float covered = 1.0 - clear;
    return covered > 0.0 ? float4(light / covered, covered * _VcColour.a) : float4(0, 0, 0, 0);
}
#endif
