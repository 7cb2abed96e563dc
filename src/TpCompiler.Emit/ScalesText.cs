using System.Text;
using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>The derived scales for people: a table of the weights, the verdict with its reasons and repair, and on demand the size of every value.</summary>
public static class ScalesText
{
    /// <summary>The weights: a, b, c, and the sizes of W, of what decay takes of it where weights decay, of the ΔW that gradients make, and of what ΔW adds to what the weight makes.</summary>
    public static string Parameters(ScalingResult scaling)
    {
        if (scaling.Parameters.Count == 0)
        {
            return string.Empty;
        }

        string[] Decay(string cell) => scaling.Parameters.Any(p => p.Decay is not null) ? [cell] : [];
        var rows = new List<string[]> { (string[])["weight", "role", "a", "b", "c", "W at t = 0", .. Decay("decay"), "ΔW", "ΔW x", string.Empty] };
        rows.AddRange(scaling.Parameters.Select(p => (string[])
        [
            p.Name, Role(p.Role), p.A.ToString(), p.B.ToString(), p.C.ToString(), Size(p.Initial), .. Decay(Size(p.Decay)), Size(p.Update), Size(p.Preactivation),
            !p.Trained ? "not trained" : p.Maximal ? "maximal" : "not maximal",
        ]));
        return "parameters  W = n^(-a) w,  w ~ N(0, σ² n^(-2b)),  learning rate η n^(-c)\n" + TextTable.Write(rows);
    }

    /// <summary>The verdict in a line, its reasons, f at initialisation and the repair.</summary>
    public static string Verdict(ScalingResult scaling)
    {
        if (scaling.Verdict is not { } verdict)
        {
            return string.Empty;
        }

        var text = new StringBuilder("verdict  ").Append(verdict.Text).Append('\n');
        foreach (var reason in verdict.Reasons.Where(reason => !verdict.Text.EndsWith(reason.Text, StringComparison.Ordinal)))
        {
            text.Append("  - ").Append(reason.Text).Append('\n');
        }

        if (verdict.InitialOutput is { } initial)
        {
            text.Append("  - ").AppendJoin(", ", verdict.Outputs).Append((verdict.Outputs.Count, initial) switch
            {
                (1, InitialOutput.GaussianProcess) => " at initialisation is a Gaussian process",
                (1, _) => " at initialisation is 0",
                (_, InitialOutput.GaussianProcess) => " at initialisation are Gaussian processes",
                _ => " at initialisation are 0",
            }).Append('\n');
        }

        if (verdict.Kernel.Count > 0)
        {
            text.Append("  - the kernel is a sum over ").AppendJoin(", ", verdict.Kernel).Append('\n');
        }

        if (verdict.Repair is { } repair)
        {
            text.Append("  repair: ").Append(repair.Text).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The size of every value.</summary>
    public static string Values(ScalingResult scaling)
    {
        string[] Decay(string cell) => scaling.Parameters.Any(p => p.Decay is not null) ? [cell] : [];
        var rows = new List<string[]> { (string[])["value", "kind", "at t = 0", .. Decay("by decay"), "change"] };
        rows.AddRange(scaling.Values.Select(value => (string[])[value.Name, Kind(value.Kind), Size(value.Scale.Initial), .. Decay(Size(value.Scale.Decay)), Size(value.Scale.Change)]));
        return "sizes  root mean square of the coordinates\n" + TextTable.Write(rows);
    }

    /// <summary>Θ(n^(-e)): 1, n^(-1/2), n; 0 for what is identically 0.</summary>
    internal static string Size(Rational? exponent) => exponent switch
    {
        null => "0",
        { IsZero: true } => "1",
        { } e when (-e).IsOne => "n",
        { } e => "n^(" + -e + ")",
    };

    internal static string Role(ParameterRole role) => role switch
    {
        ParameterRole.Input => "input",
        ParameterRole.Hidden => "hidden",
        ParameterRole.Output => "output",
        _ => "scalar",
    };

    private static string Kind(ValueKind kind) => kind switch
    {
        ValueKind.Scalar => "scalar",
        ValueKind.Vector => "vector",
        _ => "matrix",
    };
}
