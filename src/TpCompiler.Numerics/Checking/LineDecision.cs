using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// Decides a line of a check from the sizes of its nets, each side at 99.9 %. The derived exponent is held against its neighbours, which other behaviour would have: a line agrees where the derived exponent is in the
/// interval and no neighbour is, and differs where the derived one isn't; the interval is widened by a tolerance either time. Else it is undecided.
/// </summary>
/// <param name="widths">The widths of the check.</param>
/// <param name="spacing">How far neighbours are apart (<see cref="ExponentSpacing"/>).</param>
internal sealed class LineDecision(IReadOnlyList<int> widths, double spacing)
{
    /// <summary>What a fitted slope may differ from the exponent by beyond its interval: corrections to a power law that are larger than usual.</summary>
    private const double LargestTolerance = 0.1;

    /// <summary>The tolerance as a share of the distance of neighbours.</summary>
    private const double ToleranceOfSpacing = 0.4;

    /// <summary>A fluctuation falls by ½ more than what it hides: together they fall by less than that.</summary>
    private const double MostHidden = 0.4;

    /// <summary>What counts as 0 beside rounding of numbers of size 1.</summary>
    private const double RoundingOf = 1e-11;

    /// <summary>Distances this many times the limit's own error measure the nets, smaller ones the error.</summary>
    private const double ErrorsAway = 4;

    private readonly double tolerance = Math.Min(LargestTolerance, ToleranceOfSpacing * spacing);

    /// <summary>More nets decide what is undecided, and may show a leading part in what seems to fall somewhat too fast.</summary>
    public static bool IsOpen(CheckLine line) =>
        line.Verdict == CheckVerdict.Undecided || (line is { Verdict: CheckVerdict.Differs, Measured: { } fit, Derived: { } derived } && fit.Slope < derived.ToDouble() && fit.Slope > derived.ToDouble() - MostHidden);

    /// <summary>The slope is further from the derived one than any tolerance, and not because of noise alone.</summary>
    public static bool IsBent(CheckLine line) => line is { Measured: { } fit, Derived: { } derived } && Math.Abs(fit.Slope - derived.ToDouble()) > Math.Max(LargestTolerance, fit.HalfWidth);

    /// <summary>A size or a change.</summary>
    public CheckLine Of(string name, CheckQuantity quantity, Rational? exponent, IReadOnlyList<(int Width, NetSize Size)> nets)
    {
        var isZero = nets.Count > 0 && nets.All(net => net.Size.Size <= RoundingOf);
        var finite = nets.Where(net => double.IsFinite(net.Size.Size)).ToLookup(net => net.Width, net => net.Size);
        LogSize?[] logs = [.. widths.Select(width => finite.Contains(width) ? LogSize.OfMean(width, [.. finite[width].Select(net => net.Size)]) : null)];
        var fit = isZero ? null : SlopeFit.Of([.. logs.OfType<LogSize>()]);
        var line = new CheckLine(
            name, quantity, exponent is { } derived ? -derived : null, fit, isZero, [.. logs.Select(log => log is { } known ? Math.Exp(known.Value) : 0)], CheckVerdict.Undecided);
        return (exponent, isZero, fit) switch
        {
            (null, true, _) => line with { Verdict = CheckVerdict.Agrees },
            (null, false, _) when nets.Count > 0 => line with { Verdict = CheckVerdict.Differs },
            // What vanishes in the limit may be exactly 0 in every net: the mean of a layer that is normalised later never moves.
            ({ Sign: > 0 }, true, _) => line with { Verdict = CheckVerdict.Agrees },
            (_, true, _) => line with { Verdict = CheckVerdict.Differs },
            (null, _, _) or (_, _, null) => line,
            ({ } e, _, { } slope) => Decide(line, slope, e.ToDouble(), finite),
        };
    }

    /// <summary>The distance of an output to its limit.</summary>
    public CheckLine OfDistance(string name, IReadOnlyList<FiniteNet> nets)
    {
        var known = nets.Where(net => net.Failure is null && net.Distances.ContainsKey(name)).ToList();
        var line = Of(name, CheckQuantity.Distance, Rational.Half, [.. known.Select(net => (net.Width, new NetSize(net.Distances[name].Distance, null)))]);
        var error = known.Select(net => net.Distances[name].Error).DefaultIfEmpty(0).Max();

        // An exact agreement is as good as a slope; a limit that is known no better than the nets says nothing.
        return line switch
        {
            { IsZero: true } => line with { Verdict = CheckVerdict.Agrees },
            _ when line.Sizes.Any(size => size < ErrorsAway * error) => line with { Verdict = CheckVerdict.Undecided, MoreNets = null },
            _ => line,
        };
    }

    private CheckLine Decide(CheckLine line, SlopeFit fit, double exponent, ILookup<int, NetSize> nets)
    {
        var difference = fit.Slope + exponent;
        var (verdict, isHidden) = (Compare(fit, difference), false);
        if (verdict == CheckVerdict.Differs && difference < 0)
        {
            verdict = line.Quantity switch
            {
                // Nets that approach their limit faster than in general do approach it.
                CheckQuantity.Distance => CheckVerdict.Agrees,
                _ => HasLeadingPart(exponent, nets),
            };
            isHidden = verdict == CheckVerdict.Agrees && line.Quantity != CheckQuantity.Distance;
        }

        var room = spacing - tolerance - Math.Abs(difference);
        return line with
        {
            Verdict = verdict,
            IsHidden = isHidden,
            MoreNets = verdict == CheckVerdict.Undecided && room > 0 && room < fit.DecidingHalfWidth ? Math.Pow(fit.DecidingHalfWidth / room, 2) : null,
        };
    }

    private CheckVerdict Compare(SlopeFit fit, double difference) => Math.Abs(difference) switch
    {
        var away when away > fit.DecidingHalfWidth + tolerance => CheckVerdict.Differs,
        var away when away + fit.DecidingHalfWidth + tolerance > spacing => CheckVerdict.Undecided,
        _ => CheckVerdict.Agrees,
    };

    /// <summary>
    /// Whether a size that falls faster than derived has a part of the derived size below a larger one that vanishes. Numbers show it by their average over nets, anything by the shape of the curve.
    /// </summary>
    private CheckVerdict HasLeadingPart(double exponent, ILookup<int, NetSize> nets)
    {
        var average = nets.All(group => group.All(net => net.Numbers is not null))
            ? LeadingAverage.IsSeen([.. nets.Select(group => ((double)group.Key, (IReadOnlyList<double[]>)[.. group.Select(net => net.Numbers!)]))], exponent, spacing)
            : false;
        var curve = average == true ? true : LeadingPart.IsPositive([.. nets.SelectMany(group => group.Where(net => net.Size > 0).Select(net => ((double)group.Key, net.Size)))], exponent);
        return (average, curve) switch
        {
            (true, _) or (_, true) => CheckVerdict.Agrees,
            (null, _) or (_, null) => CheckVerdict.Undecided,
            _ => CheckVerdict.Differs,
        };
    }
}
