#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Rendering;

namespace VisionCell.Viewer.Engine
{
    /// <summary>
    /// One volume in its box: keeps the bricks that matter for the camera in a texture, loads missing ones on other threads and tells the
    /// shader where they lie.
    /// </summary>
    public sealed class VolumeLayer : MonoBehaviour
    {
        // A brick is copied into the texture in well under a millisecond; more in one frame would be felt.
        private const int UploadsPerFrame = 16;

        private readonly CancellationTokenSource _end = new CancellationTokenSource();
        private readonly Queue<(BrickId Brick, byte[] Voxels)> _arrived = new Queue<(BrickId, byte[])>();
        private readonly HashSet<BrickId> _loading = new HashSet<BrickId>();
        private BrickFile[] _files = Array.Empty<BrickFile>();
        private List<BrickId> _wanted = new List<BrickId>();
        private HashSet<BrickId> _wantedSet = new HashSet<BrickId>();
        private BrickAtlas _atlas = null!;
        private Texture3D _atlasTexture = null!;
        private Texture3D _brick = null!;
        private Texture3D _pages = null!;
        private Texture3D _occupancy = null!;
        private Texture2D? _transferTexture;
        private TransferFunction _transfer = TransferFunction.DarkOpaque();
        private Material _material = null!;
        private UnityFrame _frame = null!;
        private string? _failure;
        private (int Index, byte[] Voxels) _picked = (-1, Array.Empty<byte>());

        /// <summary>What the scene says of it.</summary>
        public VolumeInfo Info { get; private set; } = null!;

        /// <summary>Mode, light, window; changes show in the next frame.</summary>
        public RayMarchParameters Parameters { get; } = new RayMarchParameters();

        /// <summary>What is left of the volume.</summary>
        public ClipVolume Clip { get; private set; } = null!;

        /// <summary>The material, for sections that show the same bricks.</summary>
        public Material Material => _material;

        /// <summary>Share of the wanted bricks that are loaded.</summary>
        public float Progress
        {
            get
            {
                if (_wanted.Count == 0)
                    return 1;
                var there = 0;
                foreach (var brick in _wanted)
                    there += _atlas.Holds(brick) ? 1 : 0;
                return (float)there / _wanted.Count;
            }
        }

        /// <summary>Why a brick could not be read; null where all could.</summary>
        public string? Failure => _failure;

        /// <summary>Colour and opacity of values.</summary>
        public TransferFunction Transfer
        {
            get => _transfer;
            set
            {
                _transfer = value;
                UploadTransfer();
                UploadTables();
            }
        }

        /// <summary>Opens the files of a volume.</summary>
        /// <param name="folder">Folder of the scene.</param>
        /// <param name="info">Of the manifest.</param>
        /// <param name="frame">Where the scene lies in Unity.</param>
        /// <param name="shader">VisionCell/Volume.</param>
        /// <param name="budgetBytes">Most memory of its bricks.</param>
        public void Open(string folder, VolumeInfo info, UnityFrame frame, Shader shader, long budgetBytes)
        {
            Info = info;
            _frame = frame;
            _files = new BrickFile[info.Levels.Count];
            for (var l = 0; l < _files.Length; l++)
                _files[l] = new BrickFile(new FileStream(Path.Combine(folder, info.Levels[l].File), FileMode.Open, FileAccess.Read, FileShare.Read));
            var side = _files[0].Side;
            _atlas = BrickAtlas.Within(info, budgetBytes, SystemInfo.maxTexture3DSize, _files[0].Border);
            var format = info.BytesPerVoxel == 1 ? TextureFormat.R8 : TextureFormat.R16;
            _atlasTexture = Make(_atlas.SlotsX * side, _atlas.SlotsY * side, _atlas.SlotsZ * side, format, FilterMode.Bilinear);
            _brick = Make(side, side, side, format, FilterMode.Point);
            // Whole numbers, which the shader loads and never filters.
            _pages = new Texture3D(_atlas.CellsX, _atlas.CellsY, _atlas.CellsZ, UnityEngine.Experimental.Rendering.GraphicsFormat.R8G8B8A8_UInt, UnityEngine.Experimental.Rendering.TextureCreationFlags.None);
            _occupancy = Make(_atlas.CellsX, _atlas.CellsY, _atlas.CellsZ, TextureFormat.R8, FilterMode.Point);
            _material = new Material(shader);
            Parameters.Window = (info.Low, info.High);
            Parameters.IsoValue = (info.Low + info.High) / 2;
            Clip = new ClipVolume(info.LowCornerNm, info.HighCornerNm);
            Box();
            UploadTransfer();
            UploadTables();
        }

        /// <summary>Chooses the bricks for a camera; those that are missing are loaded on other threads.</summary>
        public void Look(OrbitCamera camera, int pixelsHigh, double aspect)
        {
            _wanted = BrickChoice.Choose(Info, camera, pixelsHigh, aspect, _atlas.Capacity, Clip);
            _wantedSet = new HashSet<BrickId>(_wanted);
            foreach (var brick in _wanted)
            {
                if (_atlas.Holds(brick) || !_loading.Add(brick))
                    continue;
                var file = _files[brick.Level];
                var index = file.IndexOf(brick.X, brick.Y, brick.Z);
                var token = _end.Token;
                Task.Run(() => Load(file, brick, index), token);
            }
        }

        /// <summary>Value of a voxel of the finest level in the units of the volume, from the file.</summary>
        public double ValueAt(int x, int y, int z)
        {
            var file = _files[0];
            var index = file.IndexOf(x / Info.Edge, y / Info.Edge, z / Info.Edge);
            // A ray goes on in the same brick for a while.
            if (_picked.Index != index)
                _picked = (index, file.Read(index));
            var brick = _picked.Voxels;
            var at = ((z % Info.Edge + file.Border) * file.Side + y % Info.Edge + file.Border) * file.Side + x % Info.Edge + file.Border;
            return Info.ValueOf(file.BytesPerVoxel == 1 ? brick[at] : brick[2 * at] | brick[2 * at + 1] << 8);
        }

        private void Load(BrickFile file, BrickId brick, int index)
        {
            try
            {
                var voxels = file.Read(index);
                lock (_arrived)
                    _arrived.Enqueue((brick, voxels));
            }
            catch (Exception e) when (e is IOException || e is InvalidDataException || e is ObjectDisposedException)
            {
                _failure = e.Message;
            }
        }

        private void Update()
        {
            var changed = false;
            for (var n = 0; n < UploadsPerFrame; n++)
            {
                (BrickId Brick, byte[] Voxels) next;
                lock (_arrived)
                {
                    if (_arrived.Count == 0)
                        break;
                    next = _arrived.Dequeue();
                }
                _loading.Remove(next.Brick);
                changed |= Upload(next.Brick, next.Voxels);
            }
            if (changed)
                UploadTables();
            Bind(_material);
        }

        /// <summary>Hands the textures and parameters to a material.</summary>
        public void Bind(Material material)
        {
            var v = Parameters.ToVectors(Info, _atlas, Clip);
            Vector4 At(int i) => new Vector4(v[4 * i], v[4 * i + 1], v[4 * i + 2], v[4 * i + 3]);
            string[] names = { "_VcShape", "_VcVoxelSize", "_VcAtlas", "_VcWindow", "_VcLight", "_VcShading", "_VcMode", "_VcColour", "_VcBoxLow", "_VcBoxHigh" };
            for (var i = 0; i < names.Length; i++)
                material.SetVector(names[i], At(i));
            var factors = new Vector4[RayMarchParameters.MostLevels];
            for (var i = 0; i < factors.Length; i++)
                factors[i] = At(names.Length + i);
            material.SetVectorArray("_VcFactors", factors);
            var planes = new Vector4[ClipVolume.MostPlanes];
            for (var i = 0; i < planes.Length; i++)
                planes[i] = At(names.Length + factors.Length + i);
            material.SetVectorArray("_VcPlanes", planes);
            var m = _frame.WorldToNm(Info.LowCornerNm);
            var matrix = Matrix4x4.identity;
            for (var i = 0; i < 16; i++)
                matrix[i / 4, i % 4] = (float)m[i];
            material.SetMatrix("_VcToVolume", matrix);
            material.SetTexture("_VcAtlasTexture", _atlasTexture);
            material.SetTexture("_VcPageTable", _pages);
            material.SetTexture("_VcOccupancy", _occupancy);
            material.SetTexture("_VcTransfer", _transferTexture!);
        }

        private bool Upload(BrickId brick, byte[] voxels)
        {
            var file = _files[brick.Level];
            if (!_wantedSet.Contains(brick) || !_atlas.TryPlace(brick, file.RangeOf(file.IndexOf(brick.X, brick.Y, brick.Z)), _wantedSet, out var x, out var y, out var z))
                return false;
            _brick.SetPixelData(voxels, 0);
            _brick.Apply(false, false);
            var side = file.Side;
            // Section by section: regions of 3D textures are copied one at a time.
            for (var s = 0; s < side; s++)
                Graphics.CopyTexture(_brick, s, 0, 0, 0, side, side, _atlasTexture, z * side + s, 0, x * side, y * side);
            return true;
        }

        private void UploadTables()
        {
            if (_atlas == null)
                return;
            _pages.SetPixelData(_atlas.PageTable(), 0);
            _pages.Apply(false, false);
            _occupancy.SetPixelData(_atlas.Occupancy(_transfer, Parameters.Window.Low, Parameters.Window.High), 0);
            _occupancy.Apply(false, false);
        }

        private void UploadTransfer()
        {
            if (_transferTexture == null || _transferTexture.height != _transfer.Gradients)
                _transferTexture = new Texture2D(TransferFunction.Values, _transfer.Gradients, TextureFormat.RGBAFloat, false, true) { wrapMode = TextureWrapMode.Clamp, filterMode = FilterMode.Bilinear };
            var texels = new float[4 * _transfer.Table.Count];
            for (var i = 0; i < _transfer.Table.Count; i++)
            {
                var c = _transfer.Table[i];
                (texels[4 * i], texels[4 * i + 1], texels[4 * i + 2], texels[4 * i + 3]) = (c.R, c.G, c.B, c.A);
            }
            _transferTexture.SetPixelData(texels, 0);
            _transferTexture.Apply(false, false);
        }

        private void Box()
        {
            var (a, b) = (_frame.ToUnity(Info.LowCornerNm), _frame.ToUnity(Info.HighCornerNm));
            var mesh = new Mesh { name = Info.Name };
            var corners = new Vector3[8];
            for (var c = 0; c < 8; c++)
                corners[c] = new Vector3((float)((c & 1) != 0 ? b.X : a.X), (float)((c & 2) != 0 ? b.Y : a.Y), (float)((c & 4) != 0 ? b.Z : a.Z));
            mesh.vertices = corners;
            // Corner 2 lies below corner 0 in Unity, where y points up: wound so that the outside is the front.
            mesh.triangles = new[] { 0, 1, 2, 1, 3, 2, 4, 6, 5, 5, 6, 7, 0, 4, 1, 1, 4, 5, 2, 3, 6, 3, 7, 6, 0, 2, 4, 2, 6, 4, 1, 5, 3, 3, 5, 7 };
            mesh.RecalculateBounds();
            gameObject.AddComponent<MeshFilter>().sharedMesh = mesh;
            var renderer = gameObject.AddComponent<MeshRenderer>();
            renderer.sharedMaterial = _material;
            renderer.shadowCastingMode = ShadowCastingMode.Off;
        }

        private static Texture3D Make(int x, int y, int z, TextureFormat format, FilterMode filter) =>
            new Texture3D(x, y, z, format, false) { wrapMode = TextureWrapMode.Clamp, filterMode = filter };

        private void OnDestroy()
        {
            _end.Cancel();
            foreach (var file in _files)
                file.Dispose();
            foreach (var texture in new Texture?[] { _atlasTexture, _brick, _pages, _occupancy, _transferTexture })
            {
                if (texture != null)
                    Destroy(texture);
            }
            if (_material != null)
                Destroy(_material);
        }
    }
}
