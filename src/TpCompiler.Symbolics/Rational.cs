using System.Globalization;
using System.Numerics;

namespace TpCompiler.Symbolics;

/// <summary>An exact rational number, always in lowest terms with a positive denominator; <c>default</c> is 0.</summary>
public readonly struct Rational : IEquatable<Rational>, IComparable<Rational>
{
    private readonly BigInteger denominatorLessOne;

    public Rational(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsZero)
        {
            throw new DivideByZeroException("A rational number has a non-zero denominator.");
        }

        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        Numerator = numerator / divisor;
        denominatorLessOne = (denominator / divisor) - 1;
    }

    /// <summary>Already in lowest terms.</summary>
    private Rational(BigInteger numerator, BigInteger denominatorLessOne, bool lowest)
    {
        _ = lowest;
        (Numerator, this.denominatorLessOne) = (numerator, denominatorLessOne);
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator => denominatorLessOne + 1;

    public static Rational Zero => default;

    public static Rational One => new(1, BigInteger.Zero, lowest: true);

    public static Rational Half => new(1, BigInteger.One, lowest: true);

    public bool IsZero => Numerator.IsZero;

    public bool IsOne => Numerator.IsOne && denominatorLessOne.IsZero;

    public bool IsInteger => denominatorLessOne.IsZero;

    public int Sign => Numerator.Sign;

    public Rational Abs => Sign < 0 ? -this : this;

    public static implicit operator Rational(int value) => new(value, BigInteger.Zero, lowest: true);

    public static implicit operator Rational(BigInteger value) => new(value, 1);

    public static Rational operator +(Rational x, Rational y) =>
        x.IsInteger && y.IsInteger ? new(x.Numerator + y.Numerator, BigInteger.Zero, lowest: true)
        : x.IsInteger || y.IsInteger ? new(x.IsInteger ? (x.Numerator * y.Denominator) + y.Numerator : x.Numerator + (y.Numerator * x.Denominator), x.IsInteger ? y.denominatorLessOne : x.denominatorLessOne, lowest: true)
        : x.Numerator == -y.Numerator && x.denominatorLessOne == y.denominatorLessOne ? Zero
        : new((x.Numerator * y.Denominator) + (y.Numerator * x.Denominator), x.Denominator * y.Denominator);

    public static Rational operator -(Rational x, Rational y) => x + -y;

    public static Rational operator -(Rational x) => new(-x.Numerator, x.denominatorLessOne, lowest: true);

    public static Rational operator *(Rational x, Rational y) => new(x.Numerator * y.Numerator, x.Denominator * y.Denominator);

    public static Rational operator /(Rational x, Rational y) => new(x.Numerator * y.Denominator, x.Denominator * y.Numerator);

    public static bool operator ==(Rational x, Rational y) => x.Equals(y);

    public static bool operator !=(Rational x, Rational y) => !x.Equals(y);

    public static bool operator <(Rational x, Rational y) => x.CompareTo(y) < 0;

    public static bool operator >(Rational x, Rational y) => x.CompareTo(y) > 0;

    public static bool operator <=(Rational x, Rational y) => x.CompareTo(y) <= 0;

    public static bool operator >=(Rational x, Rational y) => x.CompareTo(y) >= 0;

    public static Rational Min(Rational x, Rational y) => x <= y ? x : y;

    public static Rational Max(Rational x, Rational y) => x >= y ? x : y;

    /// <summary>The largest integer that is not above x.</summary>
    public static BigInteger Floor(Rational x) => (x.Numerator - (((x.Numerator % x.Denominator) + x.Denominator) % x.Denominator)) / x.Denominator;

    /// <summary>x to an integer power; a negative power of 0 throws <see cref="DivideByZeroException"/>.</summary>
    public static Rational Pow(Rational x, int power) => power >= 0
        ? new(BigInteger.Pow(x.Numerator, power), BigInteger.Pow(x.Denominator, power))
        : new(BigInteger.Pow(x.Denominator, -power), BigInteger.Pow(x.Numerator, -power));

    /// <summary>Reads <c>3</c>, <c>-1/2</c>, <c>0.125</c> or <c>2.5e-3</c>, each exactly; null when the text is none of these.</summary>
    public static Rational? Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            return Parse(text[..slash]) is { } p && Parse(text[(slash + 1)..]) is { IsZero: false } q ? p / q : null;
        }

        var mantissa = text.Trim();
        var exponent = 0;
        var e = mantissa.IndexOfAny(['e', 'E']);
        if (e >= 0)
        {
            if (!int.TryParse(mantissa.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
                || Math.Abs(exponent) > 4096)
            {
                return null;
            }

            mantissa = mantissa[..e];
        }

        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            exponent -= mantissa.Length - point - 1;
            mantissa = mantissa.Remove(point, 1);
        }

        if (!BigInteger.TryParse(mantissa, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var digits))
        {
            return null;
        }

        var power = BigInteger.Pow(10, Math.Abs(exponent));
        return exponent >= 0 ? new Rational(digits * power, 1) : new Rational(digits, power);
    }

    /// <summary>The nearest double.</summary>
    public double ToDouble()
    {
        // Scale so that the quotient carries 64 significant bits, then let ScaleB put the exponent back.
        if (IsZero)
        {
            return 0;
        }

        var shift = 64 - (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        var quotient = shift >= 0 ? (BigInteger.Abs(Numerator) << shift) / Denominator : BigInteger.Abs(Numerator) / (Denominator << -shift);
        return Sign * Math.ScaleB((double)quotient, -shift);
    }

    public int CompareTo(Rational other) => denominatorLessOne == other.denominatorLessOne ? Numerator.CompareTo(other.Numerator) : (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    public bool Equals(Rational other) => Numerator == other.Numerator && denominatorLessOne == other.denominatorLessOne;

    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, denominatorLessOne);

    /// <summary><c>-1/2</c>, <c>3</c>.</summary>
    public override string ToString() => IsInteger
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : Numerator.ToString(CultureInfo.InvariantCulture) + "/" + Denominator.ToString(CultureInfo.InvariantCulture);
}
