using System.Globalization;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Results;

/// <summary>Numbers for people.</summary>
internal static class NumberText
{
    /// <summary>Six decimals, so that points stand below one another; very large and very small numbers with an exponent.</summary>
    public static string Of(double value) => Math.Abs(value) is 0 or (>= 1e-3 and < 1e6)
        ? WithDecimals(value, 6)
        : value.ToString("0.000000e+00", CultureInfo.InvariantCulture);

    /// <summary>The value as far as its error lets it be known, and the error with two significant digits: <c>0.401021 ± 0.000012</c>.</summary>
    public static string Of(Estimate estimate)
    {
        (double value, double error) = (estimate.Value, estimate.Error);
        if (!double.IsFinite(error))
        {
            return $"{Of(value)} ± ?";
        }

        if (error == 0)
        {
            return $"{Of(value)} ± 0";
        }

        int decimals = 1 - Magnitude(error);
        return decimals is >= 0 and <= 9 && Math.Abs(value) < 1e9
            ? $"{WithDecimals(value, decimals)} ± {WithDecimals(error, decimals)}"
            : $"{Known(value, decimals)} ± {error.ToString("0.0e+00", CultureInfo.InvariantCulture)}";
    }

    /// <summary>The digits down to a decimal place, which lies far behind the point or before it; 0 when there are none.</summary>
    private static string Known(double value, int decimals)
    {
        int digits = value == 0 ? 0 : Math.Clamp(Magnitude(value) + decimals + 1, 0, 15);
        return digits == 0 ? "0"
            : decimals < 0 && Math.Abs(value) < 1e9 ? (Math.Round(value * Math.Pow(10, decimals)) / Math.Pow(10, decimals)).ToString("F0", CultureInfo.InvariantCulture)
            : value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>The exponent of ten of the first digit: 2 for 314, −1 for 0.27; 0 for 0.</summary>
    private static int Magnitude(double value) => value == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(value)));

    private static string WithDecimals(double value, int decimals)
    {
        string text = value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        // -0.000 has no sign worth printing.
        return text.AsSpan().IndexOfAnyExcept("-0.") < 0 ? text.TrimStart('-') : text;
    }
}
