using System.Runtime.InteropServices;
using VisionCell.Kernels;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>
/// The processes that <c>mpirun</c> or <c>srun --mpi</c> has started, over Open MPI 4 or 5 (www.open-mpi.org; MPI 3.1 standard, sections 5.9.6
/// and 12.4.3). MPI is a C interface whose constants each implementation chooses; in Open MPI they are addresses of variables.
/// </summary>
public sealed unsafe class MpiGroup : IProcessGroup, IDisposable
{
    private const string Library = "libmpi.so.40";

    // mpi.h of Open MPI: MPI_THREAD_SERIALIZED (any thread, one at a time), MPI_IN_PLACE.
    private const int Serialized = 2;
    private static readonly void* _inPlace = (void*)1;

    private readonly nint _library;
    private readonly nint _world;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, int> _allReduce;

    private MpiGroup(nint library)
    {
        _library = library;
        _world = Export("ompi_mpi_comm_world");
        _allReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        // Its handlers of signals would take those by which the runtime finds null references.
        _ = NativeLibraries.SetEnvironment("OMPI_MCA_opal_signal", "", 0);
        int provided, rank, size;
        Checked(((delegate* unmanaged<void*, void*, int, int*, int>)Export("MPI_Init_thread"))(null, null, Serialized, &provided));
        if (provided < Serialized)
            throw new BadInputException($"this Open MPI gives thread level {provided} where {Serialized} is needed: take one built with threads");
        Checked(((delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank"))(_world, &rank));
        Checked(((delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size"))(_world, &size));
        (Rank, Size) = (rank, size);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the other processes; once a process.</summary>
    /// <exception cref="BadInputException">There is no Open MPI.</exception>
    public static MpiGroup Join() => NativeLibrary.TryLoad(Library, out var library) && NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _)
        ? new MpiGroup(library)
        : throw new BadInputException($"{Library} of Open MPI is not on this machine: apt-get install libopenmpi3 openmpi-bin, or leave --mpi out");

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
        fixed (float* first = values)
            Sum(first, values.Length, "ompi_mpi_float");
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
        fixed (double* first = values)
            Sum(first, values.Length, "ompi_mpi_double");
    }

    /// <summary>Leaves the group; all processes must.</summary>
    public void Dispose() => Checked(((delegate* unmanaged<int>)Export("MPI_Finalize"))());

    private void Sum(void* values, int count, string type) => Checked(_allReduce(_inPlace, values, count, Export(type), Export("ompi_mpi_op_sum"), _world));

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);

    // By default MPI itself ends all processes at an error, with a message of its own.
    private static void Checked(int code)
    {
        if (code != 0)
            throw new InvalidOperationException($"MPI answers error {code}");
    }
}
