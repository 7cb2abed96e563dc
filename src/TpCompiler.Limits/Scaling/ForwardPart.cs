using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The part of a program that computes f, and the values in it whose sizes decide stability.</summary>
/// <param name="Outputs">f: outputs that are not made from other outputs, as the loss is.</param>
/// <param name="Features">The vectors whose Moments make f.</param>
/// <param name="Statements">The statements that f depends on, in order.</param>
/// <param name="Activations">Preactivations and activations: vectors that depend on data, without matrix products that are yet to be multiplied by a power of n.</param>
/// <param name="Scalars">Scalars on the way to f that depend on data, f not among them.</param>
internal sealed record ForwardPart(
    ValueList<string> Outputs,
    ValueList<string> Features,
    ValueList<Statement> Statements,
    ValueList<string> Activations,
    ValueList<string> Scalars)
{
    /// <summary>Products that are yet to be multiplied by a power of n.</summary>
    public required IReadOnlySet<string> Raw { get; init; }

    /// <summary>The instructions of <see cref="Statements"/>, by what they read.</summary>
    public required ILookup<string, Instruction> Readers { get; init; }

    /// <summary>What each of <see cref="Statements"/> reads.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Reads { get; init; }

    /// <summary>Which of <see cref="Statements"/> defines a value.</summary>
    public required IReadOnlyDictionary<string, int> Positions { get; init; }

    /// <summary>Everything that a feature is made from, and the features.</summary>
    public required IReadOnlySet<string> BehindFeatures { get; init; }

    /// <summary>What an instruction makes once its power of n stands with it: its own result, or the Nonlins that it is multiplied in.</summary>
    public IEnumerable<string> Scaled(Instruction instruction)
    {
        var uses = Raw.Contains(instruction.Result.Name)
            ? Readers[instruction.Result.Name].OfType<Instruction.Nonlin>().ToList()
            : [];
        return uses.Count == 0 ? [instruction.Result.Name] : uses.SelectMany(Scaled);
    }

    /// <summary>Everything that must not blow up.</summary>
    public IEnumerable<string> Checked => Activations.Concat(Scalars).Concat(Outputs);

    public static ForwardPart Of(Program program, IReadOnlyList<Statement> block, IReadOnlySet<string> weights)
    {
        var instructions = block.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        var adapted = program.Adapted.ToHashSet(StringComparer.Ordinal);
        var reported = program.Outputs.Where(instructions.ContainsKey).ToList();
        var outputs = reported.Where(output => instructions[output].Result.Kind == ValueKind.Scalar
            && !Ancestors([output], adapted).Any(other => other != output && reported.Contains(other))).ToValueList();
        var reached = Ancestors(outputs, new HashSet<string>());

        // What an inner step does is judged by what its weights do: its gradients are no activations.
        var judged = Ancestors(outputs, adapted);
        var statements = block.Where(statement => new[] { statement }.Definitions().Any(definition => reached.Contains(definition.Name))).ToValueList();
        var ordered = statements.Instructions().Where(instruction => reached.Contains(instruction.Result.Name)).ToList();

        var dependent = block.Instructions().OfType<Instruction.Data>().Select(data => data.Result.Name).ToHashSet(StringComparer.Ordinal);
        dependent.UnionWith(program.Body.Instructions().OfType<Instruction.Data>().Select(data => data.Result.Name));
        var weighted = weights.ToHashSet(StringComparer.Ordinal);
        foreach (var instruction in ordered)
        {
            Spread(instruction, dependent);
            Spread(instruction, weighted);
        }

        var readers = ByReads(statements.Instructions());
        var raw = ordered.Where(instruction => IsProduct(instruction) && IsRaw(instruction.Result.Name)).Select(instruction => instruction.Result.Name).ToHashSet(StringComparer.Ordinal);
        var candidates = ordered
            .Where(instruction => instruction is not (Instruction.Data or Instruction.Gaussian or Instruction.MatrixSum))
            .Where(instruction => judged.Contains(instruction.Result.Name) && !adapted.Contains(instruction.Result.Name))
            .Where(instruction => dependent.Contains(instruction.Result.Name) && weighted.Contains(instruction.Result.Name))
            .Where(instruction => !raw.Contains(instruction.Result.Name))
            .Select(instruction => instruction.Result)
            .ToList();
        var features = Features(outputs).Select(WithoutMultiplier).Where(name => !weights.Contains(name) && !adapted.Contains(name) && dependent.Contains(name)).Distinct().ToValueList();
        return new ForwardPart(
            outputs,
            features,
            statements,
            candidates.Where(result => result.Kind == ValueKind.Vector).Select(result => result.Name).ToValueList(),
            candidates.Where(result => result.Kind == ValueKind.Scalar && !outputs.Contains(result.Name)).Select(result => result.Name).ToValueList())
        {
            Raw = raw,
            Readers = readers,
            Reads = statements.Select(statement => (IReadOnlyList<string>)statement.Reads().ToList()).ToList(),
            Positions = statements.SelectMany((statement, i) => new[] { statement }.Definitions().Select(definition => (definition.Name, i)))
                .ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal),
            BehindFeatures = Behind(features),
        };

        HashSet<string> Ancestors(IEnumerable<string> names, IReadOnlySet<string> leaves)
        {
            var found = new HashSet<string>(StringComparer.Ordinal);
            var open = new Stack<string>(names);
            while (open.TryPop(out var name))
            {
                if (found.Add(name) && !leaves.Contains(name) && instructions.TryGetValue(name, out var instruction))
                {
                    foreach (var read in instruction.Reads())
                    {
                        open.Push(read);
                    }
                }
            }

            return found;
        }

        HashSet<string> Behind(IEnumerable<string> names)
        {
            var behind = names.ToHashSet(StringComparer.Ordinal);
            foreach (var statement in statements.Reverse().Where(statement => new[] { statement }.Definitions().Any(definition => behind.Contains(definition.Name))))
            {
                behind.UnionWith(statement.Reads());
            }

            return behind;
        }

        void Spread(Instruction instruction, HashSet<string> set)
        {
            if (instruction.Reads().Any(set.Contains))
            {
                set.Add(instruction.Result.Name);
            }
        }

        // The same up to numbers and powers of n: n^(-1) x is as large as its feature x is, when it meets a weight that is n times larger. A product W x before the power of n that belongs to W is no feature.
        string WithoutMultiplier(string name) => instructions.TryGetValue(name, out var made) && made is Instruction.Nonlin { Body: Expr.Multiply { Factors: var factors } }
            && factors.Where(factor => factor is not (Expr.Constant or Expr.WidthPower)).ToList() is [Expr.Reference only] && !raw.Contains(only.Name)
            && instructions.TryGetValue(only.Name, out var original) && original.Result.Kind == ValueKind.Vector ? WithoutMultiplier(only.Name) : name;

        // Back from f through scalars to the first vectors.
        IEnumerable<string> Features(IEnumerable<string> scalars) => scalars.SelectMany(scalar => instructions.TryGetValue(scalar, out var instruction)
            ? instruction switch
            {
                Instruction.Moment moment => moment.Body.References().Select(reference => reference.Name)
                    .Where(name => !(instructions.TryGetValue(name, out var made) && made.Result.Kind == ValueKind.Scalar)),
                Instruction.Nonlin nonlin => Features(nonlin.Reads()),
                _ => [],
            }
            : []);

        bool IsRaw(string name)
        {
            var uses = readers[name].Where(instruction => reached.Contains(instruction.Result.Name)).ToList();
            return uses.Count > 0 && uses.All(use => use switch
            {
                Instruction.Nonlin nonlin => !HasDirectUse(nonlin.Body, name),

                // n^(1/2) V h: the power of n is the weight's.
                Instruction.Moment moment => !HasDirectUse(moment.Body, name) && !moment.Body.References().Any(reference => reference.Name != name && weights.Contains(reference.Name)),
                _ => false,
            });
        }
    }

    private static ILookup<string, Instruction> ByReads(IEnumerable<Instruction> instructions) => instructions
        .SelectMany(instruction => instruction.Reads().Distinct(StringComparer.Ordinal).Select(read => (read, instruction)))
        .ToLookup(pair => pair.read, pair => pair.instruction, StringComparer.Ordinal);

    /// <summary>A matrix product or a Moment, or one of them times a power of n.</summary>
    private static bool IsProduct(Instruction instruction) => instruction is Instruction.MatMul or Instruction.Moment
        || instruction is Instruction.Nonlin { Body: Expr.Multiply product } && product.Factors.Count(factor => factor is Expr.Reference) == 1
            && product.Factors.All(factor => factor is Expr.Reference or Expr.Constant or Expr.WidthPower);

    private static bool HasDirectUse(Expr expr, string name) => expr switch
    {
        Expr.Reference reference => reference.Name == name,
        Expr.Multiply product when product.Factors.Any(factor => factor is Expr.WidthPower) => false,
        _ => expr.Children.Any(child => HasDirectUse(child, name)),
    };
}
