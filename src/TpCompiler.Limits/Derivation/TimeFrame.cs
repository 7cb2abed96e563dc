using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// How the names of a program become names with a time: inside the loop over t, a value v is v_t, the state that an iteration makes is that of t + 1, and what a
/// state starts from is that of time 0.
/// </summary>
internal sealed class TimeFrame
{
    private readonly Dictionary<string, (string Name, Index? Time)> times = new(StringComparer.Ordinal);
    private readonly HashSet<string> vectors = new(StringComparer.Ordinal);

    public TimeFrame(Program program)
    {
        foreach (var definition in program.Body.Definitions())
        {
            times[definition.Name] = (definition.Name, null);
            if (definition.Kind == ValueKind.Vector)
            {
                vectors.Add(definition.Name);
            }
        }

        foreach (var loop in program.Body.OfType<Loop>())
        {
            Counter = loop.Counter;
            foreach (var definition in loop.Body.Definitions())
            {
                times[definition.Name] = (definition.Name, loop.Counter);
            }

            foreach (var carried in loop.Carried)
            {
                times[carried.Initial] = (carried.State.Name, new Index.Fixed(0));
                times[carried.State.Name] = (carried.State.Name, loop.Counter);
                if (loop.Body.Definitions().Any(definition => definition.Name == carried.Next))
                {
                    times[carried.Next] = (carried.State.Name, new Index.Shifted(loop.Counter, 1));
                }
            }
        }
    }

    /// <summary>The counter of the loop over time; null for a program without one.</summary>
    public string? Counter { get; }

    public bool IsVector(string name) => vectors.Contains(name);

    /// <summary>The name without its time: that of the state for its initial and next value.</summary>
    public string Name(string name) => times[name].Name;

    /// <summary>The index of time, if the value has one, then its own.</summary>
    public IReadOnlyList<Index> At(string name, IEnumerable<Index> indices) => times[name].Time is { } time ? [time, .. indices] : [.. indices];

    /// <summary>A reference of the program as one of the equations: Z of a vector, the scalar itself.</summary>
    public Expr Of(Expr.Reference reference) => vectors.Contains(reference.Name)
        ? LimitSymbol.Z(Name(reference.Name), At(reference.Name, reference.Indices))
        : times.ContainsKey(reference.Name)
            ? new Expr.Reference(Name(reference.Name), At(reference.Name, reference.Indices).ToValueList())
            : reference;

    public Expr Of(Expr body) => body.SubstituteReferences(Of);
}
