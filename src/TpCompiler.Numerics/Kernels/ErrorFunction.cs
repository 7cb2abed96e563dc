using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// The error function and the normal distribution of a register. The polynomials are Chebyshev interpolants computed in 60 digits:
/// of erf(x)/x in x² on [0, 1], and of (x + c)·e^{x²}·erfc(x) in the variable 1/(x + c), which maps the whole half line to a short
/// interval.
/// </summary>
internal static class ErrorFunction<TV, T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static bool IsSingle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Elementary<TV, T>.IsSingle;
    }

    /// <summary>From here on erfc is 0 in the type.</summary>
    private static double Underflow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSingle ? 10.5 : 28.0;
    }

    private static double NormalUnderflow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSingle ? 14.8 : 39.5;
    }

    /// <summary>erf x: from 1 on an erfc that is right to an ulp of 1, with fewer terms than <see cref="Erfc"/> needs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Erf(TV x)
    {
        TV a = Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(IsSingle ? 4.0 : 6.0));
        TV p = Elementary<TV, T>.ExpReduced(TV.Zero - (a * a), out TV magicSum);
        TV scale = Elementary<TV, T>.PowerOfTwo(magicSum);
        TV above = TV.Create(1.0) - (TV.Fma(scale, p, scale) * ScaledComplementFromOne(a));
        TV sign = x & Elementary<TV, T>.SignMask;
        return TV.Select(TV.LessThan(a, TV.Create(1.0)), x * CentralSeries(x * x), above | sign);
    }

    /// <summary>erfc x = 1 − erf x, relatively accurate in the upper tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Erfc(TV x)
    {
        TV tail = Tail(Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(Underflow)));
        return TV.Select(TV.LessThan(x, TV.Zero), TV.Create(2.0) - tail, tail);
    }

    /// <summary>Φ(x), the distribution function of N(0, 1), relatively accurate in the lower tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV NormalCdf(TV x)
    {
        TV a = Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(NormalUnderflow));
        TV tail = TV.Create(0.5) * GaussianOfHalfSquare(a) * ScaledComplement(a * TV.Create(0.7071067811865476));
        return TV.Select(TV.LessThan(x, TV.Zero), tail, TV.Create(1.0) - tail);
    }

    /// <summary>The density of N(0, 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV NormalPdf(TV x)
    {
        TV a = Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(NormalUnderflow));
        return TV.Create(0.3989422804014327) * GaussianOfHalfSquare(a);
    }

    /// <summary>e^{−x²}.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Gaussian(TV x) => GaussianOfSquare(Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(Underflow)));

    /// <summary>x·Φ(x), the exact GELU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Gelu(TV x) =>
        Elementary<TV, T>.Max(x, TV.Create(-NormalUnderflow)) * NormalCdf(x);

    /// <summary>erfc a for 0 ≤ a ≤ <see cref="Underflow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Tail(TV a) => GaussianOfSquare(a) * ScaledComplement(a);

    /// <summary>e^{−a²}: the part of a² that rounding loses would otherwise cost a factor a² of relative accuracy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV GaussianOfSquare(TV a)
    {
        TV square = a * a;
        TV lost = TV.Fma(a, a, TV.Zero - square);
        TV e = Elementary<TV, T>.Exp(TV.Zero - square);
        return TV.Fma(TV.Zero - lost, e, e);
    }

    /// <summary>e^{−a²/2}, likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV GaussianOfHalfSquare(TV a)
    {
        TV square = a * a;
        TV lost = TV.Fma(a, a, TV.Zero - square);
        TV e = Elementary<TV, T>.Exp(TV.Create(-0.5) * square);
        return TV.Fma(TV.Create(-0.5) * lost, e, e);
    }

    /// <summary>erf(x)/x as a polynomial in z = x² ≤ 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV CentralSeries(TV z)
    {
        TV p;
        if (IsSingle)
        {
            p = TV.Fma(TV.Create(-9.667044571486996e-06), z, 0.00011265959025606609);
            p = TV.Fma(p, z, -0.0008484080405535107);
            p = TV.Fma(p, z, 0.005221031807858023);
            p = TV.Fma(p, z, -0.026865430727670243);
            p = TV.Fma(p, z, 0.11283782495236845);
            p = TV.Fma(p, z, -0.3761263846802871);
            p = TV.Fma(p, z, 1.1283791670615435);
        }
        else
        {
            p = TV.Fma(TV.Create(5.957176147748911e-11), z, -1.1372848856791674e-09);
            p = TV.Fma(p, z, 1.4659775274047436e-08);
            p = TV.Fma(p, z, -1.6350312701054695e-07);
            p = TV.Fma(p, z, 1.6461000484121368e-06);
            p = TV.Fma(p, z, -1.4925595266831182e-05);
            p = TV.Fma(p, z, 0.0001205533111164271);
            p = TV.Fma(p, z, -0.000854832698083379);
            p = TV.Fma(p, z, 0.0052239776248180145);
            p = TV.Fma(p, z, -0.026866170645076792);
            p = TV.Fma(p, z, 0.11283791670954879);
            p = TV.Fma(p, z, -0.3761263890318375);
            p = TV.Fma(p, z, 1.1283791670955126);
        }

        return p;
    }

    /// <summary>e^{a²}·erfc(a) for 0 ≤ a ≤ <see cref="Underflow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV ScaledComplement(TV a)
    {
        TV w = TV.Create(1.0) / (a + TV.Create(IsSingle ? 3.0 : 4.0));
        TV p;
        if (IsSingle)
        {
            TV s = TV.Fma(w, TV.Create(-7.714285714285714), 1.5714285714285714);
            p = TV.Fma(TV.Create(-8.815803598153389e-08), s, -3.406372050591902e-05);
            p = TV.Fma(p, s, 2.287716541881083e-05);
            p = TV.Fma(p, s, 0.0005790199156028202);
            p = TV.Fma(p, s, -0.0014143694636437514);
            p = TV.Fma(p, s, -0.006208831082489811);
            p = TV.Fma(p, s, 0.05386789932421149);
            p = TV.Fma(p, s, -0.2020475968734977);
            p = TV.Fma(p, s, 0.5054172963939777);
            p = TV.Fma(p, s, -0.9312182072934484);
            p = TV.Fma(p, s, 1.3031767079866543);
        }
        else
        {
            TV s = TV.Fma(w, TV.Create(-9.142857142857142), 1.2857142857142858);
            p = TV.Fma(TV.Create(2.228014578847599e-11), s, 4.69764421605655e-11);
            p = TV.Fma(p, s, -3.181422941018208e-10);
            p = TV.Fma(p, s, -7.038571792342939e-10);
            p = TV.Fma(p, s, 3.2158599864199973e-09);
            p = TV.Fma(p, s, 6.677698680118329e-09);
            p = TV.Fma(p, s, -3.317353942006527e-08);
            p = TV.Fma(p, s, -4.7891145845320516e-08);
            p = TV.Fma(p, s, 3.7339218355617095e-07);
            p = TV.Fma(p, s, 9.661304231068389e-08);
            p = TV.Fma(p, s, -4.21036476666109e-06);
            p = TV.Fma(p, s, 6.459520022862728e-06);
            p = TV.Fma(p, s, 3.603031261640439e-05);
            p = TV.Fma(p, s, -0.00018162519271684024);
            p = TV.Fma(p, s, 0.0001316339880770073);
            p = TV.Fma(p, s, 0.0020793648259011892);
            p = TV.Fma(p, s, -0.01277019310748226);
            p = TV.Fma(p, s, 0.04584426717010766);
            p = TV.Fma(p, s, -0.12341773040301371);
            p = TV.Fma(p, s, 0.26930246944609715);
            p = TV.Fma(p, s, -0.49352362385826043);
            p = TV.Fma(p, s, 0.7738494586491714);
            p = TV.Fma(p, s, -1.0482634182783845);
            p = TV.Fma(p, s, 1.2312883822661314);
        }

        return p * w;
    }

    /// <summary>e^{a²}·erfc(a), 1 ≤ a ≤ 6 (4 in single precision), with an error of at most an eighth of an ulp of 1 after the factor e^{−a²}.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV ScaledComplementFromOne(TV a)
    {
        TV w = TV.Create(1.0) / (a + TV.Create(IsSingle ? 2.0 : 3.0));
        TV p;
        if (IsSingle)
        {
            TV s = TV.Fma(w, TV.Create(12.0), -3.0);
            p = TV.Fma(TV.Create(4.067915970894916e-06), s, -2.5997582294615834e-05);
            p = TV.Fma(p, s, -0.00026547870513117587);
            p = TV.Fma(p, s, 0.0013493800796808674);
            p = TV.Fma(p, s, 0.031052444133180698);
            p = TV.Fma(p, s, 0.2290536029678715);
            p = TV.Fma(p, s, 1.021582705242023);
        }
        else
        {
            TV s = TV.Fma(w, TV.Create(14.4), -2.6);
            p = TV.Fma(TV.Create(5.846046243884681e-12), s, 7.243567867179394e-11);
            p = TV.Fma(p, s, -2.9733808358351237e-10);
            p = TV.Fma(p, s, -2.929897441311555e-09);
            p = TV.Fma(p, s, 1.144955465138352e-08);
            p = TV.Fma(p, s, 1.3352050599552664e-07);
            p = TV.Fma(p, s, -2.8199394431314153e-07);
            p = TV.Fma(p, s, -7.246250993779339e-06);
            p = TV.Fma(p, s, -1.6087764735353012e-05);
            p = TV.Fma(p, s, 0.0003235437870562923);
            p = TV.Fma(p, s, 0.003933868783795967);
            p = TV.Fma(p, s, 0.02547407280005636);
            p = TV.Fma(p, s, 0.11683673753802092);
            p = TV.Fma(p, s, 0.41188209621002847);
            p = TV.Fma(p, s, 1.1519074596928367);
        }

        return p * w;
    }
}
