using System.CommandLine;
using Spectre.Console;

namespace VisionCell.Cli.CommandLine;

/// <summary>One report of progress.</summary>
/// <param name="Fraction">Share done, 0 to 1.</param>
/// <param name="Detail">What is known besides, for example a loss; may be empty.</param>
internal readonly record struct Step(double Fraction, string Detail = "");

/// <summary>Notices and progress on standard error; nothing with <c>--quiet</c>, bars only on a terminal.</summary>
internal sealed class Messages(bool quiet)
{
    /// <summary>Lines of progress off a terminal come at most this often, so that a log stays readable.</summary>
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    public static Messages Of(ParseResult parsed) => new(parsed.GetValue(CommonOptions.Quiet));

    /// <summary>Whether only results and errors are wanted.</summary>
    public bool Quiet => quiet;

    /// <summary>A line on the stage that begins, where no bar shows it.</summary>
    public void Stage(string text)
    {
        if (Console.IsErrorRedirected)
            Notice(text);
    }

    /// <summary>One line that the user should know.</summary>
    public void Notice(string text)
    {
        if (!quiet)
            Console.Error.WriteLine(text);
    }

    /// <summary><see cref="Notice"/> for what reports lines.</summary>
    public IProgress<string> Notices => new Lines(Notice);

    /// <summary>Runs something long that says what share of it is done, and shows it.</summary>
    public T Run<T>(string what, Func<IProgress<double>, T> work) => RunSteps(what, steps => work(new Shares(steps)));

    /// <summary>Runs something long and shows how far it is.</summary>
    public T RunSteps<T>(string what, Func<IProgress<Step>, T> work)
    {
        if (quiet)
            return work(new Sink(_ => { }));
        return Console.IsErrorRedirected ? work(Thinned(what)) : Bar.Run(what, work);
    }

    private static Sink Thinned(string what)
    {
        var gate = new Lock();
        var last = DateTime.UtcNow;
        return new Sink(step =>
        {
            lock (gate)
            {
                if (DateTime.UtcNow - last < LineInterval)
                    return;
                last = DateTime.UtcNow;
                Console.Error.WriteLine(FormattableString.Invariant($"{what}: {100 * step.Fraction,3:0} %  {step.Detail}").TrimEnd());
            }
        });
    }

    // Reports are taken on the caller's thread: Progress<T> would post them, out of order, to the thread pool.
    private sealed class Sink(Action<Step> take) : IProgress<Step>
    {
        public void Report(Step value) => take(value);
    }

    private sealed class Lines(Action<string> take) : IProgress<string>
    {
        public void Report(string value) => take(value);
    }

    private sealed class Shares(IProgress<Step> steps) : IProgress<double>
    {
        public void Report(double value) => steps.Report(new Step(value));
    }

    // Apart, so that Spectre.Console is loaded only where a bar is drawn.
    private static class Bar
    {
        public static T Run<T>(string what, Func<IProgress<Step>, T> work)
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
            return console.Progress().AutoClear(true).Start(context =>
            {
                var task = context.AddTask(Markup.Escape(what), maxValue: 1);
                return work(new Sink(step =>
                {
                    task.Value = step.Fraction;
                    task.Description = Markup.Escape(step.Detail.Length == 0 ? what : $"{what}  {step.Detail}");
                }));
            });
        }
    }
}
