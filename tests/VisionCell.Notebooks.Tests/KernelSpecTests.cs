using System.Text.Json.Nodes;
using VisionCell.Notebooks.Jupyter;

namespace VisionCell.Notebooks.Tests;

public sealed class KernelSpecTests : IDisposable
{
    private readonly string _prefix = Directory.CreateTempSubdirectory("visioncell-spec-").FullName;

    public void Dispose() => Directory.Delete(_prefix, recursive: true);

    private string Kernels => Path.Combine(_prefix, "share", "jupyter", "kernels");

    [Fact]
    public void It_takes_the_notebooks_own_name_where_that_is_free()
    {
        Assert.Equal(Path.Combine(Kernels, ".net-csharp"), KernelSpec.Install(["/opt/visioncell"], _prefix));
        JsonNode spec = Spec(".net-csharp");
        Assert.Equal(["/opt/visioncell", "kernel", "run", "--connection-file", "{connection_file}"], spec["argv"]!.AsArray().Select(a => a!.GetValue<string>()));
        Assert.Equal("message", spec["interrupt_mode"]!.GetValue<string>());
        Assert.Equal("C#", spec["language"]!.GetValue<string>());
        Assert.Equal(".NET (C#)", spec["display_name"]!.GetValue<string>());
    }

    [Fact]
    public void It_stands_beside_a_dotnet_interactive_and_leaves_it_alone()
    {
        string foreign = Foreign();
        Assert.Equal(Path.Combine(Kernels, "visioncell"), KernelSpec.Install(["/opt/visioncell"], _prefix));
        Assert.Equal(foreign, File.ReadAllText(Path.Combine(Kernels, ".net-csharp", "kernel.json")));
        Assert.Equal([Path.Combine(Kernels, "visioncell")], KernelSpec.Uninstall(_prefix));
        Assert.True(Directory.Exists(Path.Combine(Kernels, ".net-csharp")));
    }

    [Fact]
    public void It_moves_to_the_free_name_once_dotnet_interactive_is_gone()
    {
        Foreign();
        KernelSpec.Install(["/opt/visioncell"], _prefix);
        Directory.Delete(Path.Combine(Kernels, ".net-csharp"), recursive: true);
        KernelSpec.Install(["/opt/visioncell"], _prefix);
        Assert.Equal([".net-csharp"], Directory.GetDirectories(Kernels).Select(Path.GetFileName));
    }

    [Fact]
    public void Installing_twice_is_installing_once_and_uninstalling_twice_removes_nothing_more()
    {
        KernelSpec.Install(["/opt/a"], _prefix);
        KernelSpec.Install(["/opt/b"], _prefix);
        Assert.Equal("/opt/b", Spec(".net-csharp")["argv"]![0]!.GetValue<string>());
        Assert.Single(KernelSpec.Uninstall(_prefix));
        Assert.Empty(KernelSpec.Uninstall(_prefix));
    }

    private JsonNode Spec(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Kernels, name, "kernel.json")))!;

    private string Foreign()
    {
        const string Text = """{"argv": ["dotnet", "interactive", "jupyter", "{connection_file}"], "display_name": ".NET (C#)", "language": "C#"}""";
        Directory.CreateDirectory(Path.Combine(Kernels, ".net-csharp"));
        File.WriteAllText(Path.Combine(Kernels, ".net-csharp", "kernel.json"), Text);
        return Text;
    }
}
