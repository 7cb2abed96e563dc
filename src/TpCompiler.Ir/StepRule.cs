using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// A training step written out in the language, in place of forward pass, loss and optimizer. It speaks of sets of weights: one value for each of some weights, with axes of its own when there is one
/// set for each task. The set of a weight is the weight itself, by its name.
/// </summary>
/// <param name="Name">The name in the source.</param>
/// <param name="Data">What an iteration reads, over the batch axis first.</param>
/// <param name="Slots">Sets of all weights that start at 0 and are carried from step to step.</param>
/// <param name="Statements">What an iteration does, in order.</param>
/// <param name="Outputs">The scalars that are reported.</param>
public sealed record StepRule(string Name, ValueList<Instruction.Data> Data, ValueList<string> Slots, ValueList<StepStatement> Statements, ValueList<string> Outputs)
{
    /// <summary>The set of all weights.</summary>
    public const string Parameters = "params";

    /// <summary>The names of the values that the step makes itself.</summary>
    public IEnumerable<string> Names => Data.Select(data => data.Result.Name).Concat(Statements.SelectMany(statement => statement switch
    {
        StepStatement.Forward forward => forward.Results,
        StepStatement.Compute compute => [compute.Instruction.Result.Name],
        StepStatement.Norm norm => [norm.Result],
        _ => (IEnumerable<string>)[],
    }));
}

/// <summary>A statement of a step.</summary>
public abstract record StepStatement(Origin Origin)
{
    /// <summary>The network once, on other inputs and with other weights.</summary>
    /// <param name="Origin">Where it stands.</param>
    /// <param name="Results">The names that the outputs get here.</param>
    /// <param name="Inputs">For each input of the network a value; the axes that it has beyond those of the input are samples and tasks.</param>
    /// <param name="Extra">Those axes, and those of the weights, in the order that they have on every value.</param>
    /// <param name="Samples">The axis among them that takes the place of the network's batch axis.</param>
    /// <param name="Weights">The set whose weights are used; weights that it lacks are the trained ones.</param>
    public sealed record Forward(Origin Origin, ValueList<string> Results, ValueList<Definition> Inputs, ValueList<IndexBinder> Extra, IndexBinder Samples, string? Weights) : StepStatement(Origin);

    /// <summary>An instruction on scalars: a loss.</summary>
    public sealed record Compute(Origin Origin, Instruction Instruction) : StepStatement(Origin);

    /// <summary>result = n^{-c} ∂(scalar)/∂w for each weight w of the set; with the axes of the scalar, at each of their positions the gradient of the scalar there.</summary>
    public sealed record Gradient(Origin Origin, string Result, string Scalar, ValueList<IndexBinder> Axes, string Set, string Shown) : StepStatement(Origin);

    /// <summary>result = value, an expression of sets and scalars, for each weight.</summary>
    /// <param name="Origin">Where it stands.</param>
    /// <param name="Result">The name of the set.</param>
    /// <param name="Value">References without indices stand for sets.</param>
    /// <param name="Axes">The axes of the sets and scalars in it.</param>
    /// <param name="IsNamed">Whether instructions define it, so that a network may be run with it and differentiated by it.</param>
    /// <param name="IsConstant">Whether gradients stop here.</param>
    public sealed record Combine(Origin Origin, string Result, Expr Value, ValueList<IndexBinder> Axes, bool IsNamed, bool IsConstant = false) : StepStatement(Origin);

    /// <summary>result = Σ over an axis of the set.</summary>
    public sealed record Total(Origin Origin, string Result, string Set, IndexBinder Over) : StepStatement(Origin);

    /// <summary>result² = Σ_p n^{c_p} ‖set_p‖²: of a gradient the global norm that clipping goes by.</summary>
    public sealed record Norm(Origin Origin, string Result, string Set) : StepStatement(Origin);

    /// <summary>The weights of the set get its values; they are read in the next iteration.</summary>
    public sealed record Assign(Origin Origin, string Set, ValueList<string> Weights) : StepStatement(Origin);

    /// <summary>The slot gets the set's values.</summary>
    public sealed record Keep(Origin Origin, string Slot, string Set) : StepStatement(Origin);
}
