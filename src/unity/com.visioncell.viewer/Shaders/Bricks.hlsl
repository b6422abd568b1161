// The textures and parameters of RayMarch.hlsl as Unity binds them.
#ifndef VC_BRICKS
#define VC_BRICKS
#include "RayMarchParameters.hlsl"
Texture3D<float> _VcAtlasTexture;
Texture3D<uint4> _VcPageTable;
Texture3D<float> _VcOccupancy;
Texture2D<float4> _VcTransfer;
SamplerState vc_linear_clamp_sampler;
#define sampler_VcLinear vc_linear_clamp_sampler
#include "RayMarch.hlsl"
#endif
