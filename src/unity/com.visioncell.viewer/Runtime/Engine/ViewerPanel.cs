#nullable enable
using System.Globalization;
using System.IO;
using UnityEngine;

namespace VisionCell.Viewer.Engine
{
    /// <summary>Layers, mode, window, section, light, screenshots and views; a ruler in nanometres, and the value under the pointer.</summary>
    [RequireComponent(typeof(SceneViewer))]
    public sealed class ViewerPanel : MonoBehaviour
    {
        [SerializeField] private SectionPlane? _section;

        private SceneViewer _scene = null!;
        private string _picked = "";
        private string _said = "";
        private float _lightTurn = 210;

        /// <summary>The section that the panel moves; null for none.</summary>
        public SectionPlane? Section
        {
            get => _section;
            set => _section = value;
        }

        private void Awake() => _scene = GetComponent<SceneViewer>();

        private void Update()
        {
            if (Input.GetKeyDown(KeyCode.R))
                _scene.Shown?.SwapRaw();
            if (Input.GetKeyDown(KeyCode.U))
                _scene.Shown?.Toggle(VolumeKind.Uncertainty);
            if (!Input.GetKeyDown(KeyCode.P))
                return;
            _picked = _scene.PickAt(Input.mousePosition) is { } found
                ? string.Format(CultureInfo.InvariantCulture, "voxel {0}, {1}, {2}: {3:0.###}{4}", found.Pick.X, found.Pick.Y, found.Pick.Z, found.Value, found.Label > 0 ? $", object {found.Label}" : "")
                : "nothing there";
        }

        private void OnGUI()
        {
            GUILayout.BeginArea(new Rect(10, 10, 260, Screen.height - 20));
            if (_scene.Failure is { } failure)
                GUILayout.Label(failure);
            else if (_scene.Progress < 1)
                GUILayout.Label($"loading {_scene.Progress:P0}");
            if (_scene.Shown is { } shown)
            {
                if (shown.HasRaw && GUILayout.Button("raw / reconstruction (R)"))
                    shown.SwapRaw();
                foreach (var layer in _scene.Layers)
                    Layer(layer, shown.Find(layer.Info.Name)!);
                if (shown.Find(LayerSwitch.Surface) is { } surface)
                {
                    surface.Visible = GUILayout.Toggle(surface.Visible, LayerSwitch.Surface);
                    if (_scene.HasSurfaceColours)
                        _scene.SurfaceLook.VertexColours = GUILayout.Toggle(_scene.SurfaceLook.VertexColours, "colours of the surface");
                }
            }
            _scene.View.Orthographic = GUILayout.Toggle(_scene.View.Orthographic, "orthographic");
            SectionControls();
            GUILayout.Label("light");
            _lightTurn = GUILayout.HorizontalSlider(_lightTurn, 0, 360);
            foreach (var layer in _scene.Layers)
                layer.Parameters.Light = new Double3(Mathf.Cos(_lightTurn * Mathf.Deg2Rad), Mathf.Sin(_lightTurn * Mathf.Deg2Rad), -0.8);
            if (GUILayout.Button("screenshot"))
            {
                var path = Path.Combine(Application.persistentDataPath, "visioncell.png");
                ScreenCapture.CaptureScreenshot(path);
                _said = path;
            }
            if (GUILayout.Button("save view"))
            {
                _said = Path.Combine(Application.persistentDataPath, "view.json");
                File.WriteAllText(_said, _scene.Current().ToString());
            }
            GUILayout.Label(_said);
            GUILayout.Label("P: " + _picked);
            GUILayout.EndArea();
            DrawRuler();
        }

        private static void Layer(VolumeLayer layer, LayerView shown)
        {
            shown.Visible = GUILayout.Toggle(shown.Visible, layer.Info.Name);
            if (!shown.Visible)
                return;
            var p = layer.Parameters;
            p.Mode = (RenderMode)GUILayout.Toolbar((int)p.Mode, new[] { "volume", "maximum", "surface" });
            shown.Opacity = GUILayout.HorizontalSlider((float)shown.Opacity, 0, 1);
            if (p.Mode == RenderMode.Surface)
                p.IsoValue = GUILayout.HorizontalSlider((float)p.IsoValue, (float)p.Window.Low, (float)p.Window.High);
            p.Shadow = GUILayout.Toggle(p.Shadow > 0, "shadows") ? 0.7 : 0;
        }

        private void SectionControls()
        {
            if (_section == null || _scene.Layers.Count == 0)
                return;
            _section.gameObject.SetActive(GUILayout.Toggle(_section.gameObject.activeSelf, "section"));
            _scene.ClipPlanes.Clear();
            if (!_section.gameObject.activeSelf)
                return;
            var info = _scene.Layers[0].Info;
            var reach = (float)(info.HighCornerNm - info.LowCornerNm).Length / 2;
            _section.Tilt = GUILayout.HorizontalSlider(_section.Tilt, 0, 180);
            _section.Azimuth = GUILayout.HorizontalSlider(_section.Azimuth, 0, 360);
            _section.OffsetNm = GUILayout.HorizontalSlider(_section.OffsetNm, -reach, reach);
            GUILayout.Label(string.Format(CultureInfo.InvariantCulture, "tilt {0:0}°, azimuth {1:0}°, {2:0} nm", _section.Tilt, _section.Azimuth, _section.OffsetNm));
            _section.Cuts = GUILayout.Toggle(_section.Cuts, "cut away behind");
            if (_section.Cuts)
                _scene.ClipPlanes.Add(_section.Plane(info));
        }

        private void DrawRuler()
        {
            var ruler = Ruler.Within(_scene.View.PixelNm(Screen.height, _scene.View.DistanceNm), Screen.width / 4.0);
            var place = new Rect(Screen.width - 20 - (float)ruler.Pixels, Screen.height - 30, (float)ruler.Pixels, 4);
            GUI.DrawTexture(place, Texture2D.whiteTexture);
            GUI.Label(new Rect(place.x, place.y - 22, 120, 20), ruler.Label);
        }
    }
}
