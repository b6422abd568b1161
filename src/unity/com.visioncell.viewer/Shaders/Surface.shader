// The surface with the colours of its vertices. Without a LightMode tag the first pass is drawn by the Built-in pipeline and by URP alike; the
// others write its depth, which the volume ends at.
Shader "VisionCell/Surface"
{
    Properties
    {
        [HideInInspector] _VcDummy ("", Float) = 0
    }
    SubShader
    {
        Tags { "Queue" = "Geometry" "RenderType" = "Opaque" }
        Cull Off

        HLSLINCLUDE
        #pragma target 4.5
        #include "UnityCG.cginc"
        #include "RayMarchParameters.hlsl"
        #include "Surface.hlsl"

        float4 _VcSurface;     // rgb: own colour, w: 1 for the vertices'
        float4 _VcSurfaceDraw; // x: opacity
        float4x4 _VcToVolume;  // world to nanometres from the volume's lower corner

        struct Input
        {
            float4 position : POSITION;
            float3 normal : NORMAL;
            float4 colour : COLOR;
        };

        struct Varying
        {
            float4 position : SV_POSITION;
            float3 world : TEXCOORD0;
            float3 normal : TEXCOORD1;
            float3 colour : TEXCOORD2;
        };

        Varying Vertex(Input input)
        {
            Varying result;
            result.position = UnityObjectToClipPos(input.position);
            result.world = mul(unity_ObjectToWorld, input.position).xyz;
            // Moved and evenly scaled at most, so normals turn as directions do.
            result.normal = mul((float3x3)_VcToVolume, mul((float3x3)unity_ObjectToWorld, input.normal));
            result.colour = input.colour.rgb;
            return result;
        }

        float4 Fragment(Varying input) : SV_Target
        {
            float3 position = mul(_VcToVolume, float4(input.world, 1)).xyz;
            if (VcSurfaceGone(position, input.position.xy, _VcSurfaceDraw.x))
                discard;
            float3 forward = -UNITY_MATRIX_V[2].xyz;
            float3 towards = unity_OrthoParams.w > 0.5 ? forward : input.world - _WorldSpaceCameraPos;
            float3 colour = VcSurfaceLit(_VcSurface, input.colour, input.normal, normalize(mul((float3x3)_VcToVolume, towards)));
            #ifdef UNITY_COLORSPACE_GAMMA
            colour = LinearToGammaSpace(colour);
            #endif
            return float4(colour, 1);
        }

        float4 Depth(Varying input) : SV_Target
        {
            if (VcSurfaceGone(mul(_VcToVolume, float4(input.world, 1)).xyz, input.position.xy, _VcSurfaceDraw.x))
                discard;
            return float4(0, 0, 0, 0);
        }
        ENDHLSL

        Pass
        {
            HLSLPROGRAM
            #pragma vertex Vertex
            #pragma fragment Fragment
            ENDHLSL
        }

        // The depth texture of the Built-in pipeline.
        Pass
        {
            Tags { "LightMode" = "ShadowCaster" }
            ColorMask 0

            HLSLPROGRAM
            #pragma vertex Vertex
            #pragma fragment Depth
            ENDHLSL
        }

        // That of URP.
        Pass
        {
            Tags { "LightMode" = "DepthOnly" }
            ColorMask 0

            HLSLPROGRAM
            #pragma vertex Vertex
            #pragma fragment Depth
            ENDHLSL
        }
    }
}
