// A section through a volume in any direction: grey values on a plane, the transfer function left aside. Seen from both sides.
Shader "VisionCell/Section"
{
    Properties
    {
        [HideInInspector] _VcDummy ("", Float) = 0
    }
    SubShader
    {
        Tags { "Queue" = "Geometry" "RenderType" = "Opaque" }
        Cull Off

        Pass
        {
            HLSLPROGRAM
            #pragma target 4.5
            #pragma vertex Vertex
            #pragma fragment Fragment
            #include "UnityCG.cginc"
            #include "Bricks.hlsl"

            float4x4 _VcToVolume;

            struct Input
            {
                float4 position : POSITION;
            };

            struct Varying
            {
                float4 position : SV_POSITION;
                float3 world : TEXCOORD0;
            };

            Varying Vertex(Input input)
            {
                Varying result;
                result.position = UnityObjectToClipPos(input.position);
                result.world = mul(unity_ObjectToWorld, input.position).xyz;
                return result;
            }

            float4 Fragment(Varying input) : SV_Target
            {
                float3 position = mul(_VcToVolume, float4(input.world, 1)).xyz;
                if (any(position < _VcBoxLow.xyz) || any(position > _VcBoxHigh.xyz))
                    discard;
                float value = VcValue(position);
                if (value < -1e5)
                    discard;
                value = saturate(value);
                return float4(value, value, value, 1);
            }
            ENDHLSL
        }
    }
}
