using VisionCell.Kernels.Cuda;

namespace VisionCell.Gpu.Speed;

/// <summary>Times what is launched on the default stream by events on the GPU: medians over repeats, several launches between two events where one is short.</summary>
/// <param name="device">The GPU.</param>
/// <param name="repeats">Times that a measurement is repeated.</param>
/// <param name="leastMilliseconds">Length that a measurement should have, so that neither events nor the start of a launch count.</param>
internal sealed unsafe class GpuClock(CudaDevice device, int repeats, double leastMilliseconds) : IDisposable
{
    private const int MostLaunches = 200;

    private readonly nint _start = NewEvent(device);
    private readonly nint _end = NewEvent(device);

    /// <summary>Milliseconds of one launch; warmed up before, so that compilation and the clock rate of an idle GPU stay outside.</summary>
    public double Milliseconds(Action launch)
    {
        Once(launch, 2);
        var launches = leastMilliseconds == 0 ? 1 : (int)Math.Clamp(Math.Ceiling(leastMilliseconds / Math.Max(1e-3, Once(launch, 3))), 1, MostLaunches);
        Once(launch, launches);
        var times = new double[repeats];
        for (var i = 0; i < repeats; i++)
            times[i] = Once(launch, launches);
        Array.Sort(times);
        return times[repeats / 2];
    }

    public void Dispose()
    {
        device.Enter();
        _ = device.Library.EventDestroy(_start);
        _ = device.Library.EventDestroy(_end);
    }

    private double Once(Action launch, int launches)
    {
        device.Enter();
        device.Check(device.Library.EventRecord(_start, 0), "recording an event");
        for (var i = 0; i < launches; i++)
            launch();
        device.Check(device.Library.EventRecord(_end, 0), "recording an event");
        device.Check(device.Library.EventSynchronize(_end), "running what was timed");
        float elapsed;
        device.Check(device.Library.EventElapsed(&elapsed, _start, _end), "reading a clock");
        return elapsed / launches;
    }

    private static nint NewEvent(CudaDevice device)
    {
        nint created;
        device.Enter();
        device.Check(device.Library.EventCreate(&created, 0), "making an event");
        return created;
    }
}
