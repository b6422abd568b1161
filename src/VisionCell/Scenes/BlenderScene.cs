using System.ComponentModel.DataAnnotations;

namespace VisionCell.Scenes;

/// <summary>
/// A scene for Blender, all of it: what <c>src/blender/visioncell_scene.py</c> builds and renders, as <c>scene.json</c>. Points are
/// nanometres <c>[x, y, z]</c> in the volume's own frame (x right, y down the images, z deeper); paths are relative to the file.
/// </summary>
/// <param name="BoundsNm">The box of the data: what cameras frame and axes measure.</param>
/// <param name="Name">Name of the scene.</param>
/// <param name="UnitNm">Nanometres in one Blender unit. 1000 (a micrometre) suits Blender's grids and clipping for cells.</param>
/// <param name="Meshes">Surfaces.</param>
/// <param name="Sections">Pictures of sections, as cards in space.</param>
/// <param name="Volumes">Dense volumes.</param>
/// <param name="Camera">What is seen.</param>
/// <param name="Lights">Suns, added up.</param>
/// <param name="Environment">Even light from all around.</param>
/// <param name="Cutaways">Boxes and half-spaces in which nothing is shown.</param>
/// <param name="ScaleBar">A bar of known length; null for none.</param>
/// <param name="Axes">Edges of the bounds with ticks; null for none.</param>
/// <param name="Labels">Words at points.</param>
/// <param name="Animation">Movement of the camera; null for one picture.</param>
/// <param name="Render">Size, samples, background.</param>
public sealed record BlenderScene(
    SceneBox BoundsNm,
    [property: StringLength(200, MinimumLength = 1)] string Name = "scene",
    [property: Range(1e-3, 1e9)] double UnitNm = 1000,
    IReadOnlyList<SceneMesh>? Meshes = null,
    IReadOnlyList<SceneSection>? Sections = null,
    IReadOnlyList<SceneVolume>? Volumes = null,
    SceneCamera? Camera = null,
    IReadOnlyList<SceneLight>? Lights = null,
    SceneEnvironment? Environment = null,
    IReadOnlyList<SceneCutaway>? Cutaways = null,
    SceneScaleBar? ScaleBar = null,
    SceneAxes? Axes = null,
    IReadOnlyList<SceneLabel>? Labels = null,
    SceneAnimation? Animation = null,
    SceneRender? Render = null);

/// <summary>A box along the axes, nm.</summary>
/// <param name="Min">Its lowest corner.</param>
/// <param name="Max">Its highest corner.</param>
public sealed record SceneBox(Vector3 Min, Vector3 Max);

/// <summary>A surface.</summary>
/// <param name="Path">PLY (binary, nm) or GLB (micrometres) as <c>visioncell mesh</c> writes them.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Material">How it looks.</param>
/// <param name="Cut">Whether cutaways apply.</param>
public sealed record SceneMesh(string Path, string Name = "surface", SceneMaterial? Material = null, bool Cut = true);

/// <summary>How a surface looks.</summary>
/// <param name="Colour">sRGB.</param>
/// <param name="VertexColours">Colours of the mesh file in place of <paramref name="Colour"/>.</param>
/// <param name="Opacity">0 to 1.</param>
/// <param name="Roughness">0 mirrors, 1 is matt.</param>
/// <param name="Metallic">0 for what is alive, 1 for metal.</param>
/// <param name="Specular">Strength of highlights; 0.5 is that of water and plastics.</param>
/// <param name="Emission">Light of its own, in multiples of its colour.</param>
public sealed record SceneMaterial(
    [property: RegularExpression(SceneColour.Pattern)] string Colour = "#c8b8a6",
    bool VertexColours = false,
    [property: Range(0, 1)] double Opacity = 1,
    [property: Range(0, 1)] double Roughness = 0.6,
    [property: Range(0, 1)] double Metallic = 0,
    [property: Range(0, 1)] double Specular = 0.3,
    [property: Range(0, 100)] double Emission = 0);

/// <summary>A picture of a section as a card in space. Its grey values come out as they are, lit by nothing, and from behind it is seen as through glass: mirrored.</summary>
/// <param name="Path">PNG, 8 bits.</param>
/// <param name="CornerNm">Outer corner of its first pixel.</param>
/// <param name="AcrossNm">From there along its whole first row.</param>
/// <param name="DownNm">From there along its whole first column.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Opacity">0 to 1.</param>
/// <param name="Cut">Whether cutaways apply.</param>
public sealed record SceneSection(
    string Path, Vector3 CornerNm, Vector3 AcrossNm, Vector3 DownNm, string Name = "section",
    [property: Range(0, 1)] double Opacity = 1, bool Cut = false);

/// <summary>A dense volume, seen as a glowing fog: grey values from <paramref name="Low"/> (nothing) to <paramref name="High"/>.</summary>
/// <param name="Path">NumPy array <c>[Z, Y, X]</c> (.npy), made into an OpenVDB grid, or a .vdb with a grid "density" whose transform counts voxels.</param>
/// <param name="CornerNm">Outer corner of voxel (0, 0, 0).</param>
/// <param name="VoxelSizeNm">Edges of a voxel along x, y, z.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Low">Value that is clear.</param>
/// <param name="High">Value of the full extinction; below <paramref name="Low"/> where the structure is dark.</param>
/// <param name="Extinction">Per nm at <paramref name="High"/>: a depth d covers 1 - exp(-extinction d) of what is behind it.</param>
/// <param name="Colour">sRGB.</param>
/// <param name="Cut">Whether cutaways apply.</param>
public sealed record SceneVolume(
    string Path, Vector3 CornerNm, Vector3 VoxelSizeNm, string Name = "volume", double Low = 0, double High = 255,
    [property: Range(0, 1000)] double Extinction = 0.002,
    [property: RegularExpression(SceneColour.Pattern)] string Colour = "#e0d8c8", bool Cut = true);

/// <summary>How depth is drawn.</summary>
public enum SceneProjection
{
    /// <summary>Parallel: the scale is one and the same everywhere.</summary>
    Orthographic,

    /// <summary>What is far is small.</summary>
    Perspective,
}

/// <summary>A camera that frames the data; where nothing else is said all of the bounds are in the picture.</summary>
/// <param name="Projection">How depth is drawn.</param>
/// <param name="Direction">Along which it looks; null for (0, 0, 1), which sees sections as the microscope does.</param>
/// <param name="Up">What is up in the picture; null for (0, -1, 0), up in the images.</param>
/// <param name="Margin">Room around the data: 1 touches the edge of the picture.</param>
/// <param name="FieldOfViewDegrees">Across the picture, in perspective.</param>
/// <param name="TargetNm">What stands in the middle; null for the middle of the bounds.</param>
/// <param name="WidthNm">What the picture spans at the depth of the target; null for all of the bounds.</param>
public sealed record SceneCamera(
    SceneProjection Projection = SceneProjection.Orthographic,
    Vector3? Direction = null, Vector3? Up = null,
    [property: Range(0.1, 100)] double Margin = 1.1,
    [property: Range(1, 150)] double FieldOfViewDegrees = 35,
    Vector3? TargetNm = null,
    [property: Range(1e-3, 1e12)] double? WidthNm = null);

/// <summary>A sun.</summary>
/// <param name="Direction">Along which it shines: of the camera (x right, y down, z away from the viewer) where it follows that, else of the data.</param>
/// <param name="Strength">W/m²; a white matt surface at right angles to π is as bright as a screen's white.</param>
/// <param name="Colour">sRGB.</param>
/// <param name="AngleDegrees">How large it looks: 0 casts sharp shadows.</param>
/// <param name="FollowCamera">Whether it turns with the camera.</param>
public sealed record SceneLight(
    Vector3 Direction,
    [property: Range(0, 1e4)] double Strength = 3,
    [property: RegularExpression(SceneColour.Pattern)] string Colour = "#ffffff",
    [property: Range(0, 180)] double AngleDegrees = 10,
    bool FollowCamera = true);

/// <summary>Even light from all around, not seen by the camera.</summary>
/// <param name="Colour">sRGB.</param>
/// <param name="Strength">1 lights a white matt surface to a screen's white.</param>
public sealed record SceneEnvironment(
    [property: RegularExpression(SceneColour.Pattern)] string Colour = "#ffffff", [property: Range(0, 100)] double Strength = 0.5);

/// <summary>What a cutaway is.</summary>
public enum SceneCutawayKind
{
    /// <summary>All that lies beyond a plane.</summary>
    Plane,

    /// <summary>All inside a box.</summary>
    Box,
}

/// <summary>A part of space in which meshes and volumes are not shown.</summary>
/// <param name="Kind">Plane or box.</param>
/// <param name="PointNm">A point of the plane.</param>
/// <param name="Normal">Of the plane; what lies on its side is taken away.</param>
/// <param name="MinNm">Lowest corner of the box.</param>
/// <param name="MaxNm">Highest corner of the box.</param>
public sealed record SceneCutaway(SceneCutawayKind Kind, Vector3? PointNm = null, Vector3? Normal = null, Vector3? MinNm = null, Vector3? MaxNm = null);

/// <summary>Where in the picture.</summary>
public enum SceneCorner
{
    /// <summary>Below, on the right.</summary>
    BottomRight,

    /// <summary>Below, on the left.</summary>
    BottomLeft,

    /// <summary>Above, on the right.</summary>
    TopRight,

    /// <summary>Above, on the left.</summary>
    TopLeft,
}

/// <summary>A bar of known length: exact in an orthographic picture, in perspective at the depth of the camera's target.</summary>
/// <param name="LengthNm">Its length; null for 1, 2 or 5 times a power of ten, about a quarter of the picture.</param>
/// <param name="Corner">Where in the picture.</param>
/// <param name="Colour">sRGB.</param>
/// <param name="Label">Whether its length is written beside it.</param>
public sealed record SceneScaleBar(
    [property: Range(1e-3, 1e12)] double? LengthNm = null, SceneCorner Corner = SceneCorner.BottomRight,
    [property: RegularExpression(SceneColour.Pattern)] string Colour = "#202020", bool Label = true);

/// <summary>Three edges of the bounds with ticks.</summary>
/// <param name="StepNm">Between ticks; null for a round number, about a quarter of the longest edge.</param>
/// <param name="Colour">sRGB.</param>
public sealed record SceneAxes(
    [property: Range(1e-3, 1e12)] double? StepNm = null, [property: RegularExpression(SceneColour.Pattern)] string Colour = "#202020");

/// <summary>Words at a point, facing the camera.</summary>
/// <param name="Text">The words.</param>
/// <param name="PositionNm">The middle of their baseline.</param>
/// <param name="HeightNm">Of capitals; null for a fortieth of the diagonal of the bounds.</param>
/// <param name="Colour">sRGB.</param>
public sealed record SceneLabel(
    [property: StringLength(500, MinimumLength = 1)] string Text, Vector3 PositionNm,
    [property: Range(1e-3, 1e12)] double? HeightNm = null, [property: RegularExpression(SceneColour.Pattern)] string Colour = "#202020");

/// <summary>Movement of the camera: on a turntable or through keyframes.</summary>
/// <param name="Frames">How many pictures.</param>
/// <param name="FramesPerSecond">Of the video.</param>
/// <param name="Turntable">Turns the camera about the data evenly; null for none.</param>
/// <param name="Keyframes">Views that the camera flies through; null for none.</param>
public sealed record SceneAnimation(
    [property: Range(1, 100_000)] int Frames,
    [property: Range(1, 240)] double FramesPerSecond = 25,
    SceneTurntable? Turntable = null,
    IReadOnlyList<SceneKeyframe>? Keyframes = null);

/// <summary>A turn of the camera about the middle of the bounds.</summary>
/// <param name="Axis">Of the data; null for what is up in the picture.</param>
/// <param name="Degrees">Over all frames.</param>
public sealed record SceneTurntable(Vector3? Axis = null, [property: Range(-36_000, 36_000)] double Degrees = 360);

/// <summary>A view at a frame; what is null stays as the scene's camera has it.</summary>
/// <param name="Frame">From 1.</param>
/// <param name="Direction">Along which it looks.</param>
/// <param name="Up">What is up in the picture.</param>
/// <param name="TargetNm">What stands in the middle.</param>
/// <param name="WidthNm">What the picture spans at the depth of the target.</param>
public sealed record SceneKeyframe(
    [property: Range(1, 100_000)] int Frame, Vector3? Direction = null, Vector3? Up = null, Vector3? TargetNm = null,
    [property: Range(1e-3, 1e12)] double? WidthNm = null);

/// <summary>What computes the picture.</summary>
public enum SceneDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first kind of GPU that Cycles can use.</summary>
    Gpu,
}

/// <summary>The picture.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Samples">Light paths for each pixel, at most; a pixel that is clear earlier takes fewer.</param>
/// <param name="Device">Processor or GPU.</param>
/// <param name="Transparent">Whether the background is left open (alpha).</param>
/// <param name="Background">sRGB.</param>
/// <param name="Denoise">Open Image Denoise, where Blender has it (Debian's 3.4 has not).</param>
/// <param name="Seed">Of the noise.</param>
public sealed record SceneRender(
    [property: Range(4, 65_536)] int Width = 1280, [property: Range(4, 65_536)] int Height = 960,
    [property: Range(1, 65_536)] int Samples = 64, SceneDevice Device = SceneDevice.Cpu, bool Transparent = false,
    [property: RegularExpression(SceneColour.Pattern)] string Background = "#ffffff", bool Denoise = true, int Seed = 0);

/// <summary>Colours in scenes.</summary>
public static class SceneColour
{
    /// <summary>What a colour looks like: # and six hexadecimal digits, sRGB.</summary>
    public const string Pattern = "^#[0-9a-fA-F]{6}$";
}
