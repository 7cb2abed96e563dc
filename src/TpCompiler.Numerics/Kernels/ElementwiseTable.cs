using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace TpCompiler.Numerics.Kernels;

/// <summary>y[i] = f(x[i]) over whole spans; y may be x.</summary>
public delegate void SpanFunction<T>(ReadOnlySpan<T> x, Span<T> y);

/// <summary>A vectorised function in both precisions.</summary>
public sealed record ElementwiseFunction(string Name, SpanFunction<float> Single, SpanFunction<double> Double);

/// <summary>The vectorised functions by the name that the language gives them, for an interpreter that meets a Nonlin.</summary>
public static class ElementwiseTable
{
    private static readonly FrozenDictionary<string, ElementwiseFunction> Rows = new ElementwiseFunction[]
    {
        new("abs", Elementwise.Abs, Elementwise.Abs),
        new("arccos", Elementwise.Arccos, Elementwise.Arccos),
        new("arcsin", Elementwise.Arcsin, Elementwise.Arcsin),
        new("cos", Elementwise.Cos, Elementwise.Cos),
        new("erf", Elementwise.Erf, Elementwise.Erf),
        new("erfc", Elementwise.Erfc, Elementwise.Erfc),
        new("exp", Elementwise.Exp, Elementwise.Exp),
        new("gelu", Elementwise.Gelu, Elementwise.Gelu),
        new("log", Elementwise.Log, Elementwise.Log),
        new("normal_cdf", Elementwise.NormalCdf, Elementwise.NormalCdf),
        new("normal_pdf", Elementwise.NormalPdf, Elementwise.NormalPdf),
        new("relu", Elementwise.Relu, Elementwise.Relu),
        new("sigmoid", Elementwise.Sigmoid, Elementwise.Sigmoid),
        new("silu", Elementwise.Silu, Elementwise.Silu),
        new("sin", Elementwise.Sin, Elementwise.Sin),
        new("softplus", Elementwise.Softplus, Elementwise.Softplus),
        new("sqrt", Elementwise.Sqrt, Elementwise.Sqrt),
        new("tanh", Elementwise.Tanh, Elementwise.Tanh),
    }.ToFrozenDictionary(row => row.Name, StringComparer.Ordinal);

    /// <summary>Every row, by name.</summary>
    public static IReadOnlyList<ElementwiseFunction> All { get; } = [.. Rows.Values.OrderBy(row => row.Name, StringComparer.Ordinal)];

    public static bool TryGet(string name, [NotNullWhen(true)] out ElementwiseFunction? function) => Rows.TryGetValue(name, out function);
}
