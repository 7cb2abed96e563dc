using System.Diagnostics;

namespace TpCompiler.Symbolics;

public abstract partial record Expr
{
    /// <summary>The direct subexpressions, in order. Lookups inside indices count.</summary>
    public IEnumerable<Expr> Children => this switch
    {
        Constant or Pi or WidthPower or IndexValue => [],
        Reference r => r.Indices.OfType<Index.Lookup>().Select(lookup => lookup.Row),
        Add a => a.Terms,
        Multiply m => m.Factors,
        Power p => [p.Base],
        Call c => c.Arguments,
        Sum s => [s.Body],
        Expectation e => [e.Body],
        _ => throw new UnreachableException(),
    };

    /// <summary>This expression and everything below it, parents first.</summary>
    public IEnumerable<Expr> DescendantsAndSelf()
    {
        var all = new List<Expr>();
        Collect(this);
        return all;

        void Collect(Expr expr)
        {
            all.Add(expr);
            switch (expr)
            {
                case Constant or Pi or WidthPower or IndexValue:
                    break;
                case Reference r:
                    foreach (var index in r.Indices.AsSpan())
                    {
                        if (index is Index.Lookup lookup)
                        {
                            Collect(lookup.Row);
                        }
                    }

                    break;
                case Add a:
                    CollectAll(a.Terms);
                    break;
                case Multiply m:
                    CollectAll(m.Factors);
                    break;
                case Call c:
                    CollectAll(c.Arguments);
                    break;
                default:
                    foreach (var child in expr.Children)
                    {
                        Collect(child);
                    }

                    break;
            }
        }

        void CollectAll(ValueList<Expr> parts)
        {
            foreach (var part in parts.AsSpan())
            {
                Collect(part);
            }
        }
    }

    public IEnumerable<Reference> References() => DescendantsAndSelf().OfType<Reference>();

    /// <summary>The same node over other children, in the order of <see cref="Children"/>, brought to normal form; this very node when none is another.</summary>
    public Expr MapChildren(Func<Expr, Expr> map)
    {
        return this switch
        {
            Constant or Pi or WidthPower or IndexValue => this,
            Reference r => r.Indices.Any(index => index is Index.Lookup)
                ? r with { Indices = r.Indices.Select(index => index is Index.Lookup lookup ? new Index.Lookup((Reference)map(lookup.Row)) : index).ToValueList() }
                : r,
            Add a => Mapped(a.Terms) is { } terms ? SumOf(terms) : a,
            Multiply m => Mapped(m.Factors) is { } factors ? ProductOf(factors) : m,
            Power p => map(p.Base) is var basis && ReferenceEquals(basis, p.Base) ? p : Pow(basis, p.Exponent),
            Call { Arguments: [var argument] } c => map(argument) is var mapped && ReferenceEquals(mapped, argument) ? c : Nonlinearities.CallOf(c.Function, c.Derivative, c.Parameters, mapped),
            Call c => Mapped(c.Arguments) is { } arguments ? c with { Arguments = arguments.ToValueList() } : c,
            Sum s => map(s.Body) is var body && ReferenceEquals(body, s.Body) ? s : SumOver(s.Index, body),
            Expectation e => map(e.Body) is var body && ReferenceEquals(body, e.Body) ? e : Mean(body),
            _ => throw new UnreachableException(),
        };

        // Null when every part stays the same object.
        Expr[]? Mapped(ValueList<Expr> parts)
        {
            var mapped = new Expr[parts.Count];
            var same = true;
            for (var i = 0; i < mapped.Length; i++)
            {
                mapped[i] = map(parts[i]);
                same &= ReferenceEquals(mapped[i], parts[i]);
            }

            return same ? null : mapped;
        }
    }

    /// <summary>Every reference replaced, from the leaves up; the caller keeps index variables from being captured.</summary>
    public Expr SubstituteReferences(Func<Reference, Expr> replace) =>
        this is Reference r ? replace((Reference)r.MapChildren(child => child.SubstituteReferences(replace)))
            : MapChildren(child => child.SubstituteReferences(replace));

    /// <summary>The expression as <see cref="ExprStyle.Ascii"/>.</summary>
    public sealed override string ToString() => ExprPrinter.Print(this);
}
