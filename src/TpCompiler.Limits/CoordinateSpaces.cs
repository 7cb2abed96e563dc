using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>
/// Which vectors meet elementwise. Vectors that stand in one Nonlin or Moment share a coordinate space; so do W x with W x′, and factors of one matrix on one side.
/// Vectors of different layers of a network are in different spaces, even where their widths are equal, so each space has few Gaussians.
/// </summary>
public sealed class CoordinateSpaces
{
    private readonly Dictionary<string, string> parent = [];
    private readonly HashSet<string> matrices = [];

    private CoordinateSpaces()
    {
    }

    public static CoordinateSpaces Of(Program program)
    {
        var spaces = new CoordinateSpaces();
        var vectors = new HashSet<string>();
        spaces.Visit(program.Body, vectors);
        return spaces;
    }

    /// <summary>A name that stands for the space of a vector.</summary>
    public string OfVector(string name) => Find(name);

    /// <summary>A name that stands for the space of a matrix's rows (of W x).</summary>
    public string OfRows(string matrix) => Find(Rows(matrix));

    /// <summary>A name that stands for the space of a matrix's columns (of x in W x).</summary>
    public string OfColumns(string matrix) => Find(Columns(matrix));

    private static string Rows(string matrix) => matrix + "/rows";

    private static string Columns(string matrix) => matrix + "/columns";

    private void Visit(ValueList<Statement> block, HashSet<string> vectors)
    {
        foreach (var statement in block)
        {
            if (statement is Instruction { Result: { Kind: ValueKind.Vector } result })
            {
                vectors.Add(result.Name);
            }

            if (statement is Instruction { Result: { Kind: ValueKind.Matrix } matrix })
            {
                matrices.Add(matrix.Name);
            }

            switch (statement)
            {
                case Instruction.Nonlin nonlin:
                    UniteAll(nonlin.Body, vectors, nonlin.Result.Kind == ValueKind.Vector ? nonlin.Result.Name : null);
                    break;
                case Instruction.Moment moment:
                    UniteAll(moment.Body, vectors, null);
                    break;
                case Instruction.MatMul product:
                    Unite(product.Result.Name, product.Transposed ? Columns(product.Matrix.Name) : Rows(product.Matrix.Name));
                    Unite(product.Vector.Name, product.Transposed ? Rows(product.Matrix.Name) : Columns(product.Matrix.Name));
                    break;
                case Instruction.MatrixSum sum:
                    foreach (var term in sum.Terms)
                    {
                        var (rows, columns) = term switch
                        {
                            MatrixTerm.Scaled scaled => (Rows(scaled.Matrix.Name), Columns(scaled.Matrix.Name)),
                            MatrixTerm.Outer outer => (outer.Left.Name, outer.Right.Name),
                            _ => throw new System.Diagnostics.UnreachableException(),
                        };
                        Unite(Rows(sum.Result.Name), rows);
                        Unite(Columns(sum.Result.Name), columns);
                    }

                    break;
                case Instruction.OuterNonlin outer:
                    foreach (var name in outer.Body.References().Select(reference => reference.Name).Where(matrices.Contains))
                    {
                        Unite(Rows(outer.Result.Name), Rows(name));
                        Unite(Columns(outer.Result.Name), Columns(name));
                    }

                    break;
                case Loop loop:
                    foreach (var carried in loop.Carried)
                    {
                        UniteCarried(carried.State.Kind, carried.State.Name, carried.Initial, vectors);
                    }

                    Visit(loop.Body, vectors);
                    foreach (var carried in loop.Carried)
                    {
                        UniteCarried(carried.State.Kind, carried.State.Name, carried.Next, vectors);
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private void UniteCarried(ValueKind kind, string state, string value, HashSet<string> vectors)
    {
        switch (kind)
        {
            case ValueKind.Vector:
                vectors.Add(state);
                Unite(state, value);
                break;
            case ValueKind.Matrix:
                matrices.Add(state);
                Unite(Rows(state), Rows(value));
                Unite(Columns(state), Columns(value));
                break;
            case ValueKind.Scalar:
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void UniteAll(Expr body, HashSet<string> vectors, string? first)
    {
        foreach (var name in body.References().Select(reference => reference.Name).Where(vectors.Contains))
        {
            first ??= name;
            Unite(first, name);
        }
    }

    private string Find(string name)
    {
        while (parent.TryGetValue(name, out var above))
        {
            name = above;
        }

        return name;
    }

    private void Unite(string x, string y)
    {
        var (a, b) = (Find(x), Find(y));
        if (a != b)
        {
            parent[a] = b;
        }
    }
}
