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
internal sealed unsafe class PanelKernels<TRegisters, TR, T> : PanelKernels<T>
    where TRegisters : struct, IRegisters<TR, T>
    where TR : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Inputs of a panel that are used for all samples before going on: 16 KiB of weights, a third of the smallest first-level cache that
    /// has 512-bit registers.
    /// </summary>
    private const int BlockBytes = 16384;

    /// <summary>Panels that the backward product runs through before its sums leave the registers.</summary>
    private const int PanelsInBlock = 2;

    /// <summary>Column groups in a block of weights that stays in the first-level cache between its two uses.</summary>
    private const int GroupsInBlock = 4;

    private const int ColumnGroup = PanelMatrix<T>.ColumnGroup;

    private const int SampleGroup = RowsTogether.Rows;

    /// <summary>Samples that the forward product takes through a panel at a time.</summary>
    private const int SampleBlock = 64;

    public static readonly PanelKernels<TRegisters, TR, T> Instance = new();

    private static readonly int Width = 2 * TRegisters.Count;

    private static readonly int InputBlock = BlockBytes / (Width * sizeof(T));

    public override int PanelWidth => Width;

    public override void Forward(PanelMatrix<T> w, T* x, int batch, T* y)
    {
        // The samples as the tiles read them, [block of samples][input block][group of samples][input][sample]; padding is never read.
        int blocks = (batch + SampleBlock - 1) / SampleBlock;
        T* samples = w.Samples.Reserve((long)w.Columns * blocks * SampleBlock);
        WorkSharing.Run((w.Columns + InputBlock - 1) / InputBlock, i =>
        {
            int first = i * InputBlock, depth = Math.Min(InputBlock, w.Columns - first);
            for (int b = 0; b < batch; b += SampleGroup)
            {
                int inBlock = b % SampleBlock;
                T* to = samples + ((nint)(b - inBlock) * w.Columns) + (first * SampleBlock) + (inBlock * depth);
                Packing<T>.Transpose(x + ((nint)b * w.Columns) + first, w.Columns, to, SampleGroup, Math.Min(SampleGroup, batch - b), depth);
            }
        });
        int panels = w.Panels;
        int piece = Math.Max(1, panels / (8 * WorkSharing.ThreadCount));
        WorkSharing.Run((panels + piece - 1) / piece, i =>
        {
            T* sums = stackalloc T[SampleBlock * Width];
            for (int panel = i * piece; panel < Math.Min(panels, (i + 1) * piece); panel++)
            {
                for (int b = 0; b < batch; b += SampleBlock)
                {
                    ForwardPanel(w, panel, samples + ((nint)b * w.Columns), Math.Min(SampleBlock, batch - b), y + ((nint)b * w.Rows), sums);
                }
            }
        });
    }

    /// <summary>One panel's outputs for some samples. They are summed in a place of their own: rows of y may share a line of the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardPanel(PanelMatrix<T> w, int panel, T* samples, int count, T* y, T* sums)
    {
        for (int k = 0; k < w.Columns; k += InputBlock)
        {
            int depth = Math.Min(InputBlock, w.Columns - k);
            T* ahead = w.Panel(panel) + ((nint)(k + InputBlock) * Width);
            nint aheadStep = Width * sizeof(T) / ((count + TRegisters.TileRows - 1) / TRegisters.TileRows);
            for (int b = 0, rows; b < count; b += rows)
            {
                rows = RegisterTile<TRegisters, TR, T, RowsTogether>.Rows(count - b);
                int tiles = rows == SampleGroup ? (count - b) / rows : 1;
                RegisterTile<TRegisters, TR, T, RowsTogether>.Run(rows, 2, new TileOperands<T>
                {
                    A = samples + (k * SampleBlock) + (b / SampleGroup * SampleGroup * depth) + (b % SampleGroup),
                    Segments = 1,
                    B = w.Panel(panel) + ((nint)k * Width),
                    C = sums + (b * Width),
                    RowStrideOfC = Width,
                    Depth = depth,
                    Beta = k == 0 ? T.Zero : T.One,
                    Tiles = tiles,
                    TileStride = (nint)SampleGroup * depth,
                    TileStrideOfC = SampleGroup * Width,
                    Ahead = ahead,
                    AheadStep = aheadStep,
                });
                ahead = (T*)((byte*)ahead + (aheadStep * depth * tiles));
                rows *= tiles;
            }
        }

        Packing<T>.Copy(sums, Width, y + (panel * Width), w.Rows, count, Math.Min(Width, w.Rows - (panel * Width)));
    }

    public override void TransposedAndUpdate(PanelMatrix<T> w, T* d, int batch, T* y, T decay, T coefficient, T* u, T* v, int rank)
    {
        int columns = w.PaddedColumns;
        int sampleBlock = 2 * TRegisters.Count;
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
                Packing<T>.Transpose(d + ((nint)block * sampleBlock * w.Rows) + first, w.Rows, to, lanes, samples, valid);
            }

            ClearUnless(valid == Width, left + ((nint)first * rank), Width * rank);
            Packing<T>.Copy(u + first, w.Rows, left + ((nint)first * rank), Width, rank, valid);
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
                Packing<T>.Scale(coefficient, v + (group * ColumnGroup), w.Columns, target, ColumnGroup, rank, valid);
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
                Packing<T>.Transpose(sums, lanes, y + ((nint)block * sampleBlock * w.Columns) + first, w.Columns, valid, samples);
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
        RegisterTile<TRegisters, TR, T, RowsOfPanel>.Run(TRegisters.TileRows, lanes / TRegisters.Count, new TileOperands<T>
        {
            A = weights,
            Segments = count,
            SegmentStride = (nint)w.PaddedColumns * Width,
            B = errors + ((nint)panel * Width * lanes),
            C = result + (column * lanes),
            RowStrideOfC = lanes,
            Depth = Width,
            Beta = panel == 0 ? T.Zero : T.One,
            Tiles = span * ColumnGroup / TRegisters.TileRows,
            TileStride = (nint)TRegisters.TileRows * Width,
            TileStrideOfC = (nint)TRegisters.TileRows * lanes,
            Ahead = weights,
            AheadStep = alone ? TRegisters.TileRows * sizeof(T) : 0,
            AheadOffset = alone ? (nint)span * ColumnGroup * Width : 0,
        });
    }

    /// <summary>Updates one panel's weights at some groups of inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Update(PanelMatrix<T> w, int panel, int group, int span, T decay, T* left, T* right, int rank)
    {
        T* weights = w.Panel(panel) + ((nint)group * ColumnGroup * Width);
        T* ahead = weights + ((nint)span * ColumnGroup * Width);
        for (int r = 0; r < ColumnGroup; r += TRegisters.TileRows)
        {
            RegisterTile<TRegisters, TR, T, RowsTogether>.Run(TRegisters.TileRows, 2, new TileOperands<T>
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
    private static int LanesFor(int samples) => samples <= TRegisters.Count ? TRegisters.Count : 2 * TRegisters.Count;

    /// <summary>Padding must be zero: it meets padded weights, and 0·NaN would spread.</summary>
    private static void ClearUnless(bool filled, T* target, int length)
    {
        if (!filled)
        {
            new Span<T>(target, length).Clear();
        }
    }
}
