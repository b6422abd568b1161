using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace VisionCell.Notebooks.Sessions;

/// <summary>A cell has compile errors.</summary>
internal sealed class CellCompilationException(ImmutableArray<Diagnostic> errors) : Exception("The cell does not compile.")
{
    public ImmutableArray<Diagnostic> Errors { get; } = errors;
}
