using System.Diagnostics;
using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Limit;

/// <summary>Runs the <see cref="CoefficientProgram"/> of a limit without matrices with numbers of another precision than the <see cref="LimitInterpreter"/>'s.</summary>
/// <typeparam name="T">What coefficients are stored in. Scalars and sums are double.</typeparam>
/// <param name="program">A coefficient program that <see cref="Runs"/>.</param>
/// <param name="settings">Sizes of axes.</param>
/// <param name="capacity">One more than its Gaussian vectors.</param>
/// <param name="seed">Chooses the values of Gaussian scalars, which stay random in the limit.</param>
internal sealed class CoefficientInterpreter<T>(Program program, ExecutionSettings settings, int capacity, ulong seed) : Interpreter<T, object>(program, settings)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int met;

    public static bool Runs(Program program) => program.Widths.Count == 1 && program.Body.Definitions().All(definition => definition.Kind != ValueKind.Matrix);

    protected override int Coordinates(string width) => capacity;

    protected override double WidthValue(string width) => 1;

    protected override void GaussianVector(Definition definition, double variance, Span<T> rows)
    {
        rows.Clear();
        var isOne = definition.Name == CoefficientProgram.One;
        for (var start = 0; start < rows.Length; start += capacity)
        {
            if (isOne)
            {
                rows[start] = T.One;
            }
            else
            {
                met++;
                rows[start + (met < capacity ? met : throw new CapacityExceededException())] = T.CreateTruncating(Math.Sqrt(variance));
            }
        }
    }

    protected override void GaussianScalar(Definition definition, double variance, Span<double> numbers)
    {
        new Philox(seed, Streams.Of(definition.Name, Iteration)).Normal(numbers);
        System.Numerics.Tensors.TensorPrimitives.Multiply(numbers, Math.Sqrt(variance), numbers);
    }

    protected override object GaussianMatrix(Definition definition, int position, double variance) => throw new UnreachableException();

    protected override void MatMul(object matrix, bool transposed, ReadOnlySpan<T> x, Span<T> y, int count) => throw new UnreachableException();

    protected override object MatrixSum(Definition definition, int position, IReadOnlyList<ScaledMatrix<object>> matrices, IReadOnlyList<OuterFactors<T>> factors) => throw new UnreachableException();
}
