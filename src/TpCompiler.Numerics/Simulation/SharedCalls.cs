using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Simulation;

/// <summary>
/// Has φ(h) computed once where several instructions of a block use it: forward, in the gradient of the weights above (as x) and in φ′(h) (tanh′ is 1 − tanh²).
/// </summary>
internal static class SharedCalls
{
    public static Program Hoist(Program program)
    {
        var definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        var names = new NameSupply(definitions.Keys);
        return program with { Body = Hoist(program.Body, definitions, names) };
    }

    private static ValueList<Statement> Hoist(ValueList<Statement> block, Dictionary<string, Definition> definitions, NameSupply names)
    {
        var order = block.Select(statement => statement switch
        {
            Loop loop => loop with { Body = Hoist(loop.Body, definitions, names) },
            Instruction.Nonlin or Instruction.Moment => ((Instruction)statement).MapExpressions(Nonlinearities.ExpandAll),
            _ => statement,
        }).ToList();
        var shared = order.SelectMany(statement => CallsOf(statement, definitions).Distinct())
            .GroupBy(key => key).Where(group => group.Count() > 1).Select(group => group.Key);
        foreach (var key in shared.ToList())
        {
            Share(order, key, definitions, names);
        }

        return order.ToValueList();
    }

    private static void Share(List<Statement> order, Key key, Dictionary<string, Definition> definitions, NameSupply names)
    {
        var argument = definitions[key.Vector];
        var call = new Expr.Call(key.Function, 0, key.Parameters, ValueList.Create<Expr>([argument.AsReference()]));
        var first = order.FindIndex(statement => CallsOf(statement, definitions).Contains(key));
        string name;
        if (order[first] is Instruction.Nonlin { Body: Expr.Call { Arguments: [Expr.Reference whole] } } there && KeyOf(there.Body, definitions) == key
            && there.Result.AsReference().Indices == whole.Indices)
        {
            name = there.Result.Name;
        }
        else
        {
            name = names.Fresh($"{key.Function}_{key.Vector}");
            order.Insert(first, new Instruction.Nonlin(new Definition(name, argument.Indices, argument.Widths), call) { Origin = order[first].Origin });
        }

        for (var i = first + 1; i < order.Count; i++)
        {
            if (order[i] is Instruction.Nonlin or Instruction.Moment)
            {
                order[i] = ((Instruction)order[i]).MapExpressions(Replace);
            }
        }

        Expr Replace(Expr expr) => KeyOf(expr, definitions) == key
            ? new Expr.Reference(name, ((Expr.Reference)((Expr.Call)expr).Arguments[0]).Indices)
            : expr.MapChildren(Replace);
    }

    private static IEnumerable<Key> CallsOf(Statement statement, Dictionary<string, Definition> definitions) =>
        statement is Instruction.Nonlin or Instruction.Moment
            ? ((Instruction)statement).Expressions().SelectMany(Parts).Select(part => KeyOf(part, definitions)).OfType<Key>()
            : [];

    private static IEnumerable<Expr> Parts(Expr expr) => expr.Children.SelectMany(Parts).Prepend(expr);

    /// <summary>φ(h[i, …]) of a whole vector: at an offset outside of the axis, h is 0 and φ(h) need not be.</summary>
    private static Key? KeyOf(Expr expr, Dictionary<string, Definition> definitions) =>
        expr is Expr.Call { Derivative: 0, Arguments: [Expr.Reference vector] } call
            && definitions.TryGetValue(vector.Name, out var definition) && definition.Kind == ValueKind.Vector
            && vector.Indices.All(index => index is Symbolics.Index.Variable) && vector.Indices.Distinct().Count() == vector.Indices.Count
            ? new Key(call.Function, call.Parameters, vector.Name)
            : null;

    private sealed record Key(string Function, ValueList<Rational> Parameters, string Vector);
}
