using CsCheck;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Symbolics;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

public class ProgramTextTests
{
    private static readonly Gen<string> Names = Pick("x1", "W2", "dh2", "odd name", "loop", "outputs", "x@s", "pi", "_a.b");

    private static readonly Gen<IndexBinder> Binders = Gen.OneOf(
        Gen.Select(Pick("b", "b'", "i", "odd index"), Pick("batch", "i", "b"), (name, axis) => new IndexBinder(name, axis)),
        Gen.Const(new IndexBinder("s", "t", "t")));

    private static readonly Gen<Expr.Reference> References =
        Gen.Select(Names, Pick<ValueList<TpCompiler.Symbolics.Index>>([], ["b"], ["b'", new TpCompiler.Symbolics.Index.Shifted("i", -1)]), (name, indices) => new Expr.Reference(name, indices));

    private static readonly Gen<Definition> Definitions =
        Gen.Select(Names, Binders.Array[0, 2], Pick<ValueList<string>>([], ["n"], ["n", "wide width"]), (name, binders, widths) => new Definition(name, binders.ToValueList(), widths));

    private static readonly Gen<MatrixTerm> Terms = Gen.OneOf(
        Gen.Select(ExprGen.Any, References, (coefficient, matrix) => (MatrixTerm)new MatrixTerm.Scaled(coefficient, matrix)),
        Gen.Select(ExprGen.Any, Binders.Array[0, 2], References, References, (coefficient, over, u, v) => (MatrixTerm)new MatrixTerm.Outer(coefficient, over.ToValueList(), u, v)));

    private static readonly Gen<Origin?> Origins =
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 50], Pick(null, "backward of h2", "a \"quoted\\ word\"\nand a line"), Gen.Bool, (start, length, note, any) => any ? new Origin(new Span(start, length), note) : null);

    private static readonly Gen<Instruction> Instructions = Gen.Select(
        Gen.OneOf(
            Gen.Select(Definitions, ExprGen.Any, (result, expr) => (Instruction)new Instruction.Gaussian(result, expr)),
            Gen.Select(Definitions, Names, (result, field) => (Instruction)new Instruction.Data(result, field)),
            Gen.Select(Definitions, References, Gen.Bool, References, (result, matrix, transposed, vector) => (Instruction)new Instruction.MatMul(result, matrix, transposed, vector)),
            Gen.Select(Definitions, ExprGen.Any, (result, expr) => (Instruction)new Instruction.Nonlin(result, expr)),
            Gen.Select(Definitions, ExprGen.Any, (result, expr) => (Instruction)new Instruction.OuterNonlin(result, expr)),
            Gen.Select(Definitions, ExprGen.Any, (result, expr) => (Instruction)new Instruction.Moment(result, "wide width", expr)),
            Gen.Select(Definitions, Terms.Array[0, 3], (result, terms) => (Instruction)new Instruction.MatrixSum(result, terms.ToValueList()))),
        Origins,
        (instruction, origin) => instruction with { Origin = origin });

    private static readonly Gen<Parameter> Parameters = Gen.Select(
        Gen.Select(Names, Names, Definitions),
        Gen.Select(ExprGen.Rationals, ExprGen.Rationals, ExprGen.Rationals),
        ExprGen.Any,
        Gen.Bool,
        Gen.Enum<ParameterRole>(),
        (names, abc, variance, trained, role) => new Parameter(names.Item1, names.Item2, names.Item3, abc.Item1, abc.Item2, abc.Item3, variance, trained) { RoleOfVector = role });

    private static readonly Gen<TensorProgram> Programs = Gen.Select(
        Names, Parameters.Array[0, 2], Blocks(2), Names.Array[0, 3],
        (name, parameters, body, outputs) => new TensorProgram(
            name, [new("n", 1), new("wide width", new Rational(3, 2))], [new("batch", 3), new("i", null)], parameters.ToValueList(), body, outputs.ToValueList()));

    [Fact]
    public void Reading_what_was_printed_gives_the_same_program() => Programs.Sample(
        program =>
        {
            var text = ProgramPrinter.Print(program, origins: true);
            var read = Read(text);
            return program == read && text == ProgramPrinter.Print(read, origins: true) && Read(ProgramPrinter.Print(program)) == program;
        },
        iter: 500);

    [Fact]
    public void A_broken_text_gives_a_diagnostic_and_no_exception() => Gen.Select(Programs, Gen.Int[0, 1_000_000], Gen.Char["{}[]()x1 \n`\"@+<:"]).Sample(
        (program, where, replacement) =>
        {
            var text = ProgramPrinter.Print(program, origins: true).ToCharArray();
            text[where % text.Length] = replacement;
            var broken = new string(text);
            DiagnosticBag diagnostics = [];
            var read = ProgramReader.Read(new SourceText("program", broken), diagnostics);
            return (read is null) == diagnostics.HasErrors;
        },
        iter: 500);

    [Theory]
    [InlineData("program p outputs f,", 20, "the file ends where a name is expected")]
    [InlineData("program p\nx : n = nonlinear 2\noutputs", 18, "expected an instruction, found `n`")]
    [InlineData("program p\nwidth n 1\nx : n = matmul 2, x\noutputs", 35, "expected a value, found `2`")]
    [InlineData("program p\nloop t < 3 {\noutputs", 23, "expected `}`, found `o`")]
    public void A_diagnostic_says_what_was_expected_where(string text, int start, string message)
    {
        DiagnosticBag diagnostics = [];
        Assert.Null(ProgramReader.Read(new SourceText("program", text), diagnostics));
        var diagnostic = Assert.Single(diagnostics);
        Assert.Equal(message, diagnostic.Message);
        Assert.Equal(start, diagnostic.Location!.Span.Start);
    }

    [Fact]
    public Task The_training_program_of_a_perceptron_with_two_hidden_layers()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 4, momentum: new Rational(9, 10), decay: new Rational(1, 1000), clip: 1);
        return Verifier.Verify(ProgramPrinter.Print(TrainingProgram.Of(network, plan)), "txt");
    }

    private static Gen<ValueList<Statement>> Blocks(int depth)
    {
        var instruction = Instructions.Select(i => (Statement)i);
        var statement = depth == 0
            ? instruction
            : Gen.Frequency(
                (3, instruction),
                (1, Gen.Select(Pick("t", "s"), Gen.Int[0, 9], Carries.Array[0, 2], Blocks(depth - 1), Origins, (counter, count, carried, body, origin) =>
                    (Statement)new Loop(counter, count, carried.ToValueList(), body) { Origin = origin })));
        return statement.Array[0, 4].Select(statements => statements.ToValueList());
    }

    private static Gen<Carried> Carries => Gen.Select(Definitions, Names, Names, (state, initial, next) => new Carried(state, initial, next));

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static TensorProgram Read(string text)
    {
        DiagnosticBag diagnostics = [];
        var program = ProgramReader.Read(new SourceText("program", text), diagnostics);
        return program ?? throw new InvalidOperationException(string.Join('\n', diagnostics) + "\n" + text);
    }
}
