using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Simulation;

/// <summary>The numbers of a Gaussian outside all loops, as the <see cref="Simulator{T}"/> draws them.</summary>
public static class GaussianNumbers
{
    /// <summary>Sizes of axes, then widths, and the entries in double precision, last axis fastest.</summary>
    public static (ValueList<int> Shape, double[] Numbers) Of(Program program, Instruction.Gaussian gaussian, int width, ulong seed, IReadOnlyDictionary<string, int> axisSizes)
    {
        var widths = program.Widths.ToDictionary(w => w.Name, w => Simulator<double>.WidthOf(w, width), StringComparer.Ordinal);
        ValueList<int> shape =
        [
            .. gaussian.Result.Indices.Select(index => axisSizes.TryGetValue(index.Axis, out var size) ? size : program.Axes.First(axis => axis.Name == index.Axis).Size!.Value),
            .. gaussian.Result.Widths.Select(name => widths[name]),
        ];
        var numbers = new double[shape.Aggregate(1, (product, size) => checked(product * size))];
        new Philox(seed, Streams.Of(gaussian.Result.Name, [])).Normal(numbers);
        var deviation = Math.Sqrt(ValueOf(gaussian.Variance, widths));
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] *= deviation;
        }

        return (shape, numbers);
    }

    /// <summary>A variance as a number.</summary>
    private static double ValueOf(Expr variance, Dictionary<string, int> widths) => variance switch
    {
        Expr.Constant constant => constant.Value.ToDouble(),
        Expr.Pi => Math.PI,
        Expr.WidthPower power => Math.Pow(widths[power.Width], power.Exponent.ToDouble()),
        Expr.Power power => Math.Pow(ValueOf(power.Base, widths), power.Exponent.ToDouble()),
        Expr.Multiply product => product.Factors.Aggregate(1.0, (value, factor) => value * ValueOf(factor, widths)),
        Expr.Add sum => sum.Terms.Sum(term => ValueOf(term, widths)),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
