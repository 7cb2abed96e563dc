namespace TpCompiler.Numerics.Execution;

/// <summary>coefficient · M.</summary>
/// <param name="Coefficient">The factor.</param>
/// <param name="Matrix">M.</param>
/// <param name="IsLastUse">Whether nothing else will read M: the sum may be made in its place.</param>
public readonly record struct ScaledMatrix<TMatrix>(double Coefficient, TMatrix Matrix, bool IsLastUse);

/// <summary>Σ_k c_k u_k v_kᵀ, as it stands in the program: any 1/n is in the coefficients.</summary>
/// <param name="Coefficients">c_k.</param>
/// <param name="Left">The u_k one after the other, each as long as the matrix has rows.</param>
/// <param name="Right">The v_k one after the other, each as long as the matrix has columns.</param>
public readonly record struct OuterFactors<T>(double[] Coefficients, ReadOnlyMemory<T> Left, ReadOnlyMemory<T> Right);
