namespace VisionCell.Runs;

/// <summary>Processes that train one network together, one a device: each does its share of a step, and sums make all of them agree.</summary>
public interface IProcessGroup
{
    /// <summary>Number of this process, from 0; that one alone writes and tells.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int Size { get; }

    /// <summary>Replaces values by their sums over all processes; every process calls it the same number of times, with as many values. All receive the same bits.</summary>
    void Sum(Span<float> values);

    /// <inheritdoc cref="Sum(Span{float})"/>
    void Sum(Span<double> values);
}
