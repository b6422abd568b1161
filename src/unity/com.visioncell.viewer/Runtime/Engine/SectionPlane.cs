#nullable enable
using UnityEngine;

namespace VisionCell.Viewer.Engine
{
    /// <summary>A section in any direction, as a card in space with the grey values on it; it may cut the volume away in front of it.</summary>
    public sealed class SectionPlane : MonoBehaviour
    {
        [SerializeField] private SceneViewer? _scene;
        [SerializeField] private Shader? _shader;

        private Material? _material;

        /// <summary>Angle between the normal and z, degrees.</summary>
        public float Tilt { get; set; }

        /// <summary>Direction into which the normal is tilted, degrees from x towards y.</summary>
        public float Azimuth { get; set; }

        /// <summary>Distance from the middle of the volume, nm.</summary>
        public float OffsetNm { get; set; }

        /// <summary>Whether what lies on the far side of the normal is cut away.</summary>
        public bool Cuts { get; set; }

        public SceneViewer? Scene
        {
            get => _scene;
            set => _scene = value;
        }

        /// <summary>The plane in the frame of the volume.</summary>
        public ClipPlane Plane(VolumeInfo info)
        {
            var turn = Turn();
            var normal = turn.Apply(new Double3(0, 0, 1));
            return new ClipPlane(normal, normal.Dot((info.LowCornerNm + info.HighCornerNm) * 0.5) + OffsetNm);
        }

        private Rotation Turn() => Rotation.About(new Double3(0, 0, 1), Azimuth * Mathf.Deg2Rad) * Rotation.About(new Double3(0, 1, 0), Tilt * Mathf.Deg2Rad);

        private void LateUpdate()
        {
            if (_scene == null || _scene.Grey is not { } layer)
                return;
            if (_material == null)
            {
                _material = new Material(_shader != null ? _shader : Shader.Find("VisionCell/Section"));
                gameObject.AddComponent<MeshFilter>().sharedMesh = Card();
                gameObject.AddComponent<MeshRenderer>().sharedMaterial = _material;
            }
            var info = layer.Info;
            var plane = Plane(info);
            var middle = (info.LowCornerNm + info.HighCornerNm) * 0.5;
            var place = _scene.Frame.ToUnity(middle + plane.Normal * OffsetNm);
            var q = UnityFrame.ToUnity(Turn());
            var size = (float)((info.HighCornerNm - info.LowCornerNm).Length / UnityFrame.NmPerUnit);
            transform.SetPositionAndRotation(new Vector3((float)place.X, (float)place.Y, (float)place.Z), new Quaternion((float)q.X, (float)q.Y, (float)q.Z, (float)q.W));
            transform.localScale = new Vector3(size, size, size);
            layer.Bind(_material);
        }

        private static Mesh Card() => new Mesh
        {
            name = "section",
            vertices = new[] { new Vector3(-0.5f, -0.5f, 0), new Vector3(0.5f, -0.5f, 0), new Vector3(-0.5f, 0.5f, 0), new Vector3(0.5f, 0.5f, 0) },
            triangles = new[] { 0, 2, 1, 1, 2, 3 },
        };

        private void OnDestroy()
        {
            if (_material != null)
                Destroy(_material);
        }
    }
}
