using System.Diagnostics;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// Says whether a program is well formed: names are unique, references point backwards and into scope, indices, axes, widths and kinds agree, index variables are bound once and never hide
/// one another, carried values keep their type. To be run after every pass.
/// </summary>
public sealed class ProgramVerifier
{
    private readonly Program program;
    private readonly string pass;
    private readonly DiagnosticBag diagnostics;
    private readonly HashSet<string> defined = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Definition> scope = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Axis> axes;
    private readonly List<(string Name, string Axis)> indices = [];
    private Statement? current;

    private ProgramVerifier(Program program, string pass, SourceText? source)
    {
        this.program = program;
        this.pass = pass;
        diagnostics = new DiagnosticBag(source);
        axes = program.Axes.DistinctBy(axis => axis.Name).ToDictionary(axis => axis.Name, StringComparer.Ordinal);
    }

    /// <summary>What is wrong with the program: <see cref="Codes.InvalidProgram"/>, each with a reason; empty when it is well formed.</summary>
    /// <param name="program">The program.</param>
    /// <param name="pass">What made it, for the message.</param>
    /// <param name="source">The text that origins point into.</param>
    public static DiagnosticBag Verify(Program program, string pass, SourceText? source = null)
    {
        var verifier = new ProgramVerifier(program, pass, source);
        verifier.VerifyDimensions();
        verifier.VerifyBlock(program.Body);
        verifier.VerifyUses();
        return verifier.diagnostics;
    }

    private void Report(string reason)
    {
        if (current?.Origin is { } origin)
        {
            diagnostics.Add(Codes.InvalidProgram, origin.Span, pass, reason);
        }
        else
        {
            diagnostics.Add(Codes.InvalidProgram, default(Location), pass, reason);
        }
    }

    private void VerifyDimensions()
    {
        foreach (var name in Repeated(program.Widths.Select(width => width.Name).Concat(program.Axes.Select(axis => axis.Name))))
        {
            Report($"two dimensions are called `{name}`");
        }

        foreach (var width in program.Widths.Where(width => width.Ratio.Sign <= 0))
        {
            Report($"the width `{width.Name}` has the ratio {width.Ratio}");
        }

        if (program.Widths.Count > 0 && !program.Widths[0].Ratio.IsOne)
        {
            Report($"the ratio of the first width, `{program.Widths[0].Name}`, is not 1");
        }

        foreach (var axis in program.Axes.Where(axis => axis.Size <= 0))
        {
            Report($"the axis `{axis.Name}` has the size {axis.Size}");
        }
    }

    private void VerifyUses()
    {
        foreach (var output in program.Outputs.Where(output => !defined.Contains(output)))
        {
            Report($"the output `{output}` is not defined");
        }

        var table = ValueTable.Of(program);
        foreach (var parameter in program.Parameters)
        {
            if (table.Find(parameter.Initial) is not { } initial)
            {
                Report($"the initial value `{parameter.Initial}` of the parameter `{parameter.Name}` is not defined");
            }
            else if (!SameType(parameter.Type, initial.Definition))
            {
                Report($"the parameter `{parameter.Name}` and its initial value differ in type");
            }
        }
    }

    private void VerifyBlock(ValueList<Statement> block)
    {
        foreach (var statement in block)
        {
            current = statement;
            switch (statement)
            {
                case Instruction instruction:
                    VerifyInstruction(instruction);
                    break;
                case Loop loop:
                    VerifyLoop(loop);
                    break;
                default:
                    throw new UnreachableException();
            }

            current = null;
        }
    }

    private void VerifyLoop(Loop loop)
    {
        if (loop.Count < 0)
        {
            Report($"the loop over `{loop.Counter}` has {loop.Count} iterations");
        }

        if (axes.ContainsKey(loop.Counter) || indices.Exists(index => index.Name == loop.Counter))
        {
            Report($"the counter `{loop.Counter}` hides another index or axis");
        }

        foreach (var carried in loop.Carried)
        {
            VerifyDefinition(carried.State);
            VerifyCarried(carried, carried.Initial, "initial");
        }

        foreach (var carried in loop.Carried)
        {
            Define(carried.State);
        }

        var outside = new Dictionary<string, Definition>(scope, StringComparer.Ordinal);
        indices.Add((loop.Counter, loop.Counter));
        axes.TryAdd(loop.Counter, new Axis(loop.Counter, loop.Count));
        VerifyBlock(loop.Body);
        current = loop;
        foreach (var carried in loop.Carried)
        {
            VerifyCarried(carried, carried.Next, "next");
        }

        axes.Remove(loop.Counter);
        indices.RemoveAt(indices.Count - 1);
        scope.Clear();
        foreach (var (name, definition) in outside)
        {
            scope.Add(name, definition);
        }
    }

    private void VerifyCarried(Carried carried, string value, string which)
    {
        if (!scope.TryGetValue(value, out var definition))
        {
            Report($"the {which} value `{value}` of `{carried.State.Name}` is not in scope");
        }
        else if (!SameType(carried.State, definition))
        {
            Report($"`{carried.State.Name}` and its {which} value `{value}` differ in type");
        }
    }

    private static bool SameType(Definition x, Definition y) =>
        x.Widths.Equals(y.Widths) && x.Indices.Select(binder => binder.Axis).SequenceEqual(y.Indices.Select(binder => binder.Axis), StringComparer.Ordinal);

    private void Define(Definition definition)
    {
        if (!defined.Add(definition.Name))
        {
            Report($"`{definition.Name}` is defined twice");
        }

        if (program.Widths.Any(width => width.Name == definition.Name))
        {
            Report($"`{definition.Name}` is a value and a width");
        }

        scope[definition.Name] = definition;
    }

    private void VerifyDefinition(Definition definition)
    {
        foreach (var name in Repeated(definition.Indices.Select(binder => binder.Name)))
        {
            Report($"`{definition.Name}` has the index `{name}` twice");
        }

        foreach (var binder in definition.Indices)
        {
            VerifyBinder(binder);
            if (binder.Below is not null)
            {
                Report($"the index `{binder.Name}` of `{definition.Name}` is bounded");
            }
        }

        foreach (var width in definition.Widths.Where(width => !IsWidth(width)))
        {
            Report($"`{definition.Name}` has the width `{width}`, which is not declared");
        }

        if (definition.Widths.Count > 2)
        {
            Report($"`{definition.Name}` has more than two widths");
        }
    }

    private void VerifyInstruction(Instruction instruction)
    {
        var result = instruction.Result;
        VerifyDefinition(result);
        var outer = indices.Count;
        indices.AddRange(result.Indices.Select(binder => (binder.Name, binder.Axis)));
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                if (gaussian.Variance.DescendantsAndSelf().Any(expr => expr is Expr.Reference or Expr.IndexValue or Expr.Sum))
                {
                    Report($"the variance of `{result.Name}` is not constant");
                }

                VerifyBody(gaussian.Variance, null);
                break;
            case Instruction.Data:
                Require(result, ValueKind.Scalar);
                break;
            case Instruction.Nonlin nonlin:
                if (result.Kind == ValueKind.Matrix)
                {
                    Report($"`{result.Name}` is a matrix, and a Nonlin makes vectors and scalars");
                }

                VerifyBody(nonlin.Body, result.Widths.FirstOrDefault());
                break;
            case Instruction.Moment moment:
                Require(result, ValueKind.Scalar);
                if (!IsWidth(moment.Width))
                {
                    Report($"`{result.Name}` is a mean over `{moment.Width}`, which is no width");
                }

                VerifyBody(moment.Body, moment.Width);
                break;
            case Instruction.MatMul product:
                VerifyMatMul(product);
                break;
            case Instruction.MatrixSum sum:
                Require(result, ValueKind.Matrix);
                foreach (var term in sum.Terms)
                {
                    VerifyTerm(result, term);
                }

                break;
            case Instruction.OuterNonlin entries:
                Require(result, ValueKind.Matrix);
                foreach (var reference in entries.Body.References())
                {
                    if (VerifyReference(reference) is { } value && (value.Kind == ValueKind.Vector || (value.Kind == ValueKind.Matrix && !value.Widths.Equals(result.Widths))))
                    {
                        Report($"`{value.Name}` stands among the entries of `{result.Name}`");
                    }
                }

                break;
            default:
                throw new UnreachableException();
        }

        indices.RemoveRange(outer, indices.Count - outer);
        Define(result);
    }

    private void VerifyMatMul(Instruction.MatMul product)
    {
        var matrix = VerifyReference(product.Matrix);
        var vector = VerifyReference(product.Vector);
        if (matrix is null || vector is null)
        {
            return;
        }

        if (matrix.Kind != ValueKind.Matrix || vector.Kind != ValueKind.Vector || product.Result.Kind != ValueKind.Vector)
        {
            Report($"`{product.Result.Name}` is not a vector made of a matrix and a vector");
            return;
        }

        var (to, from) = product.Transposed ? (matrix.Widths[1], matrix.Widths[0]) : (matrix.Widths[0], matrix.Widths[1]);
        if (vector.Widths[0] != from || product.Result.Widths[0] != to)
        {
            Report($"the widths of `{product.Result.Name}`, `{matrix.Name}` and `{vector.Name}` don't fit");
        }
    }

    private void VerifyTerm(Definition result, MatrixTerm term)
    {
        var outer = indices.Count;
        switch (term)
        {
            case MatrixTerm.Scaled scaled:
                if (VerifyReference(scaled.Matrix) is { } matrix && !matrix.Widths.Equals(result.Widths))
                {
                    Report($"the widths of `{matrix.Name}` are not those of `{result.Name}`");
                }

                break;
            case MatrixTerm.Outer product:
                foreach (var binder in product.Over)
                {
                    VerifyBinder(binder);
                    indices.Add((binder.Name, binder.Axis));
                }

                if (VerifyReference(product.Left) is { } left && (left.Kind != ValueKind.Vector || left.Widths[0] != result.Widths.FirstOrDefault()))
                {
                    Report($"`{left.Name}` is no vector over the rows of `{result.Name}`");
                }

                if (VerifyReference(product.Right) is { } right && (right.Kind != ValueKind.Vector || right.Widths[0] != result.Widths.LastOrDefault()))
                {
                    Report($"`{right.Name}` is no vector over the columns of `{result.Name}`");
                }

                break;
            default:
                throw new UnreachableException();
        }

        VerifyBody(term.Coefficient, null);
        indices.RemoveRange(outer, indices.Count - outer);
    }

    /// <summary>An expression over the coordinates of a width (null: scalars only).</summary>
    private void VerifyBody(Expr expr, string? width)
    {
        switch (expr)
        {
            case Expr.Reference reference:
                if (VerifyReference(reference) is { } value && (value.Kind == ValueKind.Matrix || (value.Kind == ValueKind.Vector && value.Widths[0] != width)))
                {
                    Report(width is null ? $"`{value.Name}` stands where only scalars may" : $"`{value.Name}` stands among coordinates of `{width}`");
                }

                break;
            case Expr.IndexValue index:
                AxisOf(index.Index);
                break;
            case Expr.WidthPower power when !IsWidth(power.Width):
                Report($"`{power.Width}` is no width");
                break;
            case Expr.Call call when Nonlinearities.Find(call.Function) is null || call.Arguments.Count != 1 || call.Derivative < 0:
                Report($"`{call.Function}` with {call.Arguments.Count} arguments is not in the table of nonlinearities");
                break;
            case Expr.Expectation:
                Report("an expectation has no place in a program");
                break;
            case Expr.Sum sum:
                VerifyBinder(sum.Index);
                indices.Add((sum.Index.Name, sum.Index.Axis));
                VerifyBody(sum.Body, width);
                indices.RemoveAt(indices.Count - 1);
                break;
            default:
                foreach (var child in expr.Children)
                {
                    VerifyBody(child, width);
                }

                break;
        }
    }

    private void VerifyBinder(IndexBinder binder)
    {
        if (!axes.ContainsKey(binder.Axis))
        {
            Report($"the index `{binder.Name}` runs over `{binder.Axis}`, which is no axis");
        }

        if (indices.Exists(index => index.Name == binder.Name))
        {
            Report($"the index `{binder.Name}` hides another of the same name");
        }

        if (binder.Below is { } below)
        {
            AxisOf(below);
        }
    }

    private Definition? VerifyReference(Expr.Reference reference)
    {
        if (!scope.TryGetValue(reference.Name, out var definition))
        {
            Report(defined.Contains(reference.Name) ? $"`{reference.Name}` is out of scope" : $"`{reference.Name}` is read before it is defined");
            return null;
        }

        if (reference.Indices.Count != definition.Indices.Count)
        {
            Report($"`{reference.Name}` has {definition.Indices.Count} axes, and is read at {reference.Indices.Count} indices");
            return definition;
        }

        foreach (var (index, binder) in reference.Indices.Zip(definition.Indices))
        {
            VerifyIndex(reference, index, binder.Axis);
        }

        return definition;
    }

    private void VerifyIndex(Expr.Reference reference, Index index, string axis)
    {
        switch (index)
        {
            case Index.Variable or Index.Shifted:
                var name = index is Index.Variable variable ? variable.Name : ((Index.Shifted)index).Name;
                if (AxisOf(name) is { } over && over != axis)
                {
                    Report($"`{reference.Name}` has the axis `{axis}` where the index `{name}` runs over `{over}`");
                }

                break;
            case Index.Fixed position:
                if (position.Position < 0 || (axes.TryGetValue(axis, out var known) && position.Position >= known.Size))
                {
                    Report($"`{reference.Name}` is read at {position.Position}, which is outside its axis `{axis}`");
                }

                break;
            case Index.Lookup lookup:
                if (VerifyReference(lookup.Row) is { Kind: not ValueKind.Scalar } row)
                {
                    Report($"a row of `{reference.Name}` is looked up by `{row.Name}`, which is no scalar");
                }

                break;
            default:
                throw new UnreachableException();
        }
    }

    private string? AxisOf(string index)
    {
        var position = indices.FindLastIndex(entry => entry.Name == index);
        if (position >= 0)
        {
            return indices[position].Axis;
        }

        Report($"the index `{index}` is not bound");
        return null;
    }

    private bool IsWidth(string name) => program.Widths.Any(width => width.Name == name);

    private void Require(Definition definition, ValueKind kind)
    {
        if (definition.Kind != kind)
        {
            Report($"`{definition.Name}` is a {definition.Kind.ToString().ToLowerInvariant()}, not a {kind.ToString().ToLowerInvariant()}");
        }
    }

    private static IEnumerable<string> Repeated(IEnumerable<string> names) => names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key);
}
