using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>The portable matrix product for one register width.</summary>
internal abstract class GemmKernels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static GemmKernels<T> Widest =>
        Vector512.IsHardwareAccelerated ? GemmKernels<Registers512<T>, Vector512<T>, T>.Instance
        : Vector256.IsHardwareAccelerated ? GemmKernels<Registers256<T>, Vector256<T>, T>.Instance
        : GemmKernels<Registers128<T>, Vector128<T>, T>.Instance;

    public abstract void Multiply(Product<T> product);
}

/// <summary>
/// Both operands are packed as the register tile reads them, B in panels of two registers, A eight rows at a time. An element of C is
/// summed by one thread, over blocks of k of a fixed size in order: neither the number of threads nor where in C it stands changes its
/// rounding.
/// </summary>
internal sealed unsafe class GemmKernels<TRegisters, TR, T> : GemmKernels<T>
    where TRegisters : struct, IRegisters<TR, T>
    where TR : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static readonly GemmKernels<TRegisters, TR, T> Instance = new();

    private const int RowGroup = RowsTogether.Rows;

    /// <summary>
    /// Rows of A in a piece of work: with <see cref="DepthBlock"/>, a packed block for a quarter of a second-level cache.
    /// </summary>
    private const int RowBlock = 96;
    private const int ColumnBlock = 1024;

    private const double LeastShared = 1 << 21;

    private static readonly int Width = 2 * TRegisters.Count;

    /// <summary>B as packed by the calling thread's last product, kept for the next; at most 1 MiB.</summary>
    [ThreadStatic]
    private static AlignedArray<T>? packedRight;

    private static readonly int DepthBlock = 1024 / sizeof(T);

    public override void Multiply(Product<T> x)
    {
        if (x.K == 0 || x.Alpha == T.Zero)
        {
            ScaleResult(x);
            return;
        }

        int widest = Math.Min(x.N, ColumnBlock);
        int panels = (widest + Width - 1) / Width;
        int deepest = Math.Min(x.K, DepthBlock);
        AlignedArray<T> packed = packedRight ??= new(0);
        T* right = packed.Reserve((long)panels * Width * deepest);
        for (int j = 0; j < x.N; j += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, x.N - j);
            int count = (columns + Width - 1) / Width;
            for (int k = 0; k < x.K; k += DepthBlock)
            {
                int first = j, from = k, depth = Math.Min(DepthBlock, x.K - k);
                Share(x, count, panel => PackRight(x, first + (panel * Width), from, depth, right + ((nint)panel * Width * depth)));

                // Few rows: also the columns are shared out.
                int blocks = (x.M + RowBlock - 1) / RowBlock;
                int parts = Math.Clamp(2 * WorkSharing.ThreadCount / blocks, 1, count);
                Share(x, blocks * parts, piece =>
                {
                    int block = piece / parts, part = piece % parts;
                    int begin = (int)((long)count * part / parts) * Width, end = Math.Min(columns, (int)((long)count * (part + 1) / parts) * Width);
                    MultiplyRows(x, block * RowBlock, first + begin, end - begin, from, depth, right + ((nint)begin * depth));
                });
            }
        }

        GC.KeepAlive(packed);
    }

    /// <summary>A small product is done before another core has its operands.</summary>
    private static void Share(Product<T> x, int count, Action<int> piece)
    {
        if ((double)x.M * x.N * x.K >= LeastShared)
        {
            WorkSharing.Run(count, piece);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            piece(i);
        }
    }

    /// <summary>Adds the products over one block of k to some rows of C.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRows(Product<T> x, int row, int column, int columns, int k, int depth, T* right)
    {
        int rows = Math.Min(RowBlock, x.M - row);
        int groups = (rows + RowGroup - 1) / RowGroup;
        T* left = stackalloc T[groups * RowGroup * depth];
        T* edge = stackalloc T[RowGroup * Width];
        PackLeft(x, row, rows, k, depth, left);
        for (int j = 0; j < columns; j += Width)
        {
            int valid = Math.Min(Width, columns - j);
            int whole = valid == Width ? rows / RowGroup : 0;
            var operands = new TileOperands<T>
            {
                A = left,
                Segments = 1,
                B = right + ((nint)j * depth),
                C = x.C + (row * x.RowOfC) + column + j,
                RowStrideOfC = x.RowOfC,
                Depth = depth,
                Beta = k == 0 ? x.Beta : T.One,
                Tiles = whole,
                TileStride = (nint)RowGroup * depth,
                TileStrideOfC = RowGroup * x.RowOfC,
                Ahead = right + ((nint)(j + Width) * depth),
                AheadStep = Width * sizeof(T) / Math.Max(1, whole),
            };
            Run(operands);
            for (int i = whole * RowGroup; i < rows; i += RowGroup)
            {
                T* target = x.C + ((row + i) * x.RowOfC) + column + j;
                int height = Math.Min(RowGroup, rows - i);
                if (operands.Beta != T.Zero)
                {
                    CopyRows(target, x.RowOfC, edge, Width, height, valid);
                }

                operands.A = left + ((nint)i * depth);
                operands.C = edge;
                operands.RowStrideOfC = Width;
                operands.Tiles = 1;
                Run(operands);
                CopyRows(edge, Width, target, x.RowOfC, height, valid);
            }
        }
    }

    /// <summary>Tiles of eight rows, in as many parts as the registers need.</summary>
    private static void Run(TileOperands<T> operands)
    {
        for (int r = 0; r < RowGroup; r += TRegisters.TileRows)
        {
            RegisterTile<TRegisters, TR, T, RowsTogether>.Run(TRegisters.TileRows, 2, operands);
            operands.A += TRegisters.TileRows;
            operands.C += TRegisters.TileRows * operands.RowStrideOfC;
        }
    }

    /// <summary>op(B)'s rows k … k + depth at a panel of columns, as [k][column], zero beyond the last column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRight(Product<T> x, int column, int k, int depth, T* to)
    {
        int valid = Math.Min(Width, x.N - column);
        T* from = x.B + (k * x.RowOfB) + (column * x.ColumnOfB);
        for (int d = 0; d < depth; d++, from += x.RowOfB, to += Width)
        {
            if (x.ColumnOfB == 1 && valid == Width)
            {
                TRegisters.Store(TRegisters.Load(from), to);
                TRegisters.Store(TRegisters.Load(from + TRegisters.Count), to + TRegisters.Count);
                continue;
            }

            for (int j = 0; j < Width; j++)
            {
                to[j] = j < valid ? from[j * x.ColumnOfB] : T.Zero;
            }
        }
    }

    /// <summary>α·op(A)'s rows at k … k + depth, as [row group][k][row in group], zero beyond the last row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackLeft(Product<T> x, int row, int rows, int k, int depth, T* to)
    {
        nint stride = x.RowOfA, step = x.ColumnOfA;
        T alpha = x.Alpha;
        for (int i = 0; i < rows; i += RowGroup)
        {
            T* from = x.A + ((row + i) * stride) + (k * step);
            int valid = Math.Min(RowGroup, rows - i);
            for (int d = 0; d < depth; d++, from += step, to += RowGroup)
            {
                if (valid == RowGroup)
                {
                    T* from4 = from + (4 * stride);
                    to[0] = alpha * from[0];
                    to[1] = alpha * from[stride];
                    to[2] = alpha * from[2 * stride];
                    to[3] = alpha * from[3 * stride];
                    to[4] = alpha * from4[0];
                    to[5] = alpha * from4[stride];
                    to[6] = alpha * from4[2 * stride];
                    to[7] = alpha * from4[3 * stride];
                    continue;
                }

                for (int r = 0; r < RowGroup; r++)
                {
                    to[r] = r < valid ? alpha * from[r * stride] : T.Zero;
                }
            }
        }
    }

    private static void CopyRows(T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        for (int r = 0; r < rows; r++)
        {
            new ReadOnlySpan<T>(from + (r * fromStride), length).CopyTo(new Span<T>(to + (r * toStride), length));
        }
    }

    private static void ScaleResult(Product<T> x)
    {
        for (int i = 0; i < x.M; i++)
        {
            var row = new Span<T>(x.C + (i * x.RowOfC), x.N);
            if (x.Beta == T.Zero)
            {
                row.Clear();
            }
            else
            {
                LinearCombination.Scale(x.Beta, row, row);
            }
        }
    }
}
