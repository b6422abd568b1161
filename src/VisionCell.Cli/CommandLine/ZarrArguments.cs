using System.CommandLine;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Options of commands that write OME-Zarr: the version, and shards.</summary>
internal sealed class ZarrArguments
{
    private readonly Option<string?> _version = new("--zarr") { HelpName = "0.4|0.5", Description = "Version of OME-Zarr that is written; 0.4, which every reader knows, unless shards are asked for." };
    private readonly Option<int?> _shard = new("--shard") { HelpName = "EDGE", Description = "Write shards of this edge in voxels, a multiple of 64: many chunks in one file (OME-Zarr 0.5)." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_version);
        command.Options.Add(_shard);
    }

    /// <summary>How images are written; null where nothing is asked for.</summary>
    /// <exception cref="BadInputException">The version is not known, or the shard does not suit.</exception>
    public OmeZarrOptions? Of(ParseResult parsed)
    {
        var (version, shard) = (parsed.GetValue(_version), parsed.GetValue(_shard));
        return version is null && shard is null ? null : new OmeZarrOptions
        {
            Version = version switch
            {
                "0.4" => OmeZarrVersion.V04,
                "0.5" or null => OmeZarrVersion.V05,
                _ => throw new BadInputException($"--zarr {version}: written are 0.4 and 0.5"),
            },
            Shard = shard,
        }.Checked();
    }
}
