#nullable enable
using UnityEngine;

namespace VisionCell.Viewer.Engine
{
    /// <summary>
    /// Turns, moves and zooms by mouse (left, right or middle, wheel), touch (one finger, two fingers) and gamepad (stick, with a shoulder
    /// button to move). Uses the Input Manager; with the Input System alone, set Active Input Handling to Both.
    /// </summary>
    [RequireComponent(typeof(SceneViewer))]
    public sealed class OrbitInput : MonoBehaviour
    {
        private const float StickPerSecond = 0.8f;
        private const float WheelStep = 1.15f;

        private SceneViewer _scene = null!;
        private Vector3 _last;

        private void Awake() => _scene = GetComponent<SceneViewer>();

        private void Update()
        {
            if (GUIUtility.hotControl != 0)
                return;
            var half = Screen.height / 2f;
            var view = _scene.View;
            if (Input.touchCount == 1)
            {
                var delta = Input.GetTouch(0).deltaPosition;
                view.Orbit(delta.x / half, -delta.y / half);
            }
            else if (Input.touchCount >= 2)
            {
                var (a, b) = (Input.GetTouch(0), Input.GetTouch(1));
                var middle = (a.deltaPosition + b.deltaPosition) * 0.5f;
                view.Pan(middle.x / half, -middle.y / half);
                var now = (a.position - b.position).magnitude;
                var before = (a.position - a.deltaPosition - (b.position - b.deltaPosition)).magnitude;
                if (before > 1 && now > 1)
                    Zoom(now / before, (a.position + b.position) * 0.5f);
            }
            else
            {
                Mouse(view, half);
            }
            var (x, y) = (Input.GetAxis("Horizontal") * StickPerSecond * Time.deltaTime, Input.GetAxis("Vertical") * StickPerSecond * Time.deltaTime);
            if (Input.GetKey(KeyCode.JoystickButton4))
                view.Pan(-x, y);
            else if (Input.GetKey(KeyCode.JoystickButton5))
                Zoom(Mathf.Pow(2, y), new Vector2(Screen.width / 2f, half));
            else
                view.Orbit(-x, y);
        }

        private void Mouse(OrbitCamera view, float half)
        {
            var now = Input.mousePosition;
            var delta = (now - _last) * (1 / half);
            _last = now;
            if (Input.GetMouseButtonDown(0) || Input.GetMouseButtonDown(1) || Input.GetMouseButtonDown(2))
                return;
            if (Input.GetMouseButton(1) || Input.GetMouseButton(2))
                view.Pan(delta.x, -delta.y);
            else if (Input.GetMouseButton(0))
                view.Orbit(delta.x, -delta.y);
            var wheel = Input.mouseScrollDelta.y;
            if (wheel != 0)
                Zoom(Mathf.Pow(WheelStep, wheel), new Vector2(now.x, now.y));
        }

        private void Zoom(float factor, Vector2 at) =>
            _scene.View.Zoom(factor, at.x / Screen.width * 2 - 1, 1 - at.y / Screen.height * 2, (double)Screen.width / Screen.height);
    }
}
