#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Rendering;

namespace VisionCell.Viewer.Engine
{
    /// <summary>
    /// Shows a folder that <c>visioncell export unity</c> wrote: its volumes, its surface, a camera that turns about them. Put it on the
    /// camera; <see cref="Folder"/> is a path, or one under StreamingAssets.
    /// </summary>
    [RequireComponent(typeof(Camera))]
    public sealed class SceneViewer : MonoBehaviour
    {
        [SerializeField] private string _folder = "visioncell";
        [SerializeField] private Shader? _volumeShader;
        [SerializeField] private Shader? _surfaceShader;
        [SerializeField] private int _memoryMegabytes = 512;

        private readonly List<VolumeLayer> _layers = new List<VolumeLayer>();
        private Camera _camera = null!;
        private UnityFrame _frame = null!;
        private GameObject? _surface;
        private GlbSurface? _surfaceData;
        private Material? _surfaceMaterial;

        /// <summary>Folder of the scene.</summary>
        public string Folder
        {
            get => _folder;
            set => _folder = value;
        }

        public IReadOnlyList<VolumeLayer> Layers => _layers;

        /// <summary>The surface, or null.</summary>
        public GameObject? Surface => _surface;

        /// <summary>Which layers are shown, and how opaque; changes show in the next frame.</summary>
        public LayerSwitch? Shown { get; private set; }

        /// <summary>Colour of the surface; changes show in the next frame.</summary>
        public SurfaceLook SurfaceLook { get; } = new SurfaceLook();

        /// <summary>Whether the surface has colours of its own.</summary>
        public bool HasSurfaceColours => _surfaceData?.Colours != null;

        /// <summary>The grey volume that is shown: the reconstruction, or the raw sections in its place; null before the scene is open.</summary>
        public VolumeLayer? Grey => Shown == null ? null : _layers.Find(l => l.Info == Shown.Grey);

        /// <summary>Where one looks from; changes show in the next frame.</summary>
        public OrbitCamera View { get; private set; } = new OrbitCamera();

        /// <summary>Planes that cut every layer.</summary>
        public List<ClipPlane> ClipPlanes { get; } = new List<ClipPlane>();

        /// <summary>Where the scene lies.</summary>
        public UnityFrame Frame => _frame;

        /// <summary>Why nothing is shown; null where something is.</summary>
        public string? Failure { get; private set; }

        /// <summary>Share of the bricks in view that are loaded.</summary>
        public float Progress
        {
            get
            {
                var sum = 0f;
                foreach (var layer in _layers)
                    sum += layer.Progress;
                return _layers.Count == 0 ? 0 : sum / _layers.Count;
            }
        }

        private async void Start()
        {
            _camera = GetComponent<Camera>();
            try
            {
                await OpenAsync();
            }
            catch (Exception e) when (e is IOException || e is InvalidDataException || e is UnauthorizedAccessException)
            {
                Failure = $"{_folder}: {e.Message}";
                Debug.LogError(Failure);
            }
        }

        private async Task OpenAsync()
        {
            var folder = Path.IsPathRooted(_folder) ? _folder : Path.Combine(Application.streamingAssetsPath, _folder);
            var manifest = SceneManifest.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "scene.json")));
            var first = manifest.Volumes[0];
            _frame = new UnityFrame((first.LowCornerNm + first.HighCornerNm) * 0.5);
            View.Frame(first.LowCornerNm, first.HighCornerNm);
            var shader = _volumeShader != null ? _volumeShader : Shader.Find("VisionCell/Volume");
            foreach (var info in manifest.Volumes)
            {
                var layer = new GameObject(info.Name).AddComponent<VolumeLayer>();
                layer.transform.SetParent(null);
                layer.Open(folder, info, _frame, shader, (_memoryMegabytes << 20) / (long)manifest.Volumes.Count);
                if (info.Kind == VolumeKind.Uncertainty)
                    layer.Transfer = TransferFunction.OfPoints((0, new Rgba(1, 0.2f, 0, 0)), (1, new Rgba(1, 0.2f, 0, 0.3f)));
                _layers.Add(layer);
            }
            if (manifest.Mesh is { } mesh)
            {
                var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, mesh));
                _surfaceData = await Task.Run(() => GlbSurface.Parse(bytes));
                _surface = Build(_surfaceData);
            }
            Shown = new LayerSwitch(manifest);
            var view = Path.Combine(folder, "view.json");
            if (File.Exists(view))
                Apply(ViewFile.Parse(await File.ReadAllTextAsync(view)));
        }

        /// <summary>Shows what a view says; what it does not speak of stays.</summary>
        public void Apply(ViewFile view)
        {
            View = view.Camera;
            ClipPlanes.Clear();
            ClipPlanes.AddRange(view.ClipPlanes);
            Shown?.Apply(view.Layers);
        }

        /// <summary>What is shown now, for view.json.</summary>
        public ViewFile Current()
        {
            var view = new ViewFile();
            var camera = view.Camera;
            (camera.TargetNm, camera.Orientation, camera.Orthographic, camera.HeightNm) = (View.TargetNm, View.Orientation, View.Orthographic, View.HeightNm);
            view.ClipPlanes.AddRange(ClipPlanes);
            if (Shown != null)
            {
                foreach (var shown in Shown.Layers)
                {
                    var volume = _layers.Find(l => l.Info.Name == shown.Name);
                    view.Layers.Add(new LayerView(shown.Name, shown.Visible, shown.Opacity, volume == null ? null : new[] { volume.Parameters.Window.Low, volume.Parameters.Window.High }));
                }
            }
            return view;
        }

        /// <summary>What lies under a point of the screen: the first voxel that is not transparent, its value, and the object there.</summary>
        public (Pick Pick, double Value, int Label)? PickAt(Vector3 screen)
        {
            VolumeLayer? image = Grey, labels = _layers.Find(l => l.Info.Kind == VolumeKind.Labels);
            if (image == null)
                return null;
            var ray = View.RayAt(screen.x / Screen.width * 2 - 1, 1 - screen.y / Screen.height * 2, (double)Screen.width / Screen.height);
            var (low, high) = image.Parameters.Window;
            var surface = image.Parameters.Mode == RenderMode.Surface;
            var found = Picking.First(image.Info, ray, image.Clip, (x, y, z) =>
            {
                var value = image.ValueAt(x, y, z);
                return surface ? value >= image.Parameters.IsoValue : image.Transfer.At((value - low) / (high - low), 1).A > 0.05f;
            });
            if (found is not { } pick)
                return null;
            // A little inside: the ray meets a voxel on its face. Labels have a grid of their own.
            var inside = pick.PointNm + ray.Direction * (1e-3 * image.Info.VoxelSizeNm.X);
            var label = labels != null && labels.Info.VoxelAt(inside) is { } voxel ? (int)labels.ValueAt(voxel.X, voxel.Y, voxel.Z) : 0;
            return (pick, image.ValueAt(pick.X, pick.Y, pick.Z), label);
        }

        private void LateUpdate()
        {
            if (Shown == null)
                return;
            var aspect = (double)Screen.width / Screen.height;
            foreach (var layer in _layers)
            {
                layer.Clip.Planes.Clear();
                layer.Clip.Planes.AddRange(ClipPlanes);
                var shown = Shown.Find(layer.Info.Name)!;
                layer.gameObject.SetActive(shown.Visible);
                layer.Parameters.Opacity = shown.Opacity;
                if (shown.Window is { } window)
                    layer.Parameters.Window = (window[0], window[1]);
                if (layer.gameObject.activeSelf)
                    layer.Look(View, Screen.height, aspect);
            }
            if (_surface != null && _surfaceMaterial != null && _surfaceData != null)
            {
                var shown = Shown.Find(LayerSwitch.Surface)!;
                _surface.SetActive(shown.Visible);
                // Light, planes and the way to the volume's frame are those of a volume.
                _layers[0].Bind(_surfaceMaterial);
                var v = SurfaceLook.ToVectors(_surfaceData, shown.Opacity);
                _surfaceMaterial.SetVector("_VcSurface", new Vector4(v[0], v[1], v[2], v[3]));
                _surfaceMaterial.SetVector("_VcSurfaceDraw", new Vector4(v[4], v[5], v[6], v[7]));
            }
            var q = UnityFrame.ToUnity(View.Orientation);
            var distance = View.Orthographic ? View.HeightNm * 4 : View.DistanceNm;
            var eye = _frame.ToUnity(View.TargetNm - View.Forward * distance);
            transform.SetPositionAndRotation(new Vector3((float)eye.X, (float)eye.Y, (float)eye.Z), new Quaternion((float)q.X, (float)q.Y, (float)q.Z, (float)q.W));
            _camera.orthographic = View.Orthographic;
            _camera.orthographicSize = (float)(View.HeightNm / 2 / UnityFrame.NmPerUnit);
            _camera.fieldOfView = (float)(OrbitCamera.FieldOfView * 180 / Math.PI);
            var reach = (float)(distance / UnityFrame.NmPerUnit);
            _camera.nearClipPlane = reach * 0.01f;
            _camera.farClipPlane = reach * 10;
        }

        private GameObject Build(GlbSurface surface)
        {
            var (vertices, normals) = (new Vector3[surface.Positions.Length / 3], new Vector3[surface.Positions.Length / 3]);
            for (var i = 0; i < vertices.Length; i++)
            {
                var p = _frame.ToUnity(new Double3(surface.Positions[3 * i], surface.Positions[3 * i + 1], surface.Positions[3 * i + 2]) * UnityFrame.NmPerUnit);
                vertices[i] = new Vector3((float)p.X, (float)p.Y, (float)p.Z);
                normals[i] = new Vector3(surface.Normals[3 * i], -surface.Normals[3 * i + 1], surface.Normals[3 * i + 2]);
            }
            // One axis changes its sign, which turns triangles round; but Unity winds them the other way than glTF, so they stay.
            var mesh = new Mesh { name = "surface", indexFormat = IndexFormat.UInt32, vertices = vertices, normals = normals, triangles = surface.Indices };
            if (surface.Colours is { } rgba)
            {
                var colours = new Color32[vertices.Length];
                for (var i = 0; i < colours.Length; i++)
                    colours[i] = new Color32(rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]);
                mesh.colors32 = colours;
            }
            mesh.RecalculateBounds();
            _surfaceMaterial = new Material(_surfaceShader != null ? _surfaceShader : Shader.Find("VisionCell/Surface"));
            var result = new GameObject("surface");
            result.AddComponent<MeshFilter>().sharedMesh = mesh;
            result.AddComponent<MeshRenderer>().sharedMaterial = _surfaceMaterial;
            return result;
        }

        private void OnDestroy()
        {
            foreach (var layer in _layers)
            {
                if (layer != null)
                    Destroy(layer.gameObject);
            }
            if (_surface != null)
                Destroy(_surface);
            if (_surfaceMaterial != null)
                Destroy(_surfaceMaterial);
        }
    }
}
