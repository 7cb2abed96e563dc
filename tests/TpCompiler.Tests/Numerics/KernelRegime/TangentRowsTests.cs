using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.KernelRegime;

public sealed class TangentRowsTests
{
    public static TheoryData<string, int> Networks => new()
    {
        { "relu", 1 }, { "relu", 3 }, { "erf", 2 }, { "abs", 2 }, { "sin", 2 }, { "tanh", 1 }, { "identity", 2 }, { "square", 1 }, { "gelu", 1 },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Row_of_the_kernel_is_the_kernel_entry_by_entry(string function, int hidden)
    {
        Expr h = LayeredNetwork.Variable;
        Expr phi = function switch { "identity" => 3 * h, "square" => h + Expr.Pow(h, 2), _ => Expr.Apply(function, h) };
        foreach (double bias in new[] { 0.0, 0.3 })
        {
            LayeredNetwork network = LayeredNetwork.Ntk(hidden, phi, 1.5, bias);
            // Few samples where each entry is an integral over a plane.
            int count = function is "tanh" or "gelu" ? 8 : 40;
            var x = Matrix<double>.Build.Dense(count, 3, (i, k) => i < 2 ? 0 : Math.Sin((7 * i) + (k * k) + k));

            // The same sample again, and its opposite.
            x.SetRow(4, x.Row(5));
            x.SetRow(6, -x.Row(5));
            Matrix<double> expected = new LayeredKernel(network).Between(InnerProducts.Of(x, x, 1)).Tangent;
            TangentRows rows = new(network);
            double[][] own = [.. x.EnumerateRows().Select(row => rows.Variances(row * row))];
            ReadOnlyMemory<double>[] others = [.. Enumerable.Range(0, hidden).Select(layer => (ReadOnlyMemory<double>)own.Select(variances => variances[layer]).ToArray())];
            TangentRows.Workspace workspace = new(rows, count);
            for (int i = 0; i < count; i++)
            {
                double[] row = [.. x.EnumerateRows().Select(other => x.Row(i) * other)];
                rows.Fill(own[i], others, row, workspace);
                for (int j = 0; j < count; j++)
                {
                    // Where samples are parallel, rounding of their correlation by 1e-16 turns an angle by 1.5e-8.
                    double parallel = 1 - Math.Abs(x.Row(i) * x.Row(j) / Math.Sqrt((x.Row(i) * x.Row(i)) * (x.Row(j) * x.Row(j))));
                    Assert.Equal(expected[i, j], row[j], (parallel < 1e-10 ? 3e-8 : 1e-11) * Math.Max(1, Math.Abs(expected[i, j])));
                    if (rows.Affine is { } affine)
                    {
                        Assert.Equal(expected[i, j], (affine.Slope * (x.Row(i) * x.Row(j))) + affine.Constant, 1e-11 * Math.Max(1, Math.Abs(expected[i, j])));
                    }
                }
            }

            Assert.Equal(function == "identity", rows.Affine is not null);
        }
    }
}
