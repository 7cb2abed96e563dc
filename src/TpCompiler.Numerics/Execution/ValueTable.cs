using TpCompiler.Ir;

namespace TpCompiler.Numerics.Execution;

/// <summary>The names of a program's values as slots, with what a body needs to know of each: its kind and the sizes of its axes.</summary>
internal sealed class ValueTable
{
    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);
    private readonly List<(Definition Definition, int[] Shape)> entries = [];

    public ValueTable(Program program, Func<string, int> sizeOfAxis)
    {
        SizeOfAxis = sizeOfAxis;
        AddAll(program.Body);
    }

    public Func<string, int> SizeOfAxis { get; }

    public int Count => entries.Count;

    public int Slot(string name) => slots[name];

    public Definition Definition(int slot) => entries[slot].Definition;

    public int[] Shape(int slot) => entries[slot].Shape;

    private void AddAll(IEnumerable<Statement> block)
    {
        foreach (var statement in block)
        {
            if (statement is Instruction instruction)
            {
                Add(instruction.Result);
            }
            else if (statement is Loop loop)
            {
                foreach (var carried in loop.Carried)
                {
                    Add(carried.State);
                }

                AddAll(loop.Body);
            }
        }
    }

    private void Add(Definition definition)
    {
        slots.Add(definition.Name, entries.Count);
        entries.Add((definition, [.. definition.Indices.Select(index => SizeOfAxis(index.Axis))]));
    }
}
