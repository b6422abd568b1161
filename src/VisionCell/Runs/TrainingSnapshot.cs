namespace VisionCell.Runs;

/// <summary>What a network looks like at one moment of its training, for those who watch it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Weights">The values of each tensor, by name.</param>
/// <param name="Pictures">What it makes of an example.</param>
/// <param name="Stage">As of <see cref="TrainingProgress"/>.</param>
public sealed record TrainingSnapshot(int Step, IReadOnlyDictionary<string, float[]> Weights, IReadOnlyList<TrainingPicture> Pictures, string Stage = "");

/// <summary>A grey picture.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Pixels"><c>[Y, X]</c>, 0 black to 1 white; what is beyond is cut off.</param>
/// <param name="Width">X.</param>
public sealed record TrainingPicture(string Name, float[] Pixels, int Width);
