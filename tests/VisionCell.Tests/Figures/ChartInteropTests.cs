using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using VisionCell.Figures;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

[Collection("Figures")]
public class ChartInteropTests
{
    [Fact]
    public void An_XPlot_chart_becomes_a_figure()
    {
        var chart = XPlot.Plotly.Chart.Line([3.0, 1, 2]);
        chart.WithTitle("three; \"points\"");
        var figure = Figure.From(chart);
        Assert.Equal("three; \"points\"", figure.Title);
        var trace = JsonNode.Parse(figure.Json)!["data"]![0]!;
        Assert.Equal("scatter", trace["type"]!.GetValue<string>());
        Assert.Equal([3.0, 1, 2], trace["y"]!.AsArray().Select(n => n!.GetValue<double>()));
        Assert.Equal("chart", Figure.From(XPlot.Plotly.Chart.Line([1.0, 2])).Title); // no layout at all
    }

    [Fact]
    public void A_Plotly_NET_chart_becomes_a_figure()
    {
        var trace = new Plotly.NET.Trace("bar");
        trace.SetProperty("y", new[] { 4.0, 5.0 });
        var figure = Figure.From(Plotly.NET.GenericChart.ofTraceObject(false, trace));
        Assert.Equal([4.0, 5.0], JsonNode.Parse(figure.Json)!["data"]![0]!["y"]!.AsArray().Select(n => n!.GetValue<double>()));
    }

    [Fact]
    public void Other_objects_are_refused_by_their_type()
    {
        Assert.Contains("System.Int32[]", Assert.Throws<BadInputException>(() => Figure.From(new int[3])).Message, StringComparison.Ordinal);
        var figure = Figure.FromJson("""{"data":[]}""");
        Assert.Same(figure, Figure.From(figure));
    }

    /// <summary>
    /// Hosts such as dotnet-interactive bring an older FSharp.Core into the context where this library is loaded. Here it is
    /// none at all: whatever would ask for a type of it fails.
    /// </summary>
    [Fact]
    public void Figures_need_no_FSharp_Core_and_load_neither_chart_library()
    {
        var context = new WithoutFSharp(typeof(Figure).Assembly.Location);
        var probe = context.LoadFromAssemblyPath(typeof(ChartInteropTests).Assembly.Location).GetType(typeof(Probe).FullName!)!;
        var html = (string)probe.GetMethod(nameof(Probe.DrawAll))!.Invoke(null, null)!;

        Assert.Contains("plotly.js v2.28.0", html, StringComparison.Ordinal);
        Assert.Equal(8, html.Split("class=\"visioncell-figure\"").Length - 1);
        Assert.NotSame(typeof(Figure).Assembly, context.Assemblies.Single(a => a.GetName().Name == "VisionCell"));
        Assert.Empty(context.Assemblies.Select(a => a.GetName().Name).Intersect(["FSharp.Core", "Plotly.NET", "XPlot.Plotly", "Deedle"]));
        Assert.Empty(context.Refused);

        // That the context does refuse: a chart of Plotly.NET can't be made in it.
        var error = Assert.Throws<TargetInvocationException>(() => probe.GetMethod(nameof(Probe.MakeChart))!.Invoke(null, null));
        Assert.IsType<FileNotFoundException>(error.InnerException);
        Assert.NotEmpty(context.Refused);
    }

    private sealed class WithoutFSharp(string library) : AssemblyLoadContext(isCollectible: false)
    {
        private readonly AssemblyDependencyResolver _resolver = new(library);

        public List<string> Refused { get; } = [];

        protected override Assembly? Load(AssemblyName name)
        {
            if (name.Name == "FSharp.Core")
            {
                Refused.Add(name.FullName);
                throw new FileNotFoundException(name.FullName);
            }
            // xunit and the framework are shared; the library and what it references get their own copies.
            return _resolver.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;
        }
    }
}

/// <summary>Runs inside the context of the test.</summary>
public static class Probe
{
    public static string DrawAll()
    {
        var data = new float[8 * 9 * 10];
        for (var i = 0; i < data.Length; i++)
            data[i] = i * 7919 % 251;
        var volume = new Volume<float>(data, new Shape3(8, 9, 10), new VoxelSize(30, 10, 10), default, Provenance.Of("probe"));
        List<(string, IReadOnlyDictionary<string, double>)> rows = [("a", new Dictionary<string, double> { ["m"] = 1 })];
        List<VisionCell.Runs.TrainingProgress> progress = [new(1, TimeSpan.FromSeconds(1), 0, 1, 0, 20)];
        Figure[] figures = [Show.Sections(volume), Show.ObliqueSection(volume), Show.Volume(volume), Show.Mesh(VisionCell.Meshing.MarchingCubes.Extract(volume, 100)),
            Show.BeforeAfter([("a", volume)], volume), Show.TrainingCurves(progress), Show.MetricsTable(rows), Show.MetricsBars(rows, "m")];
        return string.Concat(figures.Select(f => f.ToHtml()));
    }

    public static object MakeChart() => FSharpOption<Plotly.NET.GenericChart>.Some(null!);
}
