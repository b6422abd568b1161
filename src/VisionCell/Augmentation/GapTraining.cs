namespace VisionCell.Augmentation;

/// <summary>How the network that fills gaps is trained on isotropic volumes.</summary>
internal sealed record GapTraining
{
    /// <summary>Distances of sections, voxels, one drawn a step; those drawn more often stand more often.</summary>
    public IReadOnlyList<int> Distances { get; init; } = [2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 10, 12, 14, 16, 20];

    /// <summary>Share of steps in which sections are as thick as they are apart.</summary>
    public double ThickShare { get; init; } = 0.35;

    /// <summary>Lateral length of an example, voxels.</summary>
    public int Patch { get; init; } = 96;

    /// <summary>Examples a step.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Standard deviation of the random gain and offset, in standard deviations of the volume.</summary>
    public double IntensityJitter { get; init; } = 0.1;

    /// <summary>Share of examples with bright and dark exchanged: other stains, and X-rays.</summary>
    public double InversionShare { get; init; } = 0.1;

    /// <summary>Standard deviation of the random bend of the grey scale: x becomes x + q · (x² − 1).</summary>
    public double ContrastJitter { get; init; } = 0.05;

    /// <summary>
    /// Share of examples that are turned, enlarged or reduced, and stretched: other voxel sizes, specimens with larger and smaller parts,
    /// membranes at every slope.
    /// </summary>
    public double DistortedShare { get; init; } = 0.6;

    /// <summary>Largest factor of enlargement, either way.</summary>
    public double LargestZoom { get; init; } = 1.5;

    /// <summary>Largest further factor of each axis alone, either way.</summary>
    public double LargestStretch { get; init; } = 1.15;

    /// <summary>Largest angle about each axis, radians.</summary>
    public double LargestTurn { get; init; } = 0.35;

    /// <summary>Share of examples whose sections get noise that the rows do not have, so that noise is not taken for structure.</summary>
    public double NoiseShare { get; init; } = 0.25;

    /// <summary>Largest standard deviation of that noise, in standard deviations of the volume.</summary>
    public double LargestNoise { get; init; } = 0.4;

    /// <summary>Share of examples that lie near an end of the stack, where the sections beyond are missing.</summary>
    public double EndShare { get; init; } = 0.1;

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; } = 8_000;
}
