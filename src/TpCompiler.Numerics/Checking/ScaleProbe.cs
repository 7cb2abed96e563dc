using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Numerics.Checking;

/// <summary>What one net says of a value.</summary>
/// <param name="Size">The root mean square of its entries.</param>
/// <param name="Numbers">The entries themselves, of a scalar: with their signs they can be averaged over nets. Null for what has a coordinate for each neuron.</param>
internal readonly record struct NetSize(double Size, double[]? Numbers);

/// <summary>
/// A simulator that measures, entry by entry and as a root mean square: each value when it is first computed, and its difference from that in the last iteration.
/// A state of the loop (a weight) is measured as its initial value and after the last step. It can be run once for each of many nets.
/// </summary>
/// <param name="program">A program with one loop at most at its top level.</param>
/// <param name="width">n.</param>
/// <param name="settings">Sizes and threads.</param>
/// <param name="names">What to measure.</param>
/// <param name="scalarSeed">The seed of Gaussian scalars, when it isn't that of the net.</param>
/// <param name="from">A probe that has run the same net as far: a change is then measured from its values in the last iteration, not from the net's own first ones.</param>
internal sealed class ScaleProbe<T>(Program program, int width, ExecutionSettings settings, IReadOnlySet<string> names, ulong? scalarSeed = null, ScaleProbe<T>? from = null)
    : Simulator<T>(program, width, 0, settings with { Keep = names })
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int lastStep = program.Body.OfType<Loop>().Select(loop => loop.Count - 1).DefaultIfEmpty(0).Max();
    private readonly ILookup<string, string> initialOf = StatesBy(program, carried => carried.Initial);
    private readonly ILookup<string, string> nextOf = StatesBy(program, carried => carried.Next);
    private readonly Dictionary<string, Copies<T>> vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Copies<double>> scalars = new(StringComparer.Ordinal);

    /// <summary>Of the net that ran last; a dictionary of its own for each.</summary>
    public Dictionary<string, NetSize> Initial { get; private set; } = [];

    /// <inheritdoc cref="Initial"/>
    public Dictionary<string, NetSize> Change { get; private set; } = [];

    protected override bool NeedsEveryValue => true;

    protected override ulong ScalarSeed => scalarSeed ?? base.ScalarSeed;

    /// <summary>Runs the net of a seed, after that which <c>from</c> has run.</summary>
    public ExecutionResult Run(ulong seed, IDataFeed feed, CancellationToken cancel)
    {
        Seed = seed;
        (Initial, Change) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        return Run(feed, null, cancel);
    }

    protected override void ScalarComputed(Definition definition, Execution.Tensor<double> value) =>
        Measure(definition.Name, new(value.Span.Length, destination => value.Span.CopyTo(destination), IsScalar: true), scalars, from?.scalars);

    protected override void VectorComputed(Definition definition, Execution.Tensor<T> value) =>
        Measure(definition.Name, new(value.Span.Length, destination => value.Span.CopyTo(destination), IsScalar: false), vectors, from?.vectors);

    protected override void MatrixComputed(Definition definition, IReadOnlyList<SimulatedMatrix<T>> value)
    {
        if (!names.Contains(definition.Name) && !initialOf.Contains(definition.Name) && !nextOf.Contains(definition.Name))
        {
            return;
        }

        // A matrix that starts as 0 holds no numbers at first.
        PanelMatrix<T>[] dense = [.. value.Select(matrix => matrix.Dense).OfType<PanelMatrix<T>>()];
        Measure(definition.Name, new(dense.Sum(matrix => matrix.Rows * matrix.Columns), Entries, IsScalar: false), vectors, from?.vectors);

        void Entries(Span<T> numbers)
        {
            foreach (var matrix in dense)
            {
                var size = matrix.Rows * matrix.Columns;
                matrix.CopyTo(numbers[..size]);
                numbers = numbers[size..];
            }
        }
    }

    private static ILookup<string, string> StatesBy(Program program, Func<Carried, string> key) =>
        program.Body.OfType<Loop>().SelectMany(loop => loop.Carried).ToLookup(key, carried => carried.State.Name);

    private static NetSize SizeOf<TNumber>(ReadOnlySpan<TNumber> numbers, bool isScalar)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber> => new(
            numbers.IsEmpty ? 0 : Math.Sqrt(DoubleSums.Dot(numbers, numbers) / numbers.Length),
            isScalar ? Array.ConvertAll(numbers.ToArray(), double.CreateTruncating) : null);

    private void Measure<TNumber>(string name, Numbers<TNumber> numbers, Dictionary<string, Copies<TNumber>> copies, Dictionary<string, Copies<TNumber>>? others)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        if (names.Contains(name))
        {
            if (!Initial.ContainsKey(name))
            {
                Begin(name, numbers, copies);
            }
            else if (Iteration.Length > 0 && Iteration[0] == lastStep)
            {
                End(name, numbers, copies, others);
            }
        }

        foreach (var state in initialOf[name].Where(names.Contains))
        {
            Begin(state, numbers, copies);
        }

        foreach (var state in nextOf[name].Where(names.Contains))
        {
            if (Iteration.Length > 0 && Iteration[0] == lastStep - 1)
            {
                End(state, numbers, copies, others);
            }
        }
    }

    private void Begin<TNumber>(string name, Numbers<TNumber> numbers, Dictionary<string, Copies<TNumber>> copies)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        if (!copies.TryGetValue(name, out var copy))
        {
            copies[name] = copy = new();
        }

        copy.HasEnded = false;
        numbers.To(ref copy.First);
        Initial[name] = SizeOf<TNumber>(copy.First, numbers.IsScalar);
    }

    private void End<TNumber>(string name, Numbers<TNumber> numbers, Dictionary<string, Copies<TNumber>> copies, Dictionary<string, Copies<TNumber>>? others)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        var copy = copies[name];
        copy.HasEnded = true;
        numbers.To(ref copy.Last);
        var start = others?.GetValueOrDefault(name) is { HasEnded: true } other ? other.Last : copy.First;
        var difference = copy.Last;
        if (start.Length == difference.Length)
        {
            difference = copy.Difference = copy.Difference.Length == start.Length ? copy.Difference : new TNumber[start.Length];
            TensorPrimitives.Subtract<TNumber>(copy.Last, start, difference);
        }

        Change[name] = SizeOf<TNumber>(difference, numbers.IsScalar);
    }

    private delegate void Writer<TNumber>(Span<TNumber> numbers);

    /// <summary>So many numbers, where they are wanted.</summary>
    private readonly record struct Numbers<TNumber>(int Count, Writer<TNumber> Write, bool IsScalar)
    {
        public void To(ref TNumber[] memory)
        {
            if (memory.Length != Count)
            {
                memory = new TNumber[Count];
            }

            Write(memory);
        }
    }

    /// <summary>A value when it is first computed, at the end, and the change; memory that the next net uses again.</summary>
    private sealed class Copies<TNumber>
    {
        public TNumber[] First = [];
        public TNumber[] Last = [];
        public TNumber[] Difference = [];

        public bool HasEnded { get; set; }
    }
}
