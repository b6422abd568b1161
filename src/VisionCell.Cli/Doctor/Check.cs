namespace VisionCell.Cli.Doctor;

/// <summary>What a look at one thing found.</summary>
internal enum CheckStatus
{
    /// <summary>There.</summary>
    Ok,

    /// <summary>Not there, and only some commands want it.</summary>
    Optional,

    /// <summary>Not there, or broken, and nothing much works without it.</summary>
    Missing,
}

/// <summary>One line of the report.</summary>
/// <param name="Name">What was looked for.</param>
/// <param name="Status">Whether it is there.</param>
/// <param name="Found">Version, size or path; or what is wrong.</param>
/// <param name="UsedFor">What wants it.</param>
/// <param name="Fix">How to get it; null where it is there.</param>
internal sealed record Check(string Name, CheckStatus Status, string Found, string UsedFor, string? Fix = null);
