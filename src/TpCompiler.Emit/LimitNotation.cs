using System.Diagnostics;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>How the symbols of limit equations are written: Z^{h¹}_{t,b}, Ẑ, Ż, ∂/∂Ẑ, as in arXiv 2011.14522.</summary>
internal static class LimitNotation
{
    private static readonly Dictionary<string, (string Unicode, string Latex)> Letters = new(StringComparer.Ordinal)
    {
        ["omega"] = ("ω", @"\omega"),
        ["kappa"] = ("κ", @"\kappa"),
        ["K"] = ("K", "K"),
        ["theta"] = ("θ", @"\theta"),
        ["Theta"] = ("Θ", @"\Theta"),
        ["dloss"] = ("∂L/∂", @"\partial L/\partial "),
        ["eta"] = ("η", @"\eta"),
        ["chi"] = ("χ", @"\chi"),
        ["xi"] = ("ξ", @"\xi"),
    };

    public static ExprPrinter Printer(ExprStyle style)
    {
        ExprPrinter plain = new(style);
        return new ExprPrinter(style, reference => Write(reference, style, plain));
    }

    private static string Write(Expr.Reference reference, ExprStyle style, ExprPrinter plain)
    {
        var symbol = LimitSymbol.Of(reference.Name);
        var indices = reference.Indices.Select(plain.Print).ToList();
        var latex = style == ExprStyle.Latex;
        return symbol.Kind switch
        {
            SymbolKind.Z when symbol.First is "~u" or "~v" && indices.Count == 0 => symbol.First[1..],
            SymbolKind.Z => Variable("Z", symbol.First, indices, latex),
            SymbolKind.Zhat => Variable(latex ? @"\hat{Z}" : "Ẑ", symbol.First, indices, latex),
            SymbolKind.Zdot => Variable(latex ? @"\dot{Z}" : "Ż", symbol.First, indices, latex),
            SymbolKind.PartialDerivative => Fraction(symbol, indices, latex),
            SymbolKind.Covariance => Covariance(symbol, indices, latex),
            SymbolKind.Scalar => Scalar(symbol.First, indices, latex),
            _ => throw new UnreachableException(),
        };
    }

    private static string Variable(string letter, string subject, IEnumerable<string> indices, bool latex) =>
        letter + "^{" + Subject(subject, latex) + "}" + Subscript(indices);

    private static string Fraction(LimitSymbol symbol, List<string> indices, bool latex)
    {
        var above = Variable("Z", symbol.First, indices.Take(symbol.FirstIndices), latex);
        var below = Variable(latex ? @"\hat{Z}" : "Ẑ", symbol.Second!, indices.Skip(symbol.FirstIndices), latex);
        return latex ? @"\frac{\partial " + above + @"}{\partial " + below + "}" : "∂" + above + "/∂" + below;
    }

    private static string Covariance(LimitSymbol symbol, List<string> indices, bool latex)
    {
        var hat = latex ? @"\hat{Z}" : "Ẑ";
        var first = Variable(hat, symbol.First, indices.Take(symbol.FirstIndices), latex);
        var second = Variable(hat, symbol.Second!, indices.Skip(symbol.FirstIndices), latex);
        return (latex ? @"\operatorname{Cov}" : "Cov") + "(" + first + ", " + second + ")";
    }

    private static string Scalar(string name, IEnumerable<string> indices, bool latex)
    {
        var underscore = name.IndexOf('_', StringComparison.Ordinal);
        if (underscore > 0 && name[(underscore + 1)..] == "entries")
        {
            return Name(name[..underscore], latex) + (latex ? @"_{\alpha\beta}" : "_{αβ}");
        }

        if (underscore > 0 && name[..underscore] == "dloss")
        {
            return (latex ? Letters["dloss"].Latex : Letters["dloss"].Unicode) + Plain(name[(underscore + 1)..], latex) + Subscript(indices);
        }

        return underscore > 0 && Letters.TryGetValue(name[..underscore], out var letter)
            ? (latex ? letter.Latex : letter.Unicode) + "^{" + Name(name[(underscore + 1)..], latex) + "}" + Subscript(indices)
            : Plain(name, latex) + Subscript(indices);
    }

    /// <summary>A number by its own name: f2 would read as a square if its digit went up.</summary>
    private static string Plain(string name, bool latex) =>
        Letters.TryGetValue(name, out var letter) ? (latex ? letter.Latex : letter.Unicode)
        : !latex || name.Length == 1 ? name
        : @"\mathit{" + name.Replace("_", @"\_", StringComparison.Ordinal) + "}";

    /// <summary>A product W2'*dh2 as W²ᵀdh², a value h1 as h¹.</summary>
    private static string Subject(string subject, bool latex)
    {
        var star = subject.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return Name(subject, latex);
        }

        var matrix = subject[..star].TrimEnd('\'');
        var transposed = matrix.Length < star;
        return Name(matrix, latex) + (transposed ? (latex ? @"{}^{\top}" : "ᵀ") : string.Empty) + (latex ? " " : string.Empty) + Name(subject[(star + 1)..], latex);
    }

    /// <summary>A layer's number goes up: h1 is h¹.</summary>
    private static string Name(string name, bool latex)
    {
        if (name.IndexOf('_', StringComparison.Ordinal) is > 0 and var underscore && underscore < name.Length - 1)
        {
            // dx1_1, m_W1: each part for itself, a plain number as it is.
            var rest = name[(underscore + 1)..];
            var part = rest.All(char.IsAsciiDigit) ? rest : Name(rest, latex);
            return latex ? "{" + Name(name[..underscore], latex) + "}_{" + part + "}" : Name(name[..underscore], latex) + "_" + part;
        }

        var stem = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var number = name[stem.Length..];
        if (stem.Length == 0)
        {
            (stem, number) = (name, string.Empty);
        }

        var known = Letters.TryGetValue(stem, out var letter);
        if (latex)
        {
            var text = known ? letter.Latex : stem.Length == 1 ? stem : @"\mathit{" + stem.Replace("_", @"\_", StringComparison.Ordinal) + "}";
            return number.Length == 0 ? text : text + "^{" + number + "}";
        }

        return (known ? letter.Unicode : stem) + string.Concat(number.Select(digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit - '0']));
    }

    private static string Subscript(IEnumerable<string> indices)
    {
        var list = string.Join(",", indices);
        return list.Length switch
        {
            0 => string.Empty,
            1 => "_" + list,
            _ => "_{" + list + "}",
        };
    }
}
