using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Prelude;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>The exponents of every weight: by a named parametrization and its roles, and entry by entry.</summary>
internal sealed class ParametrizationBinder(Block block, FileSyntax file, string network)
{
    private static readonly string[] Fields = ["a", "b", "c", "variance"];

    /// <summary>The exponent of n in a variance, which a <see cref="DepthSymbol"/> alone puts there; no field that can be written.</summary>
    private const string Layers = " layers";

    private readonly Dictionary<string, Dictionary<string, Rational>> byWeight = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Scales> Bind(IReadOnlyList<WeightShape> weights, IReadOnlyList<WeightBlocks> blocks)
    {
        var result = new Dictionary<string, Scales>(StringComparer.Ordinal);
        var all = file.Declarations.OfType<DeclarationSyntax.Parametrization>().ToList();
        var uses = all.Where(p => !p.ByRole).ToList();
        foreach (var second in uses.Skip(1))
        {
            block.Report(Diagnostic.Create(Codes.ConflictingParametrization, block.Place(second.Span), $"the network `{network}`").WithRelated(block.Place(uses[0].Span), "the first one"));
        }

        var defined = Definitions(all);
        Dictionary<ParameterRole, Dictionary<string, Rational>>? roles = null;
        if (uses is [var use, ..])
        {
            if (use.Name is { } name && !defined.TryGetValue(name.Text, out roles))
            {
                block.Report(Diagnostic.Create(Codes.UnknownParametrization, block.Place(name.Span), name.Text).WithSpelling(name.Text, defined.Keys));
                roles = Enum.GetValues<ParameterRole>().ToDictionary(r => r, _ => Zeros());
            }

            Entries(use, weights, blocks);
        }

        foreach (var weight in weights)
        {
            var values = roles?.GetValueOrDefault(weight.Role) is { } role ? new Dictionary<string, Rational>(role) : [];
            if (weight.Role == ParameterRole.Scalar && roles is not null)
            {
                values = Zeros();
            }

            if (roles is not null && values.Count == 0 && !byWeight.ContainsKey(weight.Name))
            {
                block.Report(Codes.ParametrizationNotApplicable, weight.Span, uses[0].Name!.Text, $"it says nothing about {Said(weight.Role)} weights such as `{weight.Name}`");
                values = Zeros();
            }

            foreach (var (field, value) in byWeight.GetValueOrDefault(weight.Name) ?? [])
            {
                values[field] = value;
            }

            if (!values.ContainsKey("a") || !values.ContainsKey("b") || !values.ContainsKey("c"))
            {
                block.Report(Diagnostic.Create(Codes.MissingParametrization, block.Place(weight.Span), weight.Name)
                    .WithHelp(uses.Count == 0 ? "write `parametrization mup`, or another name" : $"write `{weight.Name}: (a: …, b: …, c: …)`"));
            }

            // A variance that falls with the number of layers, where that is a power of n.
            result[weight.Name] = new Scales(values.GetValueOrDefault("a"), values.GetValueOrDefault("b") - (values.GetValueOrDefault(Layers) / 2), values.GetValueOrDefault("c"), values.GetValueOrDefault("variance", 1));
        }

        return result;
    }

    private static Dictionary<string, Rational> Zeros() => new() { ["a"] = 0, ["b"] = 0, ["c"] = 0 };

    private static string Said(ParameterRole role) => role switch
    {
        ParameterRole.Input => "input",
        ParameterRole.Hidden => "hidden",
        ParameterRole.Output => "output",
        _ => "finite",
    };

    /// <summary>The named parametrizations of the prelude and of the file.</summary>
    private Dictionary<string, Dictionary<ParameterRole, Dictionary<string, Rational>>?> Definitions(IEnumerable<DeclarationSyntax.Parametrization> own)
    {
        var result = new Dictionary<string, Dictionary<ParameterRole, Dictionary<string, Rational>>?>(StringComparer.Ordinal);
        foreach (var definition in PreludeFiles.Parametrizations.Concat(own.Where(p => p.ByRole)))
        {
            var roles = new Dictionary<ParameterRole, Dictionary<string, Rational>>();
            foreach (var entry in definition.Entries)
            {
                if (!Enum.TryParse<ParameterRole>(entry.Target.Name.Text, ignoreCase: true, out var role) || role == ParameterRole.Scalar || char.IsUpper(entry.Target.Name.Text[0]))
                {
                    block.Report(Diagnostic.Create(Codes.UnknownSetting, block.Place(entry.Target.Span), "a parametrization by role", entry.Target.Name.Text)
                        .WithSpelling(entry.Target.Name.Text, ["input", "hidden", "output"]));
                }
                else if (!roles.TryAdd(role, Values(entry)))
                {
                    block.Report(Codes.DuplicateSetting, entry.Target.Span, entry.Target.Name.Text);
                }
            }

            if (!result.TryAdd(definition.Name!.Text, roles))
            {
                block.Report(Codes.DuplicateName, definition.Name.Span, definition.Name.Text);
            }
        }

        return result;
    }

    private void Entries(DeclarationSyntax.Parametrization use, IReadOnlyList<WeightShape> weights, IReadOnlyList<WeightBlocks> blocks)
    {
        foreach (var entry in use.Entries)
        {
            var values = Values(entry);
            var indices = entry.Target.Indices.Select(i => new ExpressionBinder(block, "", new Dictionary<string, Meaning>()).Integer(i)).ToList();
            if (indices.Contains(null))
            {
                continue;
            }

            var name = Families.Member(entry.Target.Name.Text, indices.Select(i => i!.Value));
            if (name == "all" && weights.All(w => w.Name != "all"))
            {
                foreach (var weight in weights)
                {
                    Override(weight.Name, values, entry.Target.Span, overwrite: false);
                }
            }
            else if (weights.Any(w => w.Name == name))
            {
                Override(name, values, entry.Target.Span, overwrite: true);
            }
            else if (blocks.FirstOrDefault(one => one.Name == name) is { } whole)
            {
                foreach (var part in whole.Parts)
                {
                    Override(part, values, entry.Target.Span, overwrite: true);
                }
            }
            else if (block.Depth is not null)
            {
                // A layer beyond those that stand for all.
            }
            else if (block.Later.Contains(name) || block.Names.ContainsKey(name))
            {
                block.Report(Diagnostic.Create(Codes.NotAWeight, block.Place(entry.Target.Span), name).WithSpelling(name, weights.Select(w => w.Name)));
            }
            else
            {
                block.Report(Diagnostic.Create(Codes.UnknownName, block.Place(entry.Target.Span), name).WithSpelling(name, weights.Select(w => w.Name)));
            }
        }
    }

    /// <summary>Entries for one weight win over <c>all</c>, wherever they stand; two for the same weight contradict each other.</summary>
    private void Override(string weight, Dictionary<string, Rational> values, Span span, bool overwrite)
    {
        var known = byWeight.TryGetValue(weight, out var before) ? before : byWeight[weight] = [];
        if (overwrite && !named.Add(weight))
        {
            block.Report(Codes.ConflictingParametrization, span, $"`{weight}`");
            return;
        }

        foreach (var (field, value) in values)
        {
            if (overwrite || !known.ContainsKey(field))
            {
                known[field] = value;
            }
        }
    }

    private readonly HashSet<string> named = new(StringComparer.Ordinal);

    private Dictionary<string, Rational> Values(EntrySyntax entry)
    {
        var result = new Dictionary<string, Rational>(StringComparer.Ordinal);
        for (var i = 0; i < entry.Values.Count; i++)
        {
            var argument = entry.Values[i];
            var field = argument.Name?.Text ?? (i < 3 ? Fields[i] : "");
            if (!Fields.Contains(field))
            {
                block.Report(Diagnostic.Create(Codes.UnknownSetting, block.Place(argument.Span), "a parametrization", argument.Name?.Text ?? "a fourth number").WithSpelling(field, Fields));
                continue;
            }

            // The weight has this number, whatever is wrong with it.
            if (!result.TryAdd(field, Rational.Zero))
            {
                block.Report(Codes.DuplicateSetting, argument.Span, field);
                continue;
            }

            if (new ExpressionBinder(block, "", new Dictionary<string, Meaning>()).Value(argument.Value) is not { } value)
            {
                continue;
            }

            if (block.Depth is not null && field == "variance" && Expr.SplitCoefficient(value.Expr) is (var coefficient, Expr.WidthPower power))
            {
                (result[field], result[Layers]) = (coefficient, power.Exponent);
            }
            else if (value.Rational is not { } number)
            {
                block.Report(Codes.InexactExponent, argument.Value.Span, block.Source.Slice(argument.Value.Span));
            }
            else if (number.Numerator.GetBitLength() > 64 || number.Denominator.GetBitLength() > 64)
            {
                block.Report(Codes.SettingOutOfRange, argument.Value.Span, field, "a rational number of at most 64 bits", block.Source.Slice(argument.Value.Span));
            }
            else if (field == "variance" && number.Sign < 0)
            {
                block.Report(Codes.SettingOutOfRange, argument.Value.Span, field, "0 or more", block.Source.Slice(argument.Value.Span));
            }
            else
            {
                result[field] = number;
            }
        }

        return result;
    }
}
