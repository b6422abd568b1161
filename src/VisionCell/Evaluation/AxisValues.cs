namespace VisionCell.Evaluation;

/// <summary>One value for each axis of a volume; null is not measured.</summary>
/// <typeparam name="T">Of the value.</typeparam>
/// <param name="Z">Across sections.</param>
/// <param name="Y">Along rows of a section.</param>
/// <param name="X">Along its columns.</param>
public sealed record AxisValues<T>(T Z, T Y, T X);
