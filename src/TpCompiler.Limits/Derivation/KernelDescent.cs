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

    private KernelDescent(Network network, TrainingPlan plan, string sample, string output, IReadOnlyList<IndexBinder> axes)
    {
        (this.plan, this.sample, this.output, batch) = (plan, sample, output, network.BatchAxis);
        at = [.. axes.Select(binder => (Index)binder.Name)];
    }

    /// <summary>How the title of <see cref="Section"/> begins.</summary>
    public const string Title = "training: ";

    /// <summary>The equations of training under a title, or a title that says why there are none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="outputs">The outputs, with their axes besides the batch; null where they have kernels with one another.</param>
    public static EquationSection Section(Network network, TrainingPlan plan, string sample, IReadOnlyList<(string Output, ValueList<IndexBinder> Axes)>? outputs) =>
        plan.Written is not null ? new(Title + "the program writes its step out, and kernel gradient descent is derived for the optimizers of a `train` block", [])
        : outputs is null ? new(Title + "kernel gradient descent, each number f by the sum over all that it has a kernel with; `tpc run --kernel` does it", [])
        : Of(network, plan, sample, outputs) is { } training ? new(Title + "kernel gradient descent", training)
        : new(Title + "this rule has no kernel gradient descent, it is more than a sum of gradients (weight decay shrinks the initial weights, and the kernel with them)", []);

    /// <summary>The equations of training, or null for a rule that has none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="outputs">The outputs, with their axes besides the batch.</param>
    private static ValueList<Equation>? Of(Network network, TrainingPlan plan, string sample, IReadOnlyList<(string Output, ValueList<IndexBinder> Axes)> outputs)
    {
        if (KernelRule.Of(plan.Rule) is not { } rule)
        {
            return null;
        }

        var norm = outputs.Select(output => new KernelDescent(network, plan, sample, output.Output, output.Axes).SquaredNorm(output.Axes));
        return
        [
            .. rule.UsesNorm
                ? [new Equation(NormAt, Relation.Equal, Expr.Pow(Expr.SumOf(norm), Rational.Half), "the global norm of the gradient")]
                : Array.Empty<Equation>(),
            .. outputs.SelectMany(output => new KernelDescent(network, plan, sample, output.Output, output.Axes).Equations(rule)),
        ];
    }

    private static Expr.Reference NormAt => new(KernelRule.Norm, [TrainingProgram.Step]);

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
        Expr.SumOf(terms.Select(term => Expr.ProductOf([term.Coefficient.SubstituteReferences(reference => reference.Name == KernelRule.Norm ? NormAt : reference), Expr.Pow(plan.LearningRate, term.Degree), Atom(term.Atom)])));

    private Expr Atom(string atom) => atom switch
    {
        KernelRule.Weight => F(TrainingProgram.Step),
        KernelRule.Gradient => Expr.SumOver(
            new IndexBinder(sample + "'", batch),
            Kernel * Slope(sample + "'")),
        _ when atom.EndsWith('+') => Slot(atom[..^1], Next),
        _ => Slot(atom, TrainingProgram.Step),
    };

    private Expr Kernel => Expr.Of("Theta_" + output, sample, sample + "'");

    private Expr.Reference Slope(Index at) => new("dloss_" + output, [TrainingProgram.Step, at, .. this.at]);

    /// <summary>Σ_{b,b'} ∂L/∂f(ξ_b) Θ(ξ_b, ξ_b') ∂L/∂f(ξ_b'), summed over the other axes of the output.</summary>
    private Expr SquaredNorm(ValueList<IndexBinder> axes)
    {
        var square = Expr.SumOver(new IndexBinder(sample, batch), Slope(sample) * Expr.SumOver(new IndexBinder(sample + "'", batch), Kernel * Slope(sample + "'")));
        return axes.Aggregate(square, (sum, axis) => Expr.SumOver(axis, sum));
    }

    private Expr.Reference F(Index time) => new(output, [time, sample, .. at]);

    private Expr.Reference Slot(string slot, Index time) => new(slot + "_" + output, [time, sample, .. at]);
}
