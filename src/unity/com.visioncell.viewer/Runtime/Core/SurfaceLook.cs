#nullable enable

namespace VisionCell.Viewer
{
    /// <summary>How the surface is drawn (Shaders/Surface.hlsl); its light and planes are those of the volume.</summary>
    public sealed class SurfaceLook
    {
        /// <summary>Vectors of four floats.</summary>
        public const int Vectors = 2;

        /// <summary>Colour where vertices have none, or theirs are not shown; linear light.</summary>
        public (double R, double G, double B) Colour { get; set; } = (0.7, 0.35, 0.13);

        /// <summary>The colours of the vertices, by uncertainty or label, where the file has some.</summary>
        public bool VertexColours { get; set; } = true;

        /// <summary>_VcSurface and _VcSurfaceDraw as floats.</summary>
        /// <param name="surface">What is drawn.</param>
        /// <param name="opacity">0 to 1, of the layer.</param>
        public float[] ToVectors(GlbSurface surface, double opacity) => new[]
        {
            (float)Colour.R, (float)Colour.G, (float)Colour.B, VertexColours && surface.Colours != null ? 1f : 0f,
            (float)opacity, 0f, 0f, 0f,
        };
    }
}
