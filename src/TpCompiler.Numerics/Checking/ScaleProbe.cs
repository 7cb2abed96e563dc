using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// A simulator that measures, entry by entry and as a root mean square: each value when it is first computed, and its difference from that in the last iteration.
/// A state of the loop (a weight) is measured as its initial value and after the last step.
/// </summary>
/// <param name="program">A program with one loop at most at its top level.</param>
/// <param name="width">n.</param>
/// <param name="seed">The seed.</param>
/// <param name="settings">Sizes and threads.</param>
/// <param name="names">What to measure.</param>
/// <param name="scalarSeed">The seed of Gaussian scalars, when it isn't <paramref name="seed"/>.</param>
/// <param name="from">A net that has run as far: a change is then measured from its values in the last iteration, not from the net's own first ones.</param>
internal sealed class ScaleProbe<T>(Program program, int width, ulong seed, ExecutionSettings settings, IReadOnlySet<string> names, ulong? scalarSeed = null, ScaleProbe<T>? from = null)
    : Simulator<T>(program, width, seed, settings with { Keep = names })
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int lastStep = program.Body.OfType<Loop>().Select(loop => loop.Count - 1).DefaultIfEmpty(0).Max();
    private readonly ILookup<string, string> initialOf = StatesBy(program, carried => carried.Initial);
    private readonly ILookup<string, string> nextOf = StatesBy(program, carried => carried.Next);
    private readonly Dictionary<string, T[]> vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double[]> scalars = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Array> last = new(StringComparer.Ordinal);

    public Dictionary<string, double> Initial { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, double> Change { get; } = new(StringComparer.Ordinal);

    protected override bool NeedsEveryValue => true;

    protected override ulong ScalarSeed => scalarSeed ?? base.ScalarSeed;

    protected override void ScalarComputed(Definition definition, Execution.Tensor<double> value) => Measure(definition.Name, () => value.Span.ToArray(), scalars);

    protected override void VectorComputed(Definition definition, Execution.Tensor<T> value) => Measure(definition.Name, () => value.Span.ToArray(), vectors);

    protected override void MatrixComputed(Definition definition, IReadOnlyList<SimulatedMatrix<T>> value)
    {
        Measure(definition.Name, Entries, vectors);

        T[] Entries() => [.. value.SelectMany(matrix =>
        {
            if (matrix.Dense is not { } dense)
            {
                return [];
            }

            var entries = new T[dense.Rows * dense.Columns];
            dense.CopyTo(entries);
            return entries;
        })];
    }

    private static ILookup<string, string> StatesBy(Program program, Func<Carried, string> key) =>
        program.Body.OfType<Loop>().SelectMany(loop => loop.Carried).ToLookup(key, carried => carried.State.Name);

    private static double RootMeanSquare<TNumber>(ReadOnlySpan<TNumber> numbers)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber> =>
            numbers.IsEmpty ? 0 : Math.Sqrt(DoubleSums.Dot(numbers, numbers) / numbers.Length);

    private void Measure<TNumber>(string name, Func<TNumber[]> numbers, Dictionary<string, TNumber[]> first)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        if (names.Contains(name))
        {
            if (!first.ContainsKey(name))
            {
                Begin(name, numbers(), first);
            }
            else if (Iteration.Length > 0 && Iteration[0] == lastStep)
            {
                End(name, numbers(), first);
            }
        }

        foreach (var state in initialOf[name].Where(names.Contains))
        {
            Begin(state, numbers(), first);
        }

        foreach (var state in nextOf[name].Where(names.Contains))
        {
            if (Iteration.Length > 0 && Iteration[0] == lastStep - 1)
            {
                End(state, numbers(), first);
            }
        }
    }

    private void Begin<TNumber>(string name, TNumber[] numbers, Dictionary<string, TNumber[]> first)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        first[name] = numbers;
        Initial[name] = RootMeanSquare<TNumber>(numbers);
    }

    private void End<TNumber>(string name, TNumber[] numbers, Dictionary<string, TNumber[]> first)
        where TNumber : unmanaged, IBinaryFloatingPointIeee754<TNumber>
    {
        last[name] = (TNumber[])numbers.Clone();
        var start = from is null ? first[name] : (TNumber[])from.last.GetValueOrDefault(name, first[name]);

        // A matrix that starts as 0 holds no numbers at first.
        if (start.Length == numbers.Length)
        {
            TensorPrimitives.Subtract<TNumber>(numbers, start, numbers);
        }

        Change[name] = RootMeanSquare<TNumber>(numbers);
    }
}
