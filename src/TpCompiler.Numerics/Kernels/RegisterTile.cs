using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>How a tile's left operand lies in memory, as constants where they are known.</summary>
internal interface ITileLayout
{
    static abstract nint RowStride(nint given);

    static abstract int DepthStride { get; }
}

/// <summary>Rows contiguous in the depth: element (r, k) at r·stride + k.</summary>
internal readonly struct RowsApart : ITileLayout
{
    public static int DepthStride => 1;

    public static nint RowStride(nint given) => given;
}

/// <summary>Packed eight rows at a time: element (r, k) at 8k + r.</summary>
internal readonly struct RowsTogether : ITileLayout
{
    public const int Rows = 8;

    public static int DepthStride => Rows;

    public static nint RowStride(nint given) => 1;
}

/// <summary>
/// C ← β·C + A·B for one tile that stays in registers: C has a few rows of one or two registers each, <see cref="RowStrideOfC"/> apart; B
/// has <see cref="Segments"/>·<see cref="Depth"/> rows of as many registers, contiguous; A is a column of <see cref="Segments"/> pieces
/// of that depth, <see cref="SegmentStride"/> apart. With β = 0, C is not read.
/// </summary>
internal unsafe ref struct TileOperands<T>
    where T : unmanaged
{
    public T* A;
    public nint RowStride;
    public nint SegmentStride;
    public int Segments;
    public T* B;
    public T* C;
    public nint RowStrideOfC;
    public int Depth;
    public T Beta;

    /// <summary>Tiles to do one after another, with the same B.</summary>
    public int Tiles;
    public nint TileStride;
    public nint TileStrideOfC;

    /// <summary>What to ask the memory for meanwhile: <see cref="AheadStep"/> bytes on at each step of the depth.</summary>
    public T* Ahead;
    public nint AheadStep;

    /// <summary>When not 0, the distance in front of each piece of A at which to ask, instead of going on from <see cref="Ahead"/>.</summary>
    public nint AheadOffset;
}

/// <summary>
/// The register-tiled inner loop of every matrix product here. Each element's sum runs over the depth in order, one fused multiply-add a
/// term.
/// </summary>
internal static unsafe class RegisterTile<TV, T, TLayout>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLayout : struct, ITileLayout
{
    /// <summary>
    /// The rows of the largest tile that <see cref="Run"/> can take at once when <paramref name="remaining"/> are left: 8, 4 or 1.
    /// </summary>
    public static int Rows(int remaining) => remaining >= TV.TileRows ? TV.TileRows : remaining >= 4 ? 4 : 1;

    public static void Run(int rows, int registers, in TileOperands<T> operands)
    {
        switch (rows, registers)
        {
            case (8, 2): Run8x2(operands); break;
            case (8, 1): Run8x1(operands); break;
            case (4, 2): Run4x2(operands); break;
            case (4, 1): Run4x1(operands); break;
            case (1, 2): Run1x2(operands); break;
            default: throw new UnreachableException();
        }
    }

    /// <summary>8 rows of two registers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run8x2(in TileOperands<T> x)
    {
        int lanes = TV.Count;
        nint row = TLayout.RowStride(x.RowStride) * sizeof(T);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TV c0a = TV.Zero, c0b = TV.Zero;
            TV c1a = TV.Zero, c1b = TV.Zero;
            TV c2a = TV.Zero, c2b = TV.Zero;
            TV c3a = TV.Zero, c3b = TV.Zero;
            TV c4a = TV.Zero, c4b = TV.Zero;
            TV c5a = TV.Zero, c5b = TV.Zero;
            TV c6a = TV.Zero, c6b = TV.Zero;
            TV c7a = TV.Zero, c7b = TV.Zero;
            if (x.Beta != T.Zero)
            {
                TV beta = TV.Broadcast(x.Beta);
                c0a = TV.Load(c) * beta;
                c0b = TV.Load(c + lanes) * beta;
                c1a = TV.Load(c + ldc) * beta;
                c1b = TV.Load(c + ldc + lanes) * beta;
                c2a = TV.Load(c + (2 * ldc)) * beta;
                c2b = TV.Load(c + (2 * ldc) + lanes) * beta;
                c3a = TV.Load(c + (3 * ldc)) * beta;
                c3b = TV.Load(c + (3 * ldc) + lanes) * beta;
                c4a = TV.Load(c + (4 * ldc)) * beta;
                c4b = TV.Load(c + (4 * ldc) + lanes) * beta;
                c5a = TV.Load(c + (5 * ldc)) * beta;
                c5b = TV.Load(c + (5 * ldc) + lanes) * beta;
                c6a = TV.Load(c + (6 * ldc)) * beta;
                c6b = TV.Load(c + (6 * ldc) + lanes) * beta;
                c7a = TV.Load(c + (7 * ldc)) * beta;
                c7b = TV.Load(c + (7 * ldc) + lanes) * beta;
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                byte* a = (byte*)(x.A + (tile * x.TileStride) + (segment * x.SegmentStride));
                ahead = x.AheadOffset == 0 ? ahead : a + (x.AheadOffset * sizeof(T));
                byte* a3 = a + (3 * row);
                byte* a6 = a + (6 * row);
                for (int k = 0; k < x.Depth; k++)
                {
                    TV.Prefetch(ahead);
                    ahead += aheadStep;
                    TV b0 = TV.Load(b);
                    TV b1 = TV.Load(b + lanes);
                    TV s = TV.Broadcast(*(T*)a);
                    c0a = TV.Fma(s, b0, c0a);
                    c0b = TV.Fma(s, b1, c0b);
                    s = TV.Broadcast(*(T*)(a + row));
                    c1a = TV.Fma(s, b0, c1a);
                    c1b = TV.Fma(s, b1, c1b);
                    s = TV.Broadcast(*(T*)(a + (2 * row)));
                    c2a = TV.Fma(s, b0, c2a);
                    c2b = TV.Fma(s, b1, c2b);
                    s = TV.Broadcast(*(T*)a3);
                    c3a = TV.Fma(s, b0, c3a);
                    c3b = TV.Fma(s, b1, c3b);
                    s = TV.Broadcast(*(T*)(a3 + row));
                    c4a = TV.Fma(s, b0, c4a);
                    c4b = TV.Fma(s, b1, c4b);
                    s = TV.Broadcast(*(T*)(a3 + (2 * row)));
                    c5a = TV.Fma(s, b0, c5a);
                    c5b = TV.Fma(s, b1, c5b);
                    s = TV.Broadcast(*(T*)a6);
                    c6a = TV.Fma(s, b0, c6a);
                    c6b = TV.Fma(s, b1, c6b);
                    s = TV.Broadcast(*(T*)(a6 + row));
                    c7a = TV.Fma(s, b0, c7a);
                    c7b = TV.Fma(s, b1, c7b);
                    a += TLayout.DepthStride * sizeof(T);
                    a3 += TLayout.DepthStride * sizeof(T);
                    a6 += TLayout.DepthStride * sizeof(T);
                    b += 2 * lanes;
                }
            }

            TV.Store(c0a, c);
            TV.Store(c0b, c + lanes);
            TV.Store(c1a, c + ldc);
            TV.Store(c1b, c + ldc + lanes);
            TV.Store(c2a, c + (2 * ldc));
            TV.Store(c2b, c + (2 * ldc) + lanes);
            TV.Store(c3a, c + (3 * ldc));
            TV.Store(c3b, c + (3 * ldc) + lanes);
            TV.Store(c4a, c + (4 * ldc));
            TV.Store(c4b, c + (4 * ldc) + lanes);
            TV.Store(c5a, c + (5 * ldc));
            TV.Store(c5b, c + (5 * ldc) + lanes);
            TV.Store(c6a, c + (6 * ldc));
            TV.Store(c6b, c + (6 * ldc) + lanes);
            TV.Store(c7a, c + (7 * ldc));
            TV.Store(c7b, c + (7 * ldc) + lanes);
        }
    }

    /// <summary>8 rows of one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run8x1(in TileOperands<T> x)
    {
        int lanes = TV.Count;
        nint row = TLayout.RowStride(x.RowStride) * sizeof(T);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TV c0a = TV.Zero;
            TV c1a = TV.Zero;
            TV c2a = TV.Zero;
            TV c3a = TV.Zero;
            TV c4a = TV.Zero;
            TV c5a = TV.Zero;
            TV c6a = TV.Zero;
            TV c7a = TV.Zero;
            if (x.Beta != T.Zero)
            {
                TV beta = TV.Broadcast(x.Beta);
                c0a = TV.Load(c) * beta;
                c1a = TV.Load(c + ldc) * beta;
                c2a = TV.Load(c + (2 * ldc)) * beta;
                c3a = TV.Load(c + (3 * ldc)) * beta;
                c4a = TV.Load(c + (4 * ldc)) * beta;
                c5a = TV.Load(c + (5 * ldc)) * beta;
                c6a = TV.Load(c + (6 * ldc)) * beta;
                c7a = TV.Load(c + (7 * ldc)) * beta;
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                byte* a = (byte*)(x.A + (tile * x.TileStride) + (segment * x.SegmentStride));
                ahead = x.AheadOffset == 0 ? ahead : a + (x.AheadOffset * sizeof(T));
                byte* a3 = a + (3 * row);
                byte* a6 = a + (6 * row);
                for (int k = 0; k < x.Depth; k++)
                {
                    TV.Prefetch(ahead);
                    ahead += aheadStep;
                    TV b0 = TV.Load(b);
                    TV s = TV.Broadcast(*(T*)a);
                    c0a = TV.Fma(s, b0, c0a);
                    s = TV.Broadcast(*(T*)(a + row));
                    c1a = TV.Fma(s, b0, c1a);
                    s = TV.Broadcast(*(T*)(a + (2 * row)));
                    c2a = TV.Fma(s, b0, c2a);
                    s = TV.Broadcast(*(T*)a3);
                    c3a = TV.Fma(s, b0, c3a);
                    s = TV.Broadcast(*(T*)(a3 + row));
                    c4a = TV.Fma(s, b0, c4a);
                    s = TV.Broadcast(*(T*)(a3 + (2 * row)));
                    c5a = TV.Fma(s, b0, c5a);
                    s = TV.Broadcast(*(T*)a6);
                    c6a = TV.Fma(s, b0, c6a);
                    s = TV.Broadcast(*(T*)(a6 + row));
                    c7a = TV.Fma(s, b0, c7a);
                    a += TLayout.DepthStride * sizeof(T);
                    a3 += TLayout.DepthStride * sizeof(T);
                    a6 += TLayout.DepthStride * sizeof(T);
                    b += lanes;
                }
            }

            TV.Store(c0a, c);
            TV.Store(c1a, c + ldc);
            TV.Store(c2a, c + (2 * ldc));
            TV.Store(c3a, c + (3 * ldc));
            TV.Store(c4a, c + (4 * ldc));
            TV.Store(c5a, c + (5 * ldc));
            TV.Store(c6a, c + (6 * ldc));
            TV.Store(c7a, c + (7 * ldc));
        }
    }

    /// <summary>4 rows of two registers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run4x2(in TileOperands<T> x)
    {
        int lanes = TV.Count;
        nint row = TLayout.RowStride(x.RowStride) * sizeof(T);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TV c0a = TV.Zero, c0b = TV.Zero;
            TV c1a = TV.Zero, c1b = TV.Zero;
            TV c2a = TV.Zero, c2b = TV.Zero;
            TV c3a = TV.Zero, c3b = TV.Zero;
            if (x.Beta != T.Zero)
            {
                TV beta = TV.Broadcast(x.Beta);
                c0a = TV.Load(c) * beta;
                c0b = TV.Load(c + lanes) * beta;
                c1a = TV.Load(c + ldc) * beta;
                c1b = TV.Load(c + ldc + lanes) * beta;
                c2a = TV.Load(c + (2 * ldc)) * beta;
                c2b = TV.Load(c + (2 * ldc) + lanes) * beta;
                c3a = TV.Load(c + (3 * ldc)) * beta;
                c3b = TV.Load(c + (3 * ldc) + lanes) * beta;
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                byte* a = (byte*)(x.A + (tile * x.TileStride) + (segment * x.SegmentStride));
                ahead = x.AheadOffset == 0 ? ahead : a + (x.AheadOffset * sizeof(T));
                byte* a3 = a + (3 * row);
                for (int k = 0; k < x.Depth; k++)
                {
                    TV.Prefetch(ahead);
                    ahead += aheadStep;
                    TV b0 = TV.Load(b);
                    TV b1 = TV.Load(b + lanes);
                    TV s = TV.Broadcast(*(T*)a);
                    c0a = TV.Fma(s, b0, c0a);
                    c0b = TV.Fma(s, b1, c0b);
                    s = TV.Broadcast(*(T*)(a + row));
                    c1a = TV.Fma(s, b0, c1a);
                    c1b = TV.Fma(s, b1, c1b);
                    s = TV.Broadcast(*(T*)(a + (2 * row)));
                    c2a = TV.Fma(s, b0, c2a);
                    c2b = TV.Fma(s, b1, c2b);
                    s = TV.Broadcast(*(T*)a3);
                    c3a = TV.Fma(s, b0, c3a);
                    c3b = TV.Fma(s, b1, c3b);
                    a += TLayout.DepthStride * sizeof(T);
                    a3 += TLayout.DepthStride * sizeof(T);
                    b += 2 * lanes;
                }
            }

            TV.Store(c0a, c);
            TV.Store(c0b, c + lanes);
            TV.Store(c1a, c + ldc);
            TV.Store(c1b, c + ldc + lanes);
            TV.Store(c2a, c + (2 * ldc));
            TV.Store(c2b, c + (2 * ldc) + lanes);
            TV.Store(c3a, c + (3 * ldc));
            TV.Store(c3b, c + (3 * ldc) + lanes);
        }
    }

    /// <summary>4 rows of one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run4x1(in TileOperands<T> x)
    {
        int lanes = TV.Count;
        nint row = TLayout.RowStride(x.RowStride) * sizeof(T);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TV c0a = TV.Zero;
            TV c1a = TV.Zero;
            TV c2a = TV.Zero;
            TV c3a = TV.Zero;
            if (x.Beta != T.Zero)
            {
                TV beta = TV.Broadcast(x.Beta);
                c0a = TV.Load(c) * beta;
                c1a = TV.Load(c + ldc) * beta;
                c2a = TV.Load(c + (2 * ldc)) * beta;
                c3a = TV.Load(c + (3 * ldc)) * beta;
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                byte* a = (byte*)(x.A + (tile * x.TileStride) + (segment * x.SegmentStride));
                ahead = x.AheadOffset == 0 ? ahead : a + (x.AheadOffset * sizeof(T));
                byte* a3 = a + (3 * row);
                for (int k = 0; k < x.Depth; k++)
                {
                    TV.Prefetch(ahead);
                    ahead += aheadStep;
                    TV b0 = TV.Load(b);
                    TV s = TV.Broadcast(*(T*)a);
                    c0a = TV.Fma(s, b0, c0a);
                    s = TV.Broadcast(*(T*)(a + row));
                    c1a = TV.Fma(s, b0, c1a);
                    s = TV.Broadcast(*(T*)(a + (2 * row)));
                    c2a = TV.Fma(s, b0, c2a);
                    s = TV.Broadcast(*(T*)a3);
                    c3a = TV.Fma(s, b0, c3a);
                    a += TLayout.DepthStride * sizeof(T);
                    a3 += TLayout.DepthStride * sizeof(T);
                    b += lanes;
                }
            }

            TV.Store(c0a, c);
            TV.Store(c1a, c + ldc);
            TV.Store(c2a, c + (2 * ldc));
            TV.Store(c3a, c + (3 * ldc));
        }
    }

    /// <summary>1 rows of two registers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run1x2(in TileOperands<T> x)
    {
        int lanes = TV.Count;
        nint row = TLayout.RowStride(x.RowStride) * sizeof(T);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TV c0a = TV.Zero, c0b = TV.Zero;
            if (x.Beta != T.Zero)
            {
                TV beta = TV.Broadcast(x.Beta);
                c0a = TV.Load(c) * beta;
                c0b = TV.Load(c + lanes) * beta;
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                byte* a = (byte*)(x.A + (tile * x.TileStride) + (segment * x.SegmentStride));
                ahead = x.AheadOffset == 0 ? ahead : a + (x.AheadOffset * sizeof(T));
                for (int k = 0; k < x.Depth; k++)
                {
                    TV.Prefetch(ahead);
                    ahead += aheadStep;
                    TV b0 = TV.Load(b);
                    TV b1 = TV.Load(b + lanes);
                    TV s = TV.Broadcast(*(T*)a);
                    c0a = TV.Fma(s, b0, c0a);
                    c0b = TV.Fma(s, b1, c0b);
                    a += TLayout.DepthStride * sizeof(T);
                    b += 2 * lanes;
                }
            }

            TV.Store(c0a, c);
            TV.Store(c0b, c + lanes);
        }
    }
}
