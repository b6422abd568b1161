using System.CommandLine;
using System.CommandLine.Parsing;

namespace VisionCell.Cli.CommandLine;

/// <summary>Says in one line what is wrong with a command line, with the word that was likely meant.</summary>
internal static class UsageError
{
    /// <summary>The line, or null where the command line is right.</summary>
    public static string? Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // An unknown option in front of a volume is taken for the volume: look at the arguments first.
        if (DashedArgument(parsed) is { } dashed)
            return Unknown("option", dashed, OptionNames(parsed.CommandResult), command);
        if (parsed.Errors.Count == 0)
            return null;
        if (parsed.UnmatchedTokens is [var token, ..])
        {
            if (token.StartsWith('-'))
                return Unknown("option", token, OptionNames(parsed.CommandResult), command);
            return command.Subcommands.Count > 0
                ? Unknown("command", token, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name), command)
                : $"{command.Name}: '{token}' is one argument too many; {HelpOf(command)}";
        }
        var error = parsed.Errors[0];
        if (error.SymbolResult is CommandResult && command.Subcommands.Count > 0)
            return $"a command is missing: {string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}; {HelpOf(command)}";
        if (error.SymbolResult is ArgumentResult { Tokens.Count: 0, Parent: CommandResult } argument)
            return $"{command.Name}: {argument.Argument.HelpName ?? argument.Argument.Name} is missing; {HelpOf(command)}";
        if (error.SymbolResult is OptionResult { Tokens.Count: 0 } option)
            return $"{command.Name}: option '{option.Option.Name}' {(option.IdentifierToken is null ? "is required" : "wants a value")}; {HelpOf(command)}";
        return $"{command.Name}: {error.Message.TrimEnd('.')}; {HelpOf(command)}";
    }

    /// <summary>The known word nearest to a misspelt one, or null where none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> known) =>
        known.Select(k => (Word: k, Distance: Distance(word, k)))
            .Where(k => k.Distance <= Math.Max(1, Math.Max(word.Length, k.Word.Length) / 3))
            .OrderBy(k => k.Distance).ThenBy(k => k.Word, StringComparer.Ordinal)
            .Select(k => k.Word).FirstOrDefault();

    private static string Unknown(string kind, string word, IEnumerable<string> known, Command command)
    {
        var names = known.ToList();
        var advice = Nearest(word.Split('=')[0], names) is { } nearest ? $"did you mean '{nearest}'?"
            : kind == "command" ? $"known: {string.Join(", ", names)}" : HelpOf(command);
        return $"unknown {kind} '{word}'{(command is RootCommand ? "" : $" of '{command.Name}'")}; {advice}";
    }

    private static string HelpOf(Command command)
    {
        var path = command.Name;
        for (var parent = command.Parents.OfType<Command>().FirstOrDefault(); parent is not null and not RootCommand; parent = parent.Parents.OfType<Command>().FirstOrDefault())
            path = $"{parent.Name} {path}";
        return command is RootCommand ? "see 'visioncell --help'" : $"see 'visioncell {path} --help'";
    }

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        foreach (var option in result.Command.Options.Where(o => !o.Hidden))
            yield return option.Name;
        for (var parent = result.Parent as CommandResult; parent is not null; parent = parent.Parent as CommandResult)
        {
            foreach (var option in parent.Command.Options.Where(o => o.Recursive && !o.Hidden))
                yield return option.Name;
        }
    }

    private static string? DashedArgument(ParseResult parsed)
    {
        // After "--" everything is an argument, whatever it looks like.
        if (parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash))
            return null;
        return parsed.CommandResult.Command.Arguments
            .SelectMany(a => parsed.GetResult(a)?.Tokens ?? [])
            .Select(t => t.Value)
            .FirstOrDefault(v => v.Length > 1 && v[0] == '-');
    }

    // Edits (insert, delete, replace, swap of neighbours) from one word to the other: optimal string alignment.
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
