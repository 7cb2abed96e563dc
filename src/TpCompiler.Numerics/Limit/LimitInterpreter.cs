using System.Numerics.Tensors;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Limit.Grids;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>Runs a limit program on a carrier: n is 1 in its powers, a mean over coordinates is the carrier's expectation, and Gaussian matrices are conditioned on what they met.</summary>
internal sealed class LimitInterpreter : Interpreter<double, FactoredMatrix>
{
    private readonly Carrier carrier;
    private readonly ulong seed;
    private readonly KinkArguments? kinks;
    private readonly TailWatch? tails;
    private readonly MovedRounding? rounding;
    private readonly HashSet<string> given;
    private readonly HashSet<string> vectors;
    private readonly string[] names;
    private readonly CoordinateSpaces spaces;
    private readonly Dictionary<string, CoordinateSpace> met = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> ratios;
    private readonly List<ConditionedMatrix> gaussians = [];
    private double[] besides = [];
    private long factorBytes;

    /// <param name="program">A limit program.</param>
    /// <param name="settings">Sizes of axes.</param>
    /// <param name="carrier">What vectors live in.</param>
    /// <param name="seed">Chooses the values of Gaussian scalars, which stay random in the limit.</param>
    /// <param name="kinks">Arguments to write down where they are met.</param>
    /// <param name="tails">Moments whose largest terms to write down.</param>
    /// <param name="rounding">What computed numbers are moved by, to see what rounding does.</param>
    public LimitInterpreter(Program program, ExecutionSettings settings, Carrier carrier, ulong seed, KinkArguments? kinks = null, TailWatch? tails = null, MovedRounding? rounding = null)
        : base(program, settings)
    {
        this.carrier = carrier;
        this.seed = seed;
        this.kinks = kinks;
        this.tails = tails;
        this.rounding = rounding;
        given = program.Body.Instructions().OfType<Instruction.Data>().Select(data => data.Result.Name).ToHashSet(StringComparer.Ordinal);
        vectors = program.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        spaces = CoordinateSpaces.Of(program);
        names = [.. program.Body.Definitions().SelectMany(definition => definition.Kind switch
        {
            ValueKind.Vector => [spaces.OfVector(definition.Name)],
            ValueKind.Matrix => new[] { spaces.OfRows(definition.Name), spaces.OfColumns(definition.Name) },
            _ => [],
        }).Distinct()];
        Restart();
        KeepsVectors = program.Body.Definitions().Any(definition => definition.Kind == ValueKind.Matrix);
        ratios = program.Widths.ToDictionary(width => width.Name, width => width.Ratio.ToDouble(), StringComparer.Ordinal);
    }

    /// <summary>Forgets what was met, so that the program can run again.</summary>
    public void Restart()
    {
        met.Clear();
        gaussians.Clear();
        AtKinks.Clear();
        Tails.Clear();
        (factorBytes, PairBytes) = (0, 0);
        foreach (var name in names)
        {
            met.Add(name, new CoordinateSpace(met.Count));
        }
    }

    /// <summary>Memory of the history, directions with their images and factors, for each number of a variable.</summary>
    public double BytesPerNumber => ((double)factorBytes / carrier.Length) + gaussians.Sum(matrix => matrix.BytesPerNumber);

    /// <summary>The arguments of functions with kinks less the place of the kink, in the order of the run, each with its space.</summary>
    public List<(int Space, Execution.Tensor<double> Values)> AtKinks { get; } = [];

    /// <summary>The ends of the terms of Moments, one for each number of a Moment, by its name and the counters of the enclosing loops.</summary>
    public Dictionary<(string Moment, ValueList<int> Iteration), ExtremeTerms[]> Tails { get; } = [];

    /// <summary>Memory of the matrices with an entry for each pair of points.</summary>
    public long PairBytes { get; private set; }

    /// <summary>The coordinate spaces by their names, with the Gaussians that they have met.</summary>
    public IReadOnlyDictionary<string, CoordinateSpace> Spaces => met;

    protected override bool IsWeighted => met.Values.Any(space => carrier.WeightsOf(space.Number) is not null);

    protected override bool KeepsVectors { get; }

    protected override int Coordinates(string width) => carrier.Length;

    protected override double WidthValue(string width) => ratios[width];

    protected override double[]? WeightsOf(Instruction.Moment moment) =>
        moment.Body.References().FirstOrDefault(reference => vectors.Contains(reference.Name)) is { } vector ? carrier.WeightsOf(SpaceOf(spaces.OfVector(vector.Name)).Number) : null;

    protected override void MomentComputed(Span<double> means) => carrier.Tape?.Pass(means);

    protected override void ScalarComputed(Definition definition, Execution.Tensor<double> value)
    {
        // What is read is not rounded; and it may be the number of a row.
        if (!given.Contains(definition.Name))
        {
            rounding?.Move(value.Span);
        }
    }

    protected override void VectorComputed(Definition definition, Execution.Tensor<double> value) => rounding?.Move(value.Span);

    protected override void Running(Instruction instruction)
    {
        foreach (var kink in kinks?.At(instruction) ?? [])
        {
            double[] memory = [];
            AtKinks.Add((SpaceOf(spaces.OfVector(kink.Vector)).Number, Beside(kink.Argument, ref memory)));
        }

        if (tails?.Of(instruction) is { } terms)
        {
            Tails[(terms.Moment, Iteration.ToArray().ToValueList())] = TailsOf(terms);
        }
    }

    private ExtremeTerms[] TailsOf(TailWatch.Terms terms)
    {
        var vector = Beside(terms.Term, ref besides);
        var ends = Enumerable.Range(0, vector.Rows).Select(row => ExtremeTerms.Of(vector.Row(row), tails!.Kept)).ToArray();
        if (ends.Any(end => end.IsZero))
        {
            var scales = new double[ends.Length];
            Array.Fill(scales, 1);
            foreach (var factor in terms.Factors)
            {
                var sizes = SizesOf(factor.Value);
                var arguments = factor is { Function: not null, Argument: { } argument } && sizes.Contains(0) ? SizesOf(argument) : null;
                for (var row = 0; row < scales.Length; row++)
                {
                    scales[row] *= sizes[row] == 0 && arguments?[row] is { } size ? Math.Max(Math.Abs(factor.Function!(size)), Math.Abs(factor.Function(-size))) : sizes[row];
                }
            }

            ends = [.. ends.Select((end, row) => end with { Scale = scales[row] })];
        }

        return ends;

        double[] SizesOf(Instruction.Nonlin value)
        {
            var rows = Beside(value, ref besides);
            return [.. Enumerable.Range(0, rows.Rows).Select(row => Math.Sqrt(TensorPrimitives.SumOfSquares(rows.Row(row)) / carrier.Length))];
        }
    }

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
        var (rows, columns) = SidesOf(definition);
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

        var (rows, columns) = SidesOf(definition);
        PairBytes += sizeof(double) * (long)entries.Length;
        return new FactoredMatrix([], []) { Pairs = [(new PairBlock(entries, rows, columns), 1)] };
    }

    private (MatrixSide Rows, MatrixSide Columns) SidesOf(Definition matrix) => (
        new MatrixSide(ratios[matrix.Widths[0]], SpaceOf(spaces.OfRows(matrix.Name)).Number),
        new MatrixSide(ratios[matrix.Widths[1]], SpaceOf(spaces.OfColumns(matrix.Name)).Number));

    private CoordinateSpace SpaceOf(string name) => met[name];
}
