using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>A function of one number, applied to each lane of a register; a member of a family holds its parameter.</summary>
internal interface ILaneFunction
{
    TV Apply<TV, T>(TV x)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>The lane functions behind <see cref="Elementwise"/>, where each is documented.</summary>
internal static class Functions
{
    internal readonly struct Exp : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TV, T>.Exp(x);
    }

    internal readonly struct Log : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TV, T>.Log(x);
    }

    internal readonly struct Tanh : ILaneFunction
    {
        /// <summary>tanh = E/(E + 2) with E = e^{2|x|} − 1, which loses nothing near 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV a = Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(20.0));
            TV p = Elementary<TV, T>.ExpReduced(a + a, out TV magicSum);
            TV scale = Elementary<TV, T>.PowerOfTwo(magicSum);
            TV e = TV.Fma(scale, p, scale - TV.Create(1.0));
            return (e / (e + TV.Create(2.0))) | (x & Elementary<TV, T>.SignMask);
        }
    }

    internal readonly struct Sigmoid : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV one = TV.Create(1.0);
            TV e = Elementary<TV, T>.Exp(TV.Zero - Elementary<TV, T>.Abs(x));
            return TV.Select(TV.LessThan(x, TV.Zero), e, one) / (one + e);
        }
    }

    internal readonly struct Softplus : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV e = Elementary<TV, T>.Exp(TV.Zero - Elementary<TV, T>.Abs(x));
            return Elementary<TV, T>.Max(x, TV.Zero) + Elementary<TV, T>.LogOnePlusUnit(e);
        }
    }

    internal readonly struct Silu : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
            Elementary<TV, T>.Max(x, TV.Create(-800.0)) * default(Sigmoid).Apply<TV, T>(x);
    }

    internal readonly struct Relu : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TV, T>.Max(x, TV.Zero);
    }

    internal readonly struct Abs : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TV, T>.Abs(x);
    }

    internal readonly struct Sqrt : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => TV.Sqrt(x);
    }

    internal readonly struct Erf : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.Erf(x);
    }

    internal readonly struct Erfc : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.Erfc(x);
    }

    internal readonly struct NormalCdf : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.NormalCdf(x);
    }

    internal readonly struct NormalPdf : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.NormalPdf(x);
    }

    internal readonly struct Gelu : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.Gelu(x);
    }

    internal readonly struct Sin : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Trigonometric<TV, T>.Sin(x);
    }

    internal readonly struct Cos : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Trigonometric<TV, T>.Cos(x);
    }

    internal readonly struct LeakyRelu(double slope) : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
            TV.Select(TV.LessThan(TV.Zero, x), x, TV.Create(slope) * x);
    }

    internal readonly struct Elu(double scale) : ILaneFunction
    {
        /// <summary>α(e^x − 1) for x ≤ 0, with the exponential less 1 as in <see cref="Tanh"/>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV p = Elementary<TV, T>.ExpReduced(Elementary<TV, T>.Max(Elementary<TV, T>.Min(x, TV.Zero), TV.Create(-40.0)), out TV magicSum);
            TV power = Elementary<TV, T>.PowerOfTwo(magicSum);
            TV e = TV.Fma(power, p, power - TV.Create(1.0));
            return TV.Select(TV.LessThan(TV.Zero, x), x, TV.Create(scale) * e);
        }
    }

    internal readonly struct Step : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
            TV.Select(TV.LessThan(TV.Zero, x), TV.Create(1.0), x - x) & TV.Select(TV.LessThan(x, TV.Zero), TV.Zero, TV.CreateBits(ulong.MaxValue));
    }

    internal readonly struct Sign : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV one = TV.Create(1.0) | (x & Elementary<TV, T>.SignMask);
            return TV.Select(TV.LessThan(TV.Zero, Elementary<TV, T>.Abs(x)), one, x);
        }
    }

    internal readonly struct Softsign : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV a = Elementary<TV, T>.Min(Elementary<TV, T>.Abs(x), TV.Create(Elementary<TV, T>.IsSingle ? float.MaxValue : double.MaxValue));
            return (a / (a + TV.Create(1.0))) | (x & Elementary<TV, T>.SignMask);
        }
    }

    internal readonly struct Gaussian : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ErrorFunction<TV, T>.Gaussian(x);
    }

    internal readonly struct GeluTanh : ILaneFunction
    {
        /// <summary>½x(1 + tanh u) is x times the sigmoid of 2u, u = √(2/π)(x + 0.044715x³).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            TV bounded = Elementary<TV, T>.Max(x, TV.Create(-30.0));
            TV twice = bounded * TV.Fma(bounded * bounded, TV.Create(0.07135481627260025), 1.5957691216057308);
            return bounded * default(Sigmoid).Apply<TV, T>(twice);
        }
    }

    internal readonly struct Arctan : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => InverseTangent<TV, T>.Arctan(x);
    }

    internal readonly struct Arcsin : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => InverseTrigonometric<TV, T>.Arcsin(x);
    }

    internal readonly struct Arccos : ILaneFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TV Apply<TV, T>(TV x)
            where TV : struct, ILanes<TV, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => InverseTrigonometric<TV, T>.Arccos(x);
    }
}
