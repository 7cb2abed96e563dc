using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// A network as a function: how its weights start and what it does with its inputs. The programs that run (forward only, training, kernel) are made from it.
/// </summary>
/// <param name="Name">The name in the source.</param>
/// <param name="Widths">The infinite dimensions; the first is the reference width.</param>
/// <param name="Axes">The finite dimensions, the batch among them.</param>
/// <param name="Parameters">The weights, in the order of the source.</param>
/// <param name="Initialisation">The <see cref="Instruction.Gaussian"/>s (and zeros) that define <see cref="Parameter.Initial"/> of each weight.</param>
/// <param name="Inputs">The inputs, scalars over the batch axis and their own axes.</param>
/// <param name="Forward">Instructions that compute the outputs from inputs and weights (by the weights' names).</param>
/// <param name="Outputs">The scalars that it returns, over the batch axis first.</param>
/// <param name="BatchAxis">The name of the axis that runs over samples.</param>
public sealed record Network(
    string Name,
    ValueList<Width> Widths,
    ValueList<Axis> Axes,
    ValueList<Parameter> Parameters,
    ValueList<Statement> Initialisation,
    ValueList<Instruction.Data> Inputs,
    ValueList<Statement> Forward,
    ValueList<string> Outputs,
    string BatchAxis)
{
    /// <summary>The number of layers, where it stands in powers of n as a <see cref="DepthSymbol"/>; null where it is a number.</summary>
    public DepthSymbol? Depth { get; init; }

    /// <summary>The weights that stand in loops, as they are written there: <c>W[l]</c> is W1, W2, …</summary>
    public ValueList<WeightFamily> Families { get; init; } = [];

    /// <summary>A weight as it is written in its loop, or its name.</summary>
    public string FamilyOf(string weight) => Families.FirstOrDefault(family => family.Weight == weight)?.Written ?? weight;
}

/// <summary>A weight of a loop over layers, and the text of its declaration.</summary>
public sealed record WeightFamily(string Weight, string Written);

/// <summary>How a network is trained.</summary>
/// <param name="Targets">The data that the loss compares with, over the batch axis first.</param>
/// <param name="Loss">Instructions from outputs and targets to the scalar <paramref name="LossValue"/>, a mean over the batch.</param>
/// <param name="LossValue">The name of the loss.</param>
/// <param name="Rule">The optimizer.</param>
/// <param name="LearningRate">η, before n^{-c}; may hold <see cref="Expr.IndexValue"/> of <c>t</c>, the step, for a schedule.</param>
/// <param name="BatchSize">Samples a step.</param>
/// <param name="Steps">How many steps.</param>
/// <param name="Source">Where the samples come from; null when the program is only compiled.</param>
public sealed record TrainingPlan(
    ValueList<Instruction.Data> Targets,
    ValueList<Statement> Loss,
    string LossValue,
    UpdateRule Rule,
    Expr LearningRate,
    int? BatchSize,
    int Steps,
    DataSource? Source)
{
    /// <summary>More steps than anybody runs, and few enough to count.</summary>
    public const int MostSteps = 100_000_000;

    /// <summary>Other inputs that the outputs are reported on, at every step; null for none.</summary>
    public EvaluationSet? Evaluation { get; init; }

    /// <summary>The loss when it is a named one, of curvature at most 1 in the outputs of a sample: <c>mse</c>, <c>logistic</c> (targets ±1), <c>cross_entropy</c>; null when it is written out.</summary>
    public string? LossName { get; init; }

    /// <summary>What is measured with the weights on data that nothing is learned from, as the program writes it out; null when it says nothing.</summary>
    public StepRule? Test { get; init; }

    /// <summary>The samples that <see cref="Test"/> is measured on after each epoch, to keep the best weights; null for none.</summary>
    public HeldOutData? Validation { get; init; }

    /// <summary>The samples that <see cref="Test"/> is measured on at the end; null for none.</summary>
    public HeldOutData? TestData { get; init; }

    /// <summary>Steps from one validation to the next; null for a validation at the end only.</summary>
    public int? Epoch { get; init; }

    /// <summary>How a text is read; null for other data.</summary>
    public TextReading? Text { get; init; }

    /// <summary>The step as the program writes it out, in place of loss, rule and learning rate; null when an optimizer makes it.</summary>
    public StepRule? Written { get; init; }

    /// <summary>The network with the fields that an iteration reads as its inputs, when a written step says what it reads.</summary>
    public Network Fed(Network network) => Written is { } step ? network with { Inputs = step.Data } : network;

    /// <summary>Whether a target says which class a sample is of: 1 for this one, 0 for the others. Data may then give the number of the class.</summary>
    public bool HasClasses => LossName == "cross_entropy";
}

/// <summary>
/// An evaluation set: the forward pass is repeated on it in each iteration with the weights of that moment, and its outputs are reported as <c>f_test</c>.
/// </summary>
/// <param name="Axis">Takes the place of the batch axis.</param>
/// <param name="Inputs">One for each input of the network, in its order, over <paramref name="Axis"/>; read once, before training.</param>
/// <param name="Suffix">What is added to the names of the forward pass.</param>
public sealed record EvaluationSet(Axis Axis, ValueList<Instruction.Data> Inputs, string Suffix = "_test");

/// <summary>Where samples come from: <c>"xor.csv"</c>, <c>images "omniglot/"</c>, <c>tasks "omniglot/test.json"</c>.</summary>
/// <param name="Kind">What lies there.</param>
/// <param name="Path">Relative to the program's folder, or whole.</param>
/// <param name="Origin">The words of the program that name it; null when the command line does.</param>
public sealed record DataSource(string Kind, string Path, Location? Origin = null);

/// <summary>Samples that nothing is learned from.</summary>
/// <param name="Source">Where they come from.</param>
/// <param name="Samples">How many are taken; null for as many as there are.</param>
public sealed record HeldOutData(DataSource Source, int? Samples)
{
    /// <summary>The weight whose rows are compared, for analogies between words; null when <see cref="TrainingPlan.Test"/> is measured.</summary>
    public string? Embedding { get; init; }
}

/// <summary>How the words of a text are read (arXiv 1310.4546).</summary>
/// <param name="MinCount">Words that the text has less often are left out.</param>
/// <param name="Subsample">t: of a word with the frequency f, a share of √(t/f) + t/f is kept.</param>
/// <param name="Epochs">Passes over the text; null when the steps are counted.</param>
public sealed record TextReading(int MinCount, Rational Subsample, int? Epochs)
{
    public const int UsualMinCount = 5;

    public static Rational UsualSubsample { get; } = new(1, 10_000);
}

/// <summary>
/// An optimizer, the same for every weight: assignments carried out in order, once a step, of slots (state that starts at 0, of the weight's type) and of the weight
/// itself, <c>w</c>. Right-hand sides may refer to <c>w</c>, <c>g</c> (the gradient of the loss), <c>rate</c> (η n^{-c} of this weight), <c>norm</c> (the global norm of the gradient,
/// norm² = Σ_p n^{-c_p} ‖∇_{w_p} L‖²), <c>size</c> (n^{c-k} with k wide sides: the size of the gradient where updates are maximal) and slots.
/// SGD with momentum β: <c>m = β m + g; w = w − rate · m</c>.
/// </summary>
public sealed record UpdateRule(string Name, ValueList<string> Slots, ValueList<Assignment> Assignments)
{
    /// <summary>The optimizer's arguments besides the learning rate, by the names that its definition gives them; the assignments hold their values.</summary>
    public ValueList<Assignment> Settings { get; init; } = [];

    /// <summary>What assignments call the global norm of the gradient.</summary>
    internal const string GlobalNorm = "norm";

    /// <summary>w ← w − rate · g.</summary>
    public static UpdateRule PlainGradient { get; } = new("gradient", [], [new Assignment("w", Expr.Of("w") - (Expr.Of("rate") * Expr.Of("g")))]);

    /// <summary>The slots that no weight goes into, nor a gradient but by its norm: one number for all weights, such as the 1 − β^{t+1} of Adam's bias correction.</summary>
    public ValueList<string> Numbers
    {
        get
        {
            var numbers = Slots.ToHashSet(StringComparer.Ordinal);
            while (numbers.RemoveWhere(name => Assignments.Any(assignment => assignment.Target == name && assignment.Value.References().Any(reference => reference.Name != "norm" && !numbers.Contains(reference.Name)))) > 0)
            {
            }

            return Slots.Where(numbers.Contains).ToValueList();
        }
    }

    /// <summary>Whether an assignment reads the norm of the gradient, as clipping does.</summary>
    public bool ReadsNorm => Assignments.Any(assignment => assignment.Value.References().Any(reference => reference.Name == GlobalNorm));

    /// <summary>
    /// The rule with 1 for the norm of the gradient. In a small step of gradient descent the loss falls by rate · norm² (norm² = Σ_p n^{-c_p} ‖∇_{w_p} L‖² is −dL/dt of gradient flow), so the norm is
    /// Θ(1) in every parametrization that is stable and moves f: what clips there multiplies by Θ(1). A search among parametrizations goes by this rule, because the norm of each
    /// one that it tries has exponents of its own.
    /// </summary>
    public UpdateRule OfUnitNorm => !ReadsNorm ? this : this with
    {
        Assignments = Assignments.Select(assignment => assignment with { Value = assignment.Value.SubstituteReferences(reference => reference.Name == GlobalNorm ? Expr.One : reference) }).ToValueList(),
    };

    /// <summary>Gradient when every assignment is linear in w, g and the slots.</summary>
    public UpdateKind Kind => Assignments.All(assignment => Degree(assignment.Value) is not null) ? UpdateKind.Gradient : UpdateKind.Entrywise;

    /// <summary>1 for what is linear in w, g and the slots, 0 for what doesn't hold them, null for anything else.</summary>
    private int? Degree(Expr expr) => expr switch
    {
        Expr.Reference reference => reference.Name is "w" or "g" || Slots.Except(Numbers).Contains(reference.Name) ? 1 : 0,
        Expr.Add sum => sum.Terms.Select(Degree).Aggregate((int?)0, (x, y) => x is null || y is null ? null : Math.Max(x.Value, y.Value)),
        Expr.Multiply product => product.Factors.Select(Degree).Aggregate((int?)0, (x, y) => x + y) is <= 1 and var degree ? degree : null,
        _ => expr.Children.All(child => Degree(child) == 0) ? 0 : null,
    };
}

/// <summary>How large an update is, next to the gradient that it is made of.</summary>
public enum UpdateKind
{
    /// <summary>As large as the gradient: SGD, with momentum, decay and clipping.</summary>
    Gradient,

    /// <summary>Every entry is Θ(1) before the learning rate, whatever the gradient's size: sign-SGD, Adam, AdamW.</summary>
    Entrywise,

    /// <summary>A matrix of spectral norm Θ(1) before the learning rate, as Muon makes of the gradient of a hidden matrix; entrywise for all other weights.</summary>
    Orthogonal,
}

/// <summary><c>target = value</c>.</summary>
public sealed record Assignment(string Target, Expr Value);
