namespace VisionCell.Kernels.Cuda;

/// <summary>CUDA can't be used on this machine; the message is what is missing, to be said in one line.</summary>
internal sealed class CudaUnavailableException(string message) : Exception(message);
