using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Augmentation;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>Pixels along each side of the frames of a <see cref="Video"/> figure: 100 of them are 2.2 MB in the page.</summary>
    public const int VideoBudget = 128;

    /// <summary>Frames of a <see cref="Video"/> figure.</summary>
    public const int VideoFrameBudget = 120;

    /// <summary>A flight through a stack, frame by frame, with a slider and a button that plays it. The slider says where along z, and whether a frame was observed.</summary>
    /// <param name="video">The frames.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="framesPerSecond">Speed of playing, above 0, at most 60.</param>
    /// <exception cref="BadInputException">The speed is out of range.</exception>
    public static Figure Video(SliceVideo video, string title = "Flight through the stack", double framesPerSecond = 15)
    {
        if (!(framesPerSecond is > 0 and <= 60))
            throw new BadInputException(FormattableString.Invariant($"{framesPerSecond} frames a second in a figure: must be above 0, at most 60"));
        var notices = Notices();
        var count = video.Frames.Count;
        int[] chosen = count <= VideoFrameBudget ? [.. Enumerable.Range(0, count)] : [.. Enumerable.Range(0, VideoFrameBudget).Select(i => (int)((long)i * (count - 1) / (VideoFrameBudget - 1)))];
        if (chosen.Length < count)
            Say(notices, $"Shown with {chosen.Length} of {count} frames.");
        SectionImage ImageOf(int i) => Reduced(
            new SectionImage(Array.ConvertAll(video.Frames[i], v => (float)v), video.Height, video.Width, 0, video.PixelSize.Y, 0, video.PixelSize.X, "y", "x"), VideoBudget);
        var images = chosen.Select(ImageOf).ToList();
        var first = images[0];
        if (first.Rows < video.Height || first.Columns < video.Width)
            Say(notices, $"Shown at {first.Rows} x {first.Columns} pixels, averaged from {video.Height} x {video.Width}.");
        JsonObject Packed(SectionImage image) => PlotlyJson.Quantised(image.Data, 0, 255, image.Rows, image.Columns);
        string LabelOf(int i) => video.Labels?[i] ?? string.Create(CultureInfo.InvariantCulture, $"z {video.Positions[i]:0.#} nm, {(video.Synthetic[i] ? "synthetic" : "observed")}");

        var frames = new JsonArray([.. chosen.Select((from, i) => (JsonNode)new JsonObject
        {
            ["name"] = i.ToString(CultureInfo.InvariantCulture), ["traces"] = new JsonArray(0), ["data"] = new JsonArray(new JsonObject { ["type"] = "heatmap", ["z"] = Packed(images[i]) }),
        })]);
        JsonObject Animation(double duration) => new()
        {
            ["mode"] = "immediate", ["fromcurrent"] = true, ["transition"] = new JsonObject { ["duration"] = 0 },
            ["frame"] = new JsonObject { ["duration"] = duration, ["redraw"] = true },
        };
        const int Width = 560, Left = 70, Right = 90, Top = 60, Bottom = 150;
        var plotHeight = (int)Math.Clamp((Width - Left - Right) * first.Rows * first.RowStep / (first.Columns * first.ColumnStep), 150, 700);
        var height = Top + plotHeight + Bottom;
        var layout = BaseLayout(title, Width, height, Left, Right, Top, Bottom);
        layout["xaxis"] = Axis("x (nm)", 0, 1, "y", first.ColumnStart, first.ColumnStep, first.Columns);
        layout["yaxis"] = Axis("y (nm)", 0, 1, "x", first.RowStart, first.RowStep, first.Rows, down: true, scaleTo: "x");
        layout["sliders"] = new JsonArray(new JsonObject
        {
            ["active"] = 0, ["x"] = 0.16, ["len"] = 0.84, ["y"] = -60.0 / plotHeight, ["yanchor"] = "top", ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0 },
            ["ticklen"] = 0, ["minorticklen"] = 0, ["font"] = new JsonObject { ["size"] = 1, ["color"] = "rgba(0,0,0,0)" },
            ["currentvalue"] = new JsonObject { ["xanchor"] = "left", ["font"] = new JsonObject { ["size"] = 12, ["color"] = "black" } },
            ["steps"] = new JsonArray([.. chosen.Select((from, i) => (JsonNode)new JsonObject
            {
                ["method"] = "animate", ["label"] = LabelOf(from),
                ["args"] = new JsonArray(new JsonArray(i.ToString(CultureInfo.InvariantCulture)), Animation(0)),
            })]),
        });
        JsonObject Button(string label, JsonNode? target, double duration) => new() { ["label"] = label, ["method"] = "animate", ["args"] = new JsonArray(target, Animation(duration)) };
        layout["updatemenus"] = new JsonArray(new JsonObject
        {
            ["type"] = "buttons", ["direction"] = "left", ["showactive"] = false, ["x"] = 0, ["y"] = -60.0 / plotHeight, ["xanchor"] = "left", ["yanchor"] = "top",
            ["buttons"] = new JsonArray(Button("\u25B6", null, 1000 / framesPerSecond), Button("\u25A0", new JsonArray((JsonNode?)null), 0)),
        });
        // The picture that stands in its place: six frames, evenly through.
        int[] still = [.. Enumerable.Range(0, Math.Min(6, chosen.Length)).Select(i => i * (chosen.Length - 1) / Math.Max(1, Math.Min(6, chosen.Length) - 1))];
        Panel Of(int i) => new(images[i], ColourScale.Grey, 0, 255, LabelOf(chosen[i]));
        byte[] Draw() => ImagePicture.Draw(title, [.. still.Chunk(3).Select(row => row.Select(i => (Panel?)Of(i)).ToArray())], 640);
        return new Figure(title, [Heatmap(first, Packed(first), 0, 255, ColourScale.Grey, true)], layout, Width, height, Draw, notices, frames: frames);
    }
}
