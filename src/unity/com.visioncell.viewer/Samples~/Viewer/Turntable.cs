#nullable enable
using UnityEngine;
using VisionCell.Viewer.Engine;

namespace VisionCell.Viewer.Samples
{
    /// <summary>Turns the scene slowly about the vertical. Put it beside a SceneViewer whose folder is set.</summary>
    [RequireComponent(typeof(SceneViewer))]
    public sealed class Turntable : MonoBehaviour
    {
        [SerializeField] private float _secondsPerTurn = 20;

        private SceneViewer _scene = null!;

        private void Awake() => _scene = GetComponent<SceneViewer>();

        // A drag by half the height of the picture is a right angle.
        private void Update() => _scene.View.Orbit(4 * Time.deltaTime / _secondsPerTurn, 0);
    }
}
