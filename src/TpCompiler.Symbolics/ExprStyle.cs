namespace TpCompiler.Symbolics;

/// <summary>In what an expression is written.</summary>
public enum ExprStyle
{
    /// <summary>Text that <see cref="ExprReader"/> reads back: <c>n^(-1/2) * sum(i:input, U[i] * x[b,i])</c>.</summary>
    Ascii,

    /// <summary>Equations for people: <c>½ Σ_{s&lt;t} φ′(h)² / √n</c>.</summary>
    Unicode,

    /// <summary>LaTeX, for math mode.</summary>
    Latex,
}
