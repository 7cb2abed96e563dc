using System.Numerics.Tensors;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Limit;

/// <summary>Runs a limit program on a carrier: n is 1 in its powers, a mean over coordinates is the carrier's expectation, and Gaussian matrices are conditioned on what they met.</summary>
internal sealed class LimitInterpreter : Interpreter<double, FactoredMatrix>
{
    private readonly Carrier carrier;
    private readonly ulong seed;
    private readonly CoordinateSpaces spaces;
    private readonly Dictionary<string, CoordinateSpace> met = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> ratios;
    private readonly List<ConditionedMatrix> gaussians = [];
    private long factorBytes;

    /// <param name="program">A limit program.</param>
    /// <param name="settings">Sizes of axes.</param>
    /// <param name="carrier">What vectors live in.</param>
    /// <param name="seed">Chooses the values of Gaussian scalars, which stay random in the limit.</param>
    public LimitInterpreter(Program program, ExecutionSettings settings, Carrier carrier, ulong seed)
        : base(program, settings)
    {
        this.carrier = carrier;
        this.seed = seed;
        spaces = CoordinateSpaces.Of(program);
        KeepsVectors = program.Body.Definitions().Any(definition => definition.Kind == ValueKind.Matrix);
        ratios = program.Widths.ToDictionary(width => width.Name, width => width.Ratio.ToDouble(), StringComparer.Ordinal);
    }

    /// <summary>Memory of the history, directions with their images and factors, for each number of a variable.</summary>
    public double BytesPerNumber => ((double)factorBytes / carrier.Length) + gaussians.Sum(matrix => matrix.BytesPerNumber);

    /// <summary>Memory of the matrices with an entry for each pair of points.</summary>
    public long PairBytes { get; private set; }

    /// <summary>The Gaussians that the coordinate space with most of them has met.</summary>
    public int LargestSpace => met.Values.Select(space => space.Gaussians).DefaultIfEmpty(0).Max();

    protected override double[]? Weights => carrier.Weights;

    protected override bool KeepsVectors { get; }

    protected override int Coordinates(string width) => carrier.Length;

    protected override double WidthValue(string width) => ratios[width];

    protected override void GaussianVector(Definition definition, double variance, Span<double> rows)
    {
        if (definition.Name == CoefficientProgram.One)
        {
            rows.Clear();
            rows[0] = 1;
            return;
        }

        var space = SpaceOf(spaces.OfVector(definition.Name));
        for (var start = 0; start < rows.Length; start += carrier.Length)
        {
            var row = rows.Slice(start, carrier.Length);
            space.FreshGaussian(carrier, row);
            TensorPrimitives.Multiply(row, Math.Sqrt(variance), row);
        }
    }

    protected override void GaussianScalar(Definition definition, double variance, Span<double> numbers)
    {
        new Philox(seed, Streams.Of(definition.Name, Iteration)).Normal(numbers);
        TensorPrimitives.Multiply(numbers, Math.Sqrt(variance), numbers);
    }

    protected override FactoredMatrix GaussianMatrix(Definition definition, int position, double variance)
    {
        var matrix = new ConditionedMatrix(
            carrier,
            variance,
            ratios[definition.Widths[0]],
            ratios[definition.Widths[1]],
            SpaceOf(spaces.OfRows(definition.Name)),
            SpaceOf(spaces.OfColumns(definition.Name)));
        gaussians.Add(matrix);
        return new FactoredMatrix([(matrix, 1)], []);
    }

    protected override void MatMul(FactoredMatrix matrix, bool transposed, ReadOnlySpan<double> x, Span<double> y, int count)
    {
        y.Clear();
        matrix.MultiplyAdd(carrier, transposed, x, y);
    }

    protected override FactoredMatrix MatrixSum(
        Definition definition, int position, IReadOnlyList<ScaledMatrix<FactoredMatrix>> matrices, IReadOnlyList<OuterFactors<double>> factors)
    {
        factorBytes += factors.Sum(outer => sizeof(double) * ((long)outer.Left.Length + outer.Right.Length));
        var sum = matrices.Aggregate(FactoredMatrix.Zero, (total, term) => total.Add(term.Coefficient, term.Matrix));
        var (rows, columns) = (ratios[definition.Widths[0]], ratios[definition.Widths[1]]);
        return factors.Aggregate(sum, (total, outer) => total.Add(new FactorBlock(outer.Left, outer.Right, outer.Coefficients, rows, columns)));
    }

    /// <summary>n times the entries at each pair of points, a point of the rows and one of the columns: they are coordinates of independent copies.</summary>
    protected override double[] Entries(FactoredMatrix matrix) => matrix.Entries(carrier.Length);

    protected override FactoredMatrix MatrixOf(Definition definition, double[] entries)
    {
        if (entries.Length == 0)
        {
            return FactoredMatrix.Zero;
        }

        PairBytes += sizeof(double) * (long)entries.Length;
        return new FactoredMatrix([], []) { Pairs = [(new PairBlock(entries, ratios[definition.Widths[0]], ratios[definition.Widths[1]]), 1)] };
    }

    private CoordinateSpace SpaceOf(string name)
    {
        if (!met.TryGetValue(name, out var space))
        {
            met.Add(name, space = new CoordinateSpace(met.Count));
        }

        return space;
    }
}
