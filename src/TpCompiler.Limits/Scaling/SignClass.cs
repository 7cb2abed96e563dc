using System.Numerics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// What happens to a quantity when one of the Gaussian sources of a program (a matrix, an initial vector) changes its sign: a bit a source. The program's law doesn't change with the sign,
/// so a mean of something odd is 0 in the limit: this tells an inner product that gains 1 from one that gains ½.
/// </summary>
/// <param name="Odd">The sources in which it is odd.</param>
/// <param name="Unknown">The sources in which it is neither odd nor even, or in which that isn't known. Even in all others.</param>
internal readonly record struct SignClass(BigInteger Odd, BigInteger Unknown)
{
    public static SignClass Even => default;

    /// <summary>Its mean over coordinates vanishes in the limit.</summary>
    public bool HasZeroMean => !Odd.IsZero;

    public static SignClass OfSource(int source) => new(BigInteger.One << source, BigInteger.Zero);

    /// <summary>Neither odd nor even in any of these sources, so that its product with none of them has mean zero.</summary>
    public static SignClass OfNone(IEnumerable<SignClass> sources) => sources.Aggregate(Even, (all, source) => new SignClass(BigInteger.Zero, all.Unknown | source.Odd));

    public static SignClass operator *(SignClass x, SignClass y)
    {
        if (x.IsEven)
        {
            return y;
        }

        if (y.IsEven)
        {
            return x;
        }

        if (x.Unknown.IsZero && y.Unknown.IsZero)
        {
            return new SignClass(x.Odd ^ y.Odd, BigInteger.Zero);
        }

        var unknown = x.Unknown | y.Unknown;
        return new SignClass(Without(x.Odd ^ y.Odd, unknown), unknown);
    }

    /// <summary>All sources of both.</summary>
    public SignClass Or(SignClass other) => new(Odd | other.Odd, Unknown | other.Unknown);

    /// <summary>Whether it is odd in one of these sources at least.</summary>
    public bool IsOddInAnyOf(SignClass sources) => !(Odd & sources.Odd).IsZero;

    /// <summary>The source alone, without what it flips with beside itself.</summary>
    public SignClass First => new(Odd & -Odd, Unknown);

    /// <summary>Whether it is anything but even in one of these sources.</summary>
    public bool Mentions(SignClass sources) => !((Odd | Unknown) & sources.Odd).IsZero;

    /// <summary>Even in these sources.</summary>
    public SignClass Without(SignClass sources) => new(Without(Odd, sources.Odd), Without(Unknown, sources.Odd));

    /// <summary>A function without parity of it.</summary>
    public SignClass Forgotten() => new(BigInteger.Zero, Odd | Unknown);

    /// <summary>What holds of both.</summary>
    public static SignClass Join(SignClass x, SignClass y)
    {
        if (x == y)
        {
            return x;
        }

        var unknown = x.Unknown | y.Unknown | (x.Odd ^ y.Odd);
        return new SignClass(Without(x.Odd, unknown), unknown);
    }

    private bool IsEven => Odd.IsZero && Unknown.IsZero;

    private static BigInteger Without(BigInteger odd, BigInteger unknown) => odd.IsZero ? odd : odd & ~unknown;
}
