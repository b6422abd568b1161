using System.Text;
using Microsoft.DotNet.Interactive;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Stands behind <see cref="Console"/> once a session exists: what a cell writes, and what the tasks and threads that it started
/// write, goes to that cell; everything else goes where it went before.
/// </summary>
internal sealed class ConsoleRouter : TextWriter
{
    private static readonly Lock InstallLock = new();
    private static bool s_installed;

    private readonly TextWriter _outside;
    private readonly bool _isError;

    private ConsoleRouter(TextWriter outside, bool isError)
    {
        _outside = outside;
        _isError = isError;
    }

    /// <summary>Installs the router, once a process.</summary>
    public static void Install()
    {
        lock (InstallLock)
        {
            if (s_installed)
                return;
            Console.SetOut(new ConsoleRouter(Console.Out, isError: false));
            Console.SetError(new ConsoleRouter(Console.Error, isError: true));
            Console.SetIn(new NoInput(Console.In));
            s_installed = true;
        }
    }

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return;
        if (KernelInvocationContext.Current is { } cell)
            cell.Publish(new StreamOutput(_isError, value));
        else
            _outside.Write(value);
    }

    public override void WriteLine() => Write("\n");

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void WriteLine(ReadOnlySpan<char> buffer) => Write(buffer.ToString() + "\n");

    public override void Flush()
    {
        if (KernelInvocationContext.Current is null)
            _outside.Flush();
    }

    private sealed class NoInput(TextReader outside) : TextReader
    {
        public override int Read() => KernelInvocationContext.Current is null ? outside.Read() : throw Refusal();

        public override int Peek() => KernelInvocationContext.Current is null ? outside.Peek() : throw Refusal();

        public override string? ReadLine() => KernelInvocationContext.Current is null ? outside.ReadLine() : throw Refusal();

        public override string ReadToEnd() => KernelInvocationContext.Current is null ? outside.ReadToEnd() : throw Refusal();

        private static NotSupportedException Refusal() =>
            new("A notebook cell cannot read from the console; put the value into a variable of the parameters cell.");
    }
}
