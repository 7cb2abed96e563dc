using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>A number f that a network makes of each sample: an output at one position of its axes.</summary>
/// <param name="Output">The output.</param>
/// <param name="Axes">The axes whose positions are told apart.</param>
/// <param name="Position">The position on each of them.</param>
public sealed record KernelHead(string Output, ValueList<string> Axes, ValueList<int> Position);

/// <summary>Two of these numbers and the values of the program that hold their kernels, over the samples of the one and of the other.</summary>
/// <param name="First">Which <see cref="KernelHead"/>.</param>
/// <param name="Second">Which other, or the same.</param>
/// <param name="Tangent">⟨∇f, ∇g⟩ over the weights that contribute, with their learning rates.</param>
/// <param name="Covariance">E f₀ g₀; null when f₀ is not linear in last weights of its own.</param>
public sealed record KernelPair(int First, int Second, string Tangent, string? Covariance);

/// <summary>
/// The kernels of a network at initialisation as a program: its forward pass, the backward pass of each output for each sample by itself, and the inner products of the gradients, with every power of n (arXiv 2006.14548).
/// Outputs without a common last weight have none: changing the sign of one's last weights changes nothing else.
/// </summary>
/// <param name="Program">The program; its outputs are the kernels, over the batch axis twice.</param>
/// <param name="Heads">The numbers that the network makes of a sample. Axes that are left out have independent copies of one and the same kernel: positions that differ in their last weights only.</param>
/// <param name="Pairs">Pairs with a kernel.</param>
/// <param name="SamplesMeet">Whether the output of a sample depends on the others, as with batch normalisation.</param>
/// <param name="Backward">The values of the backward passes.</param>
/// <param name="Products">The inner products and what is made of them, the kernels last.</param>
public sealed record KernelProgram(Program Program, ValueList<KernelHead> Heads, ValueList<KernelPair> Pairs, bool SamplesMeet, ValueList<string> Backward, ValueList<string> Products)
{
    /// <summary>More positions than a program can be written out for.</summary>
    public const int MostHeads = 64;

    /// <summary>The program, or null with what is not available in the bag.</summary>
    /// <param name="network">The network.</param>
    /// <param name="contributing">The weights of the tangent kernel.</param>
    /// <param name="axisSizes">Sizes of axes that the network leaves open.</param>
    /// <param name="diagnostics">Gets <see cref="Codes.NotAvailable"/>.</param>
    public static KernelProgram? Of(Network network, IReadOnlyCollection<string> contributing, IReadOnlyDictionary<string, int> axisSizes, DiagnosticBag diagnostics)
    {
        if (StoppedGradients.In(network.Forward))
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"the kernel of `{network.Name}`").WithNote("`stop` makes the backward pass another function's: what moves f is no inner product of its gradients"));
            return null;
        }

        return new Maker(network, contributing, axisSizes, diagnostics).Make();
    }

    /// <summary>The index of the sample in the kernels, and of the other sample.</summary>
    public const string Sample = "b";

    private sealed class Maker
    {
        private readonly Network network;
        private readonly IReadOnlyCollection<string> contributing;
        private readonly IReadOnlyDictionary<string, int> axisSizes;
        private readonly DiagnosticBag diagnostics;
        private readonly LastWeights last;
        private readonly ValueList<Parameter> copied;
        private readonly SampleCopies copies;
        private readonly ValueList<Statement> initialisation;
        private readonly NameSupply names;
        private readonly List<Statement> body;

        public Maker(Network network, IReadOnlyCollection<string> contributing, IReadOnlyDictionary<string, int> axisSizes, DiagnosticBag diagnostics)
        {
            (this.network, this.contributing, this.axisSizes, this.diagnostics) = (network, contributing, axisSizes, diagnostics);
            last = new LastWeights(network);
            copied = network.Parameters.Where(parameter => contributing.Contains(parameter.Name) || last.Candidates.Contains(parameter.Name)).ToValueList();
            copies = SampleCopies.Of(network, copied.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal));
            initialisation = ForwardProgram.InitialisationByName(network, _ => true).ToValueList();
            body = [.. network.Inputs, .. copies.Statements];
            names = new NameSupply(initialisation.Concat(body).Definitions().Select(definition => definition.Name).Concat(network.Parameters.Select(parameter => parameter.Name)));
        }

        public KernelProgram? Make()
        {
            var heads = network.Outputs.SelectMany(HeadsOf).ToValueList();
            if (heads.Count > MostHeads)
            {
                diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"the kernel of `{network.Name}`").WithNote($"{heads.Count} numbers a sample have kernels with one another; up to {MostHeads} are written out"));
                return null;
            }

            var passes = body.Count;
            var gradients = heads.Select(GradientOf).ToList();
            if (diagnostics.HasErrors)
            {
                return null;
            }

            ValueList<string> backward = [.. body.Skip(passes).Definitions().Select(definition => definition.Name)];
            ValueList<Statement> all = [.. initialisation, .. body.Select(Shared)];
            body.Clear();
            body.AddRange(all);
            var pairs = new List<KernelPair>();
            for (var i = 0; i < heads.Count; i++)
            {
                for (var j = 0; j < heads.Count; j++)
                {
                    if (last.Meet(heads[i].Output, heads[j].Output))
                    {
                        pairs.Add(Pair(heads, i, j, gradients[i], gradients[j]));
                    }
                }
            }

            var program = new Program(
                network.Name,
                network.Widths,
                network.Axes.Select(axis => axis.Name == network.BatchAxis ? axis with { Size = null } : axis).ToValueList(),
                [],
                body.ToValueList(),
                [.. pairs.SelectMany(pair => pair.Covariance is { } covariance ? new[] { covariance, pair.Tangent } : [pair.Tangent])]);
            return new KernelProgram(Simplification.Simplify(program), heads, pairs.ToValueList(), copies.Meet, backward, [.. body.Skip(all.Count).Definitions().Select(definition => definition.Name)]);
        }

        /// <summary>The statement with the same weights for all samples, and the network's name for the sample.</summary>
        private Statement Shared(Statement statement) => copies.Joined(statement) is Instruction instruction
            ? instruction.Result.Indices.Any(binder => binder.Name == copies.Task.Name) && !instruction.IndexNames().Contains(Sample) ? instruction.RenameIndex(copies.Task.Name, Sample) : instruction
            : statement;

        private Definition DefinitionOf(string output) => network.Forward.Definitions().Single(definition => definition.Name == output);

        private IEnumerable<KernelHead> HeadsOf(string output)
        {
            var axes = DefinitionOf(output).Indices.Where(binder => binder.Axis != network.BatchAxis && !last.HasCopiesAlong(output, binder)).Select(binder => binder.Axis).ToValueList();
            IEnumerable<ValueList<int>> positions = [[]];
            foreach (var axis in axes)
            {
                var size = axisSizes.TryGetValue(axis, out var open) ? open : network.Axes.First(known => known.Name == axis).Size!.Value;
                positions = positions.SelectMany(position => Enumerable.Range(0, size).Select(at => position.Add(at)));
            }

            return positions.Select(position => new KernelHead(output, axes, position));
        }

        /// <summary>The instruction of the gradient by each weight, sample by sample.</summary>
        private Dictionary<string, Instruction> GradientOf(KernelHead head)
        {
            var scalar = new Definition(names.Fresh($"{head.Output}_k"), [copies.Task], []);
            var value = copies.At(DefinitionOf(head.Output), binder => new Index.Fixed(head.Axes.ToList().IndexOf(binder.Axis) is >= 0 and var at ? head.Position[at] : 0));
            body.Add(new Instruction.Nonlin(scalar, value));
            List<Definition> given = [.. network.Parameters.Select(copies.TypeOf), .. initialisation.Definitions().Where(definition => network.Parameters.All(parameter => parameter.Name != definition.Name))];
            var gradients = Backpropagation.Gradient(given, body, scalar.Name, [.. copied.Select(parameter => parameter.Name)], names, [], diagnostics);
            body.AddRange(gradients.Statements);
            var made = gradients.Statements.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
            return copied.Zip(gradients.Names).ToDictionary(pair => pair.First.Name, pair => (Instruction)Shared(made[pair.Second]), StringComparer.Ordinal);
        }

        private KernelPair Pair(ValueList<KernelHead> heads, int i, int j, Dictionary<string, Instruction> first, Dictionary<string, Instruction> second)
        {
            var (b, other) = (new IndexBinder(Sample, network.BatchAxis), new IndexBinder(Sample + "'", network.BatchAxis));
            var product = new GradientProduct(b, other, names, body);
            var width = network.Widths[0].Name;
            var products = copied.ToDictionary(parameter => parameter.Name, parameter => product.Of(first[parameter.Name], second[parameter.Name], parameter.Name), StringComparer.Ordinal);
            var tangent = Emit("Theta", Expr.SumOf(copied.Where(parameter => contributing.Contains(parameter.Name)).Select(parameter => Expr.WidthTo(width, -parameter.C) * products[parameter.Name])));
            var covariance = last.IsLinear(heads[i].Output) && last.IsLinear(heads[j].Output)
                ? Emit("K", Expr.SumOf(copied.Where(parameter => last.Candidates.Contains(parameter.Name)).Select(parameter => parameter.Variance * Expr.WidthTo(width, -2 * parameter.B) * products[parameter.Name])))
                : null;
            return new KernelPair(i, j, tangent, covariance);

            string Emit(string kind, Expr value)
            {
                var name = names.Fresh(string.Join('_', new[] { kind, Shown(heads[i]) }.Concat(i == j ? [] : [Shown(heads[j])])));
                body.Add(new Instruction.Nonlin(new Definition(name, [b, other], []), value));
                return name;
            }
        }

        private static string Shown(KernelHead head) => string.Join('_', head.Position.Select(at => FormattableString.Invariant($"{at}")).Prepend(head.Output));
    }
}
