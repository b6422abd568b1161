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
        [SerializeField] private Material? _surfaceMaterial;
        [SerializeField] private int _memoryMegabytes = 512;

        private readonly List<VolumeLayer> _layers = new List<VolumeLayer>();
        private Camera _camera = null!;
        private UnityFrame _frame = null!;
        private GameObject? _surface;

        /// <summary>Folder of the scene.</summary>
        public string Folder
        {
            get => _folder;
            set => _folder = value;
        }

        public IReadOnlyList<VolumeLayer> Layers => _layers;

        /// <summary>The surface, or null.</summary>
        public GameObject? Surface => _surface;

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
                layer.gameObject.SetActive(info.Kind == VolumeKind.Image);
                if (info.Kind == VolumeKind.Uncertainty)
                    layer.Transfer = TransferFunction.OfPoints((0, new Rgba(1, 0.2f, 0, 0)), (1, new Rgba(1, 0.2f, 0, 0.3f)));
                _layers.Add(layer);
            }
            if (manifest.Mesh is { } mesh)
            {
                var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, mesh));
                _surface = Build(await Task.Run(() => GlbSurface.Parse(bytes)));
            }
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
            foreach (var shown in view.Layers)
            {
                if (shown.Name == "surface" && _surface != null)
                    _surface.SetActive(shown.Visible);
                foreach (var layer in _layers)
                {
                    if (layer.Info.Name != shown.Name)
                        continue;
                    layer.gameObject.SetActive(shown.Visible);
                    layer.Parameters.Opacity = shown.Opacity;
                    if (shown.Window is { } window)
                        layer.Parameters.Window = (window[0], window[1]);
                }
            }
        }

        /// <summary>What is shown now, for view.json.</summary>
        public ViewFile Current()
        {
            var view = new ViewFile();
            var camera = view.Camera;
            (camera.TargetNm, camera.Orientation, camera.Orthographic, camera.HeightNm) = (View.TargetNm, View.Orientation, View.Orthographic, View.HeightNm);
            view.ClipPlanes.AddRange(ClipPlanes);
            foreach (var layer in _layers)
                view.Layers.Add(new LayerView(layer.Info.Name, layer.gameObject.activeSelf, layer.Parameters.Opacity, new[] { layer.Parameters.Window.Low, layer.Parameters.Window.High }));
            if (_surface != null)
                view.Layers.Add(new LayerView("surface", _surface.activeSelf));
            return view;
        }

        /// <summary>What lies under a point of the screen: the first voxel that is not transparent, its value, and the object there.</summary>
        public (Pick Pick, double Value, int Label)? PickAt(Vector3 screen)
        {
            VolumeLayer? image = null, labels = null;
            foreach (var layer in _layers)
            {
                if (layer.Info.Kind == VolumeKind.Image)
                    image = layer;
                else if (layer.Info.Kind == VolumeKind.Labels)
                    labels = layer;
            }
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
            return (pick, image.ValueAt(pick.X, pick.Y, pick.Z), labels == null ? 0 : (int)labels.ValueAt(pick.X, pick.Y, pick.Z));
        }

        private void LateUpdate()
        {
            if (_frame == null)
                return;
            var aspect = (double)Screen.width / Screen.height;
            foreach (var layer in _layers)
            {
                layer.Clip.Planes.Clear();
                layer.Clip.Planes.AddRange(ClipPlanes);
                if (layer.gameObject.activeSelf)
                    layer.Look(View, Screen.height, aspect);
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
            mesh.RecalculateBounds();
            var result = new GameObject("surface");
            result.AddComponent<MeshFilter>().sharedMesh = mesh;
            result.AddComponent<MeshRenderer>().sharedMaterial = _surfaceMaterial != null ? _surfaceMaterial : new Material(Shader.Find("Standard"));
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
        }
    }
}
