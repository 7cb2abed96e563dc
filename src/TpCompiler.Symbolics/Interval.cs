namespace TpCompiler.Symbolics;

/// <summary>Two numbers that another lies between. Ends are computed in double precision, without outward rounding.</summary>
/// <param name="Low">The lower end; −∞ where nothing is known.</param>
/// <param name="High">The upper end; ∞ where nothing is known.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Nothing known.</summary>
    public static Interval Everything { get; } = new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>The largest absolute value.</summary>
    public double Size => Math.Max(Math.Abs(Low), Math.Abs(High));

    /// <summary>How far two of its numbers can be apart.</summary>
    public double Width => High - Low;

    public double Middle => 0.5 * (Low + High);

    /// <summary>One number.</summary>
    public static Interval At(double value) => new(value, value);

    /// <summary>All numbers within a distance of one.</summary>
    public static Interval Around(double value, double radius) => new(value - radius, value + radius);

    /// <summary>How far its numbers can be from one of them.</summary>
    public double From(double value) => Math.Max(High - value, value - Low);

    public static Interval operator +(Interval x, Interval y) => new(x.Low + y.Low, x.High + y.High);

    public static Interval operator *(Interval x, Interval y)
    {
        ReadOnlySpan<double> ends = [Product(x.Low, y.Low), Product(x.Low, y.High), Product(x.High, y.Low), Product(x.High, y.High)];
        var (low, high) = (ends[0], ends[0]);
        foreach (var end in ends[1..])
        {
            (low, high) = (Math.Min(low, end), Math.Max(high, end));
        }

        return new(low, high);

        // 0 · ∞ is 0: the factor that is 0 is so exactly.
        static double Product(double a, double b) => a == 0 || b == 0 ? 0 : a * b;
    }

    /// <summary>Powers; of negative numbers whole ones, as everywhere in expressions.</summary>
    public Interval Power(Rational exponent)
    {
        var power = Evaluation.RealPower(exponent);
        var isEven = exponent.IsInteger && exponent.Numerator.IsEven;
        var isOdd = exponent.IsInteger && !isEven;
        if (exponent.Sign > 0)
        {
            return Low >= 0 || isOdd ? new(power(Low), power(High))
                : !isEven ? Everything
                : High <= 0 ? new(power(High), power(Low))
                : new(0, Math.Max(power(Low), power(High)));
        }

        return Low > 0 ? new(power(High), power(Low))
            : Low == 0 && High > 0 ? new(power(High), double.PositiveInfinity)
            : High < 0 && isOdd ? new(power(High), power(Low))
            : High < 0 && isEven ? new(power(Low), power(High))
            : Everything;
    }

    /// <summary>The numbers in both.</summary>
    public Interval Meet(Interval other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));
}
