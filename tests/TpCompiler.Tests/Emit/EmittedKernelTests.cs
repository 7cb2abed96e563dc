using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted limits of the kernel regime: their text, and their numbers against those of <c>tpc run --limit</c>, which come from another recursion, other quadrature and another loop.</summary>
public sealed class EmittedKernelTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("kernels").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("ntk", "numpy")]
    [InlineData("posterior", "csharp")]
    public Task Kernel_gradient_descent_is_as_reviewed(string example, string target)
    {
        var settings = new VerifySettings();
        settings.UseDirectory("Programs");
        settings.UseFileName($"{example}_evaluator_{target}");
        return Verifier.Verify(TpcRun.Of("compile", Example(example), "--emit", "evaluator", "--target", target).Output, "txt", settings);
    }

    /// <summary>Two widths, a closed form with an angle and quadrature, biases, classes, momentum and clipping along batches that begin anew within the samples, a rate that falls.</summary>
    private const string Classes = """
        network classes(x : [3]) {
          width n
          width m = 2 * n
          weight U : [n, 3]
          weight B : [n]
          weight W : [m, n]
          weight A : [2, m]
          weight C : [2]
          h = relu(U * x + B)
          g = tanh(W * h)
          return A * g + C
        }
        parametrization ntk
        train { data "rows.csv" loss cross_entropy optimizer sgd(lr: 1 / (2 + t), momentum: 0.5, clip: 0.4) batch 3 steps 6 }
        """;

    private const string Apart = "x0,x1,x2,y\n0.1,0.3,-0.5,0\n0.4,-0.2,0.5,1\n-0.6,0.3,0.2,0\n0.9,0.3,0.15,1\n0.7,-0.3,-0.5,1\n";

    /// <summary>
    /// A sample that is 0, two that are equal, one that is a multiple of another and one of opposite sign: angles 0/0, 0 and π. The bias starts at 0 and learns, so that the tangent kernel of the sample 0 isn't 0 where its variance is; there the
    /// functions have the values φ(0) and φ′(0), not the limits of the closed forms.
    /// </summary>
    private const string Rectified = """
        network classes(x : [3]) {
          width n
          weight U : [n, 3]
          weight B : [n]
          weight W : [n, n]
          weight V : [n, n]
          weight A : [1, n]
          h = leaky_relu(U * x + B)
          g = relu(W * h)^2
          k = V * g
          return A * (relu(k) + step(k))
        }
        parametrization ntk { B: (variance: 0) }
        train { data "rows.csv" loss mse optimizer sgd(lr: 0.2) batch 6 steps 4 }
        """;

    private const string Collinear = "x0,x1,x2,y\n0,0,0,0.5\n0.3,0.4,0.1,1\n0.3,0.4,0.1,-1\n0.1,-0.2,0.7,0.5\n-0.3,0.6,-2.1,0.25\n0.2,-0.4,1.4,0.1\n";

    [Theory]
    [InlineData(Classes, Apart)]
    [InlineData(Rectified, Collinear)]
    public void CSharp_follows_kernel_gradient_descent_to_rounding(string network, string rows)
    {
        var (source, data, run) = Saved(network, rows);
        EmittedLimitTests.AssertAgree("classes", run, EmittedCSharp.RunCompiled(Emitted(source, "csharp", "classes.cs"), "--data", data));
    }

    [PythonFact("numpy")]
    public void NumPy_follows_kernel_gradient_descent_to_rounding() => InPython("numpy", "numpy");

    [PythonFact("torch")]
    public void PyTorch_follows_kernel_gradient_descent_to_rounding() => InPython("pytorch", "torch");

    [Theory]
    [InlineData("tanh(relu(h))", "sgd(lr: 0.1)", "neither a closed form nor a smooth function")]
    [InlineData("tanh(h)", "sgd(lr: 0.1, weight_decay: 0.1)", "weight decay shrinks the initial weights")]
    public void What_has_no_such_descent_is_refused_with_the_reason(string phi, string optimizer, string reason)
    {
        var run = TpcRun.WithInput(
            $"network refused(x : [2]) {{\n  width n\n  weight U : [n, 2]\n  weight V : [1, n]\n  h = U * x\n  return V * {phi}\n}}\nparametrization ntk\ntrain {{ loss mse optimizer {optimizer} batch 4 steps 2 }}\n",
            "compile", "-", "--emit", "evaluator", "--target", "csharp");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0803", run.Error, StringComparison.Ordinal);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
    }

    private void InPython(string target, string module)
    {
        foreach (var (network, rows) in new[] { (Classes, Apart), (Rectified, Collinear) })
        {
            var (source, data, run) = Saved(network, rows);
            var python = PythonFactAttribute.Run(PythonFactAttribute.Interpreter(module)!, ["-W", "error", Emitted(source, target, $"classes_{target}.py"), "--data", data], [])!;
            Assert.True(python.ExitCode == 0, python.Error);
            EmittedLimitTests.AssertAgree("classes", run, python.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    private (string Source, string Data, string Run) Saved(string network, string rows)
    {
        var (source, data) = (Path.Combine(folder, "classes.tp"), Path.Combine(folder, "classes.npz"));
        File.WriteAllText(Path.Combine(folder, "rows.csv"), rows);
        File.WriteAllText(source, network);
        var run = TpcRun.Of("run", source, "--limit", "--save", data, "--format", "json");
        Assert.True(run.ExitCode == 0, run.Error);
        return (source, data, run.Output);
    }

    private string Emitted(string source, string target, string file)
    {
        var path = Path.Combine(folder, file);
        var compiled = TpcRun.Of("compile", source, "--emit", "evaluator", "--target", target, "-o", path);
        Assert.True(compiled.ExitCode == 0, compiled.Error);
        return path;
    }

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");
}
