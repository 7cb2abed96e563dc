using System.Numerics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// C ← α·A·B + β·C, A m × k, B k × n: A's element (i, j) lies at i·RowOfA + j·ColumnOfA, B's likewise, and C's at i·RowOfC + j.
/// </summary>
internal unsafe struct Product<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public int M;
    public int N;
    public int K;
    public T Alpha;
    public T Beta;
    public T* A;
    public nint RowOfA;
    public nint ColumnOfA;
    public T* B;
    public nint RowOfB;
    public nint ColumnOfB;
    public T* C;
    public nint RowOfC;
}
