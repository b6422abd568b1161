// Parameters of RayMarch.hlsl, all float4 so that every packing rule agrees. Lengths are nanometres in the frame of the volume (x right,
// y down, z deeper), less its lower corner: numbers stay small enough for 32 bits.
float4 _VcShape;       // xyz: voxels of the finest level, w: voxels along a brick without its border
float4 _VcVoxelSize;   // xyz: voxel of the finest level, nm; w: way between samples, nm
float4 _VcAtlas;       // xyz: voxels of the atlas along each axis, w: border of a brick, voxels
float4 _VcWindow;      // x: value that is black, y: 1 / (white - black), both of stored values 0 to 1; z: iso value (0 black, 1 white); w: reference length of opacities, nm
float4 _VcLight;       // xyz: unit vector to the light, w: ambient light
float4 _VcShading;     // x: diffuse, y: specular, z: shininess, w: darkness of shadows, 0 none to 1
float4 _VcMode;        // x: 0 translucent, 1 maximum, 2 iso-surface; y: jitter, 0 or 1; z: opacity at which a ray ends; w: number of planes
float4 _VcColour;      // rgb: of an iso-surface, a: opacity of the whole layer
float4 _VcBoxLow;      // xyz: lower corner of what is left of the volume
float4 _VcBoxHigh;     // xyz: upper corner
float4 _VcFactors[12]; // xyz: voxels of the finest level along a voxel of each level
float4 _VcPlanes[8];   // xyz: unit normal, w: offset; what lies beyond is cut away
