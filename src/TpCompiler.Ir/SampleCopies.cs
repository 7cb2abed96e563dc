using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// A forward pass in which every sample has weights of its own, W[b] where sample b reads W: the gradient by W[b] is then that of sample b alone. Where samples meet (batch normalisation) each sample has a pass of its own over
/// the whole batch.
/// </summary>
internal sealed class SampleCopies
{
    private readonly Network network;
    private readonly IReadOnlySet<string> copied;
    private readonly HashSet<string> dependent;
    private readonly HashSet<string> prepended = new(StringComparer.Ordinal);

    private SampleCopies(Network network, IReadOnlySet<string> copied)
    {
        (this.network, this.copied) = (network, copied);
        dependent = network.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var instruction in network.Forward.Instructions().Where(instruction => instruction.Reads().Any(dependent.Contains)))
        {
            dependent.Add(instruction.Result.Name);
        }

        Meet = network.Forward.Instructions().Where(instruction => dependent.Contains(instruction.Result.Name)).Any(SamplesMeet);
        var taken = network.Forward.Instructions().SelectMany(instruction => instruction.IndexNames()).ToHashSet(StringComparer.Ordinal);
        Task = new IndexBinder(IndexSubstitution.FreshName("k", taken), network.BatchAxis);
        Statements = network.Forward.Select(Copy).ToValueList();
    }

    /// <param name="network">The network.</param>
    /// <param name="copied">The weights that every sample has for itself.</param>
    public static SampleCopies Of(Network network, IReadOnlySet<string> copied) => new(network, copied);

    /// <summary>Whether a sample's output depends on other samples.</summary>
    public bool Meet { get; }

    /// <summary>The index of the sample whose weights are meant, where the network had no index for it.</summary>
    public IndexBinder Task { get; }

    public ValueList<Statement> Statements { get; }

    /// <summary>A weight as it stands in <see cref="Statements"/>.</summary>
    public Definition TypeOf(Parameter parameter) => copied.Contains(parameter.Name) ? parameter.Type with { Indices = [Task, .. parameter.Type.Indices] } : parameter.Type;

    /// <summary>An output of a sample, as the pass with this sample's weights computes it.</summary>
    /// <param name="output">Its definition in the network.</param>
    /// <param name="at">What stands at each of its axes but the batch.</param>
    public Expr.Reference At(Definition output, Func<IndexBinder, Index> at)
    {
        Index[] own = [.. output.Indices.Select(binder => binder.Axis == network.BatchAxis ? Task.Name : at(binder))];
        return new Expr.Reference(output.Name, prepended.Contains(output.Name) ? [Task.Name, .. own] : [.. own]);
    }

    /// <summary>All samples have the same weights after all.</summary>
    public Statement Joined(Statement statement) => statement is not Instruction instruction ? statement : instruction.MapExpressions(expr => expr.SubstituteReferences(reference => copied.Contains(reference.Name)
        ? reference with { Indices = reference.Indices.Skip(1).ToValueList() }
        : reference));

    private IndexBinder? BatchOf(Definition definition) => definition.Indices.FirstOrDefault(binder => binder.Axis == network.BatchAxis);

    private bool SamplesMeet(Instruction instruction)
    {
        var own = BatchOf(instruction.Result);
        var batch = network.Forward.Definitions().Where(definition => dependent.Contains(definition.Name) && BatchOf(definition) is not null)
            .ToDictionary(definition => definition.Name, definition => definition.Indices.ToList().IndexOf(BatchOf(definition)!), StringComparer.Ordinal);
        return instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).Any(expr => expr switch
        {
            Expr.Sum sum => sum.Index.Axis == network.BatchAxis,
            Expr.Reference reference => batch.TryGetValue(reference.Name, out var at) && (own is null || reference.Indices[at] != (Index)own.Name),
            _ => false,
        });
    }

    private Statement Copy(Statement statement)
    {
        if (statement is not Instruction instruction || !dependent.Contains(instruction.Result.Name))
        {
            return statement;
        }

        var own = Meet ? null : BatchOf(instruction.Result);
        var task = own ?? Task;
        var mapped = instruction.MapExpressions(expr => expr.SubstituteReferences(reference => copied.Contains(reference.Name) || prepended.Contains(reference.Name)
            ? reference with { Indices = [task.Name, .. reference.Indices] }
            : reference));
        if (own is not null)
        {
            return mapped;
        }

        prepended.Add(instruction.Result.Name);
        return mapped with { Result = instruction.Result with { Indices = [Task, .. instruction.Result.Indices] } };
    }
}
