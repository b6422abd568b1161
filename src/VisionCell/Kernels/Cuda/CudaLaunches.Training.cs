namespace VisionCell.Kernels.Cuda;

/// <content>What a training does beside the kernels of the field and of rays: <see cref="IFieldSession"/>.</content>
internal sealed unsafe partial class CudaLaunches
{
    private const string Training = "training.cu";

    /// <summary>Values and emissions of the perceptron's numbers.</summary>
    public void Activate(int samples, nint numbers, nint values, nint emissions, FieldOutput output)
    {
        var n = (uint)samples;
        LaunchTraining("activate", samples, new CudaArguments().Add(&n).Add(&numbers).Add(&values).Add(&emissions).Add(&output));
    }

    /// <summary>The gradient of the numbers, in their place.</summary>
    public void ActivateBackward(int samples, nint valueGradient, nint emissionGradient, nint numbers, FieldOutput output)
    {
        var n = (uint)samples;
        LaunchTraining("activate_backward", samples, new CudaArguments().Add(&n).Add(&valueGradient).Add(&emissionGradient).Add(&numbers).Add(&output));
    }

    /// <summary>Squared errors of rays, in <see cref="LossParts"/> parts, and their gradient in the place of what was seen.</summary>
    public void RayLoss(RayObservations observed, int rays, nint offsets, nint samples, nint targets, nint seen, nint parts)
    {
        var (n, width, means, weight, share) = ((uint)rays, observed.IsEmission ? 3u : 1u, observed.IsMean ? 1u : 0u, (float)observed.Weight, (float)observed.Share);
        var arguments = new CudaArguments().Add(&n).Add(&width).Add(&means).Add(&weight).Add(&share).Add(&offsets).Add(&samples).Add(&targets);
        LaunchTraining("ray_loss", rays, arguments.Add(&seen).Add(&seen).Add(&parts));
    }

    /// <summary>Places of a target.</summary>
    public void DrawTarget(TargetDraw draw, int count, nint volume, nint voxelWeights, nint positions, nint targets, nint weights)
    {
        var (n, parameters) = ((uint)count, new TargetParameters(draw));
        LaunchTraining("draw_target", count, new CudaArguments().Add(&n).Add(&volume).Add(&voxelWeights).Add(&positions).Add(&targets).Add(&weights).Add(&parameters));
    }

    private void LaunchTraining(string kernel, int threads, CudaArguments arguments) => Launch(device.Function(Training, kernel), (Blocks(threads), 1), Threads, arguments);
}
