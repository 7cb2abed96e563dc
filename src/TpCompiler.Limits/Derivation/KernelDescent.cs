using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>The equations of <see cref="KernelRule"/>.</summary>
internal sealed class KernelDescent
{
    private readonly TrainingPlan plan;
    private readonly string output;
    private readonly string batch;
    private readonly string sample;
    private readonly IReadOnlyList<Index> at;

    private KernelDescent(Network network, TrainingPlan plan, string sample, IReadOnlyList<IndexBinder> axes)
    {
        (this.plan, this.sample) = (plan, sample);
        (output, batch) = (network.Outputs[0], network.BatchAxis);
        at = [.. axes.Select(binder => (Index)binder.Name)];
    }

    /// <summary>The equations of training, or null for a rule that has none.</summary>
    /// <param name="network">A network with one output.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="axes">The other axes of the output.</param>
    public static ValueList<Equation>? Of(Network network, TrainingPlan plan, string sample, IReadOnlyList<IndexBinder> axes) =>
        KernelRule.Of(plan.Rule) is { UsesNorm: false } rule ? new KernelDescent(network, plan, sample, axes).Equations(rule) : null;

    private static Index Next => new Index.Shifted(TrainingProgram.Step, 1);

    private ValueList<Equation> Equations(KernelRule rule) =>
    [
        .. rule.Assignments.SelectMany(assignment => assignment.Target == KernelRule.Weight
            ? [new Equation(F(Next), Relation.Equal, Sum(assignment.Terms), FormattableString.Invariant($"{sample}' runs over the batch; ∂L/∂f with the loss as it is, a mean over the batch"))]
            : new Equation[]
            {
                new(Slot(assignment.Target, new Index.Fixed(0)), Relation.Equal, Expr.Zero),
                new(Slot(assignment.Target, Next), Relation.Equal, Sum(assignment.Terms)),
            }),
    ];

    private Expr Sum(IEnumerable<KernelTerm> terms) =>
        Expr.SumOf(terms.Select(term => Expr.ProductOf([term.Coefficient, Expr.Pow(plan.LearningRate, term.Degree), Atom(term.Atom)])));

    private Expr Atom(string atom) => atom switch
    {
        KernelRule.Weight => F(TrainingProgram.Step),
        KernelRule.Gradient => Expr.SumOver(
            new IndexBinder(sample + "'", batch),
            Expr.Of("Theta_" + output, sample, sample + "'") * new Expr.Reference("dloss_" + output, [TrainingProgram.Step, sample + "'", .. at])),
        _ when atom.EndsWith('+') => Slot(atom[..^1], Next),
        _ => Slot(atom, TrainingProgram.Step),
    };

    private Expr.Reference F(Index time) => new(output, [time, sample, .. at]);

    private Expr.Reference Slot(string slot, Index time) => new(slot + "_" + output, [time, sample, .. at]);
}
