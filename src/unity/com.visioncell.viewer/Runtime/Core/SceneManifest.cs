#nullable enable
using System;
using System.Collections.Generic;
using System.IO;

namespace VisionCell.Viewer
{
    /// <summary>What a volume of a scene shows.</summary>
    public enum VolumeKind
    {
        Image,

        /// <summary>The sections as they were acquired, before reconstruction.</summary>
        Raw,
        Uncertainty,
        Labels,
    }

    /// <summary>One resolution level.</summary>
    public sealed class LevelInfo
    {
        public LevelInfo(string file, int[] shape, int[] factor)
        {
            File = file;
            Shape = shape;
            Factor = factor;
        }

        /// <summary>File of its bricks, beside the manifest.</summary>
        public string File { get; }

        /// <summary>Voxels along x, y, z.</summary>
        public int[] Shape { get; }

        /// <summary>How many voxels of the finest level one is long, along x, y, z.</summary>
        public int[] Factor { get; }

        /// <summary>Bricks along an axis.</summary>
        public int Bricks(int axis, int edge) => (Shape[axis] + edge - 1) / edge;
    }

    /// <summary>One volume with its levels, finest first.</summary>
    public sealed class VolumeInfo
    {
        public VolumeInfo(string name, VolumeKind kind, int bytesPerVoxel, double offset, double factor, double low, double high, int edge, Double3 voxelSizeNm, Double3 originNm, LevelInfo[] levels)
        {
            Name = name;
            Kind = kind;
            BytesPerVoxel = bytesPerVoxel;
            Offset = offset;
            Factor = factor;
            Low = low;
            High = high;
            Edge = edge;
            VoxelSizeNm = voxelSizeNm;
            OriginNm = originNm;
            Levels = levels;
        }

        public string Name { get; }

        public VolumeKind Kind { get; }

        /// <summary>1 or 2, unsigned.</summary>
        public int BytesPerVoxel { get; }

        /// <summary>The value of a voxel is this and <see cref="Factor"/> times what is stored.</summary>
        public double Offset { get; }

        public double Factor { get; }

        /// <summary>The value that is black.</summary>
        public double Low { get; }

        /// <summary>The value that is white.</summary>
        public double High { get; }

        /// <summary>Voxels along each side of a brick, without its border.</summary>
        public int Edge { get; }

        /// <summary>Voxel size of the finest level, nm.</summary>
        public Double3 VoxelSizeNm { get; }

        /// <summary>Centre of voxel (0, 0, 0) of the finest level, nm.</summary>
        public Double3 OriginNm { get; }

        public IReadOnlyList<LevelInfo> Levels { get; }

        /// <summary>Lower corner of the volume: half a voxel before the first centre, nm.</summary>
        public Double3 LowCornerNm => OriginNm - VoxelSizeNm * 0.5;

        /// <summary>Upper corner of the volume, nm.</summary>
        public Double3 HighCornerNm
        {
            get
            {
                var s = Levels[0].Shape;
                return LowCornerNm + VoxelSizeNm.Times(new Double3(s[0], s[1], s[2]));
            }
        }

        /// <summary>Voxel x, y, z of the finest level that holds a point, nm; null where the point lies outside.</summary>
        public (int X, int Y, int Z)? VoxelAt(Double3 pointNm)
        {
            var p = (pointNm - LowCornerNm).Over(VoxelSizeNm);
            var s = Levels[0].Shape;
            // The far faces belong to the last voxels.
            return p.X >= 0 && p.Y >= 0 && p.Z >= 0 && p.X <= s[0] && p.Y <= s[1] && p.Z <= s[2]
                ? (Math.Min((int)p.X, s[0] - 1), Math.Min((int)p.Y, s[1] - 1), Math.Min((int)p.Z, s[2] - 1))
                : ((int, int, int)?)null;
        }

        /// <summary>The value of a stored voxel, in the units of the file that was exported.</summary>
        public double ValueOf(int stored) => Offset + Factor * stored;
    }

    /// <summary>
    /// <c>scene.json</c>: what <c>visioncell export unity</c> leaves in a folder. Documented in Documentation~/format.md.
    /// </summary>
    public sealed class SceneManifest
    {
        private SceneManifest(VolumeInfo[] volumes, string? mesh)
        {
            Volumes = volumes;
            Mesh = mesh;
        }

        public IReadOnlyList<VolumeInfo> Volumes { get; }

        /// <summary>File of the surface (glTF binary, micrometres), or null.</summary>
        public string? Mesh { get; }

        /// <summary>Reads the text of a manifest.</summary>
        /// <exception cref="InvalidDataException">It is no manifest, or of another version.</exception>
        public static SceneManifest Parse(string text)
        {
            var json = Json.ParseObject(text);
            if (!json.TryGetValue("format", out var format) || !Equals(format, "visioncell-scene"))
                throw new InvalidDataException("this is no scene of Vision Cell");
            if (Json.Number(json, "version") != 1)
                throw new InvalidDataException($"version {Json.Number(json, "version")} of the scene: this viewer reads version 1");
            var volumes = new List<VolumeInfo>();
            foreach (var entry in Json.List(json, "volumes"))
                volumes.Add(Volume(entry as Dictionary<string, object?> ?? throw new InvalidDataException("a volume is no object")));
            if (volumes.Count == 0)
                throw new InvalidDataException("the scene has no volume");
            return new SceneManifest(volumes.ToArray(), json.TryGetValue("mesh", out var mesh) && mesh is string name ? Beside(name) : null);
        }

        private static VolumeInfo Volume(Dictionary<string, object?> v)
        {
            var name = Json.Text(v, "name");
            var type = Json.Text(v, "voxelType");
            var bytes = type == "uint8" ? 1 : type == "uint16" ? 2 : throw new InvalidDataException($"{name}: voxels of type {type}");
            var kind = Json.Text(v, "kind") switch
            {
                "image" => VolumeKind.Image,
                "raw" => VolumeKind.Raw,
                "uncertainty" => VolumeKind.Uncertainty,
                "labels" => VolumeKind.Labels,
                var other => throw new InvalidDataException($"{name}: kind {other}"),
            };
            var edge = Whole(Json.Number(v, "brickEdge"), 4, 512, "brickEdge");
            var window = Json.Numbers(v, "window", 2);
            var scale = Json.Numbers(v, "scale", 2);
            var levels = new List<LevelInfo>();
            foreach (var entry in Json.List(v, "levels"))
            {
                var level = entry as Dictionary<string, object?> ?? throw new InvalidDataException("a level is no object");
                levels.Add(new LevelInfo(Beside(Json.Text(level, "file")), Triple(level, "shape"), Triple(level, "factor")));
            }
            if (levels.Count == 0)
                throw new InvalidDataException($"{name} has no level");
            return new VolumeInfo(name, kind, bytes, scale[0], scale[1], window[0], window[1], edge, Json.Triple(v, "voxelSizeNm"), Json.Triple(v, "originNm"), levels.ToArray());
        }

        private static int[] Triple(Dictionary<string, object?> from, string key)
        {
            var n = Json.Numbers(from, key, 3);
            return new[] { Whole(n[0], 1, int.MaxValue, key), Whole(n[1], 1, int.MaxValue, key), Whole(n[2], 1, int.MaxValue, key) };
        }

        private static int Whole(double value, int least, int most, string what) =>
            value >= least && value <= most && value == Math.Floor(value) ? (int)value : throw new InvalidDataException($"'{what}' is {value}: a whole number from {least} to {most} is needed");

        private static string Beside(string name) =>
            name.Length > 0 && name.IndexOfAny(new[] { '/', '\\', ':' }) < 0 && name != ".." ? name : throw new InvalidDataException($"'{name}' does not lie beside the scene");
    }
}
