#nullable enable
using System;

namespace VisionCell.Viewer
{
    /// <summary>How a volume is drawn.</summary>
    public enum RenderMode
    {
        /// <summary>Translucent, by the transfer function.</summary>
        Translucent,

        /// <summary>The largest value on the way.</summary>
        Maximum,

        /// <summary>The surface where values reach the iso value.</summary>
        Surface,
    }

    /// <summary>What the ray marcher (Shaders/RayMarch.hlsl) is told; lengths are nanometres.</summary>
    public sealed class RayMarchParameters
    {
        /// <summary>Vectors of four floats, in the order of Shaders/RayMarchParameters.hlsl.</summary>
        public const int Vectors = 10 + MostLevels + ClipVolume.MostPlanes;

        public const int MostLevels = 12;

        public RenderMode Mode { get; set; }

        /// <summary>Samples along a voxel's shortest edge.</summary>
        public double SamplesPerVoxel { get; set; } = 1;

        /// <summary>Value of the surface, in the units of the volume.</summary>
        public double IsoValue { get; set; }

        /// <summary>Values that are black and white.</summary>
        public (double Low, double High) Window { get; set; } = (0, 1);

        /// <summary>Way over which the opacities of the transfer function hold, in shortest edges of a voxel.</summary>
        public double ReferenceVoxels { get; set; } = 1;

        /// <summary>To the light.</summary>
        public Double3 Light { get; set; } = new Double3(-0.4, -0.6, -0.7);

        public double Ambient { get; set; } = 0.35;

        public double Diffuse { get; set; } = 0.65;

        public double Specular { get; set; } = 0.2;

        public double Shininess { get; set; } = 24;

        /// <summary>0 for no shadows, to 1 for black ones.</summary>
        public double Shadow { get; set; }

        /// <summary>Whether rays begin at different depths, which turns rings into grain.</summary>
        public bool Jitter { get; set; } = true;

        /// <summary>A ray ends when it is this opaque.</summary>
        public double EndOpacity { get; set; } = 0.99;

        public (double R, double G, double B) SurfaceColour { get; set; } = (0.85, 0.63, 0.4);

        /// <summary>Of the whole layer.</summary>
        public double Opacity { get; set; } = 1;

        /// <summary>The vectors as floats.</summary>
        /// <exception cref="ArgumentException">There are more levels or planes than the shader takes.</exception>
        public float[] ToVectors(VolumeInfo volume, BrickAtlas atlas, ClipVolume clip, int border = 1)
        {
            if (volume.Levels.Count > MostLevels || clip.Planes.Count > ClipVolume.MostPlanes)
                throw new ArgumentException($"{volume.Levels.Count} levels and {clip.Planes.Count} planes: the shader takes {MostLevels} and {ClipVolume.MostPlanes}");
            var result = new float[4 * Vectors];
            var at = 0;
            void Add(double x, double y, double z, double w)
            {
                (result[at], result[at + 1], result[at + 2], result[at + 3]) = ((float)x, (float)y, (float)z, (float)w);
                at += 4;
            }

            var size = volume.VoxelSizeNm;
            var edge = Math.Min(size.X, Math.Min(size.Y, size.Z));
            var shape = volume.Levels[0].Shape;
            var corner = volume.LowCornerNm;
            var side = volume.Edge + 2 * border;
            // Textures give stored values as shares of the largest that the type holds.
            var full = volume.BytesPerVoxel == 1 ? byte.MaxValue : ushort.MaxValue;
            double black = (Window.Low - volume.Offset) / volume.Factor / full, white = (Window.High - volume.Offset) / volume.Factor / full;
            var light = Light.Unit();
            Add(shape[0], shape[1], shape[2], volume.Edge);
            Add(size.X, size.Y, size.Z, edge / SamplesPerVoxel);
            Add(atlas.SlotsX * side, atlas.SlotsY * side, atlas.SlotsZ * side, border);
            Add(black, 1 / (white - black), (IsoValue - Window.Low) / (Window.High - Window.Low), edge * ReferenceVoxels);
            Add(light.X, light.Y, light.Z, Ambient);
            Add(Diffuse, Specular, Shininess, Shadow);
            Add((int)Mode, Jitter ? 1 : 0, EndOpacity, clip.Planes.Count);
            Add(SurfaceColour.R, SurfaceColour.G, SurfaceColour.B, Opacity);
            var low = clip.Low - corner;
            var high = clip.High - corner;
            var end = volume.HighCornerNm - corner;
            Add(Math.Max(0, low.X), Math.Max(0, low.Y), Math.Max(0, low.Z), 0);
            Add(Math.Min(end.X, high.X), Math.Min(end.Y, high.Y), Math.Min(end.Z, high.Z), 0);
            for (var l = 0; l < MostLevels; l++)
            {
                var factor = volume.Levels[Math.Min(l, volume.Levels.Count - 1)].Factor;
                Add(factor[0], factor[1], factor[2], 0);
            }
            foreach (var plane in clip.Planes)
                Add(plane.Normal.X, plane.Normal.Y, plane.Normal.Z, plane.OffsetNm - plane.Normal.Dot(corner));
            return result;
        }
    }
}
