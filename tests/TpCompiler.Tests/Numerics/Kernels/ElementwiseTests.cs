using System.Numerics;
using CsCheck;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;
using SpecialFunctions = MathNet.Numerics.SpecialFunctions;

namespace TpCompiler.Tests.Numerics.Kernels;

/// <summary>
/// The vectorised functions against <see cref="Math"/> and MathNet. Where MathNet itself loses digits (far tails), against identities and
/// values computed with 40 digits.
/// </summary>
public sealed class ElementwiseTests
{
    private const double SingleUlp = 1.1920929e-7;
    private const double DoubleUlp = 2.220446049250313e-16;

    public static TheoryData<string, double> RelativeErrors => new()
    {
        { "abs", 0 }, { "relu", 0 }, { "sqrt", 0.5 }, { "exp", 1.5 }, { "log", 1.5 },
        { "tanh", 3 }, { "sigmoid", 3 }, { "softplus", 3 }, { "silu", 4 }, { "erf", 3 },
    };

    [Theory]
    [MemberData(nameof(RelativeErrors))]
    public void Relative_error_is_a_few_ulp_from_the_smallest_to_the_largest_argument(string name, double ulps)
    {
        (Func<double, double> exact, ElementwiseFunction function) = (Reference(name), Function(name));
        double[] x = Arguments();
        var y = new double[x.Length];
        function.Double(x, y);
        float[] singleX = [.. x.Select(value => (float)value)];
        var singleY = new float[x.Length];
        function.Single(singleX, singleY);
        for (int i = 0; i < x.Length; i++)
        {
            RequireClose(name, x[i], exact(x[i]), y[i], (ulps + 2) * DoubleUlp, double.Epsilon * (2 + Math.Min(Math.Abs(x[i]), 800)));
            double single = exact(singleX[i]);
            if (Math.Abs(single) <= float.MaxValue)
            {
                RequireClose(name, singleX[i], single, singleY[i], ulps * SingleUlp, float.Epsilon * (2 + Math.Min(Math.Abs(singleX[i]), 800)));
            }
        }
    }

    [Fact]
    public void Sine_and_cosine_err_by_less_than_an_ulp_of_one_at_any_size()
    {
        double[] x = Arguments();
        double[] sine = new double[x.Length], cosine = new double[x.Length];
        float[] singleX = [.. x.Select(value => (float)value)];
        float[] singleSine = new float[x.Length], singleCosine = new float[x.Length];
        Elementwise.Sin<double>(x, sine);
        Elementwise.Cos<double>(x, cosine);
        Elementwise.Sin<float>(singleX, singleSine);
        Elementwise.Cos<float>(singleX, singleCosine);
        for (int i = 0; i < x.Length; i++)
        {
            RequireClose("sin", x[i], Math.Sin(x[i]), sine[i], 0, DoubleUlp);
            RequireClose("cos", x[i], Math.Cos(x[i]), cosine[i], 0, DoubleUlp);
            RequireClose("sin", singleX[i], Math.Sin(singleX[i]), singleSine[i], 0, SingleUlp);
            RequireClose("cos", singleX[i], Math.Cos(singleX[i]), singleCosine[i], 0, SingleUlp);
        }
    }

    /// <summary>Rows of the table of nonlinearities in their domain, families at other parameters than the default ones too.</summary>
    public static TheoryData<string, double[]> Rows
    {
        get
        {
            var data = new TheoryData<string, double[]>();
            foreach (Nonlinearity row in Nonlinearities.Rows)
            {
                double[] defaults = [.. row.Defaults.Select(value => value.ToDouble())];
                data.Add(row.Name, defaults);
                if (defaults.Length > 0)
                {
                    data.Add(row.Name, [.. defaults.Select(value => value + 0.75)]);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_nonlinearity_is_vectorised_in_both_precisions(string name, double[] parameters)
    {
        Nonlinearity row = Nonlinearities.Get(name);
        Assert.True(ElementwiseTable.TryGet(name, parameters, out ElementwiseFunction? function));
        Func<double, double> exact = row.Evaluator(parameters);
        double[] x = [.. Arguments().Where(value => Math.Abs(value) < 1e300), 0, double.NaN];
        x = row.Domain switch
        {
            Domain.UnitInterval => [.. Enumerable.Range(-4000, 8001).Select(i => i / 4000.0), 1e-20, -1e-200, double.NaN],
            Domain.Positive => [.. x.Where(value => !(value <= 0))],
            _ => [.. x, double.PositiveInfinity, double.NegativeInfinity],
        };
        var y = new double[x.Length];
        function.Double(x, y);
        float[] singleX = [.. x.Select(value => (float)value)];
        var singleY = new float[x.Length];
        function.Single(singleX, singleY);
        for (int i = 0; i < x.Length; i++)
        {
            // The scalar forms of exp(−x²), of gelu with a tanh and MathNet's Φ lose as many digits in their tails as the exponent is large.
            bool isTail = (name is "gelu_tanh" or "gelu" or "normal_cdf" && x[i] < -1) || (name == "gaussian" && Math.Abs(x[i]) > 1);
            double relative = isTail ? 1e-12 : 8 * DoubleUlp;
            double absolute = name is "sin" or "cos" or "arcsin" or "arccos" ? 2 * DoubleUlp : double.Epsilon * (2 + Math.Min(Math.Abs(x[i]), 800));
            RequireClose(name, x[i], exact(x[i]), y[i], relative, absolute);
            double single = exact(singleX[i]);
            if (Math.Abs(single) <= float.MaxValue || !float.IsFinite(singleX[i]))
            {
                RequireClose(name, singleX[i], single, singleY[i], isTail ? 3e-5 : 10 * SingleUlp, name is "sin" or "cos" or "arcsin" or "arccos" ? 2 * SingleUlp : float.Epsilon * (2 + Math.Min(Math.Abs(singleX[i]), 800)));
            }
        }
    }

    /// <summary>Values with 17 digits, computed with 40.</summary>
    [Theory]
    [InlineData("erfc", -2.0, 1.9953222650189527)]
    [InlineData("erfc", 0.5, 0.47950012218695346)]
    [InlineData("erfc", 1.0, 0.15729920705028513)]
    [InlineData("erfc", 3.0, 2.2090496998585441e-05)]
    [InlineData("erfc", 10.0, 2.088487583762545e-45)]
    [InlineData("erfc", 26.0, 5.6631924088561428e-296)]
    [InlineData("normal_cdf", -1.0, 0.15865525393145705)]
    [InlineData("normal_cdf", -5.5, 1.8989562465887719e-08)]
    [InlineData("normal_cdf", -20.0, 2.7536241186062337e-89)]
    [InlineData("normal_cdf", -37.0, 5.7255712225245768e-300)]
    [InlineData("normal_cdf", 2.0, 0.97724986805182079)]
    [InlineData("normal_pdf", 30.0, 1.4736461348785475e-196)]
    [InlineData("gelu", -3.0, -0.0040496940948902836)]
    [InlineData("gelu", 1.5, 1.3997891980967129)]
    public void Tails_of_the_normal_distribution_are_relatively_accurate(string name, double x, double expected)
    {
        double[] y = [x];
        Function(name).Double(y, y);
        Assert.Equal(expected, y[0], 16 * DoubleUlp * Math.Abs(expected));
    }

    [Fact]
    public void Single_precision_normal_functions_agree_with_double_precision()
    {
        float[] x = [.. Enumerable.Range(-2800, 5600).Select(i => i * 0.005f)];
        foreach (string name in new[] { "erfc", "normal_cdf", "normal_pdf", "gelu" })
        {
            var y = new float[x.Length];
            double[] exact = [.. x.Select(value => (double)value)];
            Function(name).Single(x, y);
            Function(name).Double(exact, exact);
            for (int i = 0; i < x.Length; i++)
            {
                RequireClose(name, x[i], exact[i], y[i], 10 * SingleUlp, float.Epsilon * (2 + Math.Abs(x[i])));
            }
        }
    }

    [Fact]
    public void Double_precision_normal_functions_agree_with_MathNet_in_the_middle()
    {
        double[] x = [.. Enumerable.Range(-500, 1000).Select(i => i * 0.01)];
        double[] erfc = new double[x.Length], cdf = new double[x.Length], gelu = new double[x.Length];
        Elementwise.Erfc<double>(x, erfc);
        Elementwise.NormalCdf<double>(x, cdf);
        Elementwise.Gelu<double>(x, gelu);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(SpecialFunctions.Erfc(x[i]), erfc[i], 4e-16 * (1 + erfc[i]));
            double phi = 0.5 * SpecialFunctions.Erfc(-x[i] / Math.Sqrt(2));
            Assert.Equal(phi, cdf[i], 6e-16);
            Assert.Equal(x[i] * phi, gelu[i], 6e-16 * (1 + Math.Abs(x[i])));
        }
    }

    [Theory]
    [InlineData("exp", 0.0, 1.0, double.PositiveInfinity)]
    [InlineData("tanh", -1.0, 0.0, 1.0)]
    [InlineData("sigmoid", 0.0, 0.5, 1.0)]
    [InlineData("softplus", 0.0, 0.6931471805599453, double.PositiveInfinity)]
    [InlineData("silu", 0.0, 0.0, double.PositiveInfinity)]
    [InlineData("relu", 0.0, 0.0, double.PositiveInfinity)]
    [InlineData("gelu", 0.0, 0.0, double.PositiveInfinity)]
    [InlineData("erf", -1.0, 0.0, 1.0)]
    [InlineData("erfc", 2.0, 1.0, 0.0)]
    [InlineData("normal_cdf", 0.0, 0.5, 1.0)]
    [InlineData("normal_pdf", 0.0, 0.3989422804014327, 0.0)]
    [InlineData("sin", double.NaN, 0.0, double.NaN)]
    [InlineData("cos", double.NaN, 1.0, double.NaN)]
    [InlineData("log", double.NaN, double.NegativeInfinity, double.PositiveInfinity)]
    [InlineData("sqrt", double.NaN, 0.0, double.PositiveInfinity)]
    [InlineData("abs", double.PositiveInfinity, 0.0, double.PositiveInfinity)]
    public void Infinities_zero_and_NaN_go_where_they_should(string name, double atMinusInfinity, double atZero, double atInfinity)
    {
        double[] y = [double.NegativeInfinity, 0, double.PositiveInfinity, double.NaN];
        float[] single = [float.NegativeInfinity, 0, float.PositiveInfinity, float.NaN];
        Function(name).Double(y, y);
        Function(name).Single(single, single);
        double[] expected = [atMinusInfinity, atZero, atInfinity, double.NaN];
        for (int i = 0; i < 4; i++)
        {
            RequireClose(name, i, expected[i], y[i], 2 * DoubleUlp, 0);
            RequireClose(name, i, expected[i], single[i], 2 * SingleUlp, 0);
        }
    }

    [Fact]
    public void Inverse_sine_and_cosine_are_exact_to_rounding_and_nothing_beyond_one()
    {
        double[] x = [.. Enumerable.Range(-4000, 8001).Select(i => i / 4000.0), .. Enumerable.Range(1, 50).SelectMany(k => new[] { 1 - Math.Pow(2, -k), Math.Pow(2, -k) - 1, Math.Pow(2, -k) })];
        double[] sine = new double[x.Length], cosine = new double[x.Length];
        float[] singleX = [.. x.Select(value => (float)value)];
        float[] singleSine = new float[x.Length], singleCosine = new float[x.Length];
        Elementwise.Arcsin<double>(x, sine);
        Elementwise.Arccos<double>(x, cosine);
        Elementwise.Arcsin<float>(singleX, singleSine);
        Elementwise.Arccos<float>(singleX, singleCosine);
        for (int i = 0; i < x.Length; i++)
        {
            RequireClose("arcsin", x[i], Math.Asin(x[i]), sine[i], 0, 2 * DoubleUlp);
            RequireClose("arccos", x[i], Math.Acos(x[i]), cosine[i], x[i] > 0.5 ? 3 * DoubleUlp : 0, x[i] > 0.5 ? 0 : 3 * DoubleUlp);
            RequireClose("arcsin", singleX[i], Math.Asin(singleX[i]), singleSine[i], 0, 2 * SingleUlp);
            RequireClose("arccos", singleX[i], Math.Acos(singleX[i]), singleCosine[i], singleX[i] > 0.5f ? 3 * SingleUlp : 0, singleX[i] > 0.5f ? 0 : 3 * SingleUlp);
        }

        double[] outside = [1.0000001, -2, double.NaN, double.PositiveInfinity];
        Elementwise.Arccos<double>(outside, outside);
        Assert.All(outside, value => Assert.True(double.IsNaN(value)));
    }

    [Fact]
    public void Result_does_not_depend_on_the_place_in_the_span() =>
        (from x in Gen.Float[-20f, 20f].Array[1, 70] from cut in Gen.Int[0, 70] select (x, cut)).Sample(sample =>
        {
            int cut = Math.Min(sample.cut, sample.x.Length);
            foreach (ElementwiseFunction function in ElementwiseTable.All)
            {
                float[] whole = new float[sample.x.Length], parts = new float[sample.x.Length];
                function.Single(sample.x, whole);
                function.Single(sample.x.AsSpan(0, cut), parts);
                function.Single(sample.x.AsSpan(cut), parts.AsSpan(cut));
                Assert.Equal(whole.Select(BitConverter.SingleToInt32Bits), parts.Select(BitConverter.SingleToInt32Bits));
            }
        });

    [Fact]
    public void Every_register_width_gives_the_same_bits()
    {
        RequireSameBits<Functions.Gelu>();
        RequireSameBits<Functions.Softplus>();
        RequireSameBits<Functions.Tanh>();
        RequireSameBits<Functions.Sin>();
        RequireSameBits<Functions.Arccos>();
        RequireSameBits<Functions.Log>();
        RequireSameBits<Functions.Arctan>();
        RequireSameBits<Functions.Step>();
        RequireSameBits(new Functions.Elu(0.7));
    }

    [Fact]
    public void Sums_and_products_of_spans_are_what_they_say()
    {
        for (int length = 0; length < 150; length++)
        {
            double[] a = [.. Enumerable.Range(0, length).Select(i => Math.Sin(i))];
            double[] b = [.. Enumerable.Range(0, length).Select(i => Math.Cos(3 * i))];
            double[] y = new double[length];
            Assert.Equal(a.Zip(b, (left, right) => left * right).Sum(), LinearCombination.Dot<double>(a, b), 1e-13);
            LinearCombination.Add<double>(a, b, y);
            Assert.Equal(a.Zip(b, (left, right) => left + right), y);
            LinearCombination.Multiply<double>(a, b, y);
            Assert.Equal(a.Zip(b, (left, right) => left * right), y);
            double[] expected = [.. y.Zip(a, (sum, term) => Math.FusedMultiplyAdd(0.3, term, sum))];
            LinearCombination.Axpy(0.3, a, y);
            Assert.Equal(expected, y);
        }
    }

    [Fact]
    public void Destination_shorter_than_the_source_is_refused() =>
        Assert.Throws<ArgumentException>(() => Elementwise.Tanh<float>(new float[3], new float[2]));

    private static unsafe void RequireSameBits<TFunction>(TFunction function = default)
        where TFunction : struct, ILaneFunction
    {
        double[] x = Arguments();
        double[] twin = new double[x.Length], wide = new double[x.Length], medium = new double[x.Length], narrow = new double[x.Length];
        fixed (double* from = x, t = twin, w = wide, m = medium, n = narrow)
        {
            LaneLoop.Map<TFunction, TwinLanes512<double>, double>(from, t, x.Length, function);
            LaneLoop.Map<TFunction, Lanes512<double>, double>(from, w, x.Length, function);
            LaneLoop.Map<TFunction, Lanes256<double>, double>(from, m, x.Length, function);
            LaneLoop.Map<TFunction, Lanes128<double>, double>(from, n, x.Length, function);
        }

        Assert.Equal(wide, twin);
        Assert.Equal(wide, medium);
        Assert.Equal(wide, narrow);
    }

    private static ElementwiseFunction Function(string name)
    {
        return ElementwiseTable.All.Single(function => function.Name == name);
    }

    /// <summary>
    /// Both signs of magnitudes over the whole range of double, dense where the functions bend, and the edges of under- and overflow.
    /// </summary>
    private static double[] Arguments()
    {
        IEnumerable<double> scales = Enumerable.Range(-323, 631).Select(e => Math.Pow(10, e) * 1.234567890123);
        IEnumerable<double> middle = Enumerable.Range(1, 8000).Select(i => i * 0.00517);
        double[] edges =
        [
            double.Epsilon, 1e-310, 1e-45, 1e-40, 2.2250738585072014e-308, 1.1754943508222875e-38, 17, 88.7, 88.8, 103.9, 104, 708.3, 709.78,
            709.79, 745.1, 745.2, 1e15, double.MaxValue,
        ];
        return [.. scales.Concat(middle).Concat(edges).SelectMany(value => new[] { value, -value })];
    }

    private static Func<double, double> Reference(string name) => name switch
    {
        "abs" => Math.Abs,
        "relu" => x => Math.Max(x, 0),
        "sqrt" => Math.Sqrt,
        "exp" => Math.Exp,
        "log" => Math.Log,
        "tanh" => Math.Tanh,
        "sigmoid" => x => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)),
        "softplus" => x => Math.Max(x, 0) + SpecialFunctions.Log1p(Math.Exp(-Math.Abs(x))),
        "silu" => x => x < -800 ? -0.0 : x < 0 ? x * Math.Exp(x) / (1 + Math.Exp(x)) : x / (1 + Math.Exp(-x)),
        "erf" => SpecialFunctions.Erf,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static void RequireClose(string name, double x, double expected, double actual, double relative, double absolute)
    {
        bool close = expected.Equals(actual) || Math.Abs(expected - actual) <= (relative * Math.Abs(expected)) + absolute;
        Assert.True(close, $"{name}({x:R}) = {actual:R}, expected {expected:R}");
    }
}
