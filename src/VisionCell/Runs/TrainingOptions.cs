namespace VisionCell.Runs;

/// <summary>How long and how a method is trained.</summary>
/// <param name="Budget">
/// Wall-clock time for training; null for the method's own default. The schedule follows the clock, so two runs differ by the
/// number of steps they manage; give <paramref name="Steps"/> for the same result each time.
/// </param>
/// <param name="Seed">Seed of everything random.</param>
/// <param name="CheckpointDirectory">Where checkpoints are written and found again; null for none.</param>
/// <param name="Progress">Told after every few steps.</param>
/// <param name="Steps">Number of optimiser steps instead of a time; then a seed gives the same weights on the same machine.</param>
/// <param name="FromScratch">Learn from the stack alone: weights that come with the library, trained on other specimens, are left out.</param>
/// <param name="Prior">Weights trained on other specimens (<c>visioncell pretrain</c>) to take in place of those that come with the library; null for those.</param>
/// <param name="DiffusionPrior">The same for the diffusion model (<c>visioncell pretrain --network diffusion</c>).</param>
/// <param name="Device"><c>auto</c>, <c>cpu</c> or <c>cuda:N</c>.</param>
/// <param name="Notice">Takes one line where a GPU was asked for and can't be used; null for none.</param>
/// <param name="Snapshots">Told now and then what a network looks like; null where nobody watches.</param>
/// <param name="Draws">
/// How many times examples are drawn a step, whose gradients are averaged: a larger batch than fits in memory, and what processes share. The
/// result depends on their number, and but for rounding not on that of the processes.
/// </param>
/// <param name="Group">Processes that share the draws of each step; null for this one alone.</param>
/// <param name="Cancellation">Interrupts; a checkpoint is saved first.</param>
public sealed record TrainingOptions(
    TimeSpan? Budget = null,
    int Seed = 1,
    string? CheckpointDirectory = null,
    IProgress<TrainingProgress>? Progress = null,
    int? Steps = null,
    bool FromScratch = false,
    string? Prior = null,
    string? DiffusionPrior = null,
    string Device = "auto",
    Action<string>? Notice = null,
    IProgress<TrainingSnapshot>? Snapshots = null,
    int Draws = 1,
    IProcessGroup? Group = null,
    CancellationToken Cancellation = default);

/// <summary>One report of a running training.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Elapsed">Training time so far, earlier runs that were resumed counted in.</param>
/// <param name="Fraction">Share of the budget used, 0 to 1.</param>
/// <param name="Loss">Smoothed training loss (mean squared error on standardised grey values).</param>
/// <param name="LearningRate">Current learning rate.</param>
/// <param name="ValidationGain">
/// Gain in PSNR over linear interpolation, dB, on lateral lines that are not trained on, where it was just measured; else null.
/// </param>
/// <param name="Stage">What is trained, where a method trains more than one network: their losses are not of one kind. Empty for the first.</param>
public readonly record struct TrainingProgress(int Step, TimeSpan Elapsed, double Fraction, double Loss, double LearningRate, double? ValidationGain, string Stage = "");
