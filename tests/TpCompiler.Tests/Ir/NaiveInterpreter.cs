using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

/// <summary>
/// The plainest reading of the IR: dense double precision arrays, one coordinate at a time, matrices formed. Slow and independent of every other part; the oracle of the tests.
/// </summary>
internal sealed class NaiveInterpreter
{
    private readonly TensorProgram program;
    private readonly IReadOnlyDictionary<string, int> axes;
    private readonly int width;
    private readonly Dictionary<string, NaiveArray> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> indices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NaiveArray>> reported = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, int, ValueList<Rational>), Func<double, double>> functions = [];
    private ValueList<int> iteration = [];

    private NaiveInterpreter(TensorProgram program, int width)
    {
        this.program = program;
        this.width = width;
        axes = program.Axes.ToDictionary(axis => axis.Name, axis => axis.Size ?? throw new ArgumentException($"Axis {axis.Name} has no size."), StringComparer.Ordinal);
    }

    /// <summary>
    /// One number from outside: an entry (axes first, then coordinates) of a <see cref="Instruction.Data"/>, or a standard normal for an entry of a <see cref="Instruction.Gaussian"/>,
    /// in an iteration of the loops around it, outermost first.
    /// </summary>
    public delegate double Entry(Instruction instruction, ValueList<int> iteration, ValueList<int> indices);

    private Entry Source { get; init; } = Seeded(0);

    /// <summary>What a run leaves: every report of an output in order, and the last value of each name.</summary>
    public sealed record Result(IReadOnlyDictionary<string, List<NaiveArray>> Reported, IReadOnlyDictionary<string, NaiveArray> Values)
    {
        public double Scalar(string name) => Values[name].Data[0];

        /// <summary>A scalar output at one index of its axes, iteration after iteration.</summary>
        public double[] Series(string name, params int[] indices) => [.. Reported[name].Select(array => array[indices])];
    }

    /// <summary>Runs the program at width n. (A width with another ratio has ratio · n coordinates.)</summary>
    public static Result Run(TensorProgram program, int width, Entry source)
    {
        var interpreter = new NaiveInterpreter(program, width) { Source = source };
        interpreter.Run(program.Body);
        return new Result(interpreter.reported, interpreter.values);
    }

    /// <summary>Gaussians from a seed, independent for each value and entry whatever else the program holds; data likewise, uniform in [−1, 1], the same in all iterations.</summary>
    public static Entry Seeded(int seed) => (instruction, iteration, indices) =>
    {
        var data = instruction as Instruction.Data;
        var hash = (data?.Field ?? instruction.Result.Name).Aggregate(BitMixer.Mix((ulong)seed), (h, c) => BitMixer.Mix(h ^ c));
        hash = (data is null ? iteration.Concat(indices) : indices).Aggregate(hash, (h, i) => BitMixer.Mix(h ^ (uint)i));
        return instruction switch
        {
            Instruction.Data => (2 * Uniform(hash)) - 1,
            Instruction.Gaussian => Math.Sqrt(-2 * Math.Log(1 - Uniform(hash))) * Math.Cos(2 * Math.PI * Uniform(BitMixer.Mix(hash))),
            _ => throw new UnreachableException(),
        };

        static double Uniform(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
    };

    private int Size(string widthName)
    {
        var ratio = program.Widths.Single(w => w.Name == widthName).Ratio;
        return checked((int)((double)width * ratio.ToDouble()));
    }

    private void Run(ValueList<Statement> block)
    {
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Instruction instruction:
                    var value = Evaluate(instruction);
                    values[instruction.Result.Name] = value;
                    if (program.Outputs.Contains(instruction.Result.Name))
                    {
                        if (!reported.TryGetValue(instruction.Result.Name, out var list))
                        {
                            reported.Add(instruction.Result.Name, list = []);
                        }

                        list.Add(value);
                    }

                    break;
                case Loop loop:
                    Run(loop);
                    break;
            }
        }
    }

    private void Run(Loop loop)
    {
        var outer = iteration;
        var next = loop.Carried.Select(carried => values[carried.Initial]).ToList();
        for (var t = 0; t < loop.Count; t++)
        {
            Assign();
            indices[loop.Counter] = t;
            iteration = outer.Add(t);
            Run(loop.Body);
            next = [.. loop.Carried.Select(carried => values[carried.Next])];
        }

        Assign();
        indices.Remove(loop.Counter);
        iteration = outer;

        void Assign()
        {
            for (var i = 0; i < next.Count; i++)
            {
                values[loop.Carried[i].State.Name] = next[i];
            }
        }
    }

    /// <summary>Row and column, inside of an outer nonlinearity.</summary>
    private int[]? entry;

    private NaiveArray Evaluate(Instruction instruction)
    {
        var definition = instruction.Result;
        int[] sizes = [.. definition.Indices.Select(binder => axes[binder.Axis]), .. definition.Widths.Select(Size)];
        var result = new NaiveArray(definition.Indices.Count, sizes, new double[sizes.Aggregate(1, (product, size) => product * size)]);
        for (var flat = 0; flat < result.Data.Length; flat++)
        {
            var position = result.Position(flat);
            for (var i = 0; i < definition.Indices.Count; i++)
            {
                indices[definition.Indices[i].Name] = position[i];
            }

            result.Data[flat] = EntryOf(instruction, position, position[definition.Indices.Count..]);
        }

        foreach (var binder in definition.Indices)
        {
            indices.Remove(binder.Name);
        }

        return result;
    }

    private double EntryOf(Instruction instruction, int[] position, int[] coordinates) => instruction switch
    {
        Instruction.Gaussian g => Math.Sqrt(Value(g.Variance, 0)) * Source(g, iteration, [.. position]),
        Instruction.Data d => Source(d, iteration, [.. position]),
        Instruction.Nonlin n => Value(n.Body, coordinates.Length > 0 ? coordinates[0] : 0),
        Instruction.Moment m => Enumerable.Range(0, Size(m.Width)).Sum(alpha => Value(m.Body, alpha)) / Size(m.Width),
        Instruction.MatMul p => Enumerable.Range(0, values[p.Vector.Name].Sizes[^1]).Sum(beta =>
            (p.Transposed ? Read(p.Matrix, beta, coordinates[0]) : Read(p.Matrix, coordinates[0], beta)) * Read(p.Vector, beta)),
        Instruction.MatrixSum s => s.Terms.Sum(term => term switch
        {
            MatrixTerm.Scaled scaled => Value(scaled.Coefficient, 0) * Read(scaled.Matrix, coordinates[0], coordinates[1]),
            MatrixTerm.Outer outer => Sum(outer.Over, 0, () => Value(outer.Coefficient, 0) * Read(outer.Left, coordinates[0]) * Read(outer.Right, coordinates[1])),
            _ => throw new UnreachableException(),
        }),
        Instruction.OuterNonlin o => AtEntry(o.Body, coordinates),
        _ => throw new UnreachableException(),
    };

    private double AtEntry(Expr body, int[] coordinates)
    {
        entry = coordinates;
        var value = Value(body, 0);
        entry = null;
        return value;
    }

    /// <summary>The expression at coordinate α under the current indices.</summary>
    private double Value(Expr expr, int alpha) => expr switch
    {
        Expr.Constant c => c.Value.ToDouble(),
        Expr.Pi => Math.PI,
        Expr.WidthPower w => Math.Pow(Size(w.Width), w.Exponent.ToDouble()),
        Expr.IndexValue i => indices[i.Index],
        Expr.Reference r => Read(r, entry ?? [alpha]),
        Expr.Add a => a.Terms.Sum(term => Value(term, alpha)),
        Expr.Multiply m => m.Factors.Aggregate(1.0, (product, factor) => product * Value(factor, alpha)),
        Expr.Power p => Evaluation.RealPower(p.Exponent)(Value(p.Base, alpha)),
        Expr.Call c => Function(c)(Value(c.Arguments.Single(), alpha)),
        Expr.Sum s => Sum([s.Index], 0, () => Value(s.Body, alpha)),
        _ => throw new UnreachableException(),
    };

    private Func<double, double> Function(Expr.Call call)
    {
        var key = (call.Function, call.Derivative, call.Parameters);
        if (!functions.TryGetValue(key, out var function))
        {
            functions.Add(key, function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative));
        }

        return function;
    }

    private double Sum(ValueList<IndexBinder> over, int depth, Func<double> term)
    {
        if (depth == over.Count)
        {
            return term();
        }

        var binder = over[depth];
        var end = binder.Below is { } below ? Math.Min(indices[below], axes[binder.Axis]) : axes[binder.Axis];
        var hidden = indices.TryGetValue(binder.Name, out var value) ? value : (int?)null;
        var sum = 0.0;
        for (var i = 0; i < end; i++)
        {
            indices[binder.Name] = i;
            sum += Sum(over, depth + 1, term);
        }

        indices.Remove(binder.Name);
        if (hidden is { } outer)
        {
            indices[binder.Name] = outer;
        }

        return sum;
    }

    /// <summary>A scalar, a coordinate of a vector or an entry of a matrix; 0 outside an axis.</summary>
    private double Read(Expr.Reference reference, params int[] coordinates)
    {
        var array = values[reference.Name];
        int[] position = [.. reference.Indices.Select(Number), .. coordinates[..(array.Sizes.Length - array.Axes)]];
        return position.Zip(array.Sizes).Any(pair => pair.First < 0 || pair.First >= pair.Second) ? 0 : array[position];
    }

    private int Number(Index index) => index switch
    {
        Index.Variable v => indices[v.Name],
        Index.Fixed f => f.Position,
        Index.Shifted s => indices[s.Name] + s.Offset,
        Index.Lookup l => (int)Math.Round(Read(l.Row)),
        _ => throw new UnreachableException(),
    };
}

/// <summary>A dense array: finite axes first, then widths, row-major.</summary>
internal sealed record NaiveArray(int Axes, int[] Sizes, double[] Data)
{
    public double this[params int[] position] => Data[position.Zip(Sizes).Aggregate(0, (flat, pair) => (flat * pair.Second) + pair.First)];

    public int[] Position(int flat)
    {
        var position = new int[Sizes.Length];
        for (var i = Sizes.Length - 1; i >= 0; flat /= Sizes[i], i--)
        {
            position[i] = flat % Sizes[i];
        }

        return position;
    }
}
