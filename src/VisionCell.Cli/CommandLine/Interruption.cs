using System.Runtime.InteropServices;

namespace VisionCell.Cli.CommandLine;

/// <summary>
/// Turns the first interrupt or termination signal into a cancellation, so that checkpoints are saved; the second one is left
/// to the system, which ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // A terminal sends its signal to every process of the group, and a parent passes it on: within this time it is one keystroke.
    private static readonly TimeSpan OneKeystroke = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new();
    private DateTime _first;
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="answers">False leaves signals to the command itself.</param>
    public Interruption(bool answers) =>
        _registrations = !answers ? [] : [PosixSignalRegistration.Create(PosixSignal.SIGINT, Answer), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Answer)];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Answer(PosixSignalContext context)
    {
        var repeated = _source.IsCancellationRequested;
        if (repeated && DateTime.UtcNow - _first > OneKeystroke)
            return;
        context.Cancel = true;
        if (repeated)
            return;
        _first = DateTime.UtcNow;
        Console.Error.WriteLine("stopping; once more to end at once");
        _source.Cancel();
    }
}
