// Light, colour and cuts of a surface: Blinn and Phong's light as on the iso-surfaces of RayMarch.hlsl, seen from both sides. Pure HLSL, so that
// the tests of Vision Cell run it. The including file declares what RayMarchParameters.hlsl declares; positions and directions are in the
// frame of the volume, nm less its lower corner.
#ifndef VC_SURFACE
#define VC_SURFACE

// Colour in linear light.
// own: colour without vertices', w: 1 where the vertices' colours are shown; vertex: colour of the vertices; direction: from the eye.
float3 VcSurfaceLit(float4 own, float3 vertex, float3 normal, float3 direction)
{
    float3 colour = own.w > 0.5 ? vertex : own.rgb;
    normal = normalize(normal);
    float diffuse = abs(dot(normal, _VcLight.xyz));
    float3 sum = _VcLight.xyz - direction;
    float specular = pow(abs(dot(normal, sum / max(length(sum), 1e-6))), _VcShading.z);
    return colour * (_VcLight.w + _VcShading.x * diffuse) + _VcShading.y * specular;
}

// Whether a point is not drawn: cut away by a plane, or, at an opacity below 1, in the grain that stands for it. Grain needs no order of triangles.
bool VcSurfaceGone(float3 position, float2 pixel, float opacity)
{
    for (int i = 0; i < int(_VcMode.w); i++)
    {
        if (dot(_VcPlanes[i].xyz, position) > _VcPlanes[i].w)
            return true;
    }
    // Interleaved gradient noise, as in RayMarch.hlsl.
    return frac(52.9829189 * frac(dot(floor(pixel), float2(0.06711056, 0.00583715)))) >= opacity;
}
#endif
