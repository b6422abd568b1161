#nullable enable
using System.Collections;
using System.IO;
using NUnit.Framework;
using UnityEngine;
using UnityEngine.TestTools;
using VisionCell.Viewer.Engine;

namespace VisionCell.Viewer.PlayModeTests
{
    /// <summary>
    /// Opens the scene that the environment variable VISIONCELL_SCENE names (a folder of 'visioncell export unity'), draws it and picks.
    /// </summary>
    public sealed class SceneViewerTests
    {
        [UnityTest]
        public IEnumerator ASceneIsLoadedDrawnAndPicked()
        {
            var folder = System.Environment.GetEnvironmentVariable("VISIONCELL_SCENE");
            if (string.IsNullOrEmpty(folder) || !File.Exists(Path.Combine(folder, "scene.json")))
                Assert.Ignore("set VISIONCELL_SCENE to a folder that 'visioncell export unity' wrote");
            var holder = new GameObject("viewer");
            holder.SetActive(false);
            var camera = holder.AddComponent<Camera>();
            var viewer = holder.AddComponent<SceneViewer>();
            viewer.Folder = folder!;
            holder.SetActive(true);
            for (var frame = 0; frame < 600 && viewer.Progress < 1; frame++)
                yield return null;
            Assert.That(viewer.Failure, Is.Null);
            Assert.That(viewer.Progress, Is.EqualTo(1));
            var target = new RenderTexture(128, 96, 24);
            camera.targetTexture = target;
            camera.Render();
            RenderTexture.active = target;
            var picture = new Texture2D(128, 96, TextureFormat.RGBA32, false, true);
            picture.ReadPixels(new Rect(0, 0, 128, 96), 0, 0);
            var different = 0;
            var first = picture.GetPixel(0, 0);
            for (var x = 0; x < 128; x++)
                different += picture.GetPixel(x, 48) != first ? 1 : 0;
            Assert.That(different, Is.GreaterThan(10), "the middle of the picture shows the volume");
            var middle = viewer.PickAt(new Vector3(Screen.width / 2f, Screen.height / 2f, 0));
            if (middle is { } found)
                Assert.That(found.Value, Is.EqualTo(viewer.Layers[0].ValueAt(found.Pick.X, found.Pick.Y, found.Pick.Z)));
            Object.Destroy(holder);
        }
    }
}
