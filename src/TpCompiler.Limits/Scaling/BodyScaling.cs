using System.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// The size of the body of a Nonlin or Moment from the sizes of what it refers to. Sums take the minimum; a product adds; φ keeps exponent 0, and for a vanishing
/// input its first Taylor term that doesn't vanish decides. With <paramref name="firstOrder"/> changes count as infinitesimal: only terms linear in them are kept.
/// </summary>
/// <param name="sizeOf">The size of what is referred to.</param>
/// <param name="firstOrder">Keep only what is linear in changes.</param>
/// <param name="leadingTerms">Leading terms of sums.</param>
/// <param name="normalised">Inside exp(u) / Σ exp(u), which stays between 0 and 1 however large u is.</param>
internal sealed class BodyScaling(Func<Expr.Reference, Size> sizeOf, bool firstOrder, LeadingTerms leadingTerms, bool normalised = false)
{
    /// <summary>An exponent for what grows faster than any power.</summary>
    private const int BeyondPowers = -64;

    public Size Of(Expr expr) => expr switch
    {
        Expr.Constant { Value.IsZero: true } => Size.Zero,
        Expr.Constant or Expr.Pi or Expr.IndexValue => Size.One,
        Expr.WidthPower w => new Size(Terms.Of(-w.Exponent), Terms.Zero),
        Expr.Reference r => sizeOf(r),
        Expr.Add a => OfSum(a),
        Expr.Multiply m when !normalised && IsSoftmax(m) => new BodyScaling(sizeOf, firstOrder, leadingTerms, normalised: true).Of(m),
        Expr.Power { Base: Expr.Sum s, Exponent.Sign: < 0 } when normalised && HasExp(s) => Of(s.Body),
        Expr.Multiply m => m.Factors.Select(Of).Aggregate((x, y) => Size.Product(x, y, firstOrder)),
        Expr.Power p => OfPower(p),
        Expr.Call { Function: "exp", Arguments: [var argument] } c when normalised => OfWeight(c, Of(argument)),
        Expr.Call { Arguments: [var argument] } c => OfCall(c, Of(argument)),
        Expr.Sum s => Of(s.Body),
        _ => throw new UnreachableException(),
    };

    /// <summary>Whether a scalar expression is seen to be at least 0.</summary>
    public bool IsNonNegative(Expr expr) => Sign.IsNonNegative(expr) || expr switch
    {
        Expr.Reference r => sizeOf(r).IsNonNegative,
        Expr.Multiply m => m.Factors.All(IsNonNegative),
        Expr.Add a => a.Terms.All(IsNonNegative),
        Expr.Power p => IsNonNegative(p.Base),
        Expr.Sum s => IsNonNegative(s.Body),
        _ => false,
    };

    /// <summary>At most as many factors exp(u), or sums of them, as there are factors 1/Σ exp(u): softmax and its derivatives.</summary>
    private static bool IsSoftmax(Expr.Multiply product)
    {
        var below = product.Factors.OfType<Expr.Power>().Where(power => power is { Base: Expr.Sum sum, Exponent: { IsInteger: true, Sign: < 0 } } && HasExp(sum)).Select(power => -power.Exponent).ToList();
        var above = product.Factors.Where(factor => factor is not Expr.Power { Exponent.Sign: < 0 } && HasExp(factor)).ToList();
        return below.Count > 0 && above.Count <= below.Aggregate((x, y) => x + y)
            && above.All(factor => factor is Expr.Call { Function: "exp" } or Expr.Sum { Body: Expr.Call { Function: "exp" } or Expr.Multiply });
    }

    private static bool HasExp(Expr expr) => expr.DescendantsAndSelf().Any(part => part is Expr.Call { Function: "exp" });

    /// <summary>exp(u) in units of the largest: what blows up saturates it.</summary>
    private Size OfWeight(Expr.Call call, Size u)
    {
        var saturated = u.Map(terms => terms.Exponent is { Sign: < 0 } ? Terms.Of(0, terms.LeadingClass.Forgotten()) : terms);
        return OfCall(call, saturated);
    }

    private Size OfSum(Expr.Add sum)
    {
        if (AsMinimum(sum) is var (x, y))
        {
            var (first, second) = (Of(x), Of(y));
            return first.Initial.Exponent is not { } e || second.Initial.Exponent is not { } d ? Size.Zero
                : e == d ? Size.Sum(first, second)
                : e > d ? first : second;
        }

        var total = sum.Terms.Select(Of).Aggregate(Size.Sum);
        return total.Initial.Exponent is { } naive && MayCancel(sum) ? total with { Initial = Cancelled(sum, naive, total.Initial) } : total;
    }

    /// <summary>min(x, y) = x − relu(x − y) of two numbers that aren't negative, as in clipping.</summary>
    private (Expr X, Expr Y)? AsMinimum(Expr.Add sum)
    {
        foreach (var term in sum.Terms)
        {
            if (Expr.SplitCoefficient(term) is var (coefficient, rest) && coefficient == -1 && rest is Expr.Call { Function: "relu", Derivative: 0, Arguments: [var difference] })
            {
                var x = Expr.SumOf(sum.Terms.Where(other => other != term));
                var y = x - difference;
                return IsNonNegative(x) && IsNonNegative(y) ? (x, y) : null;
            }
        }

        return null;
    }

    /// <summary>Only functions at small or large arguments cancel: cos(x) − 1.</summary>
    private bool MayCancel(Expr.Add sum) =>
        sum.DescendantsAndSelf().Any(part => part is Expr.Call or Expr.Power { Exponent: { IsInteger: false } or { Sign: < 0 } } && part.References().Any(r => sizeOf(r).Initial.Exponent is { IsZero: false }));

    private Terms Cancelled(Expr.Add sum, Rational naive, Terms otherwise)
    {
        var leading = leadingTerms.Of(sum, reference => sizeOf(reference).Initial.Exponent);
        if (leading is null || leading.Order <= naive)
        {
            return otherwise;
        }

        var ofSizeOne = new BodyScaling(
            reference => sizeOf(reference).Initial is { IsZero: false } initial ? new Size(initial.Times(-initial.Exponent!.Value), Terms.Zero) : Size.Zero,
            firstOrder,
            leadingTerms);
        return ofSizeOne.Of(leading.Coefficient).Initial.Times(leading.Order);
    }

    private Size OfPower(Expr.Power power)
    {
        var basis = Of(power.Base);
        if (power.Exponent is { IsInteger: true, Sign: > 0 } k && k <= 8)
        {
            return Enumerable.Repeat(basis, (int)k.Numerator).Aggregate((x, y) => Size.Product(x, y, firstOrder));
        }

        var e = power.Exponent;
        if (basis.Initial.Exponent is not { } start)
        {
            return new Size(Terms.Zero, basis.Change.Exponent is { } late ? Terms.Of(e * late, basis.Change.LeadingClass.Forgotten()) : Terms.Zero);
        }

        var sign = basis.Initial.LeadingClass;
        var whole = e.IsInteger && sign != default ? (e.Numerator.IsEven ? sign * sign : sign) : sign.Forgotten();
        var change = basis.Change.Exponent is not { } delta ? Terms.Zero
            : delta < start && !firstOrder ? Terms.Of(e * delta, SignClass.Join(sign, basis.Change.LeadingClass).Forgotten())
            : basis.Change.Select(term => new Term((e * start) + term.Exponent - start, whole * sign * term.Class));
        return new Size(Terms.Of(e * start, whole), change);
    }

    private Size OfCall(Expr.Call call, Size u) => new(Value(call, 0, u.Initial), u.Change.IsZero ? Terms.Zero : Change(call, u));

    /// <summary>φ^(k)(u).</summary>
    private static Terms Value(Expr.Call call, int further, Terms u)
    {
        var phi = FunctionScaling.Of(call, further);
        if (phi.IsZero)
        {
            return Terms.Zero;
        }

        if (u.Exponent is not { } e || e.Sign > 0)
        {
            return Terms.Sum(phi.AtZero ? Terms.One : Terms.Zero, Variation(phi, u));
        }

        if (e.Sign < 0)
        {
            return u.Through(phi.Parity, phi.Growing is { } degree ? e * degree : BeyondPowers);
        }

        // φ(u₀ + small parts) = φ(u₀) + φ′(u₀) · small parts.
        var value = u.Through(phi.Parity, 0);
        var small = u.Select(term => term.Exponent.Sign > 0 ? term : null);
        return small.IsZero ? value : Terms.Sum(value, Terms.Product(Value(call, further + 1, u.Leading), small));
    }

    /// <summary>φ^(k)(u) − φ^(k)(0) for a vanishing u.</summary>
    private static Terms Variation(FunctionScaling phi, Terms u)
    {
        if (phi.IsZero || u.Exponent is not { } e || phi.Vanishing is not var (order, parity))
        {
            return Terms.Zero;
        }

        return order.IsOne && parity == ParityKind.Odd && !phi.HasKink ? u : u.Through(parity, order * e);
    }

    private Terms Change(Expr.Call call, Size u)
    {
        var phi = FunctionScaling.Of(call);
        if (phi.IsZero)
        {
            return Terms.Zero;
        }

        var delta = u.Change.Exponent!.Value;
        if (firstOrder)
        {
            return Terms.Product(Value(call, 1, u.Initial), u.Change);
        }

        if (u.Initial.Exponent is not { } start || delta <= start)
        {
            var total = u.Total;
            return delta.Sign > 0 ? Variation(phi, total) : WithoutSmall(Value(call, 0, total));
        }

        var change = Terms.Product(Value(call, 1, u.Initial), u.Change);
        var second = phi.HasKink ? Terms.Of(-start, u.Initial.LeadingClass.Forgotten()) : Value(call, 2, u.Initial);
        return Terms.Sum(change, Terms.Product(second, Terms.Product(u.Change, u.Change)));

        static Terms WithoutSmall(Terms terms) => terms.IsZero ? Terms.One : terms.Leading;
    }
}
