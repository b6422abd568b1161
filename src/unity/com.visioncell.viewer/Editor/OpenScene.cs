#nullable enable
using System.IO;
using UnityEditor;
using UnityEngine;
using VisionCell.Viewer.Engine;

namespace VisionCell.Viewer.Editor
{
    /// <summary>Menu: puts a camera with the viewer into the open scene, for a folder that is chosen.</summary>
    public static class OpenScene
    {
        [MenuItem("GameObject/Vision Cell/Viewer of a scene…")]
        public static void Create()
        {
            var folder = EditorUtility.OpenFolderPanel("Folder of 'visioncell export unity'", "", "");
            if (string.IsNullOrEmpty(folder))
                return;
            try
            {
                SceneManifest.Parse(File.ReadAllText(Path.Combine(folder, "scene.json")));
            }
            catch (System.Exception e) when (e is IOException || e is InvalidDataException)
            {
                EditorUtility.DisplayDialog("Vision Cell", $"{folder}: {e.Message}", "OK");
                return;
            }
            var viewer = new GameObject("Vision Cell");
            viewer.AddComponent<Camera>();
            viewer.AddComponent<SceneViewer>().Folder = folder;
            viewer.AddComponent<OrbitInput>();
            viewer.AddComponent<ViewerPanel>();
            var section = new GameObject("Vision Cell section").AddComponent<SectionPlane>();
            section.Scene = viewer.transform.GetComponent<SceneViewer>();
            section.gameObject.SetActive(false);
            viewer.transform.GetComponent<ViewerPanel>().Section = section;
            Undo.RegisterCreatedObjectUndo(viewer, "Vision Cell");
        }
    }
}
