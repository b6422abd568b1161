// A volume in its box, translucent over what is opaque. Without a LightMode tag it is drawn by the Built-in pipeline and by URP alike.
Shader "VisionCell/Volume"
{
    Properties
    {
        [HideInInspector] _VcDummy ("", Float) = 0
    }
    SubShader
    {
        Tags { "Queue" = "Transparent" "RenderType" = "Transparent" "IgnoreProjector" = "True" }
        Cull Front
        ZWrite Off
        ZTest Always
        Blend SrcAlpha OneMinusSrcAlpha

        Pass
        {
            HLSLPROGRAM
            #pragma target 4.5
            #pragma vertex Vertex
            #pragma fragment Fragment
            #pragma multi_compile_local _ VC_DEPTH
            #include "UnityCG.cginc"
            #include "Bricks.hlsl"

            float4x4 _VcToVolume; // world to nanometres from the volume's lower corner
            #ifdef VC_DEPTH
            Texture2D<float> _CameraDepthTexture;
            #endif

            // Depth of an orthographic picture from near (0) to far (1), on devices that turn it round as well.
            float VcFromNear(float depth)
            {
                #if defined(UNITY_REVERSED_Z)
                return 1.0 - depth;
                #else
                return depth;
                #endif
            }

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
                float3 forward = -UNITY_MATRIX_V[2].xyz;
                // An orthographic ray begins on the plane of the camera.
                float3 eye = unity_OrthoParams.w > 0.5
                    ? input.world - forward * dot(input.world - _WorldSpaceCameraPos, forward)
                    : _WorldSpaceCameraPos;
                float3 towards = normalize(input.world - eye);
                VcRay ray;
                ray.origin = mul(_VcToVolume, float4(eye, 1)).xyz;
                float3 direction = mul((float3x3)_VcToVolume, towards);
                float scale = length(direction);
                ray.direction = direction / scale;
                ray.reach = 1e30;
                #ifdef VC_DEPTH
                float depth = _CameraDepthTexture.Load(int3(input.position.xy, 0));
                float ortho = lerp(_ProjectionParams.y, _ProjectionParams.z, VcFromNear(depth));
                float along = unity_OrthoParams.w > 0.5 ? ortho : LinearEyeDepth(depth);
                ray.reach = along / max(dot(towards, forward), 1e-4) * scale;
                #endif
                int samples;
                return VcMarch(ray, input.position.xy, samples);
            }
            ENDHLSL
        }
    }
}
