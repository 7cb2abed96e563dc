namespace TpCompiler.Symbolics;

/// <summary>Functions that the runtime library lacks, or has without care near 0 and in the tails.</summary>
public static class SpecialFunctions
{
    public static double Erf(double x) => MathNet.Numerics.SpecialFunctions.Erf(x);

    /// <summary>Φ(x), with full relative accuracy in the left tail.</summary>
    public static double NormalCdf(double x) => 0.5 * MathNet.Numerics.SpecialFunctions.Erfc(-x / Math.Sqrt(2));

    /// <summary>1/(1 + e⁻ˣ), without overflow.</summary>
    public static double Sigmoid(double x)
    {
        if (x >= 0)
        {
            return 1 / (1 + Math.Exp(-x));
        }

        var e = Math.Exp(x);
        return e / (1 + e);
    }

    /// <summary>eˣ − 1, accurate near 0 (W. Kahan's correction: the rounding of eˣ is divided out by its own logarithm).</summary>
    public static double ExpMinusOne(double x)
    {
        var e = Math.Exp(x);
        return e == 1 ? x : Math.Abs(x) > 1 ? e - 1 : (e - 1) * x / Math.Log(e);
    }

    /// <summary>log(1 + x), accurate near 0.</summary>
    public static double LogOnePlus(double x)
    {
        var y = 1 + x;
        return y == 1 ? x : double.IsInfinity(y) ? y : Math.Log(y) * x / (y - 1);
    }
}
