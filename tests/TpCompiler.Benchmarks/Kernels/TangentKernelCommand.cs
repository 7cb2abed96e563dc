using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary><c>kernel [SAMPLES] [INPUTS]</c>: seconds for the covariance and the tangent kernel of three relu layers among samples, inner products included, in double precision.</summary>
internal static class TangentKernelCommand
{
    public static int Run(string[] args)
    {
        var samples = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5000;
        var inputs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 100;
        var random = new Random(1);
        var x = Matrix<double>.Build.Dense(samples, inputs, (_, _) => random.NextDouble() - 0.5);
        var kernel = new LayeredKernel(LayeredNetwork.Ntk(3, Expr.Apply("relu", LayeredNetwork.Variable), 2, 0.1));
        for (var run = 0; run < 3; run++)
        {
            var watch = Stopwatch.StartNew();
            var products = InnerProducts.Of(x, x, 1.0 / inputs);
            var afterProducts = watch.Elapsed.TotalSeconds;
            var matrices = kernel.Between(products);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{samples} x {samples}, {inputs} inputs, three relu layers: {watch.Elapsed.TotalSeconds:F2} s, of it inner products {afterProducts:F2} s; Theta[0,1] = {matrices.Tangent[0, 1]:R}"));
        }

        return 0;
    }
}
