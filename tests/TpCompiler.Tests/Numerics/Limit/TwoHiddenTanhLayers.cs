namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>
/// The µ-limit of f(ξ) = V tanh(W tanh(U ξ)) on the one sample ξ = y = 1 with loss ½(f − y)², written out by hand for two steps: each Ż by differentiating (section 2 of the Master Theorem),
/// each covariance as an integral of its own by the trapezoidal rule. Nothing of it is the compiler's.
/// <para>Coordinates of the first layer: u = Z^{U₀} and κ_s = Ẑ^{Wᵀδ_s}; of the second: v = Z^{V₀} and γ_s = Ẑ^{W a_s}, where a_s is tanh of the first layer's preactivation p_s at step s,
/// b_s that of the second's, q_s, and δ_s the gradient of q_s.</para>
/// </summary>
/// <param name="rate">η.</param>
/// <param name="spacing">Between the points of the rule, in standard deviations; its error falls like exp(−2π d/spacing), d how far the nearest poles of the integrand are.</param>
internal sealed class TwoHiddenTanhLayers(double rate, double spacing)
{
    private const double Target = 1;

    // E a_s a_t, and the Cholesky factor of it, by which γ_s is made of independent Gaussians; then the same of δ_s and κ_s.
    private double a00, a01, a11, a02, a12, a22;
    private double l00, l10, l11, l20, l21, l22;
    private double d00, d01, d11;
    private double m00, m10, m11;

    // f_s − y, and the coefficients of δ_s in q_t and of a_s in the gradient of a_1: Ż less what the update of W takes away.
    private double chi0, chi1;
    private double delta0In1, delta0In2, delta1In2;
    private double a0In1, a1In1;

    /// <summary>f₁ and f₂; f₀ is 0.</summary>
    public (double First, double Second) Outputs()
    {
        // Initially γ₀ is independent of v, so f₀ = E v tanh(γ₀) = 0, and Ż of Wᵀδ₀ is a₀ E[∂δ₀/∂γ₀] = a₀ χ₀ E[v] E[tanh″(γ₀)] = 0.
        chi0 = -Target;
        a00 = Mean(1, z => Square(First(z).A0));
        l00 = Math.Sqrt(a00);
        d00 = Mean(2, z => Square(Second(z).Delta0));
        m00 = Math.Sqrt(d00);

        // q₁ = γ₁ + δ₀ (E[∂a₁/∂κ₀] − η E a₀ a₁).
        a01 = Mean(2, z => First(z).A0 * First(z).A1);
        a11 = Mean(2, z => Square(First(z).A1));
        delta0In1 = Mean(2, z => First(z).A1ByKappa0) - (rate * a01);
        l10 = a01 / l00;
        l11 = Math.Sqrt(a11 - (l10 * l10));
        var f1 = Mean(3, z => Second(z).V1 * Second(z).B1);
        chi1 = f1 - Target;

        // The gradient of a₁ is κ₁ + a₁ E[∂δ₁/∂γ₁] + a₀ (E[∂δ₁/∂γ₀] − η E δ₀ δ₁).
        d01 = Mean(3, z => Second(z).Delta0 * Second(z).Delta1);
        d11 = Mean(3, z => Square(Second(z).Delta1));
        a1In1 = Mean(3, z => Second(z).Delta1ByGamma1);
        a0In1 = Mean(3, z => Second(z).Delta1ByGamma0) - (rate * d01);
        m10 = d01 / m00;
        m11 = Math.Sqrt(d11 - (m10 * m10));

        // q₂ = γ₂ + δ₀ (E[∂a₂/∂κ₀] − η E a₀ a₂) + δ₁ (E[∂a₂/∂κ₁] − η E a₁ a₂).
        a02 = Mean(3, z => First(z).A0 * First(z).A2);
        a12 = Mean(3, z => First(z).A1 * First(z).A2);
        a22 = Mean(3, z => Square(First(z).A2));
        delta0In2 = Mean(3, z => First(z).A2ByKappa0) - (rate * a02);
        delta1In2 = Mean(3, z => First(z).A2ByKappa1) - (rate * a12);
        l20 = a02 / l00;
        l21 = (a12 - (l20 * l10)) / l11;
        l22 = Math.Sqrt(a22 - (l20 * l20) - (l21 * l21));
        return (f1, Mean(4, z => Second(z).V2 * Second(z).B2));
    }

    private static double Tanh1(double tanh) => 1 - (tanh * tanh);

    private static double Tanh2(double tanh) => -2 * tanh * Tanh1(tanh);

    private static double Square(double x) => x * x;

    /// <summary>The first layer at (u, κ₀, κ₁) = (z₀, m₀₀ z₁, m₁₀ z₁ + m₁₁ z₂).</summary>
    private (double A0, double A1, double A1ByKappa0, double A2, double A2ByKappa0, double A2ByKappa1) First(ReadOnlySpan<double> z)
    {
        var (u, kappa0, kappa1) = (z[0], m00 * z[1], (m10 * z[1]) + (m11 * z[2]));
        var a0 = Math.Tanh(u);
        var p1ByKappa0 = -rate * Tanh1(a0);
        var a1 = Math.Tanh(u + (p1ByKappa0 * kappa0));
        var gradient = kappa1 + (a1In1 * a1) + (a0In1 * a0);
        var a2 = Math.Tanh(u + (p1ByKappa0 * kappa0) - (rate * gradient * Tanh1(a1)));
        var a1ByKappa0 = Tanh1(a1) * p1ByKappa0;
        var p2ByKappa0 = p1ByKappa0 - (rate * ((a1In1 * a1ByKappa0 * Tanh1(a1)) + (gradient * Tanh2(a1) * p1ByKappa0)));
        return (a0, a1, a1ByKappa0, a2, Tanh1(a2) * p2ByKappa0, Tanh1(a2) * -rate * Tanh1(a1));
    }

    /// <summary>The second layer at v = z₀ and γ_s from z₁, z₂, z₃.</summary>
    private (double Delta0, double V1, double B1, double Delta1, double Delta1ByGamma0, double Delta1ByGamma1, double V2, double B2) Second(ReadOnlySpan<double> z)
    {
        var v = z[0];
        var b0 = Math.Tanh(l00 * z[1]);
        var delta0 = chi0 * v * Tanh1(b0);
        var v1 = v - (rate * chi0 * b0);
        var b1 = Math.Tanh((l10 * z[1]) + (l11 * z[2]) + (delta0In1 * delta0));
        var delta1 = chi1 * v1 * Tanh1(b1);
        var q1ByGamma0 = delta0In1 * chi0 * v * Tanh2(b0);
        var delta1ByGamma0 = chi1 * ((-rate * chi0 * Tanh1(b0) * Tanh1(b1)) + (v1 * Tanh2(b1) * q1ByGamma0));
        var v2 = v1 - (rate * chi1 * b1);
        var b2 = Math.Tanh((l20 * z[1]) + (l21 * z[2]) + (l22 * z[3]) + (delta0In2 * delta0) + (delta1In2 * delta1));
        return (delta0, v1, b1, delta1, delta1ByGamma0, chi1 * v1 * Tanh2(b1), v2, b2);
    }

    /// <summary>E of a function of so many independent N(0, 1); the others are 0. Points whose weight is below 10⁻¹⁷ of the largest are left out.</summary>
    private double Mean(int dimensions, Func<double[], double> function)
    {
        var z = new double[4];
        var most = (int)(Math.Sqrt(2 * Math.Log(1e17)) / spacing);
        return Sum(0, Math.Pow(spacing / Math.Sqrt(2 * Math.PI), dimensions), 0);

        double Sum(int d, double weight, double squares)
        {
            if (d == dimensions)
            {
                return weight * Math.Exp(-squares / 2) * function(z);
            }

            var sum = 0.0;
            for (var i = -most; i <= most; i++)
            {
                z[d] = i * spacing;
                var norm = squares + (z[d] * z[d]);
                sum += norm <= 2 * Math.Log(1e17) ? Sum(d + 1, weight, norm) : 0;
            }

            return sum;
        }
    }
}
