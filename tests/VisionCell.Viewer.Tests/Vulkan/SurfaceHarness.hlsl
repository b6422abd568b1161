// Runs Surface.hlsl as a compute shader: one thread a point of a surface.
[[vk::binding(0, 0)]] cbuffer Parameters : register(b0)
{
#include "RayMarchParameters.hlsl"
    float4 _VcSurface;
    float4 _VcSurfaceDraw;
    float4 _Colours[64];    // rgb: of the vertex
    float4 _Normals[64];    // xyz
    float4 _Directions[64]; // xyz: from the eye, of length 1
    float4 _Positions[64];  // xyz: nm
};
[[vk::binding(1, 0)]] SamplerState _Unused : register(s1);
[[vk::binding(2, 0)]] RWStructuredBuffer<float4> _Result : register(u2);

#include "Surface.hlsl"

[numthreads(64, 1, 1)]
void main(uint3 id : SV_DispatchThreadID)
{
    float3 colour = VcSurfaceLit(_VcSurface, _Colours[id.x].rgb, _Normals[id.x].xyz, _Directions[id.x].xyz);
    _Result[id.x] = float4(colour, VcSurfaceGone(_Positions[id.x].xyz, float2(id.x + 0.5, 0.5), _VcSurfaceDraw.x) ? 1.0 : 0.0);
}
