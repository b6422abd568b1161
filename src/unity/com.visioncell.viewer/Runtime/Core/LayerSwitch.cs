#nullable enable
using System.Collections.Generic;

namespace VisionCell.Viewer
{
    /// <summary>
    /// Which layers of a scene are shown: the reconstruction, the raw sections as they were acquired, the uncertainty over either, labels and
    /// the surface. The two grey volumes fill the same space, so one hides the other; they are swapped in place.
    /// </summary>
    public sealed class LayerSwitch
    {
        /// <summary>Name of the surface, in view.json too.</summary>
        public const string Surface = "surface";

        private readonly List<LayerView> _layers = new List<LayerView>();
        private readonly SceneManifest _scene;

        /// <summary>A scene as it opens: the reconstruction and the surface.</summary>
        public LayerSwitch(SceneManifest scene)
        {
            _scene = scene;
            foreach (var volume in scene.Volumes)
                _layers.Add(new LayerView(volume.Name, volume.Kind == VolumeKind.Image));
            if (scene.Mesh != null)
                _layers.Add(new LayerView(Surface));
        }

        /// <summary>The layers, in the order of the scene.</summary>
        public IReadOnlyList<LayerView> Layers => _layers;

        /// <summary>The layer of that name, or null.</summary>
        public LayerView? Find(string name) => _layers.Find(l => l.Name == name);

        /// <summary>Whether a layer is shown; one that the scene has not got is not.</summary>
        public bool IsShown(string name) => Find(name) is { } layer && layer.Visible;

        /// <summary>Whether the scene has raw sections.</summary>
        public bool HasRaw => Of(VolumeKind.Raw) != null;

        /// <summary>The grey volume that sections and picking read: the raw one where that alone is shown, else the reconstruction.</summary>
        public VolumeInfo Grey
        {
            get
            {
                var (image, raw) = (Of(VolumeKind.Image), Of(VolumeKind.Raw));
                return raw != null && IsShown(raw.Name) && (image == null || !IsShown(image.Name)) ? raw : image ?? _scene.Volumes[0];
            }
        }

        /// <summary>Shows or hides every layer of a kind, as a key does.</summary>
        public void Toggle(VolumeKind kind)
        {
            foreach (var volume in _scene.Volumes)
            {
                if (volume.Kind == kind && Find(volume.Name) is { } layer)
                    layer.Visible = !layer.Visible;
            }
        }

        /// <summary>The raw sections in place of the reconstruction, or the other way round; where neither was shown, the reconstruction.</summary>
        public void SwapRaw()
        {
            if (Of(VolumeKind.Raw) is not { } raw || Of(VolumeKind.Image) is not { } image)
                return;
            var (rawLayer, imageLayer) = (Find(raw.Name)!, Find(image.Name)!);
            (rawLayer.Visible, imageLayer.Visible) = (imageLayer.Visible, !imageLayer.Visible);
        }

        /// <summary>What a view says of layers; those that it does not name stay, those that the scene has not got are passed over.</summary>
        public void Apply(IEnumerable<LayerView> layers)
        {
            foreach (var given in layers)
            {
                if (Find(given.Name) is not { } layer)
                    continue;
                layer.Visible = given.Visible;
                layer.Opacity = given.Opacity;
                if (given.Window is { } window)
                    layer.Window = window;
            }
        }

        private VolumeInfo? Of(VolumeKind kind)
        {
            foreach (var volume in _scene.Volumes)
            {
                if (volume.Kind == kind)
                    return volume;
            }
            return null;
        }
    }
}
