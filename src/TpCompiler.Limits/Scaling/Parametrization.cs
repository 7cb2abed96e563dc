using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The exponents a, b, c of a weight: W = n^{-a} w, w ~ N(0, σ² n^{-2b}), learning rate η n^{-c}.</summary>
public sealed record Abc(Rational A, Rational B, Rational C);

/// <summary>Writes a network in another parametrization.</summary>
public static class Parametrization
{
    /// <summary>
    /// The same network with other exponents for some of its weights: initial variances get n^{2(b − b′)}, every use of a weight gets n^{a − a′}. A product W x with a ≠ a′ is named
    /// <c>y_raw</c> first.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="exponents">By weight; weights that aren't named stay as they are.</param>
    public static Network Substitute(Network network, IReadOnlyDictionary<string, Abc> exponents)
    {
        var width = network.Widths[0].Name;
        var weights = network.Parameters.Where(parameter => exponents.ContainsKey(parameter.Name)).ToList();
        var variances = weights.ToDictionary(weight => weight.Initial, weight => Expr.WidthTo(width, 2 * (weight.B - exponents[weight.Name].B)), StringComparer.Ordinal);
        var multipliers = weights.Where(weight => weight.A != exponents[weight.Name].A)
            .ToDictionary(weight => weight.Name, weight => Expr.WidthTo(width, weight.A - exponents[weight.Name].A), StringComparer.Ordinal);
        var names = new NameSupply(network.Initialisation.Concat(network.Inputs).Concat(network.Forward).Definitions().Select(definition => definition.Name)
            .Concat(network.Parameters.Select(parameter => parameter.Name)));
        return network with
        {
            Parameters = network.Parameters.Select(parameter => exponents.TryGetValue(parameter.Name, out var abc) ? parameter with { A = abc.A, B = abc.B, C = abc.C } : parameter).ToValueList(),
            Initialisation = network.Initialisation.Select(statement => statement is Instruction.Gaussian gaussian && variances.TryGetValue(gaussian.Result.Name, out var factor)
                ? gaussian with { Variance = gaussian.Variance * factor }
                : statement).ToValueList(),
            Forward = network.Forward.SelectMany(InStatement).ToValueList(),
        };

        IEnumerable<Statement> InStatement(Statement statement) => statement switch
        {
            Instruction.MatMul product when MultiplierOf(product) is { IsOne: false } multiplier => Multiplied(product, multiplier),
            Instruction.Nonlin nonlin => [nonlin with { Body = InExpr(nonlin.Body) }],
            Instruction.Moment moment => [moment with { Body = InExpr(moment.Body) }],
            Instruction.MatrixSum sum => [sum with { Terms = sum.Terms.Select(InTerm).ToValueList() }],
            Loop loop => [loop with { Body = loop.Body.SelectMany(InStatement).ToValueList() }],
            Instruction => [statement],
            _ => throw new UnreachableException(),
        };

        Expr MultiplierOf(Instruction.MatMul product) => Of(product.Matrix) * Of(product.Vector);

        Expr Of(Expr.Reference reference) => multipliers.GetValueOrDefault(reference.Name, Expr.One);

        IEnumerable<Statement> Multiplied(Instruction.MatMul product, Expr multiplier)
        {
            var raw = product.Result with { Name = names.Fresh(product.Result.Name + "_raw") };
            return [product with { Result = raw }, new Instruction.Nonlin(product.Result, multiplier * raw.AsReference()) { Origin = product.Origin }];
        }

        Expr InExpr(Expr expr) => expr.SubstituteReferences(reference => Of(reference) * reference);

        MatrixTerm InTerm(MatrixTerm term) => term switch
        {
            MatrixTerm.Scaled scaled => scaled with { Coefficient = InExpr(scaled.Coefficient) * Of(scaled.Matrix) },
            MatrixTerm.Outer outer => outer with { Coefficient = InExpr(outer.Coefficient) * Of(outer.Left) * Of(outer.Right) },
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The network with a repair carried out.</summary>
    public static Network Substitute(Network network, Repair repair)
    {
        var exponents = network.Parameters.ToDictionary(parameter => parameter.Name, parameter => new Abc(parameter.A, parameter.B, parameter.C), StringComparer.Ordinal);
        foreach (var change in repair.Changes)
        {
            var before = exponents[change.Parameter];
            exponents[change.Parameter] = change.Exponent switch
            {
                AbcExponent.A => before with { A = change.To },
                AbcExponent.B => before with { B = change.To },
                _ => before with { C = change.To },
            };
        }

        return Substitute(network, exponents);
    }
}
