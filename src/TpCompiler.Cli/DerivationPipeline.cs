using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli;

/// <summary>From a compilation to everything that can be derived of it.</summary>
internal static class DerivationPipeline
{
    /// <summary>The derivation; null when the text has errors, which are in the compilation's diagnostics.</summary>
    public static Derivation? Of(Compilation compilation, SourceText source)
    {
        if (compilation.Diagnostics.HasErrors || compilation.Whole is not { } program
            || !Verified.Holds(program, "lowering", source, compilation.Diagnostics))
        {
            return null;
        }

        // Where there is a limit program, it and the tiers of its numbers take as long as the scales, and need nothing of them.
        Task<LimitProgramResult> limiting = Task.Run(() => LimitProgram.Of(program));
        Task<Computation?> computing = limiting.ContinueWith(made => made.Result.Program is { } found ? Computation.Of(found) : null, TaskScheduler.Default);
        ScalingResult scaling = compilation is { Network: { } trained, TrainingPlan: { } plan, GradientProgram: { } training }
            ? ScalingAnalysis.Analyze(trained, plan, training)
            : ScalingAnalysis.Analyze(program);
        Regime? regime = scaling.Verdict?.Regime;
        if (compilation.Network is { } network && regime is not Regime.FeatureLearning)
        {
            KernelDerivation? kernel = regime is Regime.KernelRegime ? KernelDerivation.Of(network, compilation.TrainingPlan, scaling.Verdict!) : null;
            string? reason = regime switch
            {
                Regime.KernelRegime => kernel!.Reason,
                Regime.Unstable => "the parametrization is unstable",
                Regime.Trivial => scaling.Verdict!.WithoutLearning,
                _ => "the network isn't trained",
            };
            return new Derivation(program, network, compilation.TrainingPlan, scaling, null, kernel?.Equations, reason, [], () => SyntaxText.Write(compilation.SyntaxTree))
            {
                Tiers = kernel?.Tiers ?? [],
                Expectations = kernel?.Expectations ?? [],
            };
        }

        if (compilation is { HasEntrywiseMatrices: true, Network: { } entrywise })
        {
            string reason = $"{compilation.TrainingPlan!.Rule.Name} changes hidden matrices entry by entry, and sums over pairs of coordinates are not written out; `tpc run --limit` has numbers";
            return new Derivation(program, entrywise, compilation.TrainingPlan, scaling, null, null, reason, [], () => SyntaxText.Write(compilation.SyntaxTree))
            {
                Tiers = computing.GetAwaiter().GetResult()?.Tiers ?? [],
            };
        }

        LimitProgramResult limit = limiting.GetAwaiter().GetResult();
        if (!Verified.Holds(limit.Program, "limit", source, compilation.Diagnostics))
        {
            return null;
        }

        if (limit.Program is null)
        {
            Instruction obstacle = limit.Obstacle!;
            string? random = scaling.RandomScalars.FirstOrDefault();
            Instruction at = random is null ? obstacle : program.Body.Instructions().First(instruction => instruction.Result.Name == random);
            Location? location = at.Origin is { } origin ? new Location(source, origin.Span) : null;
            compilation.Diagnostics.Add(random is null
                ? Diagnostic.Create(Codes.NoLimit, location, $"`{obstacle.Result.Name}`", limit.Reason!)
                : Diagnostic.Create(Codes.LogitsStayRandom, location, random, program.Widths[0].Name).WithHelp($"a mean converges: leave out the power of {program.Widths[0].Name} that multiplies it"));
        }

        LimitEquations? equations = limit.Program is { } found ? Deriver.Derive(found) : null;
        Computation? computation = computing.GetAwaiter().GetResult();
        return new Derivation(
            program,
            compilation.Network,
            compilation.TrainingPlan,
            scaling,
            limit.Program,
            equations,
            null,
            limit.Program is { } exact && compilation.Program is not null ? Exact(exact) : [],
            () => SyntaxText.Write(compilation.SyntaxTree))
        {
            Tiers = computation?.Tiers ?? [],
            Expectations = limit.Program is { } integrated ? [.. Expectations(integrated, equations!, computation!.Groups)] : [],
        };
    }

    /// <summary>The expectations of a limit's equations, each once.</summary>
    internal static IEnumerable<ExpectationLine> Expectations(Program limit, LimitEquations equations, IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> groups)
    {
        Func<string, string?, ExpectationTier> tierOf = ExpectationTier.In(limit, groups);
        return ExpectationsIn(equations).DistinctBy(pair => pair.Expectation).Select(pair =>
        {
            string vector = pair.Expectation.References().Select(reference => LimitSymbol.Of(reference.Name)).First(symbol => symbol.Kind is SymbolKind.Z or SymbolKind.PartialDerivative).First;
            ExpectationTier tier = tierOf(vector, pair.Defined);
            return new ExpectationLine(pair.Expectation, tier.Described, tier.IsIntegral ? tier.Dimensions : null);
        });
    }

    /// <summary>Each expectation with the name of what its equation defines.</summary>
    internal static IEnumerable<(Expr.Expectation Expectation, string? Defined)> ExpectationsIn(LimitEquations equations) =>
        equations.Sections.SelectMany(section => section.Equations)
            .SelectMany(equation => equation.Right.DescendantsAndSelf().OfType<Expr.Expectation>().Select(expectation => (expectation, equation.Left is Expr.Reference left ? LimitSymbol.Of(left.Name).First : null)));

    /// <summary>Moments of a level-1 program without data that are rational numbers.</summary>
    private static ValueList<ExactOutput> Exact(Program limit) =>
        limit.Body.Instructions().Any(instruction => instruction is Instruction.Data) || limit.Axes.Any(axis => axis.Size is null)
            ? []
            : (PolynomialEvaluator.Evaluate(limit, NoData.Instance) ?? []).Select(record => new ExactOutput(record.Name, record.Values)).ToValueList();

    /// <summary>How `tpc run` finds the numbers of a limit program.</summary>
    /// <param name="Groups">The outputs that are computed together.</param>
    /// <param name="Tiers">The ways of each output, in the order of the outputs.</param>
    private sealed record Computation(IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> Groups, ValueList<OutputTier> Tiers)
    {
        public static Computation Of(Program limit)
        {
            IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> groups = LimitEvaluator.TiersOfOutputs(limit);
            IReadOnlyDictionary<string, string> first = LimitEvaluator.FirstTiersOf(limit, groups);
            return new Computation(groups, [.. groups
                .SelectMany(group => group.Outputs.Select(output => new OutputTier(output, group.Tiers) { First = first.GetValueOrDefault(output) }))
                .OrderBy(tier => limit.Outputs.ToList().IndexOf(tier.Output))]);
        }
    }
}
