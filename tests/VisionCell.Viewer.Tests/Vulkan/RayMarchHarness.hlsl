// Runs RayMarch.hlsl as a compute shader: one thread a pixel, an orthographic or perspective camera of the test's.
[[vk::binding(0, 0)]] cbuffer Parameters : register(b0)
{
#include "RayMarchParameters.hlsl"
    float4 _CameraOrigin;  // xyz: of the ray in the middle, w: 1 perspective
    float4 _CameraRight;   // xyz: from the middle to the right edge
    float4 _CameraDown;    // xyz: from the middle to the lower edge
    float4 _CameraForward; // xyz: direction (perspective: to the middle of the picture's plane)
    float4 _Picture;       // x: width, y: height
};
[[vk::binding(1, 0)]] Texture3D<float> _VcAtlasTexture : register(t1);
[[vk::binding(2, 0)]] Texture3D<uint4> _VcPageTable : register(t2);
[[vk::binding(3, 0)]] Texture3D<float> _VcOccupancy : register(t3);
[[vk::binding(4, 0)]] Texture2D<float4> _VcTransfer : register(t4);
[[vk::binding(5, 0)]] SamplerState sampler_VcLinear : register(s5);
[[vk::binding(6, 0)]] RWStructuredBuffer<float4> _Result : register(u6);
[[vk::binding(7, 0)]] RWStructuredBuffer<int> _Samples : register(u7);

#include "RayMarch.hlsl"

[numthreads(8, 8, 1)]
void main(uint3 id : SV_DispatchThreadID)
{
    if (id.x >= uint(_Picture.x) || id.y >= uint(_Picture.y))
        return;
    float2 place = (float2(id.xy) + 0.5) / _Picture.xy * 2.0 - 1.0;
    float3 across = _CameraRight.xyz * place.x + _CameraDown.xyz * place.y;
    VcRay ray;
    ray.origin = _CameraOrigin.xyz + (_CameraOrigin.w > 0.5 ? float3(0, 0, 0) : across);
    ray.direction = normalize(_CameraForward.xyz + (_CameraOrigin.w > 0.5 ? across : float3(0, 0, 0)));
    ray.reach = 1e30;
    int samples;
    uint pixel = id.y * uint(_Picture.x) + id.x;
    _Result[pixel] = VcMarch(ray, float2(id.xy), samples);
    _Samples[pixel] = samples;
}
