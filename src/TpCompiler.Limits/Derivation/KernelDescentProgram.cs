using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// A training in the kernel regime as a program of numbers: the kernels among all samples by <see cref="KernelEquations"/>, then a loop of kernel gradient descent with the plan's optimizer along the plan's batches. f starts
/// at 0, the mean of f₀ where that is a Gaussian process. There is no width in it.
/// </summary>
/// <param name="Program">The program; expectations E[φ(u) ψ(v)] without a closed form stand in it as such.</param>
/// <param name="Laws">By the name of a result with such expectations the covariance of u and v, K[b,b'].</param>
/// <param name="SampleField">The field, not one of the data, that numbers the samples 0, 1, 2, …; a step reads the numbers of its batch.</param>
/// <param name="SampleAxis">The axis of all samples.</param>
/// <param name="StartsAsProcess">Whether f₀ is a Gaussian process with mean 0, and not 0 itself.</param>
public sealed record KernelDescentProgram(Program Program, IReadOnlyDictionary<string, Expr.Reference> Laws, string SampleField, string SampleAxis, bool StartsAsProcess)
{
    /// <summary>The jointly Gaussian numbers in an expectation; no value has these names.</summary>
    public required (Expr.Reference U, Expr.Reference V) Variables { get; init; }

    /// <summary>What a comment on a result says of the u and v in it: <c>, (u, v) ~ N(0, K_h1 on b and b')</c>; nothing where it has none.</summary>
    public string LawText(string result) =>
        Laws.TryGetValue(result, out var law) ? $", ({Variables.U.Name}, {Variables.V.Name}) ~ N(0, {law.Name} on {string.Join(" and ", law.Indices.OfType<Index.Variable>().Select(index => index.Name))})" : string.Empty;

    /// <summary>Why f doesn't follow from the kernel alone under this training; null when it does.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">How it is trained.</param>
    public static string? Obstacle(Network network, TrainingPlan plan) =>
        plan.Written is not null ? "its step is written out, and the kernel equation is that of an optimizer"
        : KernelRule.Of(plan.Rule) is null ? "weight decay shrinks the initial weights, so that the kernel changes with every step; a rule that isn't linear in the gradient has no kernel"
        : LossGradient.Of(network, plan) is null ? "its loss reads more than outputs and targets"
        : null;

    /// <summary>The program, or why there is none.</summary>
    /// <param name="network">A network in the kernel regime.</param>
    /// <param name="contributing">The weights whose updates move f by Θ(1).</param>
    /// <param name="initial">How f starts.</param>
    /// <param name="plan">How it is trained.</param>
    public static (KernelDescentProgram? Program, string? Reason) Of(Network network, IReadOnlyCollection<string> contributing, InitialOutput? initial, TrainingPlan plan)
    {
        if (Obstacle(network, plan) is { } obstacle)
        {
            return (null, obstacle);
        }

        if (KernelEquations.Derive(network, contributing, initial, null, saysZeros: true) is not { } kernel)
        {
            return (null, "its kernel is the limit of a program of its own, not a recursion over fully connected layers");
        }

        var program = new Maker(network, plan, KernelRule.Of(plan.Rule)!, LossGradient.Of(network, plan)!, kernel).Make(initial == InitialOutput.GaussianProcess);
        return program.HasKinks ? (null, "a mean in its kernel has neither a closed form nor a smooth function to integrate") : (program, null);
    }

    /// <summary>Whether a function has kinks whose mean has no closed form: simple rules of quadrature don't converge fast then.</summary>
    private bool HasKinks => Program.Body.Instructions().SelectMany(instruction => instruction.Expressions()).SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Expectation>()
        .Any(mean => Kinks.Of(mean.Body.SubstituteReferences(_ => Variables.U), Variables.U).Length > 0);

    private sealed class Maker
    {
        private readonly Network network;
        private readonly TrainingPlan plan;
        private readonly KernelRule rule;
        private readonly LossGradient loss;
        private readonly LimitEquations kernel;
        private readonly NameSupply names;
        private readonly Dictionary<string, string> kernelNames = new(StringComparer.Ordinal);
        private readonly (Expr.Reference U, Expr.Reference V) variables;
        private readonly string samples;
        private readonly string sample;
        private readonly Definition number;
        private readonly Dictionary<(Expr Right, Expr? Law), string> known = [];
        private readonly List<Statement> before = [];
        private readonly List<Statement> body = [];
        private readonly List<Carried> carried = [];
        private readonly Dictionary<string, Expr.Reference> laws = new(StringComparer.Ordinal);

        public Maker(Network network, TrainingPlan plan, KernelRule rule, LossGradient loss, LimitEquations kernel)
        {
            (this.network, this.plan, this.rule, this.loss, this.kernel) = (network, plan, rule, loss, kernel);
            sample = network.Inputs.SelectMany(input => input.Result.Indices).First(binder => binder.Axis == network.BatchAxis).Name;
            names = new NameSupply(network.Inputs.Concat(plan.Targets).Concat(loss.Statements).Definitions().Concat(loss.Outputs).Select(definition => definition.Name));
            variables = (new(names.Fresh("u"), []), new(names.Fresh("v"), []));
            samples = new NameSupply(network.Axes.Select(axis => axis.Name)).Fresh("samples");
            number = new Definition(names.Fresh("sample"), [new IndexBinder(sample, network.BatchAxis)], []);
        }

        public KernelDescentProgram Make(bool startsAsProcess)
        {
            before.AddRange(network.Inputs.Select(input => input with { Result = OfAllSamples(input.Result) }));
            foreach (var section in kernel.Sections)
            {
                AddKernels(section.Equations);
            }

            var field = new NameSupply(network.Inputs.Concat(plan.Targets).OfType<Instruction.Data>().Select(data => data.Field)).Fresh("sample");
            body.AddRange(plan.Targets);
            body.Add(new Instruction.Data(number, field));
            var states = loss.Outputs.ToDictionary(output => output.Name, output => OfAllSamples(output) with { Name = names.Fresh(output.Name + "_all") }, StringComparer.Ordinal);
            body.AddRange(loss.Outputs.Select(output => new Instruction.Nonlin(output, AtBatch(states[output.Name], sample))));
            body.AddRange(loss.Statements);
            var moved = loss.Outputs.ToDictionary(output => output.Name, MovedBy, StringComparer.Ordinal);
            var norm = rule.UsesNorm ? Norm(moved) : null;
            foreach (var output in loss.Outputs)
            {
                Update(output, states[output.Name], moved[output.Name], norm);
            }

            Program program = new(
                network.Name,
                [],
                [.. network.Axes.Select(axis => axis.Name == network.BatchAxis && plan.BatchSize is { } size ? axis with { Size = size } : axis), new Axis(samples, null)],
                [],
                [.. before, new Loop(TrainingProgram.Step, plan.Steps + 1, carried.ToValueList(), body.ToValueList())],
                [.. network.Outputs, plan.LossValue]);
            program = Needed(program);
            var left = program.Body.Definitions().Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
            return new KernelDescentProgram(program, laws.Where(law => left.Contains(law.Key)).ToDictionary(StringComparer.Ordinal), field, samples, startsAsProcess) { Variables = variables };
        }

        /// <summary>Without what no output needs; an expectation needs the covariance of its u and v.</summary>
        private Program Needed(Program program)
        {
            var read = program.Outputs;
            while (true)
            {
                var left = DeadCode.Remove(program with { Outputs = read });
                var names = left.Body.Definitions().Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
                ValueList<string> more = [.. laws.Where(law => names.Contains(law.Key)).Select(law => law.Value.Name).Where(name => !names.Contains(name)).Distinct()];
                if (more.Count == 0)
                {
                    return left with { Outputs = program.Outputs };
                }

                read = [.. read, .. more];
            }
        }

        private Definition OfAllSamples(Definition definition) =>
            definition with { Indices = [.. definition.Indices.Select(binder => binder.Axis == network.BatchAxis ? binder with { Axis = samples } : binder)] };

        /// <summary>An array for each equation, but what is equal to another one is read under its name: K of h2 = W2 x1 is K of x1.</summary>
        private void AddKernels(IEnumerable<Equation> equations)
        {
            foreach (var equation in equations)
            {
                var (left, right) = ((Expr.Reference)equation.Left, Named(equation.Right));
                if ((right is Expr.Reference copied && copied.Indices.Equals(left.Indices) ? copied.Name : known.GetValueOrDefault((right, equation.Law))) is { } other)
                {
                    kernelNames[left.Name] = other;
                    continue;
                }

                var name = names.Fresh(left.Name);
                kernelNames[left.Name] = known[(right, equation.Law)] = name;
                before.Add(new Instruction.Nonlin(new Definition(name, [new IndexBinder(sample, samples), new IndexBinder(sample + "'", samples)], []), right));
                if (equation.Law is { } law && right.DescendantsAndSelf().OfType<Expr.Expectation>().Any())
                {
                    laws.Add(name, (Expr.Reference)Named(law));
                }
            }
        }

        private Expr Named(Expr expr) => expr.SubstituteReferences(reference =>
            reference.Name == KernelEquations.U.Name ? variables.U
            : reference.Name == KernelEquations.V.Name ? variables.V
            : kernelNames.TryGetValue(reference.Name, out var name) ? reference with { Name = name }
            : reference);

        /// <summary>A function of all samples at those of the batch, the index of the batch being <paramref name="at"/>.</summary>
        private Expr.Reference AtBatch(Definition ofAll, string at) =>
            new(ofAll.Name, [.. ofAll.Indices.Select(binder => binder.Axis == samples ? RowOf(at) : (Index)binder.Name)]);

        private Index.Lookup RowOf(string at) => new(new Expr.Reference(number.Name, [at]));

        /// <summary>∂loss/∂output, the index of the batch being <paramref name="at"/>.</summary>
        private Expr.Reference Slope(Definition output, string at) =>
            new(loss.Gradients[output.Name].Name, [.. output.Indices.Select(binder => (Index)(binder.Axis == network.BatchAxis ? at : binder.Name))]);

        /// <summary>Σ_b' Θ(b, ξ_b') ∂L/∂f(ξ_b') on all samples, which stands for the gradient in the rule.</summary>
        private Definition MovedBy(Definition output)
        {
            var at = output.Indices.First(binder => binder.Axis == network.BatchAxis).Name;
            var other = at + "'";
            Expr.Reference tangent = new(kernelNames["Theta_" + output.Name], [at, RowOf(other)]);
            var moved = OfAllSamples(output) with { Name = names.Fresh("d" + output.Name + "_all") };
            body.Add(new Instruction.Nonlin(moved, Expr.SumOver(new IndexBinder(other, network.BatchAxis), tangent * Slope(output, other))));
            return moved;
        }

        /// <summary>norm² = Σ_b ∂L/∂f(ξ_b) Σ_b' Θ(ξ_b, ξ_b') ∂L/∂f(ξ_b'), summed over the outputs and their axes.</summary>
        private Expr.Reference Norm(Dictionary<string, Definition> moved)
        {
            Definition norm = new(names.Fresh("norm"), [], []);
            var square = Expr.SumOf(loss.Outputs.Select(output => output.Indices.Aggregate(
                Slope(output, output.Indices.First(binder => binder.Axis == network.BatchAxis).Name) * AtBatch(moved[output.Name], output.Indices.First(binder => binder.Axis == network.BatchAxis).Name),
                (sum, binder) => Expr.SumOver(binder, sum))));
            // Rounding may take a square of 0 below it.
            body.Add(new Instruction.Nonlin(norm, Expr.Pow(Expr.Apply("relu", square), Rational.Half)));
            return norm.AsReference();
        }

        private void Update(Definition output, Definition f, Definition moved, Expr.Reference? norm)
        {
            var atoms = new Dictionary<string, Expr>(StringComparer.Ordinal) { [KernelRule.Weight] = f.AsReference(), [KernelRule.Gradient] = moved.AsReference() };
            var states = rule.States.ToDictionary(slot => slot, slot => f with { Name = names.Fresh($"{slot}_{output.Name}") }, StringComparer.Ordinal);
            states[KernelRule.Weight] = f;
            foreach (var (slot, state) in states)
            {
                atoms[slot] = state.AsReference();
            }

            foreach (var assignment in rule.Assignments)
            {
                var state = states[assignment.Target];
                var (start, next) = (state with { Name = names.Fresh(state.Name + "_0") }, state with { Name = names.Fresh(state.Name + "_next") });
                before.Add(new Instruction.Nonlin(start, Expr.Zero));
                body.Add(new Instruction.Nonlin(next, Expr.SumOf(assignment.Terms.Select(term => Expr.ProductOf(
                [
                    term.Coefficient.SubstituteReferences(reference => reference.Name == KernelRule.Norm ? norm! : reference),
                    Expr.Pow(plan.LearningRate, term.Degree),
                    atoms[term.Atom],
                ])))));
                carried.Add(new Carried(state, start.Name, next.Name));
                atoms[assignment.Target + "+"] = next.AsReference();
            }
        }
    }
}
