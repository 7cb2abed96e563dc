using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>The place where a function of a vector has a kink or a jump: where <paramref name="Argument"/> is 0.</summary>
/// <param name="Argument">A Nonlin that the program doesn't have: the argument of the function less the kink.</param>
/// <param name="Vector">A vector that it reads, for its coordinate space.</param>
internal sealed record KinkArgument(Instruction.Nonlin Argument, string Vector);

/// <summary>Where the functions of a program are not smooth, instruction by instruction.</summary>
internal sealed class KinkArguments
{
    private readonly Dictionary<Instruction, ValueList<KinkArgument>> kinks;

    private KinkArguments(Dictionary<Instruction, ValueList<KinkArgument>> kinks) => this.kinks = kinks;

    /// <summary>One vector of each kink.</summary>
    public IEnumerable<string> Vectors => kinks.Values.SelectMany(arguments => arguments).Select(argument => argument.Vector);

    /// <summary>The kinks of a program, each at the first instruction of a block that has it.</summary>
    public static KinkArguments Of(Program program)
    {
        var definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        var kinks = new Dictionary<Instruction, ValueList<KinkArgument>>(ReferenceEqualityComparer.Instance);
        var number = 0;
        Visit(program.Body);
        return new KinkArguments(kinks);

        void Visit(ValueList<Statement> block)
        {
            var seen = new HashSet<(Expr, ValueList<IndexBinder>)>();
            foreach (var statement in block)
            {
                switch (statement)
                {
                    case Loop loop:
                        Visit(loop.Body);
                        break;
                    case Instruction.Nonlin or Instruction.Moment:
                        var instruction = (Instruction)statement;
                        var found = instruction.Expressions().SelectMany(body => In(body, instruction.Result.Indices)).Where(argument => seen.Add((argument.Argument.Body, argument.Argument.Result.Indices))).ToValueList();
                        if (found.Count > 0)
                        {
                            kinks.Add(instruction, found);
                        }

                        break;
                    default:
                        break;
                }
            }
        }

        IEnumerable<KinkArgument> In(Expr expr, ValueList<IndexBinder> bound)
        {
            if (expr is Expr.Call { Arguments: [var argument] } call && WideReference(argument) is { } vector)
            {
                var free = argument.FreeIndices();
                var indices = bound.Where(binder => free.Contains(binder.Name)).ToValueList();
                foreach (var kink in Nonlinearities.Get(call.Function).Kinks)
                {
                    yield return new KinkArgument(
                        new Instruction.Nonlin(new Definition($"kink {number++}", indices, definitions[vector].Widths), argument - kink),
                        vector);
                }
            }

            foreach (var inner in expr.Children.SelectMany(child => In(child, expr is Expr.Sum sum ? [.. bound, sum.Index] : bound)))
            {
                yield return inner;
            }
        }

        string? WideReference(Expr expr) => expr.References().Select(reference => reference.Name).FirstOrDefault(name => definitions[name].Kind == ValueKind.Vector);
    }

    /// <summary>The kinks that an instruction adds to those before it.</summary>
    public ValueList<KinkArgument> At(Instruction instruction) => kinks.GetValueOrDefault(instruction, ValueList<KinkArgument>.Empty);
}
