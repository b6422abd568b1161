using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.DotNet.Interactive.Formatting;
using VisionCell.Notebooks.Sessions;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Tests;

public sealed class ReferenceTests : IDisposable
{
    private readonly SessionProbe _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public async Task A_reference_to_a_file_that_the_host_runs_on_binds_to_the_loaded_assembly()
    {
        string copy = Path.Combine(_session.Folder, "VisionCell.dll");
        File.Copy(typeof(Shape3).Assembly.Location, copy);
        Assert.Equal(typeof(Shape3).Assembly.Location, await _session.Value("#r \"VisionCell.dll\"\ntypeof(VisionCell.Volumes.Shape3).Assembly.Location"));
        Assert.Empty(_session.ErrorText);
    }

    [Theory]
    [InlineData("TorchSharp", "typeof(TorchSharp.torch).Name", "torch")]
    [InlineData("OpenCvSharp", "new OpenCvSharp.Size(3, 4).Height", "4")]
    [InlineData("Plotly.NET", "typeof(Plotly.NET.GenericChart).Name", "GenericChart")]
    [InlineData("XPlot.Plotly", "new XPlot.Plotly.Scatter().GetType().Name", "Scatter")]
    [InlineData("Deedle", "typeof(Deedle.Frame).Name", "Frame")]
    public async Task The_packages_of_the_notebooks_work_by_path(string name, string code, string expected)
    {
        string path = AssemblyLocator.Host[name];
        Assert.Equal(expected, await _session.Value($"#r \"{path}\"\n{code}"));
    }

    [Fact]
    public async Task An_assembly_from_elsewhere_finds_its_dependencies_and_native_libraries_beside_it()
    {
        string id = Guid.NewGuid().ToString("N")[..8];
        string lib = Path.Combine(_session.Folder, "lib");
        Directory.CreateDirectory(Path.Combine(lib, "runtimes", "linux-x64", "native"));
        Build(lib, "Dep" + id, $"public class Dep{id} {{ public int Number = 5; }}");
        Build(lib, "Main" + id, $$"""
            using System.Runtime.InteropServices;
            public static class Main{{id}}
            {
                public static Dep{{id}} Make() => new();
                [DllImport("answer{{id}}", EntryPoint = "SystemNative_GetPid")] public static extern int Answer();
            }
            """, Path.Combine(lib, $"Dep{id}.dll"));
        // Any library that a bare machine has will do under a name of its own: this one comes with the runtime.
        string native = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so");
        File.Copy(native, Path.Combine(lib, "runtimes", "linux-x64", "native", $"libanswer{id}.so"));
        Assert.Equal("5", await _session.Value($"#r \"lib/Main{id}.dll\"\nvar d = Main{id}.Make(); d.Number"));
        Assert.Equal(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), await _session.Value($"Main{id}.Answer()"));
        Assert.Equal("True", await _session.Value($"#r \"lib/Dep{id}.dll\"\nobject o = d; o is Dep{id}"));
    }

    [Fact]
    public async Task Another_build_of_a_loaded_assembly_is_refused_with_the_way_out()
    {
        string name = "Twice" + Guid.NewGuid().ToString("N")[..8];
        Build(Directory.CreateDirectory(Path.Combine(_session.Folder, "a")).FullName, name, "public class A { }");
        Build(Directory.CreateDirectory(Path.Combine(_session.Folder, "b")).FullName, name, "public class A { public int B; }");
        await _session.Must($"#r \"a/{name}.dll\"\nnew A()");
        CellResult result = await _session.Run($"#r \"b/{name}.dll\"\nnew A()");
        Assert.Contains("restart the kernel", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        CellResult result = await _session.Run("#r \"nowhere/Missing.dll\"");
        Assert.Contains("nowhere/Missing.dll", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_runs_a_script_relative_to_the_folder_and_its_own_loads_relative_to_it()
    {
        Directory.CreateDirectory(Path.Combine(_session.Folder, "scripts"));
        await File.WriteAllTextAsync(Path.Combine(_session.Folder, "scripts", "outer.csx"), "#load \"inner.csx\"\nint FromOuter() => FromInner() + 1;", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_session.Folder, "scripts", "inner.csx"), "int FromInner() => 6;", TestContext.Current.CancellationToken);
        await _session.Must("#load \"scripts/outer.csx\"");
        Assert.Equal("13", await _session.Value("FromOuter() + FromInner()"));
    }

    [Fact]
    public async Task A_type_opts_into_rich_display_by_the_name_of_an_attribute_alone()
    {
        string name = "Rich" + Guid.NewGuid().ToString("N")[..8];
        Build(_session.Folder, name, $$"""
            using System; using System.Collections.Generic; using System.IO;
            [AttributeUsage(AttributeTargets.All)] internal sealed class TypeFormatterSourceAttribute : Attribute
            {
                public TypeFormatterSourceAttribute(Type t) => FormatterSourceType = t;
                public Type FormatterSourceType { get; }
                public string[] PreferredMimeTypes { get; set; } = new[] { "text/html" };
            }
            public sealed class Source { public IEnumerable<object> CreateTypeFormatters() { yield return new Html(); } }
            public sealed class Html { public string MimeType => "text/html"; public bool Format(object o, TextWriter w) { w.Write("<b>rich</b>"); return true; } }
            [TypeFormatterSource(typeof(Source))] public class Picture { public string Megabytes = "long"; }
            """);
        CellResult result = await _session.Must($"#r \"{name}.dll\"\nnew Picture()");
        Assert.Equal("<b>rich</b>", result.Value!["text/html"]);
        Assert.Equal("Picture", result.Value["text/plain"]);
    }

    [Fact]
    public async Task An_assembly_registers_formatters_for_types_that_it_does_not_own()
    {
        string name = "Registers" + Guid.NewGuid().ToString("N")[..8];
        Build(_session.Folder, name, $$"""
            using System; using Microsoft.DotNet.Interactive.Formatting;
            [assembly: FormatterRegistration(typeof(Setup{{name}}))]
            [AttributeUsage(AttributeTargets.Assembly)] internal sealed class FormatterRegistrationAttribute : Attribute
            {
                public FormatterRegistrationAttribute(Type t) => RegistrationType = t;
                public Type RegistrationType { get; }
            }
            public static class Setup{{name}} { public static void Register() => Formatter.Register<System.Text.Rune>((r, w) => w.Write("<i>rune</i>"), "text/html"); }
            """, typeof(Formatter).Assembly.Location);
        var seen = new List<string>();
        _session.Session.AssemblyReferenced = a => seen.Add(a.GetName().Name!);
        await _session.Must($"#r \"{name}.dll\"");
        CellResult result = await _session.Must("display(new System.Text.Rune('a'), \"text/html\");");
        Assert.True(result.Succeeded);
        Assert.Equal("<i>rune</i>", ((DisplayOutput)Assert.Single(_session.Outputs)).Data["text/html"]);
        Assert.Equal([name], seen);
    }

    private static void Build(string folder, string name, string source, params string[] references)
    {
        var compilation = CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText(source, cancellationToken: TestContext.Current.CancellationToken)],
            [.. AssemblyLocator.Framework.Concat(references).Select(r => MetadataReference.CreateFromFile(r))],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        var result = compilation.Emit(Path.Combine(folder, name + ".dll"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
    }
}
