using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>How a Nonlin or Moment answers to infinitesimal changes of what it reads: a change of size one of one value at a time, all others held.</summary>
internal sealed class Response
{
    private readonly List<(string Name, Terms Slope)> slopes;
    private readonly bool isMean;

    private Response(List<(string, Terms)> slopes, bool isMean) => (this.slopes, this.isMean) = (slopes, isMean);

    /// <summary>Null where changes of different sizes do different things: in the exponent of a softmax, which saturates, and at roots of what starts at 0.</summary>
    /// <param name="instruction">A Nonlin or Moment.</param>
    /// <param name="sizeOf">Sizes at initialisation.</param>
    /// <param name="leading">Leading terms of sums.</param>
    public static Response? Of(Instruction instruction, Func<string, Size> sizeOf, LeadingTerms leading)
    {
        var body = instruction switch { Instruction.Nonlin nonlin => nonlin.Body, Instruction.Moment moment => moment.Body, _ => null };
        if (body is null)
        {
            return null;
        }

        var initial = body.References().Select(reference => reference.Name).Distinct(StringComparer.Ordinal).ToDictionary(name => name, name => sizeOf(name) with { Change = Terms.Zero }, StringComparer.Ordinal);
        var still = new BodyScaling(reference => initial[reference.Name], firstOrder: true, leading);
        if (body.DescendantsAndSelf().Any(part => part is Expr.Call { Function: "exp" } || (part is Expr.Power { Exponent: not { IsInteger: true, Sign: > 0 } } power && still.Of(power.Base).Initial.IsZero)))
        {
            return null;
        }

        var slopes = initial.Keys
            .Select(moved => (moved, new BodyScaling(reference => reference.Name == moved ? initial[moved] with { Change = Terms.One } : initial[reference.Name], firstOrder: true, leading).Of(body).Change))
            .Where(slope => !slope.Change.IsZero)
            .ToList();
        return new Response(slopes, instruction is Instruction.Moment);
    }

    public Terms To(Func<string, Terms> changeOf)
    {
        var change = Terms.Zero;
        foreach (var (name, slope) in slopes)
        {
            change = Terms.Sum(change, Terms.Product(slope, changeOf(name)));
        }

        return isMean ? change.Mean() : change;
    }
}
