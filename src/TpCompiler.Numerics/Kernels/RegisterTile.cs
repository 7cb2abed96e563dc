using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>How a tile's left operand lies in memory: constants, so that an address in a loop is one register and a number.</summary>
internal interface ITileLayout
{
    /// <summary>From an element to the one in the next row, when a register has so many <paramref name="lanes"/>.</summary>
    static abstract int RowStride(int lanes);

    /// <summary>From an element to the next in the depth.</summary>
    static abstract int DepthStride { get; }
}

/// <summary>Packed eight rows at a time: element (r, k) at 8k + r.</summary>
internal readonly struct RowsTogether : ITileLayout
{
    public const int Rows = 8;

    public static int DepthStride => Rows;

    public static int RowStride(int lanes) => 1;
}

/// <summary>A row is the two registers' worth of one input's weights in a panel: element (r, k) at 2·lanes·r + k.</summary>
internal readonly struct RowsOfPanel : ITileLayout
{
    public static int DepthStride => 1;

    public static int RowStride(int lanes) => 2 * lanes;
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
/// <remarks>
/// Instructions for a multiply-add are what counts when two hardware threads share a core. So the loops are written against the bare
/// register type <typeparamref name="TR"/> (with a wrapper about it, the JIT lets a multiply-add overwrite its broadcast operand instead of
/// the sum, and copies the sums back at each step), go two steps of the depth a turn, and find the left operand at constant distances.
/// </remarks>
internal static unsafe class RegisterTile<TRegisters, TR, T, TLayout>
    where TRegisters : struct, IRegisters<TR, T>
    where TR : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLayout : struct, ITileLayout
{
    /// <summary>
    /// The rows of the largest tile that <see cref="Run"/> can take at once when <paramref name="remaining"/> are left: 8, 4 or 1.
    /// </summary>
    public static int Rows(int remaining) => remaining >= TRegisters.TileRows ? TRegisters.TileRows : remaining >= 4 ? 4 : 1;

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
        int lanes = TRegisters.Count;
        nint row = TLayout.RowStride(lanes);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TR c0a = TRegisters.Zero, c0b = TRegisters.Zero;
            TR c1a = TRegisters.Zero, c1b = TRegisters.Zero;
            TR c2a = TRegisters.Zero, c2b = TRegisters.Zero;
            TR c3a = TRegisters.Zero, c3b = TRegisters.Zero;
            TR c4a = TRegisters.Zero, c4b = TRegisters.Zero;
            TR c5a = TRegisters.Zero, c5b = TRegisters.Zero;
            TR c6a = TRegisters.Zero, c6b = TRegisters.Zero;
            TR c7a = TRegisters.Zero, c7b = TRegisters.Zero;
            if (x.Beta != T.Zero)
            {
                TR beta = TRegisters.Broadcast(x.Beta);
                c0a = TRegisters.Multiply(TRegisters.Load(c), beta);
                c0b = TRegisters.Multiply(TRegisters.Load(c + lanes), beta);
                c1a = TRegisters.Multiply(TRegisters.Load(c + ldc), beta);
                c1b = TRegisters.Multiply(TRegisters.Load(c + ldc + lanes), beta);
                c2a = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc)), beta);
                c2b = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc) + lanes), beta);
                c3a = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc)), beta);
                c3b = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc) + lanes), beta);
                c4a = TRegisters.Multiply(TRegisters.Load(c + (4 * ldc)), beta);
                c4b = TRegisters.Multiply(TRegisters.Load(c + (4 * ldc) + lanes), beta);
                c5a = TRegisters.Multiply(TRegisters.Load(c + (5 * ldc)), beta);
                c5b = TRegisters.Multiply(TRegisters.Load(c + (5 * ldc) + lanes), beta);
                c6a = TRegisters.Multiply(TRegisters.Load(c + (6 * ldc)), beta);
                c6b = TRegisters.Multiply(TRegisters.Load(c + (6 * ldc) + lanes), beta);
                c7a = TRegisters.Multiply(TRegisters.Load(c + (7 * ldc)), beta);
                c7b = TRegisters.Multiply(TRegisters.Load(c + (7 * ldc) + lanes), beta);
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                T* a = x.A + (tile * x.TileStride) + (segment * x.SegmentStride);
                ahead = x.AheadOffset == 0 ? ahead : (byte*)(a + x.AheadOffset);
                int k = x.Depth;
                for (; k >= 2; k -= 2)
                {
                    TRegisters.Prefetch(ahead);
                    TRegisters.Prefetch(ahead + aheadStep);
                    ahead += 2 * aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR b1 = TRegisters.Load(b + lanes);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    c0b = TRegisters.Fma(s, b1, c0b);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    c1b = TRegisters.Fma(s, b1, c1b);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    c2b = TRegisters.Fma(s, b1, c2b);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    c3b = TRegisters.Fma(s, b1, c3b);
                    s = TRegisters.Broadcast(*(a + (4 * row)));
                    c4a = TRegisters.Fma(s, b0, c4a);
                    c4b = TRegisters.Fma(s, b1, c4b);
                    s = TRegisters.Broadcast(*(a + (5 * row)));
                    c5a = TRegisters.Fma(s, b0, c5a);
                    c5b = TRegisters.Fma(s, b1, c5b);
                    s = TRegisters.Broadcast(*(a + (6 * row)));
                    c6a = TRegisters.Fma(s, b0, c6a);
                    c6b = TRegisters.Fma(s, b1, c6b);
                    s = TRegisters.Broadcast(*(a + (7 * row)));
                    c7a = TRegisters.Fma(s, b0, c7a);
                    c7b = TRegisters.Fma(s, b1, c7b);
                    TR b0Next = TRegisters.Load(b + (2 * lanes));
                    TR b1Next = TRegisters.Load(b + (3 * lanes));
                    s = TRegisters.Broadcast(*(a + TLayout.DepthStride));
                    c0a = TRegisters.Fma(s, b0Next, c0a);
                    c0b = TRegisters.Fma(s, b1Next, c0b);
                    s = TRegisters.Broadcast(*(a + row + TLayout.DepthStride));
                    c1a = TRegisters.Fma(s, b0Next, c1a);
                    c1b = TRegisters.Fma(s, b1Next, c1b);
                    s = TRegisters.Broadcast(*(a + (2 * row) + TLayout.DepthStride));
                    c2a = TRegisters.Fma(s, b0Next, c2a);
                    c2b = TRegisters.Fma(s, b1Next, c2b);
                    s = TRegisters.Broadcast(*(a + (3 * row) + TLayout.DepthStride));
                    c3a = TRegisters.Fma(s, b0Next, c3a);
                    c3b = TRegisters.Fma(s, b1Next, c3b);
                    s = TRegisters.Broadcast(*(a + (4 * row) + TLayout.DepthStride));
                    c4a = TRegisters.Fma(s, b0Next, c4a);
                    c4b = TRegisters.Fma(s, b1Next, c4b);
                    s = TRegisters.Broadcast(*(a + (5 * row) + TLayout.DepthStride));
                    c5a = TRegisters.Fma(s, b0Next, c5a);
                    c5b = TRegisters.Fma(s, b1Next, c5b);
                    s = TRegisters.Broadcast(*(a + (6 * row) + TLayout.DepthStride));
                    c6a = TRegisters.Fma(s, b0Next, c6a);
                    c6b = TRegisters.Fma(s, b1Next, c6b);
                    s = TRegisters.Broadcast(*(a + (7 * row) + TLayout.DepthStride));
                    c7a = TRegisters.Fma(s, b0Next, c7a);
                    c7b = TRegisters.Fma(s, b1Next, c7b);
                    a += 2 * TLayout.DepthStride;
                    b += 4 * lanes;
                }

                if (k > 0)
                {
                    TRegisters.Prefetch(ahead);
                    ahead += aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR b1 = TRegisters.Load(b + lanes);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    c0b = TRegisters.Fma(s, b1, c0b);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    c1b = TRegisters.Fma(s, b1, c1b);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    c2b = TRegisters.Fma(s, b1, c2b);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    c3b = TRegisters.Fma(s, b1, c3b);
                    s = TRegisters.Broadcast(*(a + (4 * row)));
                    c4a = TRegisters.Fma(s, b0, c4a);
                    c4b = TRegisters.Fma(s, b1, c4b);
                    s = TRegisters.Broadcast(*(a + (5 * row)));
                    c5a = TRegisters.Fma(s, b0, c5a);
                    c5b = TRegisters.Fma(s, b1, c5b);
                    s = TRegisters.Broadcast(*(a + (6 * row)));
                    c6a = TRegisters.Fma(s, b0, c6a);
                    c6b = TRegisters.Fma(s, b1, c6b);
                    s = TRegisters.Broadcast(*(a + (7 * row)));
                    c7a = TRegisters.Fma(s, b0, c7a);
                    c7b = TRegisters.Fma(s, b1, c7b);
                    b += 2 * lanes;
                }
            }

            TRegisters.Store(c0a, c);
            TRegisters.Store(c0b, c + lanes);
            TRegisters.Store(c1a, c + ldc);
            TRegisters.Store(c1b, c + ldc + lanes);
            TRegisters.Store(c2a, c + (2 * ldc));
            TRegisters.Store(c2b, c + (2 * ldc) + lanes);
            TRegisters.Store(c3a, c + (3 * ldc));
            TRegisters.Store(c3b, c + (3 * ldc) + lanes);
            TRegisters.Store(c4a, c + (4 * ldc));
            TRegisters.Store(c4b, c + (4 * ldc) + lanes);
            TRegisters.Store(c5a, c + (5 * ldc));
            TRegisters.Store(c5b, c + (5 * ldc) + lanes);
            TRegisters.Store(c6a, c + (6 * ldc));
            TRegisters.Store(c6b, c + (6 * ldc) + lanes);
            TRegisters.Store(c7a, c + (7 * ldc));
            TRegisters.Store(c7b, c + (7 * ldc) + lanes);
        }
    }

    /// <summary>8 rows of one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run8x1(in TileOperands<T> x)
    {
        int lanes = TRegisters.Count;
        nint row = TLayout.RowStride(lanes);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TR c0a = TRegisters.Zero;
            TR c1a = TRegisters.Zero;
            TR c2a = TRegisters.Zero;
            TR c3a = TRegisters.Zero;
            TR c4a = TRegisters.Zero;
            TR c5a = TRegisters.Zero;
            TR c6a = TRegisters.Zero;
            TR c7a = TRegisters.Zero;
            if (x.Beta != T.Zero)
            {
                TR beta = TRegisters.Broadcast(x.Beta);
                c0a = TRegisters.Multiply(TRegisters.Load(c), beta);
                c1a = TRegisters.Multiply(TRegisters.Load(c + ldc), beta);
                c2a = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc)), beta);
                c3a = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc)), beta);
                c4a = TRegisters.Multiply(TRegisters.Load(c + (4 * ldc)), beta);
                c5a = TRegisters.Multiply(TRegisters.Load(c + (5 * ldc)), beta);
                c6a = TRegisters.Multiply(TRegisters.Load(c + (6 * ldc)), beta);
                c7a = TRegisters.Multiply(TRegisters.Load(c + (7 * ldc)), beta);
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                T* a = x.A + (tile * x.TileStride) + (segment * x.SegmentStride);
                ahead = x.AheadOffset == 0 ? ahead : (byte*)(a + x.AheadOffset);
                int k = x.Depth;
                for (; k >= 2; k -= 2)
                {
                    TRegisters.Prefetch(ahead);
                    TRegisters.Prefetch(ahead + aheadStep);
                    ahead += 2 * aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    s = TRegisters.Broadcast(*(a + (4 * row)));
                    c4a = TRegisters.Fma(s, b0, c4a);
                    s = TRegisters.Broadcast(*(a + (5 * row)));
                    c5a = TRegisters.Fma(s, b0, c5a);
                    s = TRegisters.Broadcast(*(a + (6 * row)));
                    c6a = TRegisters.Fma(s, b0, c6a);
                    s = TRegisters.Broadcast(*(a + (7 * row)));
                    c7a = TRegisters.Fma(s, b0, c7a);
                    TR b0Next = TRegisters.Load(b + lanes);
                    s = TRegisters.Broadcast(*(a + TLayout.DepthStride));
                    c0a = TRegisters.Fma(s, b0Next, c0a);
                    s = TRegisters.Broadcast(*(a + row + TLayout.DepthStride));
                    c1a = TRegisters.Fma(s, b0Next, c1a);
                    s = TRegisters.Broadcast(*(a + (2 * row) + TLayout.DepthStride));
                    c2a = TRegisters.Fma(s, b0Next, c2a);
                    s = TRegisters.Broadcast(*(a + (3 * row) + TLayout.DepthStride));
                    c3a = TRegisters.Fma(s, b0Next, c3a);
                    s = TRegisters.Broadcast(*(a + (4 * row) + TLayout.DepthStride));
                    c4a = TRegisters.Fma(s, b0Next, c4a);
                    s = TRegisters.Broadcast(*(a + (5 * row) + TLayout.DepthStride));
                    c5a = TRegisters.Fma(s, b0Next, c5a);
                    s = TRegisters.Broadcast(*(a + (6 * row) + TLayout.DepthStride));
                    c6a = TRegisters.Fma(s, b0Next, c6a);
                    s = TRegisters.Broadcast(*(a + (7 * row) + TLayout.DepthStride));
                    c7a = TRegisters.Fma(s, b0Next, c7a);
                    a += 2 * TLayout.DepthStride;
                    b += 2 * lanes;
                }

                if (k > 0)
                {
                    TRegisters.Prefetch(ahead);
                    ahead += aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    s = TRegisters.Broadcast(*(a + (4 * row)));
                    c4a = TRegisters.Fma(s, b0, c4a);
                    s = TRegisters.Broadcast(*(a + (5 * row)));
                    c5a = TRegisters.Fma(s, b0, c5a);
                    s = TRegisters.Broadcast(*(a + (6 * row)));
                    c6a = TRegisters.Fma(s, b0, c6a);
                    s = TRegisters.Broadcast(*(a + (7 * row)));
                    c7a = TRegisters.Fma(s, b0, c7a);
                    b += lanes;
                }
            }

            TRegisters.Store(c0a, c);
            TRegisters.Store(c1a, c + ldc);
            TRegisters.Store(c2a, c + (2 * ldc));
            TRegisters.Store(c3a, c + (3 * ldc));
            TRegisters.Store(c4a, c + (4 * ldc));
            TRegisters.Store(c5a, c + (5 * ldc));
            TRegisters.Store(c6a, c + (6 * ldc));
            TRegisters.Store(c7a, c + (7 * ldc));
        }
    }

    /// <summary>4 rows of two registers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run4x2(in TileOperands<T> x)
    {
        int lanes = TRegisters.Count;
        nint row = TLayout.RowStride(lanes);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TR c0a = TRegisters.Zero, c0b = TRegisters.Zero;
            TR c1a = TRegisters.Zero, c1b = TRegisters.Zero;
            TR c2a = TRegisters.Zero, c2b = TRegisters.Zero;
            TR c3a = TRegisters.Zero, c3b = TRegisters.Zero;
            if (x.Beta != T.Zero)
            {
                TR beta = TRegisters.Broadcast(x.Beta);
                c0a = TRegisters.Multiply(TRegisters.Load(c), beta);
                c0b = TRegisters.Multiply(TRegisters.Load(c + lanes), beta);
                c1a = TRegisters.Multiply(TRegisters.Load(c + ldc), beta);
                c1b = TRegisters.Multiply(TRegisters.Load(c + ldc + lanes), beta);
                c2a = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc)), beta);
                c2b = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc) + lanes), beta);
                c3a = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc)), beta);
                c3b = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc) + lanes), beta);
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                T* a = x.A + (tile * x.TileStride) + (segment * x.SegmentStride);
                ahead = x.AheadOffset == 0 ? ahead : (byte*)(a + x.AheadOffset);
                for (int k = x.Depth; k > 0; k--)
                {
                    TRegisters.Prefetch(ahead);
                    ahead += aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR b1 = TRegisters.Load(b + lanes);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    c0b = TRegisters.Fma(s, b1, c0b);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    c1b = TRegisters.Fma(s, b1, c1b);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    c2b = TRegisters.Fma(s, b1, c2b);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    c3b = TRegisters.Fma(s, b1, c3b);
                    a += TLayout.DepthStride;
                    b += 2 * lanes;
                }
            }

            TRegisters.Store(c0a, c);
            TRegisters.Store(c0b, c + lanes);
            TRegisters.Store(c1a, c + ldc);
            TRegisters.Store(c1b, c + ldc + lanes);
            TRegisters.Store(c2a, c + (2 * ldc));
            TRegisters.Store(c2b, c + (2 * ldc) + lanes);
            TRegisters.Store(c3a, c + (3 * ldc));
            TRegisters.Store(c3b, c + (3 * ldc) + lanes);
        }
    }

    /// <summary>4 rows of one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run4x1(in TileOperands<T> x)
    {
        int lanes = TRegisters.Count;
        nint row = TLayout.RowStride(lanes);
        nint ldc = x.RowStrideOfC;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TR c0a = TRegisters.Zero;
            TR c1a = TRegisters.Zero;
            TR c2a = TRegisters.Zero;
            TR c3a = TRegisters.Zero;
            if (x.Beta != T.Zero)
            {
                TR beta = TRegisters.Broadcast(x.Beta);
                c0a = TRegisters.Multiply(TRegisters.Load(c), beta);
                c1a = TRegisters.Multiply(TRegisters.Load(c + ldc), beta);
                c2a = TRegisters.Multiply(TRegisters.Load(c + (2 * ldc)), beta);
                c3a = TRegisters.Multiply(TRegisters.Load(c + (3 * ldc)), beta);
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                T* a = x.A + (tile * x.TileStride) + (segment * x.SegmentStride);
                ahead = x.AheadOffset == 0 ? ahead : (byte*)(a + x.AheadOffset);
                for (int k = x.Depth; k > 0; k--)
                {
                    TRegisters.Prefetch(ahead);
                    ahead += aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    s = TRegisters.Broadcast(*(a + row));
                    c1a = TRegisters.Fma(s, b0, c1a);
                    s = TRegisters.Broadcast(*(a + (2 * row)));
                    c2a = TRegisters.Fma(s, b0, c2a);
                    s = TRegisters.Broadcast(*(a + (3 * row)));
                    c3a = TRegisters.Fma(s, b0, c3a);
                    a += TLayout.DepthStride;
                    b += lanes;
                }
            }

            TRegisters.Store(c0a, c);
            TRegisters.Store(c1a, c + ldc);
            TRegisters.Store(c2a, c + (2 * ldc));
            TRegisters.Store(c3a, c + (3 * ldc));
        }
    }

    /// <summary>1 row of two registers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run1x2(in TileOperands<T> x)
    {
        int lanes = TRegisters.Count;
        byte* ahead = (byte*)x.Ahead;
        nint aheadStep = x.AheadStep;
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            T* c = x.C + (tile * x.TileStrideOfC);
            TR c0a = TRegisters.Zero, c0b = TRegisters.Zero;
            if (x.Beta != T.Zero)
            {
                TR beta = TRegisters.Broadcast(x.Beta);
                c0a = TRegisters.Multiply(TRegisters.Load(c), beta);
                c0b = TRegisters.Multiply(TRegisters.Load(c + lanes), beta);
            }

            T* b = x.B;
            for (int segment = 0; segment < x.Segments; segment++)
            {
                T* a = x.A + (tile * x.TileStride) + (segment * x.SegmentStride);
                ahead = x.AheadOffset == 0 ? ahead : (byte*)(a + x.AheadOffset);
                for (int k = x.Depth; k > 0; k--)
                {
                    TRegisters.Prefetch(ahead);
                    ahead += aheadStep;
                    TR b0 = TRegisters.Load(b);
                    TR b1 = TRegisters.Load(b + lanes);
                    TR s = TRegisters.Broadcast(*a);
                    c0a = TRegisters.Fma(s, b0, c0a);
                    c0b = TRegisters.Fma(s, b1, c0b);
                    a += TLayout.DepthStride;
                    b += 2 * lanes;
                }
            }

            TRegisters.Store(c0a, c);
            TRegisters.Store(c0b, c + lanes);
        }
    }
}
