// What the package's shaders use of Unity's UnityCG.cginc, declared by hand so that glslang compiles them.
float4x4 unity_ObjectToWorld;
float4x4 unity_MatrixV;
float4x4 unity_MatrixVP;
float4 unity_OrthoParams;
float4 _ProjectionParams;
float4 _ZBufferParams;
float3 _WorldSpaceCameraPos;
#define UNITY_MATRIX_V unity_MatrixV

float4 UnityObjectToClipPos(float4 position)
{
    return mul(unity_MatrixVP, mul(unity_ObjectToWorld, position));
}

float3 LinearToGammaSpace(float3 linearColour)
{
    return max(1.055 * pow(max(linearColour, 0.0), 0.416666667) - 0.055, 0.0);
}

float LinearEyeDepth(float depth)
{
    return 1.0 / (_ZBufferParams.z * depth + _ZBufferParams.w);
}
