namespace VisionCell.Runs;

/// <summary>The checked-out commit of the git repository around a folder, read from git's files without running git.</summary>
internal static class GitHead
{
    /// <summary>The 40-digit commit; null outside a repository, before its first commit, or where git's files cannot be read.</summary>
    public static string? Find(string folder)
    {
        try
        {
            for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            {
                var git = Path.Combine(at.FullName, ".git");
                if (Directory.Exists(git))
                    return Read(git);

                // A linked working tree or a submodule: a file that points to git's folder.
                if (File.Exists(git) && File.ReadAllText(git).Trim() is var pointer && pointer.StartsWith("gitdir:", StringComparison.Ordinal))
                    return Read(Path.GetFullPath(pointer["gitdir:".Length..].Trim(), at.FullName));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return null;
    }

    private static string? Read(string git)
    {
        var head = File.ReadAllText(Path.Combine(git, "HEAD")).Trim();
        if (!head.StartsWith("ref:", StringComparison.Ordinal))
            return head;
        var name = head["ref:".Length..].Trim();
        var common = Path.Combine(git, "commondir");
        var shared = File.Exists(common) ? Path.GetFullPath(File.ReadAllText(common).Trim(), git) : git;
        foreach (var folder in new[] { git, shared })
        {
            var loose = Path.Combine(folder, name);
            if (File.Exists(loose))
                return File.ReadAllText(loose).Trim();
        }
        var packed = Path.Combine(shared, "packed-refs");
        return File.Exists(packed)
            ? File.ReadLines(packed).Select(line => line.Split(' ')).FirstOrDefault(parts => parts.Length == 2 && parts[1] == name)?[0]
            : null;
    }
}
