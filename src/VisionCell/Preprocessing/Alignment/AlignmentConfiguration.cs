using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What a whole section may do between one exposure and the next.</summary>
public enum AlignmentModel
{
    /// <summary>Shift only: a block face that stands still under the beam.</summary>
    Translation,

    /// <summary>Shift and turn: sections laid on a support one by one.</summary>
    Rigid,

    /// <summary>Shift, turn, scale and shear: sections compressed by the knife.</summary>
    Affine,
}

/// <summary>How sections are aligned.</summary>
public sealed record AlignmentConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="maxShift">Largest shift between neighbouring sections, pixels. A wider search finds more false peaks.</param>
    /// <param name="neighbours">Each section is compared with this many sections before it; those beyond the first make chains that close, so that errors do not add up alone, and bridge damaged sections.</param>
    /// <param name="keepSlowMotion">
    /// Steady motion from section to section is left alone, since neurites that run obliquely look like drift, and straightening them
    /// would bend the specimen. False corrects it too.
    /// </param>
    /// <param name="deadZone">Corrections smaller than this are not made, pixels: a section moved by less than the estimates' own error only loses sharpness.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="model">What a whole section may do.</param>
    /// <param name="maxRotation">Largest turn between neighbouring sections, degrees; without effect where only shifts are allowed.</param>
    /// <param name="driftWindow">
    /// What takes longer than this many sections counts as steady; 0 lets cross-validation choose, which follows the motion more closely
    /// where the sections jitter less.
    /// </param>
    /// <param name="elastic">Local distortions are corrected too; null for none.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public AlignmentConfiguration(
        double maxShift = 16, int neighbours = 2, bool keepSlowMotion = true, double deadZone = 0.25, SectionInterpolation interpolation = SectionInterpolation.Cubic,
        AlignmentModel model = AlignmentModel.Rigid, double maxRotation = 5, int driftWindow = 0, ElasticConfiguration? elastic = null)
    {
        MaxShift = maxShift is >= 1 and <= 4096 ? maxShift : throw new BadInputException($"largest shift of {maxShift} pixels: must be 1 to 4096");
        Neighbours = neighbours is >= 1 and <= 8 ? neighbours : throw new BadInputException($"{neighbours} neighbours: must be 1 to 8");
        KeepSlowMotion = keepSlowMotion;
        DeadZone = deadZone is >= 0 and <= 10 ? deadZone : throw new BadInputException($"dead zone of {deadZone} pixels: must be 0 to 10");
        Interpolation = interpolation;
        Model = model;
        MaxRotation = maxRotation is >= 0 and <= 45 ? maxRotation : throw new BadInputException($"largest rotation of {maxRotation} degrees: must be 0 to 45");
        DriftWindow = driftWindow is 0 or >= 4 and <= 100_000 ? driftWindow : throw new BadInputException($"drift window of {driftWindow} sections: must be 0 (chosen from the data) or at least 4");
        Elastic = elastic;
    }

    /// <summary>Largest shift between neighbouring sections, pixels.</summary>
    public double MaxShift { get; }

    /// <summary>Each section is compared with this many sections before it.</summary>
    public int Neighbours { get; }

    /// <summary>Whether steady motion from section to section is left alone.</summary>
    public bool KeepSlowMotion { get; }

    /// <summary>Corrections smaller than this are not made, pixels.</summary>
    public double DeadZone { get; }

    /// <summary>How grey values between pixels are found.</summary>
    public SectionInterpolation Interpolation { get; }

    /// <summary>What a whole section may do.</summary>
    public AlignmentModel Model { get; }

    /// <summary>Largest turn between neighbouring sections, degrees.</summary>
    public double MaxRotation { get; }

    /// <summary>What takes longer than this many sections counts as steady; 0: chosen from the data.</summary>
    public int DriftWindow { get; }

    /// <summary>How local distortions are corrected; null where they are not.</summary>
    public ElasticConfiguration? Elastic { get; }
}

/// <summary>How local distortions of sections are found and corrected.</summary>
public sealed record ElasticConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="spacing">Distance between the nodes of the mesh, pixels: about half the smallest distortion that is followed.</param>
    /// <param name="maxDisplacement">Largest displacement between neighbouring sections after whole sections were aligned, pixels.</param>
    /// <param name="stiffness">
    /// What bending the mesh costs against a confident match: higher follows the matches less and smooths more. At 0 only the match at
    /// a node itself counts.
    /// </param>
    /// <param name="minConfidence">Matches below are left out, 0 to 1.</param>
    /// <param name="minJacobian">Least local change of area of the result, 0 to 1: fields that compress more are smoothed until they do not, so that nothing folds.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public ElasticConfiguration(double spacing = 24, double maxDisplacement = 12, double stiffness = 0.02, double minConfidence = 0.1, double minJacobian = 0.3)
    {
        Spacing = spacing is >= 8 and <= 1024 ? spacing : throw new BadInputException($"mesh spacing of {spacing} pixels: must be 8 to 1024");
        MaxDisplacement = maxDisplacement is >= 1 and <= 256 ? maxDisplacement : throw new BadInputException($"largest displacement of {maxDisplacement} pixels: must be 1 to 256");
        Stiffness = stiffness is >= 0 and <= 1e6 ? stiffness : throw new BadInputException($"stiffness of {stiffness}: must be 0 to 1,000,000");
        MinConfidence = minConfidence is >= 0 and < 1 ? minConfidence : throw new BadInputException($"least confidence of {minConfidence}: must be 0 or more and below 1");
        MinJacobian = minJacobian is > 0 and < 1 ? minJacobian : throw new BadInputException($"least Jacobian of {minJacobian}: must lie between 0 and 1");
    }

    /// <summary>Distance between the nodes of the mesh, pixels.</summary>
    public double Spacing { get; }

    /// <summary>Largest displacement between neighbouring sections after whole sections were aligned, pixels.</summary>
    public double MaxDisplacement { get; }

    /// <summary>What bending the mesh costs against a confident match.</summary>
    public double Stiffness { get; }

    /// <summary>Matches below are left out.</summary>
    public double MinConfidence { get; }

    /// <summary>Least local change of area of the result.</summary>
    public double MinJacobian { get; }
}
