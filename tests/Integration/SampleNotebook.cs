using System.Text.Json.Nodes;

namespace VisionCell.Integration;

/// <summary>A small notebook that shows figures of the core library: every way of display that the project's notebooks use.</summary>
internal static class SampleNotebook
{
    /// <summary>How many figures it shows.</summary>
    public const int Figures = 2;

    private static string Library => Path.Combine(Tool.Root, "artifacts", "visioncell", "VisionCell.dll");

    public static string Text => WithCells(
        "int size = 12;",
        $"#r \"{Library}\"\nusing VisionCell.Volumes;\nusing VisionCell.Figures;",
        """
        var volume = new Volume<float>(new Shape3(size, size, size), new VoxelSize(40, 10, 10), new Position(0, 0, 0), Provenance.Of("ramp"));
        for (int i = 0; i < volume.Data.Length; i++) volume.Data[i] = i % size;
        Console.WriteLine($"{volume.Data.Length} voxels");
        Show.Sections(volume)
        """,
        "display(Show.Volume(volume)); await Task.Delay(1);",
        "volume.Shape.ToString()");

    public static string WithCells(params string[] sources)
    {
        var cells = new JsonArray();
        foreach (string source in sources)
        {
            var metadata = new JsonObject();
            if (cells.Count == 0)
                metadata["tags"] = new JsonArray("parameters");
            cells.Add(new JsonObject { ["cell_type"] = "code", ["execution_count"] = null, ["metadata"] = metadata, ["outputs"] = new JsonArray(), ["source"] = source });
        }

        return new JsonObject
        {
            ["cells"] = cells,
            ["metadata"] = new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["name"] = JupyterFolder.KernelName, ["display_name"] = ".NET (C#)", ["language"] = "C#" },
                ["language_info"] = new JsonObject { ["name"] = "C#" },
            },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 4,
        }.ToJsonString();
    }

    /// <summary>Holds an executed copy against what it has to show.</summary>
    public static void Check(JsonNode notebook, int size = 12)
    {
        JsonArray cells = notebook["cells"]!.AsArray();
        int injected = cells.Count - 5;
        Assert.Equal($"{size * size * size} voxels\n", TextOf(Output(2, 0)["text"]!));
        Assert.Contains("visioncell-figure", TextOf(Output(2, 1)["data"]!["text/html"]!), StringComparison.Ordinal);
        Assert.Equal("execute_result", Output(2, 1)["output_type"]!.GetValue<string>());
        Assert.Contains("visioncell-figure", TextOf(Output(3, 0)["data"]!["text/html"]!), StringComparison.Ordinal);
        Assert.Equal("display_data", Output(3, 0)["output_type"]!.GetValue<string>());
        Assert.Contains(size.ToString(System.Globalization.CultureInfo.InvariantCulture), TextOf(Output(4, 0)["data"]!["text/plain"]!), StringComparison.Ordinal);

        JsonNode Output(int cell, int output) => cells[cell + injected]!["outputs"]![output]!;
    }

    /// <summary>That the page has the figures with their script, once.</summary>
    public static void CheckPage(string html)
    {
        Assert.Equal(Figures, Count(html, "class=\"visioncell-figure\""));
        Assert.InRange(html.Length, 3_000_000, 9_000_000);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string TextOf(JsonNode node) => node is JsonArray lines ? string.Concat(lines.Select(l => l!.GetValue<string>())) : node.GetValue<string>();
}
