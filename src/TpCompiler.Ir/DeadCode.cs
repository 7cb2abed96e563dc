using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>Removes what no output needs.</summary>
public static class DeadCode
{
    /// <summary>
    /// The program without instructions that no output depends on, and without state that only keeps itself alive. A loop whose body loses everything goes too.
    /// So do parameters that no output depends on.
    /// </summary>
    public static Program Remove(Program program)
    {
        var live = Live(program.Body, program.Outputs);
        return program with
        {
            Parameters = program.Parameters.Where(parameter => live.Contains(parameter.Initial)).ToValueList(),
            Adapted = program.Adapted.Where(live.Contains).ToValueList(),
            Body = Keep(program.Body, live),
        };
    }

    /// <summary>The names that the outputs depend on, through iterations as well.</summary>
    public static IReadOnlySet<string> Live(IEnumerable<Statement> body, IEnumerable<string> outputs)
    {
        var readers = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (statement, _) in body.WithDepth())
        {
            switch (statement)
            {
                case Instruction instruction:
                    readers.TryAdd(instruction.Result.Name, [.. instruction.Reads()]);
                    break;
                case Loop loop:
                    foreach (var carried in loop.Carried)
                    {
                        readers.TryAdd(carried.State.Name, [carried.Initial, carried.Next]);
                    }

                    break;
            }
        }

        var live = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(outputs);
        while (open.TryPop(out var name))
        {
            if (live.Add(name))
            {
                foreach (var read in readers.GetValueOrDefault(name) ?? [])
                {
                    open.Push(read);
                }
            }
        }

        return live;
    }

    private static ValueList<Statement> Keep(ValueList<Statement> block, IReadOnlySet<string> live) => block.Select(statement => statement switch
    {
        Instruction instruction => live.Contains(instruction.Result.Name) ? instruction : null,
        Loop loop => Keep(loop.Body, live) is { Count: > 0 } body
            ? loop with { Carried = loop.Carried.Where(carried => live.Contains(carried.State.Name)).ToValueList(), Body = body }
            : null,
        _ => (Statement?)null,
    }).OfType<Statement>().ToValueList();
}
