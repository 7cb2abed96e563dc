using System.Diagnostics;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// The forward pass of a network on values with more axes than its inputs have, and with weights that may have axes too: the batch axis of each value becomes the axes of samples and tasks that
/// it depends on.
/// </summary>
internal sealed class ForwardPass
{
    private readonly Network network;
    private readonly StepStatement.Forward call;
    private readonly NameSupply names;
    private readonly Dictionary<string, (Definition Definition, Definition Original, ValueList<IndexBinder> Extra)> values = new(StringComparer.Ordinal);

    private ForwardPass(Network network, StepStatement.Forward call, NameSupply names) => (this.network, this.call, this.names) = (network, call, names);

    /// <param name="network">The network.</param>
    /// <param name="call">What it is run on.</param>
    /// <param name="weights">The values that stand for weights: other names, and the axes that they have in front of the weight's own.</param>
    /// <param name="names">Where names come from.</param>
    public static IEnumerable<Statement> Of(Network network, StepStatement.Forward call, IReadOnlyDictionary<string, (Definition Definition, ValueList<IndexBinder> Extra)> weights, NameSupply names)
    {
        var pass = new ForwardPass(network, call, names);
        foreach (var (input, given) in network.Inputs.Zip(call.Inputs))
        {
            var own = input.Result.Indices.Where(binder => binder.Axis != network.BatchAxis).Select(binder => binder.Axis).ToList();
            pass.values[input.Result.Name] = (given, input.Result, given.Indices.Where(binder => !own.Contains(binder.Axis)).ToValueList());
        }

        foreach (var parameter in network.Parameters)
        {
            if (weights.TryGetValue(parameter.Name, out var value))
            {
                pass.values[parameter.Name] = (value.Definition, parameter.Type, value.Extra);
            }
        }

        return network.Forward.Select(pass.Statement).ToList();
    }

    private Statement Statement(Statement statement)
    {
        if (statement is not Instruction instruction)
        {
            throw new UnreachableException();
        }

        var original = instruction.Result;
        var output = network.Outputs.ToList().IndexOf(original.Name);
        var read = instruction.Reads().Where(values.ContainsKey).SelectMany(name => values[name].Extra).ToHashSet();
        var extra = call.Extra.Where(binder => output >= 0 || read.Contains(binder)).ToValueList();
        var made = new Definition(
            output >= 0 ? call.Results[output] : names.Fresh(original.Name),
            [.. extra, .. original.Indices.Where(binder => binder.Axis != network.BatchAxis)],
            original.Widths);
        values[original.Name] = (made, original, extra);
        var mapped = instruction is Instruction.MatrixSum sum ? sum with { Terms = sum.Terms.Select(Term).ToValueList() } : instruction;
        return mapped.MapExpressions(Expression) with { Result = made, Origin = statement.Origin };
    }

    private MatrixTerm Term(MatrixTerm term) => term is MatrixTerm.Outer outer ? outer with { Over = outer.Over.Select(Binder).ToValueList() } : term;

    private IndexBinder Binder(IndexBinder binder) => binder.Axis == network.BatchAxis ? binder with { Axis = call.Samples.Axis } : binder;

    private Expr Expression(Expr expr)
    {
        if (expr is Expr.Reference reference)
        {
            return Reference(reference);
        }

        var mapped = expr.MapChildren(Expression);
        return mapped is Expr.Sum sum ? Expr.SumOver(Binder(sum.Index), sum.Body) : mapped;
    }

    private Expr.Reference Reference(Expr.Reference reference)
    {
        var indices = reference.Indices.Select(index => index is Index.Lookup lookup ? new Index.Lookup(Reference(lookup.Row)) : index).ToValueList();
        if (!values.TryGetValue(reference.Name, out var value))
        {
            return reference with { Indices = indices };
        }

        // What stood at the batch axis stands at the samples' axis, when it was another variable over it; the tasks' axes are in scope everywhere.
        Index? sample = null;
        var at = new Dictionary<string, Queue<Index>>(StringComparer.Ordinal);
        for (var i = 0; i < indices.Count; i++)
        {
            var axis = value.Original.Indices[i].Axis;
            if (axis == network.BatchAxis)
            {
                sample = indices[i] == (Index)value.Original.Indices[i].Name ? null : indices[i];
            }
            else
            {
                (at.TryGetValue(axis, out var queue) ? queue : at[axis] = new Queue<Index>()).Enqueue(indices[i]);
            }
        }

        return new Expr.Reference(
            value.Definition.Name,
            value.Definition.Indices.Select(binder => value.Extra.Contains(binder) ? (binder == call.Samples && sample is not null ? sample : binder.Name) : at[binder.Axis].Dequeue()).ToValueList());
    }
}
