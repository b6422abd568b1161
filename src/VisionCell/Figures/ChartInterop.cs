using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>Charts of other libraries as Plotly JSON, by the names of their types and methods.</summary>
internal static class ChartInterop
{
    public static Figure Convert(object chart)
    {
        for (var type = chart.GetType(); type is not null; type = type.BaseType)
        {
            switch (type.FullName)
            {
                case "Plotly.NET.GenericChart":
                    return Figure.FromJson(Call<string>(type.GetMethod("toFigureJson", BindingFlags.Public | BindingFlags.Static, [type]), null, [chart]));
                case "XPlot.Plotly.PlotlyChart":
                    return FromXPlot(Call<string>(type.GetMethod("GetPlottingJS", []), chart, []));
            }
        }
        throw new BadInputException($"a {chart.GetType().FullName} is no chart that can be shown: give a Plotly.NET GenericChart, an XPlot.Plotly PlotlyChart, or Plotly JSON to Figure.FromJson");
    }

    private static T Call<T>(MethodInfo? method, object? target, object[] arguments)
    {
        if (method is null)
            throw new BadInputException("the chart comes from a version of its library that can't be asked for its JSON: Plotly.NET 6 and XPlot.Plotly 4 can");
        try
        {
            return (T)method.Invoke(target, arguments)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            throw new BadInputException($"the chart can't be turned into JSON: {e.InnerException.Message}", e.InnerException);
        }
    }

    /// <summary>XPlot writes statements: <c>var data = [...]; var layout = {...} or ""; Plotly.newPlot(...)</c>.</summary>
    private static Figure FromXPlot(string script)
    {
        var spec = new JsonObject { ["data"] = After(script, "var data =") };
        if (After(script, "var layout =") is JsonObject layout)
            spec["layout"] = layout;
        return Figure.FromJson(spec.ToJsonString());
    }

    private static JsonNode? After(string script, string statement)
    {
        var at = script.IndexOf(statement, StringComparison.Ordinal);
        if (at < 0)
            return null;
        // A JSON value ends where its reader says: what follows (a semicolon) is not looked at.
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(script[(at + statement.Length)..]), isFinalBlock: false, default);
        return JsonNode.Parse(ref reader);
    }
}
