using System.Diagnostics;
using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Simulation;

/// <summary>
/// Runs a program as a finite net: the carrier whose coordinates are n numbers and whose matrices are stored. A weight that a loop carries is one array, updated in place.
/// The random numbers of a Gaussian depend on the seed, its name and the iteration only; in single precision they are those of double precision, rounded.
/// </summary>
/// <typeparam name="T">Single or double precision, for vectors and matrices. Scalars and sums are double.</typeparam>
public class Simulator<T> : Interpreter<T, SimulatedMatrix<T>>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Piece = 4096;

    private readonly Dictionary<string, int> widths;
    private readonly HashSet<string> carried;

    /// <param name="program">A verified program.</param>
    /// <param name="width">n of the first width; the others follow by their ratios, rounded to whole numbers.</param>
    /// <param name="seed">Selects the random numbers.</param>
    /// <param name="settings">Sizes of the axes of data, and threads.</param>
    public Simulator(Program program, int width, ulong seed, ExecutionSettings settings)
        : base(JoinedUpdates.Schedule(SharedCalls.Hoist(settings.ExpandLowRank(program))), settings)
    {
        Seed = seed;
        widths = program.Widths.ToDictionary(w => w.Name, w => WidthOf(w, width), StringComparer.Ordinal);
        carried = [.. CarriedMatrices(program.Body)];
    }

    /// <summary>The size of a width when the first has this one.</summary>
    public static int WidthOf(Width width, int first) => Math.Max(1, (int)Math.Round(width.Ratio.ToDouble() * first));

    protected override int Coordinates(string width) => widths[width];

    protected override double WidthValue(string width) => widths[width];

    /// <summary>Selects the random numbers of the next run: nets of one width can share a simulator, and what it has prepared.</summary>
    protected ulong Seed { get; set; }

    /// <summary>The seed of Gaussian scalars.</summary>
    protected virtual ulong ScalarSeed => Seed;

    protected override void GaussianScalar(Definition definition, double variance, Span<double> numbers) => Fill(ScalarSeed, definition, variance, numbers, 0);

    protected override void GaussianVector(Definition definition, double variance, Span<T> rows) => Fill(Seed, definition, variance, rows, 0);

    protected override SimulatedMatrix<T> GaussianMatrix(Definition definition, int position, double variance)
    {
        var (rows, columns) = (widths[definition.Widths[0]], widths[definition.Widths[1]]);
        var numbers = new T[rows * columns];
        Fill(Seed, definition, variance, numbers.AsSpan(), (long)position * numbers.Length);
        return new(PanelMatrix<T>.FromRowMajor(numbers, rows, columns), []);
    }

    protected override bool MatricesHaveEntries => true;

    // The state of a loop is written out, but for a slot that is still zero.
    protected override double[] Entries(SimulatedMatrix<T> matrix)
    {
        if (matrix.Factors.Count > 0)
        {
            return matrix.Entries();
        }

        if (matrix.Dense is not { } dense)
        {
            return [];
        }

        var entries = new T[dense.Rows * dense.Columns];
        dense.CopyTo(entries);
        return Array.ConvertAll(entries, double.CreateTruncating);
    }

    protected override SimulatedMatrix<T> MatrixOf(Definition definition, double[] entries) => entries.Length == 0
        ? new(null, [])
        : new(PanelMatrix<T>.FromRowMajor(Array.ConvertAll(entries, T.CreateTruncating), widths[definition.Widths[0]], widths[definition.Widths[1]]), []);

    protected override void MatMul(SimulatedMatrix<T> matrix, bool transposed, ReadOnlySpan<T> x, Span<T> y, int count) =>
        matrix.Multiply(transposed, x, y, count);

    protected override SimulatedMatrix<T> MatrixSum(
        Definition definition, int position, IReadOnlyList<ScaledMatrix<SimulatedMatrix<T>>> matrices, IReadOnlyList<OuterFactors<T>> factors)
    {
        var parts = matrices.SelectMany(term => term.Matrix.Factors.Select(factor => Scale(factor, term.Coefficient))).ToList();
        var dense = matrices.Where(term => term.Matrix.Dense is not null).ToList();
        if (dense.Count == 0 && !carried.Contains(definition.Name))
        {
            return new(null, [.. parts, .. factors.Select(Copy)]);
        }

        parts.AddRange(factors);
        var first = dense.FindIndex(term => term.IsLastUse);
        PanelMatrix<T> sum;
        var decay = T.One;
        if (first >= 0)
        {
            sum = dense[first].Matrix.Dense!;
            decay = T.CreateTruncating(dense[first].Coefficient);
            dense.RemoveAt(first);
        }
        else
        {
            sum = new PanelMatrix<T>(widths[definition.Widths[0]], widths[definition.Widths[1]]);
        }

        foreach (var term in dense)
        {
            sum.Combine(decay, T.CreateTruncating(term.Coefficient), term.Matrix.Dense!);
            decay = T.One;
        }

        foreach (var part in parts)
        {
            Update(sum, decay, part);
            decay = T.One;
        }

        if (decay != T.One)
        {
            sum.Combine(decay, T.Zero, sum);
        }

        return new(sum, []);
    }

    protected override bool JoinsProductAndUpdate => true;

    /// <summary>Wᵀ x and W ← c W + factors read the weights once.</summary>
    protected override SimulatedMatrix<T>? MatMulAndSum(
        SimulatedMatrix<T> matrix,
        bool transposed,
        ReadOnlySpan<T> x,
        Span<T> y,
        int count,
        Definition sum,
        IReadOnlyList<ScaledMatrix<SimulatedMatrix<T>>> matrices,
        IReadOnlyList<OuterFactors<T>> factors)
    {
        var dense = matrices.Where(term => term.Matrix.Dense is not null).ToList();
        OuterFactors<T>[] parts =
            [.. matrices.SelectMany(term => term.Matrix.Factors.Select(factor => Scale(factor, term.Coefficient))), .. factors];
        if (!transposed || matrix.Factors.Count > 0 || dense is not [{ IsLastUse: true } term] || term.Matrix != matrix || parts is not [var part])
        {
            return null;
        }

        var (coefficient, left) = WithOneCoefficient(part);
        matrix.Dense!.TransposedAndUpdate(x, y, count, T.CreateTruncating(term.Coefficient), coefficient, left.Span, part.Right.Span, part.Coefficients.Length);
        return matrix;
    }

    /// <summary>M ← decay·M + Σ_k c_k u_k v_kᵀ in one pass.</summary>
    private static void Update(PanelMatrix<T> matrix, T decay, OuterFactors<T> factors)
    {
        var rank = factors.Coefficients.Length;
        var (coefficient, left) = WithOneCoefficient(factors);
        matrix.RankUpdate(decay, coefficient, left.Span, factors.Right.Span, rank);
    }

    /// <summary>The factors' common coefficient, or 1 with the coefficients multiplied into the left factors.</summary>
    private static (T Coefficient, ReadOnlyMemory<T> Left) WithOneCoefficient(OuterFactors<T> factors)
    {
        if (factors.Coefficients.All(c => c == factors.Coefficients[0]))
        {
            return (T.CreateTruncating(factors.Coefficients.FirstOrDefault()), factors.Left);
        }

        var left = factors.Left.ToArray();
        var length = left.Length / factors.Coefficients.Length;
        for (var k = 0; k < factors.Coefficients.Length; k++)
        {
            var row = left.AsSpan(k * length, length);
            LinearCombination.Scale(T.CreateTruncating(factors.Coefficients[k]), row, row);
        }

        return (T.One, left);
    }

    private static OuterFactors<T> Scale(OuterFactors<T> factors, double scale) => factors with { Coefficients = [.. factors.Coefficients.Select(c => c * scale)] };

    private static OuterFactors<T> Copy(OuterFactors<T> factors) =>
        new(factors.Coefficients, factors.Left.ToArray(), factors.Right.ToArray());

    private static IEnumerable<string> CarriedMatrices(IEnumerable<Statement> block) => block.OfType<Loop>().SelectMany(loop =>
        loop.Carried.Where(state => state.State.Kind == ValueKind.Matrix).Select(state => state.Next).Concat(CarriedMatrices(loop.Body)));

    private void Fill<TNumber>(ulong from, Definition definition, double variance, Span<TNumber> numbers, long start)
        where TNumber : unmanaged, INumberBase<TNumber>
    {
        var stream = new Philox(from, Streams.Of(definition.Name, Iteration));
        var deviation = Math.Sqrt(variance);
        Span<double> normals = stackalloc double[Piece];
        for (var done = 0; done < numbers.Length; done += Piece)
        {
            var piece = normals[..Math.Min(Piece, numbers.Length - done)];
            stream.Normal(piece, start + done);
            for (var i = 0; i < piece.Length; i++)
            {
                numbers[done + i] = TNumber.CreateTruncating(deviation * piece[i]);
            }
        }
    }
}
