using System.Numerics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The numbers of one value, and how many names stand for them: a loop's state and the value that it came from are two names of one.</summary>
internal sealed class Value<T, TMatrix>
    where T : unmanaged, INumberBase<T>
    where TMatrix : class
{
    public Tensor<double>? Scalar { get; init; }

    public Tensor<T>? Vector { get; init; }

    public TMatrix[]? Matrices { get; init; }

    public int Names { get; set; }
}
