using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Between which numbers the scalars of a loss and of its gradient lie while each output lies within a distance of a number: interval arithmetic over the program of <see cref="LossProgram"/>.</summary>
internal sealed class LossEnclosure
{
    private readonly Program program;
    private readonly Func<string, int> sizeOfAxis;
    private readonly Dictionary<string, (int[] Sizes, Interval[] Values)> known = new(StringComparer.Ordinal);

    /// <summary>The values of counters and of indices that are summed over; the innermost is last.</summary>
    private readonly List<(string Name, int Value)> indices = [];

    private LossEnclosure(Program program, Func<string, int> sizeOfAxis) => (this.program, this.sizeOfAxis) = (program, sizeOfAxis);

    /// <summary>The ranges of the program's outputs; everything where an instruction is of another kind than sums and functions of scalars.</summary>
    /// <param name="program">The program: Data and Nonlins of scalars.</param>
    /// <param name="sizeOfAxis">The size of each axis.</param>
    /// <param name="numbers">The numbers of its data.</param>
    /// <param name="radii">How far a number may be off, for the data that are not exact.</param>
    public static IReadOnlyDictionary<string, Interval[]> Of(Program program, Func<string, int> sizeOfAxis, IReadOnlyDictionary<string, double[]> numbers, IReadOnlyDictionary<string, double> radii)
    {
        var run = new LossEnclosure(program, sizeOfAxis);
        foreach (var instruction in program.Body.Instructions())
        {
            run.Add(instruction, numbers, radii);
        }

        return program.Outputs.Distinct().ToDictionary(output => output, output => run.known[output].Values, StringComparer.Ordinal);
    }

    private void Add(Instruction instruction, IReadOnlyDictionary<string, double[]> numbers, IReadOnlyDictionary<string, double> radii)
    {
        int[] sizes = [.. instruction.Result.Indices.Select(binder => sizeOfAxis(binder.Axis))];
        var count = sizes.Aggregate(1, (product, size) => product * size);
        known[instruction.Result.Name] = (sizes, instruction switch
        {
            Instruction.Data data when numbers.TryGetValue(data.Field, out var field) => [.. field.Select(value => Interval.Around(value, radii.GetValueOrDefault(data.Field)))],
            Instruction.Nonlin { Result.Kind: ValueKind.Scalar } nonlin => [.. Enumerable.Range(0, count).Select(at => AtPlace(nonlin, sizes, at))],
            _ => [.. Enumerable.Repeat(Interval.Everything, count)],
        });
    }

    private Interval AtPlace(Instruction.Nonlin nonlin, int[] sizes, int place)
    {
        for (var axis = sizes.Length - 1; axis >= 0; axis--)
        {
            indices.Insert(0, (nonlin.Result.Indices[axis].Name, place % sizes[axis]));
            place /= sizes[axis];
        }

        var value = Enclosure.Of(nonlin.Body, Leaf);
        indices.Clear();
        return value;
    }

    private Interval Leaf(Expr expr)
    {
        switch (expr)
        {
            case Expr.Reference reference when known.TryGetValue(reference.Name, out var value):
                var place = 0;
                for (var axis = 0; axis < value.Sizes.Length; axis++)
                {
                    if (PositionOf(reference.Indices[axis]) is not { } position)
                    {
                        return Interval.Everything;
                    }

                    // Beside the axis stands 0.
                    if (position < 0 || position >= value.Sizes[axis])
                    {
                        return Interval.At(0);
                    }

                    place = (place * value.Sizes[axis]) + position;
                }

                return value.Values[place];
            case Expr.IndexValue counter when PositionOf(counter.Index) is { } at:
                return Interval.At(at);
            case Expr.Sum sum:
                var size = sum.Index.Below is { } below && PositionOf(below) is { } end ? end : sizeOfAxis(sum.Index.Axis);
                var total = Interval.At(0);
                for (var i = 0; i < size; i++)
                {
                    indices.Add((sum.Index.Name, i));
                    total += Enclosure.Of(sum.Body, Leaf);
                    indices.RemoveAt(indices.Count - 1);
                }

                return total;
            default:
                return Interval.Everything;
        }
    }

    /// <summary>Where an index stands; null where that is not exactly known.</summary>
    private int? PositionOf(Index index) => index switch
    {
        Index.Variable variable => ValueOf(variable.Name),
        Index.Fixed at => at.Position,
        Index.Shifted shifted => ValueOf(shifted.Name) + shifted.Offset,
        Index.Lookup lookup when Leaf(lookup.Row) is { Width: 0 } row => (int)Math.Round(row.Low),
        _ => null,
    };

    private int? ValueOf(string name)
    {
        for (var i = indices.Count - 1; i >= 0; i--)
        {
            if (indices[i].Name == name)
            {
                return indices[i].Value;
            }
        }

        return null;
    }
}
