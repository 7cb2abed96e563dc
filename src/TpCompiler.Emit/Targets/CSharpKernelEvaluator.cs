using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>The limit of a net in the kernel regime in C#: the recursion of its kernels among all samples, then kernel gradient descent.</summary>
internal sealed class CSharpKernelEvaluator : CSharpSimulator
{
    private readonly KernelDescentProgram kernel;

    private CSharpKernelEvaluator(KernelDescentProgram kernel)
        : base(kernel.Program, "Real", "E", "u", "v", "Angle")
    {
        this.kernel = kernel;
        Expressions.Arguments[kernel.Variables.U.Name] = "u";
        Expressions.Arguments[kernel.Variables.V.Name] = "v";
        Expressions.OwnFunctions["arccos"] = "Angle({0})";
    }

    public static (string? Text, Refusal? Refusal) Write(KernelDescentProgram kernel) => new CSharpKernelEvaluator(kernel).Written();

    protected override void WriteHeader()
    {
        Writer.Line($"// The limit of {Program.Name} as its width goes to infinity, in C#:  dotnet run {Program.Name}.cs -- --data FILE.npz");
        Writer.Line(KernelText.About(kernel).Replace("\n", "\n// ", StringComparison.Ordinal).Insert(0, "// "));
        Writer.Line(CSharpLibrary.Usings).Line();
        Writer.Line(CSharpLibrary.OnlyOptions("--data")).Line(CSharpLibrary.Data);
        Writer.Line($"data[\"{kernel.SampleField}\"] = ([], [.. Enumerable.Range(0, data[\"{Program.Body.OfType<Instruction.Data>().First().Field}\"].Shape[0])]);");
    }

    protected override string Note(Definition result) => kernel.LawText(result.Name);

    protected override void WriteInstruction(Instruction instruction, string? counter)
    {
        Expressions.Expectation = kernel.Laws.TryGetValue(instruction.Result.Name, out Expr.Reference? law)
            ? body => $"E((u, v) => {body}, {Variance(law, 0)}, {Variance(law, 1)}, {Expressions.Entry(law)})"
            : null;
        base.WriteInstruction(instruction, counter);
    }

    protected override void WriteLibrary()
    {
        CSharpLibrary.Write(Writer);
        if (kernel.Laws.Count > 0)
        {
            Writer.Line(KernelText.CSharpExpectation);
        }

        if (Program.Body.Instructions().SelectMany(instruction => instruction.Expressions()).SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Call>().Any(call => call.Function == "arccos"))
        {
            Writer.Line(KernelText.CSharpAngle);
        }
    }

    private string Variance(Expr.Reference law, int side) => Expressions.Entry(law with { Indices = [law.Indices[side], law.Indices[side]] });
}
