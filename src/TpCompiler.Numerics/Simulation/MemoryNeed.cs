using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Simulation;

/// <summary>What a simulation will hold in memory, so that a net that doesn't fit is refused before it runs.</summary>
public static class MemoryNeed
{
    /// <summary>The most numbers that one matrix or vector array can have here.</summary>
    public const long LargestArray = 0x7FFFFFC7;

    /// <summary>
    /// Bytes, from above: every matrix that is drawn or carried, one more of the largest while it is drawn, and every vector of the program at once; of a training on rows, every table twice.
    /// </summary>
    /// <param name="program">What is to run.</param>
    /// <param name="width">n of the first width.</param>
    /// <param name="axisSizes">Sizes of axes that the program leaves open.</param>
    /// <param name="bytesOfNumber">4 or 8.</param>
    /// <param name="largest">The numbers in the largest array; a net with one of more than <see cref="LargestArray"/> can't run, however much memory there is.</param>
    public static double Of(Program program, int width, IReadOnlyDictionary<string, int> axisSizes, int bytesOfNumber, out double largest)
    {
        var sizes = program.Axes.ToDictionary(
            axis => axis.Name, axis => axisSizes.TryGetValue(axis.Name, out var bound) ? bound : axis.Size ?? 1, StringComparer.Ordinal);
        var widths = program.Widths.ToDictionary(w => w.Name, w => (double)Simulator<double>.WidthOf(w, width), StringComparer.Ordinal);
        var (numbers, array) = (0.0, 0.0);
        Visit(program.Body);
        largest = array;
        return (numbers + array) * bytesOfNumber;

        void Visit(IEnumerable<Statement> block)
        {
            foreach (var statement in block)
            {
                if (statement is Loop loop)
                {
                    foreach (var carried in loop.Carried.Where(carried => carried.State.Kind == ValueKind.Matrix))
                    {
                        Add(carried.State);
                    }

                    sizes.TryAdd(loop.Counter, loop.Count);
                    if (Rows.RowCompiler.Of(program, loop, axis => sizes.GetValueOrDefault(axis, 1)) is null)
                    {
                        Visit(loop.Body);
                    }
                    else
                    {
                        // Threads have their columns of every table for themselves.
                        foreach (var carried in loop.Carried)
                        {
                            Add(carried.State);
                        }
                    }
                }
                else if (statement is Instruction { Result.Kind: ValueKind.Vector } or Instruction.Gaussian { Result.Kind: ValueKind.Matrix })
                {
                    Add(((Instruction)statement).Result);
                }
            }
        }

        void Add(Definition definition)
        {
            var rows = definition.Indices.Aggregate(1.0, (product, index) => product * sizes.GetValueOrDefault(index.Axis, 1));
            var size = definition.Widths.Aggregate(1.0, (product, name) => product * widths[name]);

            // Vectors of all positions share one array, a matrix has one of its own.
            array = Math.Max(array, definition.Kind == ValueKind.Matrix ? size : rows * size);
            numbers += rows * size;
        }
    }
}
