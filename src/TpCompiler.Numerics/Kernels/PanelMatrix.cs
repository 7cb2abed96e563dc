using System.Numerics;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// A trained weight matrix W with <see cref="Rows"/> outputs and <see cref="Columns"/> inputs, float or double, stored for training steps
/// with a small batch. The outputs lie in panels of two SIMD registers: panel p is [input][output in panel]. Within a step the weights
/// are read once forward, and once more backward, when the backward product and the update use a block of them while it is in the cache.
/// </summary>
/// <remarks>
/// A batch of vectors is sample-major, as the IR's values are: vector b of length n is [b·n, (b+1)·n). Any batch and any size are
/// allowed. All operations share their work among <see cref="WorkSharing.ThreadCount"/> threads, and no bit of a result depends on how
/// many these are. A matrix is not for use by two callers at once.
/// </remarks>
public sealed unsafe class PanelMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Inputs are padded with zero weights to a multiple of this.</summary>
    internal const int ColumnGroup = RowsTogether.Rows;

    private readonly PanelKernels<T> kernels;
    private readonly AlignedArray<T> weights;

    /// <summary>The zero matrix.</summary>
    public PanelMatrix(int rows, int columns)
        : this(rows, columns, WidestKernels())
    {
    }

    internal PanelMatrix(int rows, int columns, PanelKernels<T> kernels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        this.kernels = kernels;
        Rows = rows;
        Columns = columns;
        Panels = (rows + kernels.PanelWidth - 1) / kernels.PanelWidth;
        PaddedColumns = (columns + ColumnGroup - 1) / ColumnGroup * ColumnGroup;
        weights = new AlignedArray<T>((long)PaddedRows * PaddedColumns);
    }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    internal int Panels { get; }

    internal int PaddedRows => Panels * kernels.PanelWidth;

    internal int PaddedColumns { get; }

    /// <summary>One weight, for looking: W[row, column].</summary>
    public T this[int row, int column]
    {
        get => *At(row, column);
        set => *At(row, column) = value;
    }

    /// <summary>W from <paramref name="source"/>, row-major rows × columns.</summary>
    public static PanelMatrix<T> FromRowMajor(ReadOnlySpan<T> source, int rows, int columns)
    {
        var matrix = new PanelMatrix<T>(rows, columns);
        matrix.CopyFrom(source);
        return matrix;
    }

    /// <summary>Takes all weights from <paramref name="source"/>, row-major.</summary>
    public void CopyFrom(ReadOnlySpan<T> source)
    {
        Require(source.Length == (long)Rows * Columns, nameof(source));
        new Span<T>(weights.Pointer, PaddedRows * PaddedColumns).Clear();
        for (int row = 0; row < Rows; row++)
        {
            T* to = At(row, 0);
            ReadOnlySpan<T> from = source.Slice(row * Columns, Columns);
            for (int column = 0; column < Columns; column++)
            {
                to[(nint)column * kernels.PanelWidth] = from[column];
            }
        }
    }

    /// <summary>Writes all weights to <paramref name="destination"/>, row-major.</summary>
    public void CopyTo(Span<T> destination)
    {
        Require(destination.Length == (long)Rows * Columns, nameof(destination));
        for (int row = 0; row < Rows; row++)
        {
            T* from = At(row, 0);
            Span<T> to = destination.Slice(row * Columns, Columns);
            for (int column = 0; column < Columns; column++)
            {
                to[column] = from[(nint)column * kernels.PanelWidth];
            }
        }
    }

    /// <summary>y[b] ← W x[b] for each b below <paramref name="batch"/>; x is batch × columns, y batch × rows.</summary>
    public void Forward(ReadOnlySpan<T> x, Span<T> y, int batch)
    {
        Require(x.Length == (long)batch * Columns, nameof(x));
        Require(y.Length == (long)batch * Rows, nameof(y));
        fixed (T* from = x, to = y)
        {
            kernels.Forward(this, from, batch, to);
        }

        GC.KeepAlive(this);
    }

    /// <summary>y[b] ← Wᵀ d[b] for each b below <paramref name="batch"/>; d is batch × rows, y batch × columns.</summary>
    public void Transposed(ReadOnlySpan<T> d, Span<T> y, int batch) =>
        TransposedAndUpdate(d, y, batch, T.One, T.Zero, default, default, 0);

    /// <summary>
    /// W ← decay·W + coefficient·Σ_b u[b] v[b]ᵀ over b below <paramref name="rank"/>; u is rank × rows, v rank × columns.
    /// </summary>
    public void RankUpdate(T decay, T coefficient, ReadOnlySpan<T> u, ReadOnlySpan<T> v, int rank) =>
        TransposedAndUpdate(default, default, 0, decay, coefficient, u, v, rank);

    /// <summary>
    /// y[b] ← Wᵀ d[b] with the weights as they are, then W ← decay·W + coefficient·Σ_b u[b] v[b]ᵀ, in one pass over the weights.
    /// The result is bit for bit that of <see cref="Transposed"/> followed by <see cref="RankUpdate"/>. y may not overlap d, u or v.
    /// </summary>
    public void TransposedAndUpdate(
        ReadOnlySpan<T> d, Span<T> y, int batch, T decay, T coefficient, ReadOnlySpan<T> u, ReadOnlySpan<T> v, int rank)
    {
        Require(d.Length == (long)batch * Rows, nameof(d));
        Require(y.Length == (long)batch * Columns, nameof(y));
        Require(u.Length == (long)rank * Rows, nameof(u));
        Require(v.Length == (long)rank * Columns, nameof(v));
        fixed (T* errors = d, result = y, left = u, right = v)
        {
            kernels.TransposedAndUpdate(this, errors, batch, result, decay, coefficient, left, right, rank);
        }

        GC.KeepAlive(this);
    }

    /// <summary>W ← decay·W + coefficient·M for a matrix M of the same shape (it may be W itself).</summary>
    public void Combine(T decay, T coefficient, PanelMatrix<T> other)
    {
        Require(other.Rows == Rows && other.Columns == Columns, nameof(other));
        WorkSharing.Run(Panels, panel =>
        {
            int length = PaddedColumns * kernels.PanelWidth;
            Span<T> w = new(Panel(panel), length);
            Span<T> m = new(other.Panel(panel), length);
            if (decay != T.One)
            {
                LinearCombination.Scale(decay, w, w);
            }

            if (coefficient != T.Zero)
            {
                LinearCombination.Axpy(coefficient, m, w);
            }
        });
        GC.KeepAlive(this);
        GC.KeepAlive(other);
    }

    /// <summary>Packed operands of the step under way, kept for the next.</summary>
    internal AlignedArray<T> Samples { get; } = new(0);

    internal AlignedArray<T> Errors { get; } = new(0);

    internal AlignedArray<T> Result { get; } = new(0);

    internal AlignedArray<T> Left { get; } = new(0);

    internal AlignedArray<T> Right { get; } = new(0);

    internal T* Panel(int panel) => weights.Pointer + ((nint)panel * PaddedColumns * kernels.PanelWidth);

    private static PanelKernels<T> WidestKernels() =>
        Vector512.IsHardwareAccelerated ? PanelKernels<Registers512<T>, Vector512<T>, T>.Instance
        : Vector256.IsHardwareAccelerated ? PanelKernels<Registers256<T>, Vector256<T>, T>.Instance
        : PanelKernels<Registers128<T>, Vector128<T>, T>.Instance;

    private static void Require(bool fits, string name)
    {
        if (!fits)
        {
            throw new ArgumentException("The length does not fit the matrix and the batch.", name);
        }
    }

    private T* At(int row, int column) =>
        Panel(row / kernels.PanelWidth) + ((nint)column * kernels.PanelWidth) + (row % kernels.PanelWidth);
}
