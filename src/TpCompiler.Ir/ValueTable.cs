using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>What each name of a program stands for.</summary>
public sealed class ValueTable
{
    private readonly Dictionary<string, Value> values = new(StringComparer.Ordinal);

    private ValueTable()
    {
    }

    /// <summary>A value and where it comes from.</summary>
    /// <param name="Definition">Its type.</param>
    /// <param name="Instruction">What defines it; null for the state of a loop and for values given from outside.</param>
    /// <param name="Carried">The state that it is; null for others.</param>
    /// <param name="Loops">The loops around its definition, outermost first; for a state, its own loop is the last.</param>
    public sealed record Value(Definition Definition, Instruction? Instruction, Carried? Carried, ValueList<Loop> Loops);

    public IEnumerable<Value> Values => values.Values;

    public Value this[string name] => values[name];

    public static ValueTable Of(Program program) => Of(program.Body);

    /// <summary>The table of the statements; the first definition of a name counts.</summary>
    public static ValueTable Of(IEnumerable<Statement> statements, IEnumerable<Definition>? given = null)
    {
        var table = new ValueTable();
        foreach (var definition in given ?? [])
        {
            table.Add(new Value(definition, null, null, []));
        }

        table.Add(statements, []);
        return table;
    }

    public Value? Find(string name) => values.GetValueOrDefault(name);

    public bool Contains(string name) => values.ContainsKey(name);

    public ValueKind KindOf(string name) => values[name].Definition.Kind;

    private void Add(Value value) => values.TryAdd(value.Definition.Name, value);

    private void Add(IEnumerable<Statement> block, ValueList<Loop> loops)
    {
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Instruction instruction:
                    Add(new Value(instruction.Result, instruction, null, loops));
                    break;
                case Loop loop:
                    var inside = loops.Add(loop);
                    foreach (var carried in loop.Carried)
                    {
                        Add(new Value(carried.State, null, carried, inside));
                    }

                    Add(loop.Body, inside);
                    break;
            }
        }
    }
}
