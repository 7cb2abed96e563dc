using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>A way through parametrizations of one program, one changed number after another, each analysed in full.</summary>
internal abstract class ParametrizationSearch(Analysis analysis, int effort)
{
    protected Analysis Analysis { get; } = analysis;

    /// <summary>What has been changed so far.</summary>
    protected List<ExponentChange> Changes { get; } = [];

    protected Assessment Current { get; set; } = null!;

    protected Shifts Shifts { get; set; } = Scaling.Shifts.None(analysis.Kind);

    /// <summary>What had to be mended at initialisation: when that failed, these contradict each other.</summary>
    public List<Reason> Conflict { get; } = [];

    /// <summary>How many trials are left.</summary>
    protected int Left { get; set; } = effort;

    /// <summary>Mends what is of the wrong size at initialisation by b of the nearest weight behind it, in the order of the program.</summary>
    protected bool MendInitialisation()
    {
        // A weight that two uses pull both ways comes back to where it was.
        var met = new HashSet<string>(StringComparer.Ordinal);
        Conflict.Clear();
        while (Current.InitialReasons.Count > 0)
        {
            var reason = Current.InitialReasons[0];
            Conflict.Add(reason);
            if (!met.Add(string.Join(' ', Changes.Select(change => $"{change.Parameter}:{change.To}"))))
            {
                return false;
            }

            var mended = Analysis.WeightsBehind(reason.Instruction)
                .Select(weight => Change(weight, AbcExponent.B, -reason.Exponent!.Value))
                .FirstOrDefault(change => Try(change)?.InitialReasons.All(other => other.Instruction != reason.Instruction) ?? false);
            if (mended is null)
            {
                return false;
            }

            Keep(mended);
        }

        return true;
    }

    protected ExponentChange Change(Parameter weight, AbcExponent exponent, Rational delta)
    {
        var from = exponent switch { AbcExponent.A => weight.A, AbcExponent.B => weight.B, _ => weight.C };
        if (Changes.Find(change => change.Parameter == weight.Name && change.Exponent == exponent) is { } before)
        {
            from = before.To;
        }

        return new ExponentChange(weight.Name, exponent, from, from + delta);
    }

    protected Assessment? Try(ExponentChange change) => Left-- > 0 ? Analysis.Assess(Shifts.With(change)) : null;

    protected void Keep(ExponentChange change)
    {
        Shifts = Add(change);
        Current = Analysis.Assess(Shifts);
    }

    protected Shifts Add(ExponentChange change)
    {
        var known = Changes.FindIndex(before => before.Parameter == change.Parameter && before.Exponent == change.Exponent);
        if (known >= 0)
        {
            Changes[known] = Changes[known] with { To = change.To };
        }
        else
        {
            Changes.Add(change);
        }

        return Shifts.With(change);
    }
}
