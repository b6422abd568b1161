#nullable enable
// The part of Unity's scripting API (2022.3 LTS, docs.unity3d.com/2022.3/Documentation/ScriptReference) that the package's scripts use, declared
// by hand. Bodies do nothing: this is compiled, never run.
using System;

namespace UnityEngine
{
    public class Object
    {
        public string name { get; set; } = "";

        public static void Destroy(Object obj) => throw new NotSupportedException();

        public static implicit operator bool(Object? exists) => throw new NotSupportedException();

        public static bool operator ==(Object? x, Object? y) => throw new NotSupportedException();

        public static bool operator !=(Object? x, Object? y) => throw new NotSupportedException();

        public override bool Equals(object? other) => throw new NotSupportedException();

        public override int GetHashCode() => throw new NotSupportedException();
    }

    public class Component : Object
    {
        public GameObject gameObject => throw new NotSupportedException();

        public Transform transform => throw new NotSupportedException();

        public T GetComponent<T>() => throw new NotSupportedException();
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; }
    }

    public class MonoBehaviour : Behaviour
    {
    }

    public sealed class GameObject : Object
    {
        public GameObject(string name)
        {
        }

        public bool activeSelf => throw new NotSupportedException();

        public Transform transform => throw new NotSupportedException();

        public T AddComponent<T>()
            where T : Component => throw new NotSupportedException();

        public void SetActive(bool value) => throw new NotSupportedException();
    }

    public class Transform : Component
    {
        public Vector3 localScale { get; set; }

        public void SetPositionAndRotation(Vector3 position, Quaternion rotation) => throw new NotSupportedException();

        public void SetParent(Transform? p) => throw new NotSupportedException();
    }

    public struct Vector2
    {
        public float x;
        public float y;

        public Vector2(float x, float y) => (this.x, this.y) = (x, y);

        public float magnitude => throw new NotSupportedException();

        public static Vector2 operator +(Vector2 a, Vector2 b) => throw new NotSupportedException();

        public static Vector2 operator -(Vector2 a, Vector2 b) => throw new NotSupportedException();

        public static Vector2 operator *(Vector2 a, float d) => throw new NotSupportedException();
    }

    public struct Vector3
    {
        public float x;
        public float y;
        public float z;

        public Vector3(float x, float y, float z) => (this.x, this.y, this.z) = (x, y, z);

        public static Vector3 operator -(Vector3 a, Vector3 b) => throw new NotSupportedException();

        public static Vector3 operator *(Vector3 a, float d) => throw new NotSupportedException();
    }

    public struct Vector4
    {
        public float x;
        public float y;
        public float z;
        public float w;

        public Vector4(float x, float y, float z, float w) => (this.x, this.y, this.z, this.w) = (x, y, z, w);
    }

    public struct Color32
    {
        public byte r;
        public byte g;
        public byte b;
        public byte a;

        public Color32(byte r, byte g, byte b, byte a) => (this.r, this.g, this.b, this.a) = (r, g, b, a);
    }

    public struct Quaternion
    {
        public float x;
        public float y;
        public float z;
        public float w;

        public Quaternion(float x, float y, float z, float w) => (this.x, this.y, this.z, this.w) = (x, y, z, w);
    }

    public struct Matrix4x4
    {
        public static Matrix4x4 identity => throw new NotSupportedException();

        public float this[int row, int column]
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height) => (this.x, this.y, this.width, this.height) = (x, y, width, height);

        public float x { get; set; }

        public float y { get; set; }

        public float width { get; set; }

        public float height { get; set; }
    }

    public struct Mathf
    {
        public const float Deg2Rad = (float)Math.PI / 180;

        public static float Cos(float f) => throw new NotSupportedException();

        public static float Sin(float f) => throw new NotSupportedException();

        public static float Pow(float f, float p) => throw new NotSupportedException();
    }

    public sealed class Camera : Behaviour
    {
        public bool orthographic { get; set; }

        public float orthographicSize { get; set; }

        public float fieldOfView { get; set; }

        public float nearClipPlane { get; set; }

        public float farClipPlane { get; set; }
    }

    public sealed class Mesh : Object
    {
        public Rendering.IndexFormat indexFormat { get; set; }

        public Vector3[] vertices { get; set; } = Array.Empty<Vector3>();

        public Vector3[] normals { get; set; } = Array.Empty<Vector3>();

        public int[] triangles { get; set; } = Array.Empty<int>();

        public Color32[] colors32 { get; set; } = Array.Empty<Color32>();

        public void RecalculateBounds() => throw new NotSupportedException();
    }

    public sealed class MeshFilter : Component
    {
        public Mesh sharedMesh { get; set; } = null!;
    }

    public class Renderer : Component
    {
        public Material sharedMaterial { get; set; } = null!;

        public Rendering.ShadowCastingMode shadowCastingMode { get; set; }
    }

    public sealed class MeshRenderer : Renderer
    {
    }

    public sealed class Shader : Object
    {
        public static Shader Find(string name) => throw new NotSupportedException();
    }

    public class Material : Object
    {
        public Material(Shader shader)
        {
        }

        public void SetVector(string name, Vector4 value) => throw new NotSupportedException();

        public void SetVectorArray(string name, Vector4[] values) => throw new NotSupportedException();

        public void SetMatrix(string name, Matrix4x4 value) => throw new NotSupportedException();

        public void SetTexture(string name, Texture value) => throw new NotSupportedException();
    }

    public enum TextureFormat
    {
        R8 = 63,
        R16 = 9,
        RGBAFloat = 20,
    }

    public enum FilterMode
    {
        Point = 0,
        Bilinear = 1,
    }

    public enum TextureWrapMode
    {
        Clamp = 1,
    }

    public class Texture : Object
    {
        public int width => throw new NotSupportedException();

        public int height => throw new NotSupportedException();

        public FilterMode filterMode { get; set; }

        public TextureWrapMode wrapMode { get; set; }
    }

    public sealed class Texture2D : Texture
    {
        public Texture2D(int width, int height, TextureFormat textureFormat, bool mipChain, bool linear)
        {
        }

        public static Texture2D whiteTexture => throw new NotSupportedException();

        public void SetPixelData<T>(T[] data, int mipLevel, int sourceDataStartIndex = 0) => throw new NotSupportedException();

        public void Apply(bool updateMipmaps, bool makeNoLongerReadable) => throw new NotSupportedException();
    }

    public sealed class Texture3D : Texture
    {
        public Texture3D(int width, int height, int depth, TextureFormat textureFormat, bool mipChain)
        {
        }

        public Texture3D(int width, int height, int depth, Experimental.Rendering.GraphicsFormat format, Experimental.Rendering.TextureCreationFlags flags)
        {
        }

        public void SetPixelData<T>(T[] data, int mipLevel, int sourceDataStartIndex = 0) => throw new NotSupportedException();

        public void Apply(bool updateMipmaps, bool makeNoLongerReadable) => throw new NotSupportedException();
    }

    public static class Graphics
    {
        public static void CopyTexture(Texture src, int srcElement, int srcMip, int srcX, int srcY, int srcWidth, int srcHeight, Texture dst, int dstElement, int dstMip, int dstX, int dstY) => throw new NotSupportedException();
    }

    public static class SystemInfo
    {
        public static int maxTexture3DSize => throw new NotSupportedException();
    }

    public static class Screen
    {
        public static int width => throw new NotSupportedException();

        public static int height => throw new NotSupportedException();
    }

    public static class Time
    {
        public static float deltaTime => throw new NotSupportedException();
    }

    public static class Application
    {
        public static string streamingAssetsPath => throw new NotSupportedException();

        public static string persistentDataPath => throw new NotSupportedException();
    }

    public static class Debug
    {
        public static void LogError(object message) => throw new NotSupportedException();
    }

    public static class ScreenCapture
    {
        public static void CaptureScreenshot(string filename) => throw new NotSupportedException();
    }

    public enum KeyCode
    {
        P = 112,
        R = 114,
        U = 117,
        JoystickButton4 = 334,
        JoystickButton5 = 335,
    }

    public struct Touch
    {
        public Vector2 position => throw new NotSupportedException();

        public Vector2 deltaPosition => throw new NotSupportedException();
    }

    public static class Input
    {
        public static int touchCount => throw new NotSupportedException();

        public static Vector3 mousePosition => throw new NotSupportedException();

        public static Vector2 mouseScrollDelta => throw new NotSupportedException();

        public static Touch GetTouch(int index) => throw new NotSupportedException();

        public static float GetAxis(string axisName) => throw new NotSupportedException();

        public static bool GetKey(KeyCode key) => throw new NotSupportedException();

        public static bool GetKeyDown(KeyCode key) => throw new NotSupportedException();

        public static bool GetMouseButton(int button) => throw new NotSupportedException();

        public static bool GetMouseButtonDown(int button) => throw new NotSupportedException();
    }

    public static class GUIUtility
    {
        public static int hotControl { get; set; }
    }

    public class GUILayoutOption
    {
    }

    public static class GUILayout
    {
        public static void BeginArea(Rect screenRect) => throw new NotSupportedException();

        public static void EndArea() => throw new NotSupportedException();

        public static void Label(string text, params GUILayoutOption[] options) => throw new NotSupportedException();

        public static bool Button(string text, params GUILayoutOption[] options) => throw new NotSupportedException();

        public static bool Toggle(bool value, string text, params GUILayoutOption[] options) => throw new NotSupportedException();

        public static int Toolbar(int selected, string[] texts, params GUILayoutOption[] options) => throw new NotSupportedException();

        public static float HorizontalSlider(float value, float leftValue, float rightValue, params GUILayoutOption[] options) => throw new NotSupportedException();
    }

    public static class GUI
    {
        public static void DrawTexture(Rect position, Texture image) => throw new NotSupportedException();

        public static void Label(Rect position, string text) => throw new NotSupportedException();
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type requiredComponent)
        {
        }
    }
}

namespace UnityEngine.Rendering
{
    public enum IndexFormat
    {
        UInt16 = 0,
        UInt32 = 1,
    }

    public enum ShadowCastingMode
    {
        Off = 0,
    }
}

namespace UnityEngine.Experimental.Rendering
{
    public enum GraphicsFormat
    {
        R8G8B8A8_UInt = 20,
    }

    [Flags]
    public enum TextureCreationFlags
    {
        None = 0,
    }
}

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute
    {
        public MenuItem(string itemName)
        {
        }
    }

    public static class EditorUtility
    {
        public static string OpenFolderPanel(string title, string folder, string defaultName) => throw new NotSupportedException();

        public static bool DisplayDialog(string title, string message, string ok) => throw new NotSupportedException();
    }

    public static class Undo
    {
        public static void RegisterCreatedObjectUndo(UnityEngine.Object objectToUndo, string name) => throw new NotSupportedException();
    }
}
