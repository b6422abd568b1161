using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Sparse stacks on the command line.</summary>
internal static class StackArguments
{
    /// <summary>Opens a stack: an OME-Zarr image that needs more memory than there is for it is read by blocks, everything else at once.</summary>
    /// <param name="path">The stack.</param>
    /// <param name="voxelSize">As asked; null for what the file says.</param>
    /// <param name="positions">File with the positions of its sections; null where they are even, or the file says.</param>
    /// <param name="thick">Whether sections are as thick as they are apart.</param>
    /// <param name="inMemory">Most voxels to hold.</param>
    /// <param name="messages">Told what is read.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="BadInputException">It cannot be read, or does not suit.</exception>
    public static StackSource Open(string path, VoxelSize? voxelSize, string? positions, bool thick, long inMemory, Messages messages, CancellationToken cancellation)
    {
        if (new OmeZarrFormat().Recognises(path) && VolumeFormats.Inspect(path).Shape.Count is var count && count > inMemory)
        {
            var (reader, size) = VolumeFormats.OpenSections(path, voxelSize, messages.Notice);
            using (reader)
            {
                var layout = positions is null ? null : SectionLayout.ReadPositions(positions, reader.Info.Shape.Z);
                messages.Notice($"{path}: {count * sizeof(float) / 1e6:0} MB as numbers, read by blocks; --memory says from what size on");
                return StackSource.Open(path, size, layout, thick);
            }
        }
        var stack = VolumeArguments.At(VolumeArguments.Read(path, voxelSize, messages, cancellation), positions);
        return StackSource.Of(stack, SparseVolume.FromStack(stack, thick));
    }

    /// <summary>What is taken for granted of the sections, which a stack alone does not tell, and how to say otherwise.</summary>
    public static string Assumption(SparseVolume outline, bool thick)
    {
        var (pitch, pixel) = (outline.MeanPitch * outline.IsotropicVoxelSize.Z, outline.IsotropicVoxelSize.X);
        var where = FormattableString.Invariant(outline.IsEven ? (FormattableString)$"{pitch:0.##} nm apart" : $"at the positions given, {pitch:0.##} nm apart on average");
        return FormattableString.Invariant(thick
            ? (FormattableString)$"sections are taken to be {where} and as thick, without gaps (--thick); where each is thin, as in FIB-SEM and block-face imaging, leave --thick out"
            : $"sections are taken to be {where} and thin (about {pixel:0.##} nm), with gaps between them; where each averages all up to the next one, as cut sections seen in transmission do, give --thick. The stack itself cannot tell: the microscope's protocol does");
    }
}
