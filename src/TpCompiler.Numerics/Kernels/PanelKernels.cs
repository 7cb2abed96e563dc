using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// The operations of a <see cref="PanelMatrix{T}"/> for one register width. Batches are sample-major: vector b at b·length, contiguous.
/// </summary>
internal abstract unsafe class PanelKernels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Outputs in a panel: two registers.</summary>
    public abstract int PanelWidth { get; }

    public abstract void Forward(PanelMatrix<T> w, T* x, int batch, T* y);

    /// <summary>
    /// y ← Wᵀd (when <paramref name="batch"/> > 0), then W ← decay·W + coefficient·Σ u vᵀ (when <paramref name="rank"/> > 0 or decay ≠ 1),
    /// both while a block of W is in the cache.
    /// </summary>
    public abstract void TransposedAndUpdate(PanelMatrix<T> w, T* d, int batch, T* y, T decay, T coefficient, T* u, T* v, int rank);
}

/// <inheritdoc cref="PanelKernels{T}"/>
internal sealed unsafe class PanelKernels<TV, T> : PanelKernels<T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Inputs of a panel that are used for all samples before going on: 16 KiB of weights, a third of the smallest first-level cache that
    /// has 512-bit registers.
    /// </summary>
    private const int BlockBytes = 16384;

    /// <summary>Panels that the backward product runs through before its sums leave the registers.</summary>
    private const int PanelsInBlock = 4;

    /// <summary>Column groups in a block of weights that stays in the first-level cache between its two uses.</summary>
    private const int GroupsInBlock = 4;

    private const int ColumnGroup = PanelMatrix<T>.ColumnGroup;

    public static readonly PanelKernels<TV, T> Instance = new();

    private static readonly int Width = 2 * TV.Count;

    public override int PanelWidth => Width;

    public override void Forward(PanelMatrix<T> w, T* x, int batch, T* y)
    {
        int panels = w.Panels;
        int piece = Math.Max(1, panels / (8 * WorkSharing.ThreadCount));
        WorkSharing.Run((panels + piece - 1) / piece, i =>
        {
            T* edge = stackalloc T[RowsTogether.Rows * Width];
            for (int panel = i * piece; panel < Math.Min(panels, (i + 1) * piece); panel++)
            {
                ForwardPanel(w, panel, x, batch, y, edge);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardPanel(PanelMatrix<T> w, int panel, T* x, int batch, T* y, T* edge)
    {
        int block = BlockBytes / (Width * sizeof(T));
        int valid = Math.Min(Width, w.Rows - (panel * Width));
        for (int k = 0; k < w.Columns; k += block)
        {
            T* ahead = w.Panel(panel) + ((nint)(k + block) * Width);
            nint aheadStep = Width * sizeof(T) / ((batch + TV.TileRows - 1) / TV.TileRows);
            for (int b = 0, rows; b < batch; b += rows)
            {
                rows = RegisterTile<TV, T, RowsApart>.Rows(batch - b);
                T* target = y + ((nint)b * w.Rows) + (panel * Width);
                bool whole = valid == Width;
                int tiles = whole ? (batch - b) / rows : 1;
                if (!whole && k > 0)
                {
                    CopyRows(target, w.Rows, edge, Width, rows, valid);
                }

                var operands = new TileOperands<T>
                {
                    A = x + ((nint)b * w.Columns) + k,
                    RowStride = w.Columns,
                    Segments = 1,
                    B = w.Panel(panel) + ((nint)k * Width),
                    C = whole ? target : edge,
                    RowStrideOfC = whole ? w.Rows : Width,
                    Depth = Math.Min(block, w.Columns - k),
                    Beta = k == 0 ? T.Zero : T.One,
                    Tiles = tiles,
                    TileStride = (nint)rows * w.Columns,
                    TileStrideOfC = (nint)rows * w.Rows,
                    Ahead = ahead,
                    AheadStep = aheadStep,
                };
                RegisterTile<TV, T, RowsApart>.Run(rows, 2, operands);
                if (!whole)
                {
                    CopyRows(edge, Width, target, w.Rows, rows, valid);
                }

                ahead = (T*)((byte*)ahead + (aheadStep * operands.Depth * tiles));
                rows *= tiles;
            }
        }
    }

    public override void TransposedAndUpdate(PanelMatrix<T> w, T* d, int batch, T* y, T decay, T coefficient, T* u, T* v, int rank)
    {
        int columns = w.PaddedColumns;
        int sampleBlock = 2 * TV.Count;
        int sampleBlocks = (batch + sampleBlock - 1) / sampleBlock;
        bool update = rank > 0 || decay != T.One;

        // The errors with samples in the lanes, [sample block][output][sample]; the factors as the update's tiles read them: u
        // [panel][rank][output], v [column group][rank][column].
        T* errors = w.Errors.Reserve((long)sampleBlocks * w.PaddedRows * sampleBlock);
        T* result = w.Result.Reserve((long)sampleBlocks * columns * sampleBlock);
        T* left = w.Left.Reserve((long)w.PaddedRows * rank);
        T* right = w.Right.Reserve((long)columns * rank);
        WorkSharing.Run(w.Panels, panel =>
        {
            int first = panel * Width;
            int valid = Math.Min(Width, w.Rows - first);
            for (int block = 0; block < sampleBlocks; block++)
            {
                int samples = Math.Min(sampleBlock, batch - (block * sampleBlock));
                int lanes = LanesFor(samples);
                T* to = errors + ((nint)block * w.PaddedRows * sampleBlock) + ((nint)first * lanes);
                ClearUnless(valid == Width && samples == lanes, to, Width * lanes);
                TransposeRows(d + ((nint)block * sampleBlock * w.Rows) + first, w.Rows, to, lanes, samples, valid);
            }

            ClearUnless(valid == Width, left + ((nint)first * rank), Width * rank);
            CopyRows(u + first, w.Rows, left + ((nint)first * rank), Width, rank, valid);
        });

        int groups = columns / ColumnGroup;
        int piece = Math.Max(1, groups / (4 * WorkSharing.ThreadCount));
        WorkSharing.Run((groups + piece - 1) / piece, i =>
        {
            int from = i * piece, to = Math.Min(groups, from + piece);
            for (int group = from; group < to; group++)
            {
                int valid = Math.Min(ColumnGroup, w.Columns - (group * ColumnGroup));
                T* target = right + ((nint)group * ColumnGroup * rank);
                ClearUnless(valid == ColumnGroup, target, ColumnGroup * rank);
                ScaleRows(coefficient, v + (group * ColumnGroup), w.Columns, target, rank, valid);
            }

            for (int panel = 0; panel < w.Panels; panel += PanelsInBlock)
            {
                int count = Math.Min(PanelsInBlock, w.Panels - panel);
                for (int group = from; group < to; group += GroupsInBlock)
                {
                    int span = Math.Min(GroupsInBlock, to - group);
                    for (int block = 0; block < sampleBlocks; block++)
                    {
                        int lanes = LanesFor(batch - (block * sampleBlock));
                        T* error = errors + ((nint)block * w.PaddedRows * sampleBlock);
                        Backward(w, panel, count, group, span, error, result + ((nint)block * columns * sampleBlock), lanes, !update);
                    }

                    for (int p = panel; update && p < panel + count; p++)
                    {
                        Update(w, p, group, span, decay, left, right, rank);
                    }
                }
            }

            for (int block = 0; block < sampleBlocks; block++)
            {
                int samples = Math.Min(sampleBlock, batch - (block * sampleBlock));
                int first = from * ColumnGroup;
                int valid = Math.Min(w.Columns, to * ColumnGroup) - first;
                int lanes = LanesFor(samples);
                T* sums = result + ((nint)block * columns * sampleBlock) + ((nint)first * lanes);
                TransposeRows(sums, lanes, y + ((nint)block * sampleBlock * w.Columns) + first, w.Columns, valid, samples);
            }
        });
    }

    /// <summary>
    /// Adds the share of some panels' outputs to the backward product at some groups of inputs; when no update follows, it also asks for the
    /// next weights.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward(PanelMatrix<T> w, int panel, int count, int group, int span, T* errors, T* result, int lanes, bool alone)
    {
        nint column = (nint)group * ColumnGroup;
        T* weights = w.Panel(panel) + (column * Width);
        RegisterTile<TV, T, RowsApart>.Run(TV.TileRows, lanes / TV.Count, new TileOperands<T>
        {
            A = weights,
            RowStride = Width,
            Segments = count,
            SegmentStride = (nint)w.PaddedColumns * Width,
            B = errors + ((nint)panel * Width * lanes),
            C = result + (column * lanes),
            RowStrideOfC = lanes,
            Depth = Width,
            Beta = panel == 0 ? T.Zero : T.One,
            Tiles = span * ColumnGroup / TV.TileRows,
            TileStride = (nint)TV.TileRows * Width,
            TileStrideOfC = (nint)TV.TileRows * lanes,
            Ahead = weights,
            AheadStep = alone ? TV.TileRows * sizeof(T) : 0,
            AheadOffset = alone ? (nint)span * ColumnGroup * Width : 0,
        });
    }

    /// <summary>Updates one panel's weights at some groups of inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Update(PanelMatrix<T> w, int panel, int group, int span, T decay, T* left, T* right, int rank)
    {
        T* weights = w.Panel(panel) + ((nint)group * ColumnGroup * Width);
        T* ahead = weights + ((nint)span * ColumnGroup * Width);
        for (int r = 0; r < ColumnGroup; r += TV.TileRows)
        {
            RegisterTile<TV, T, RowsTogether>.Run(TV.TileRows, 2, new TileOperands<T>
            {
                A = right + ((nint)group * ColumnGroup * rank) + r,
                Segments = 1,
                B = left + ((nint)panel * Width * rank),
                C = weights + (r * Width),
                RowStrideOfC = Width,
                Depth = rank,
                Beta = decay,
                Tiles = span,
                TileStride = (nint)ColumnGroup * rank,
                TileStrideOfC = (nint)ColumnGroup * Width,
                Ahead = ahead,
                AheadStep = ColumnGroup * Width * sizeof(T) / Math.Max(1, rank),
            });
        }
    }

    /// <summary>Samples that a block with this many left is padded to: one register's or two.</summary>
    private static int LanesFor(int samples) => samples <= TV.Count ? TV.Count : 2 * TV.Count;

    /// <summary>Padding must be zero: it meets padded weights, and 0·NaN would spread.</summary>
    private static void ClearUnless(bool filled, T* target, int length)
    {
        if (!filled)
        {
            new Span<T>(target, length).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRows(T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        for (int r = 0; r < rows; r++)
        {
            new ReadOnlySpan<T>(from + (r * fromStride), length).CopyTo(new Span<T>(to + (r * toStride), length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleRows(T factor, T* from, nint fromStride, T* to, int rows, int length)
    {
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < length; i++)
            {
                to[(r * ColumnGroup) + i] = factor * from[(r * fromStride) + i];
            }
        }
    }

    /// <summary>to[i][r] = from[r][i] for r below rows, i below length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeRows(T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        for (int i = 0; i < length; i++)
        {
            for (int r = 0; r < rows; r++)
            {
                to[(i * toStride) + r] = from[(r * fromStride) + i];
            }
        }
    }
}
