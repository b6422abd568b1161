using System.Runtime.InteropServices;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// What the processes of a training agree on at each step (data-parallel training: each has all weights, does some of a step's draws, and gradients
/// are averaged over all draws; Goyal et al., arXiv:1706.02677, section 2). Since sums come out the same everywhere, weights stay the same without being sent.
/// </summary>
internal sealed class SharedTraining
{
    private readonly IProcessGroup? _group;
    private readonly int _draws;

    /// <exception cref="BadInputException">The draws cannot be shared evenly.</exception>
    public SharedTraining(TrainingOptions options)
    {
        (_group, _draws) = (options.Group, options.Draws);
        var size = _group?.Size ?? 1;
        if (_draws < 1 || _draws % size != 0)
            throw new BadInputException($"{_draws} draws a step for {size} process(es): must be a multiple of their number");
    }

    /// <summary>Whether this process writes and tells.</summary>
    public bool Leads => _group is not { Rank: > 0 };

    /// <summary>The numbers of the draws of a step that this process does; those of all steps differ.</summary>
    public IEnumerable<int> DrawsOf(int step)
    {
        var (rank, size) = (_group?.Rank ?? 0, _group?.Size ?? 1);
        for (var draw = rank; draw < _draws; draw += size)
            yield return checked(step * _draws + draw);
    }

    /// <summary>What is added to the identity of a training.</summary>
    public string Identity => _draws == 1 ? "" : $" draws {_draws}";

    /// <summary>From the sum of the gradients of this process's draws to the mean over all.</summary>
    public void AverageGradients(Weights weights)
    {
        if (_draws == 1)
            return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (_group is not null)
        {
            // Of weights on a GPU a copy, of those of the processor the gradients themselves.
            var gradients = weights.Gradients.cpu();
            _group.Sum(MemoryMarshal.Cast<byte, float>(gradients.bytes));
            weights.Gradients.copy_(gradients);
        }
        weights.Gradients.Scale(1.0 / _draws);
    }

    /// <summary>From the sum of the losses of this process's draws to the mean over all.</summary>
    public double AverageLoss(double sum) => FromAll(sum) / _draws;

    /// <summary>Whether any process is to stop, and the time that counts: the leading process's.</summary>
    public (bool IsInterrupted, TimeSpan Elapsed) Agree(bool isInterrupted, TimeSpan elapsed)
    {
        if (_group is null)
            return (isInterrupted, elapsed);
        Span<double> values = [isInterrupted ? 1 : 0, Leads ? elapsed.Ticks : 0];
        _group.Sum(values);
        return (values[0] > 0, TimeSpan.FromTicks((long)values[1]));
    }

    /// <summary>What the leading process measures.</summary>
    public double FromLeader(Func<double> measure) => FromAll(Leads ? measure() : 0);

    /// <summary>Waits for all processes.</summary>
    /// <param name="step">The step at which each should stand.</param>
    /// <exception cref="InvalidOperationException">They stand at different steps.</exception>
    public void Meet(int step)
    {
        Span<double> values = [step, (double)step * step];
        var size = _group?.Size ?? 1;
        _group?.Sum(values);
        if (_group is not null && values[1] * size != values[0] * values[0])
            throw new InvalidOperationException($"process {_group.Rank} goes on from step {step}, others from another: all must see the same files of the training");
    }

    private double FromAll(double value)
    {
        Span<double> values = [value];
        _group?.Sum(values);
        return values[0];
    }
}
