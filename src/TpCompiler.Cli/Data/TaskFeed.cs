using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Cli.Data;

/// <summary>
/// Tasks as the fields that a step reads, in their order: drawings to learn from (examples × pixels), which class each is of (examples × classes, 1 and 0), and the same two for the drawings that
/// are asked about. Iteration t reads tasks tB, …, tB + B − 1.
/// </summary>
internal sealed class TaskFeed : IDataFeed
{
    private readonly DrawingTasks tasks;
    private readonly string[] fields;
    private readonly int ways;
    private readonly int learned;
    private readonly int asked;

    private TaskFeed(DrawingTasks tasks, string[] fields, int ways, int learned, int asked) =>
        (this.tasks, this.fields, this.ways, this.learned, this.asked) = (tasks, fields, ways, learned, asked);

    /// <summary>Reads a split for these fields; null with an error in the bag.</summary>
    /// <param name="source">The split, by its whole path, and whether its characters are turned.</param>
    /// <param name="data">The fields.</param>
    /// <param name="network">Says the sizes of their axes.</param>
    /// <param name="stream">Selects the tasks.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static TaskFeed? Read(DataSource source, IReadOnlyList<Instruction.Data> data, Network network, ulong stream, DiagnosticBag diagnostics)
    {
        int?[][] shapes = [.. data.Select(field => field.Result.Indices.Skip(1).Select(binder => network.Axes.First(axis => axis.Name == binder.Axis).Size).ToArray())];
        int side = shapes is [[_, { } numbers], ..] ? (int)Math.Round(Math.Sqrt(numbers)) : 0;
        if (shapes is not [[{ } learned, { } pixels], [{ } labels, { } ways], .. var rest]
            || labels != learned || learned % ways != 0 || side * side != pixels
            || !(rest is [] || (rest is [[{ } first, { } others], [{ } second, { } classes]] && first == second && first % ways == 0 && others == pixels && classes == ways)))
        {
            diagnostics.Add(Diagnostic.Create(Codes.DataShapeMismatch, source.Origin, "a task of drawings", "drawings and their classes to learn from, then the same to be asked about", $"{data.Count} fields of other shapes")
                .WithHelp("`step name(x : [support, 784], y : [support, 5], u : [query, 784], v : [query, 5])`: a square number of pixels, and multiples of the 5 classes for support and query"));
            return null;
        }

        if (DrawingTasks.Read(source.Path, side, source.Origin, diagnostics) is not { } characters)
        {
            return null;
        }

        int asked = rest is [[{ } queries, _], ..] ? queries : 0;
        DrawingTasks tasks = new(characters, side, source.Kind == "rotated_tasks", stream);
        if (tasks.Classes < ways || tasks.DrawingsOfAClass < (learned + asked) / ways)
        {
            diagnostics.Add(Codes.DataShapeMismatch, source.Origin, $"`{source.Path}`", $"{tasks.Classes} classes of {tasks.DrawingsOfAClass} drawings", $"{ways} classes of {(learned + asked) / ways}");
            return null;
        }

        return new TaskFeed(tasks, [.. data.Select(field => field.Field)], ways, learned, asked);
    }

    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
    {
        Span<double> numbers = destination.Span;
        int place = Array.IndexOf(fields, field);
        if (place % 2 == 1)
        {
            // Example e is of class e modulo the classes; so is row e of all tasks together.
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = i / ways % ways == i % ways ? 1 : 0;
            }

            return;
        }

        int size = (place == 0 ? learned : asked) * tasks.Pixels, batch = numbers.Length / size;
        long first = iteration.IsEmpty ? 0 : (long)iteration[0] * batch;
        WorkSharing.Run(batch, b =>
        {
            Span<double> own = destination.Data.AsSpan(b * size, size);
            tasks.Draw(first + b, ways, learned, asked, place == 0 ? own : default, place == 2 ? own : default);
        });
    }
}
