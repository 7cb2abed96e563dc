using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>An output as kernel gradient descent sees it.</summary>
/// <param name="Name">The output.</param>
/// <param name="Axes">Its axes besides the batch, along which it has independent copies.</param>
/// <param name="Partners">The outputs whose gradients move it, itself first among them, and the kernels by which they do.</param>
internal sealed record DescentOutput(string Name, ValueList<IndexBinder> Axes, ValueList<(string Kernel, string Output)> Partners)
{
    /// <summary>An output that has no kernel with others.</summary>
    public DescentOutput(string name, ValueList<IndexBinder> axes)
        : this(name, axes, [("Theta_" + name, name)])
    {
    }
}

/// <summary>The equations of <see cref="KernelRule"/>.</summary>
internal sealed class KernelDescent
{
    private readonly TrainingPlan plan;
    private readonly DescentOutput output;
    private readonly string batch;
    private readonly string sample;
    private readonly IReadOnlyList<Index> at;

    private KernelDescent(Network network, TrainingPlan plan, string sample, DescentOutput output)
    {
        (this.plan, this.sample, this.output, batch) = (plan, sample, output, network.BatchAxis);
        at = [.. output.Axes.Select(binder => (Index)binder.Name)];
    }

    /// <summary>How the title of <see cref="Section"/> begins.</summary>
    public const string Title = "training: ";

    /// <summary>The equations of training under a title, or a title that says why there are none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="outputs">The outputs; null where positions of an output have kernels with one another.</param>
    public static EquationSection Section(Network network, TrainingPlan plan, string sample, IReadOnlyList<DescentOutput>? outputs) =>
        plan.Written is not null ? new(Title + "the program writes its step out, and kernel gradient descent is derived for the optimizers of a `train` block", [])
        : outputs is null ? new(Title + "kernel gradient descent, each position of an output moved by all that it has a kernel with; `tpc run --limit` has the numbers", [])
        : Of(network, plan, sample, outputs) is { } training ? new(Title + "kernel gradient descent", training)
        : new(Title + "this rule has no kernel gradient descent, it is more than a sum of gradients (weight decay shrinks the initial weights, and the kernel with them)", []);

    /// <summary>The equations of training, or null for a rule that has none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="outputs">The outputs.</param>
    private static ValueList<Equation>? Of(Network network, TrainingPlan plan, string sample, IReadOnlyList<DescentOutput> outputs)
    {
        if (KernelRule.Of(plan.Rule) is not { } rule)
        {
            return null;
        }

        var norm = outputs.Select(output => new KernelDescent(network, plan, sample, output).SquaredNorm());
        return
        [
            .. rule.UsesNorm
                ? [new Equation(NormAt, Relation.Equal, Expr.Pow(Expr.SumOf(norm), Rational.Half), "the global norm of the gradient")]
                : Array.Empty<Equation>(),
            .. outputs.SelectMany(output => new KernelDescent(network, plan, sample, output).Equations(rule)),
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
        KernelRule.Gradient => Moved,
        _ when atom.EndsWith('+') => Slot(atom[..^1], Next),
        _ => Slot(atom, TrainingProgram.Step),
    };

    /// <summary>Σ_{b'} Θ(ξ_b, ξ_b') ∂L/∂f(ξ_b'), over all outputs that have a kernel with this one.</summary>
    private Expr Moved => Expr.SumOf(output.Partners.Select(partner => Expr.SumOver(new IndexBinder(sample + "'", batch), Expr.Of(partner.Kernel, sample, sample + "'") * Slope(partner.Output, sample + "'"))));

    private Expr.Reference Slope(string of, Index at) => new("dloss_" + of, [TrainingProgram.Step, at, .. this.at]);

    /// <summary>Σ_{b,b'} ∂L/∂f(ξ_b) Θ(ξ_b, ξ_b') ∂L/∂f(ξ_b'), summed over the other axes of the output.</summary>
    private Expr SquaredNorm()
    {
        var square = Expr.SumOver(new IndexBinder(sample, batch), Slope(output.Name, sample) * Moved);
        return output.Axes.Aggregate(square, (sum, axis) => Expr.SumOver(axis, sum));
    }

    private Expr.Reference F(Index time) => new(output.Name, [time, sample, .. at]);

    private Expr.Reference Slot(string slot, Index time) => new(slot + "_" + output.Name, [time, sample, .. at]);
}
