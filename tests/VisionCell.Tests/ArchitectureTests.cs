using System.Text.RegularExpressions;
using VisionCell.Volumes;

namespace VisionCell.Tests;

/// <summary>Holds the table of floors against the compiled assembly: a folder uses only the floors below its own.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>ARCHITECTURE: each folder of src/VisionCell is a namespace on a floor.</summary>
    private static readonly Dictionary<string, int> Floors = new()
    {
        ["Pipeline"] = 6,
        ["Figures"] = 5, ["Scenes"] = 5,
        ["SuperResolution"] = 4, ["Diffusion"] = 4, ["NeuralField"] = 4,
        ["Preprocessing"] = 3, ["Augmentation"] = 3, ["Evaluation"] = 3, ["Meshing"] = 3,
        ["Reconstruction"] = 2, ["Learning"] = 2,
        ["Formats"] = 1, ["Acquisition"] = 1, ["Kernels"] = 1, ["Runs"] = 1,
        ["Volumes"] = 0,
    };

    [Fact]
    public void Every_folder_of_the_core_library_uses_only_the_floors_below_it()
    {
        var uses = AssemblyUses.Of(typeof(Volume).Assembly).ToList();
        Assert.NotEmpty(uses);
        Assert.Empty(Violations(uses));
    }

    [Fact]
    public void Every_type_of_the_core_library_lives_in_a_folder_of_the_table()
    {
        Assert.Empty(Homeless(typeof(Volume).Assembly.GetTypes().Where(t => !AssemblyUses.IsGenerated(t)).Select(t => t.FullName!)));
    }

    [Fact]
    public void Every_source_file_declares_the_namespace_of_its_folder()
    {
        var source = Path.Combine(Repository(), "src", "VisionCell");
        var wrong = from file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
                    let folder = Path.GetRelativePath(source, file).Split('/')[0]
                    where folder is not ("bin" or "obj")
                    from Match declared in Declaration().Matches(File.ReadAllText(file))
                    where declared.Groups[1].Value != $"VisionCell.{folder}" && !declared.Groups[1].Value.StartsWith($"VisionCell.{folder}.", StringComparison.Ordinal)
                    select $"{file}: {declared.Groups[1].Value}";
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("VisionCell.Volumes.A", "VisionCell.Pipeline.B")]
    [InlineData("VisionCell.Volumes.A", "VisionCell.Formats.B")]
    [InlineData("VisionCell.Formats.A", "VisionCell.Runs.B")]
    [InlineData("VisionCell.Learning.Deep.A", "VisionCell.SuperResolution.B")]
    public void A_use_of_the_same_or_a_higher_floor_is_found(string user, string used) =>
        Assert.Contains($"{user} uses {used}", Assert.Single(Violations([new Use(user, used)])), StringComparison.Ordinal);

    [Theory]
    [InlineData("VisionCell.Pipeline.A", "VisionCell.Volumes.B")]
    [InlineData("VisionCell.Formats.A", "VisionCell.Formats.Deep.B")]
    public void A_use_of_the_own_folder_or_a_lower_floor_is_right(string user, string used) =>
        Assert.Empty(Violations([new Use(user, used)]));

    [Fact]
    public void A_type_outside_the_table_is_found()
    {
        string[] names = ["VisionCell.Helpers.A", "VisionCell.B", "C", "Other.Volumes.D", "VisionCell.Volumes.Fine"];
        Assert.Equal(names[..4], Homeless(names));
    }

    [Theory]
    [InlineData(nameof(Samples.InBody))]
    [InlineData(nameof(Samples.InLambda))]
    [InlineData(nameof(Samples.InSignature))]
    [InlineData(nameof(Samples.InGenericArgument))]
    [InlineData(nameof(Samples.Annotated))]
    [InlineData(nameof(Samples.InBase))]
    [InlineData(nameof(Samples.InField))]
    [InlineData(nameof(Samples.InTypeOf))]
    public void The_search_sees_every_kind_of_use(string sample)
    {
        var user = typeof(Samples).GetNestedType(sample)!;
        Assert.Contains(AssemblyUses.Of([user, .. user.GetNestedTypes(System.Reflection.BindingFlags.NonPublic)]), use => use.Used == typeof(Target).FullName || use.Used == typeof(TargetAttribute).FullName);
    }

    private static IEnumerable<string> Violations(IEnumerable<Use> uses) =>
        from use in uses
        let user = FolderOf(use.User)
        let used = FolderOf(use.Used)
        where user is not null && used is not null && user != used && Floors[used] >= Floors[user]
        select $"{use.User} uses {use.Used}: {user} is on floor {Floors[user]}, {used} on floor {Floors[used]}";

    private static IEnumerable<string> Homeless(IEnumerable<string> types) => types.Where(type => FolderOf(type) is null);

    private static string? FolderOf(string type) =>
        type.Split('.', '+') is ["VisionCell", var folder, _, ..] && Floors.ContainsKey(folder) ? folder : null;

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "VisionCell.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests do not lie in a checkout");
        return folder;
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    public sealed class Target
    {
        public static int Value() => 1;
    }

    [AttributeUsage(AttributeTargets.All)]
    public sealed class TargetAttribute : Attribute;

    public static class Samples
    {
        public sealed class InBody
        {
            public static int Get() => Target.Value();
        }

        public sealed class InLambda
        {
            public static Func<int> Get() => () => Target.Value();
        }

        public sealed class InSignature
        {
            public static object? Get(Target[]? target) => target;
        }

        public sealed class InGenericArgument
        {
            public static int Get() => Array.Empty<List<Target>>().Length;
        }

        [Target]
        public sealed class Annotated;

        public sealed class InBase : List<Target>;

        public sealed class InField
        {
            private readonly Dictionary<string, Target?> _field = [];

            public int Get() => _field.Count;
        }

        public sealed class InTypeOf
        {
            public static string Get() => typeof(Target).Name;
        }
    }
}
