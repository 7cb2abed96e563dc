using System.Numerics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Functions of float or double spans, in SIMD: y[i] = f(x[i]), where y may be x itself. A result depends on its argument alone, not on
/// its place in the span or the machine's SIMD width, so cutting a span into pieces changes no bit. Errors are at most a few units in the
/// last place over the whole range of the type, with subnormals, ±∞ and NaN as <see cref="Math"/> has them, unless a function says
/// otherwise.
/// </summary>
public static class Elementwise
{
    public static void Exp<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Exp, T>(x, y);

    /// <summary>The natural logarithm: −∞ at 0, NaN below.</summary>
    public static void Log<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Log, T>(x, y);

    public static void Tanh<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Tanh, T>(x, y);

    /// <summary>1/(1 + e^{−x}).</summary>
    public static void Sigmoid<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Sigmoid, T>(x, y);

    /// <summary>ln(1 + e^x).</summary>
    public static void Softplus<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Softplus, T>(x, y);

    /// <summary>x/(1 + e^{−x}).</summary>
    public static void Silu<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Silu, T>(x, y);

    /// <summary>max(x, 0); NaN stays.</summary>
    public static void Relu<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Relu, T>(x, y);

    public static void Abs<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Abs, T>(x, y);

    public static void Sqrt<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Sqrt, T>(x, y);

    /// <summary>(2/√π) ∫₀ˣ e^{−t²} dt.</summary>
    public static void Erf<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Erf, T>(x, y);

    /// <summary>1 − erf x, relatively accurate (some ten units in the last place) down to the smallest results.</summary>
    public static void Erfc<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Erfc, T>(x, y);

    /// <summary>Φ(x), the distribution function of N(0, 1), relatively accurate in its lower tail as <see cref="Erfc"/> is.</summary>
    public static void NormalCdf<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.NormalCdf, T>(x, y);

    /// <summary>e^{−x²/2}/√(2π), the density of N(0, 1).</summary>
    public static void NormalPdf<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.NormalPdf, T>(x, y);

    /// <summary>x·Φ(x), the exact GELU; 0 at −∞.</summary>
    public static void Gelu<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Gelu, T>(x, y);

    /// <summary>sin x; its absolute error is below an ulp of 1.</summary>
    public static void Sin<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Sin, T>(x, y);

    /// <summary>cos x; its absolute error is below an ulp of 1.</summary>
    public static void Cos<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Cos, T>(x, y);

    /// <summary>x for x &gt; 0, else slope · x.</summary>
    public static void LeakyRelu<T>(ReadOnlySpan<T> x, Span<T> y, double slope)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map(x, y, new Functions.LeakyRelu(slope));

    /// <summary>x for x &gt; 0, else scale · (e^x − 1).</summary>
    public static void Elu<T>(ReadOnlySpan<T> x, Span<T> y, double scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map(x, y, new Functions.Elu(scale));

    /// <summary>1 for x &gt; 0, else 0; NaN stays.</summary>
    public static void Step<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Step, T>(x, y);

    /// <summary>1, 0 or −1 as x is positive, zero or negative; NaN stays.</summary>
    public static void Sign<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Sign, T>(x, y);

    /// <summary>x/(1 + |x|).</summary>
    public static void Softsign<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Softsign, T>(x, y);

    /// <summary>e^{−x²}.</summary>
    public static void Gaussian<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Gaussian, T>(x, y);

    /// <summary>½x(1 + tanh(√(2/π)(x + 0.044715x³))), relatively accurate to as many units in the last place as the tanh's argument is large.</summary>
    public static void GeluTanh<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.GeluTanh, T>(x, y);

    /// <summary>The inverse tangent.</summary>
    public static void Arctan<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Arctan, T>(x, y);

    /// <summary>arcsin x; NaN beyond ±1. Its absolute error is below an ulp of 2.</summary>
    public static void Arcsin<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Arcsin, T>(x, y);

    /// <summary>arccos x; NaN beyond ±1. Its absolute error is below three ulp of 1, and near 1 its relative error a few ulp.</summary>
    public static void Arccos<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LaneLoop.Map<Functions.Arccos, T>(x, y);
}
