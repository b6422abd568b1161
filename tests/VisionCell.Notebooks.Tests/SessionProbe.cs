using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Tests;

/// <summary>A session in a folder of its own, with what its cells showed.</summary>
internal sealed class SessionProbe : IDisposable
{
    private readonly List<CellOutput> _outputs = [];

    public SessionProbe()
    {
        Folder = Directory.CreateTempSubdirectory("visioncell-notebook-").FullName;
        Session = new CSharpSession(Folder);
    }

    public string Folder { get; }

    public CSharpSession Session { get; }

    public IReadOnlyList<CellOutput> Outputs
    {
        get
        {
            lock (_outputs)
                return [.. _outputs];
        }
    }

    public string Text => string.Concat(Outputs.OfType<StreamOutput>().Where(o => !o.IsError).Select(o => o.Text));

    public string ErrorText => string.Concat(Outputs.OfType<StreamOutput>().Where(o => o.IsError).Select(o => o.Text));

    public async Task<CellResult> Run(string code, CancellationToken? interrupt = null) =>
        await Session.ExecuteAsync(code, Collect, interrupt: interrupt ?? TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));

    public async Task<CellResult> Must(string code)
    {
        CellResult result = await Run(code);
        Assert.True(result.Succeeded, string.Join('\n', result.Error?.Traceback ?? []));
        return result;
    }

    public async Task<string?> Value(string code) => (await Must(code)).Value?["text/plain"];

    public void Dispose()
    {
        Session.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Collect(CellOutput output)
    {
        lock (_outputs)
            _outputs.Add(output);
    }
}
