namespace VisionCell.Integration;

/// <summary>A Jupyter of its own in a temporary folder: nothing of the user's is read or written.</summary>
internal sealed class JupyterFolder
{
    public const string KernelName = ".net-csharp";

    private JupyterFolder(string folder)
    {
        Environment = new Dictionary<string, string>
        {
            ["JUPYTER_DATA_DIR"] = Path.Combine(folder, "share", "jupyter"),
            ["JUPYTER_CONFIG_DIR"] = Path.Combine(folder, "config"),
            ["JUPYTER_RUNTIME_DIR"] = Path.Combine(folder, "runtime"),
            ["IPYTHONDIR"] = Path.Combine(folder, "ipython"),
            ["JUPYTER_PATH"] = string.Empty,
        };
    }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public static async Task<JupyterFolder> CreateAsync(string folder)
    {
        var jupyter = new JupyterFolder(folder);
        (int code, string output, string errors) = await Tool.RunAsync([.. Tool.Command, "kernel", "install", "--prefix", folder], TimeSpan.FromMinutes(10), jupyter.Environment);
        Assert.True(code == 0, errors);
        Assert.Equal(KernelName, Path.GetFileName(output.Trim()));
        return jupyter;
    }
}
