using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// C = S·X for a matrix S that is 0 at most places, as drawings are: what is 0 is left out. The rest is read in blocks of terms and columns, so that the part of X that many rows of S need stays in the nearest cache.
/// Terms are added in their order, each with one rounding: no bit depends on the number of threads or on the machine.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed unsafe class SparseProduct<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers of a block of columns.</summary>
    private const int Registers = 8;

    /// <summary>Terms of a block: with 512 bytes of each row of X, three quarters of the nearest cache.</summary>
    private const int TermBlock = 48;

    /// <summary>One number in so many may differ from 0: a dense product takes each in half the time.</summary>
    private const int Sparsity = 3;

    /// <summary>Multiplications below which the dense product, which doesn't look for zeros, is as fast.</summary>
    private const double LeastProduct = 1 << 20;

    private readonly int rows;
    private readonly int terms;
    private readonly int[] starts;
    private readonly int[] places;
    private readonly T[] numbers;

    /// <param name="rows">Rows of S.</param>
    /// <param name="terms">Columns of S, rows of X.</param>
    public SparseProduct(int rows, int terms)
    {
        (this.rows, this.terms) = (rows, terms);
        starts = new int[((terms + TermBlock - 1) / TermBlock * rows) + 1];
        places = new int[rows * terms / Sparsity];
        numbers = new T[places.Length];
    }

    /// <summary>Whether zeros of S are worth looking for.</summary>
    public static bool Suits(int rows, int terms, int columns) => columns >= Vector512<T>.Count && (double)rows * terms * columns >= LeastProduct;

    /// <summary>Takes S, row after row; false when it has too few zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRead(ReadOnlySpan<T> matrix)
    {
        var lanes = (1UL << Vector512<T>.Count) - 1;
        var count = 0;
        var at = 0;
        for (var first = 0; first < terms; first += TermBlock)
        {
            var end = Math.Min(terms, first + TermBlock);
            for (var row = 0; row < rows; row++)
            {
                starts[at++] = count;
                if (count + end - first > places.Length && count + (end - first) - matrix.Slice((row * terms) + first, end - first).Count(T.Zero) > places.Length)
                {
                    return false;
                }

                var some = matrix.Slice((row * terms) + first, end - first);
                var i = 0;
                for (; i <= some.Length - Vector512<T>.Count; i += Vector512<T>.Count)
                {
                    // Most are 0: only the others are looked at.
                    for (var others = ~Vector512.Equals(Vector512.Create(some.Slice(i)), Vector512<T>.Zero).ExtractMostSignificantBits() & lanes; others != 0; others &= others - 1)
                    {
                        var lane = i + BitOperations.TrailingZeroCount(others);
                        (places[count], numbers[count]) = (first + lane, some[lane]);
                        count++;
                    }
                }

                for (; i < some.Length; i++)
                {
                    if (some[i] != T.Zero)
                    {
                        (places[count], numbers[count]) = (first + i, some[i]);
                        count++;
                    }
                }
            }
        }

        starts[at] = count;
        return true;
    }

    /// <summary>Writes C, row after row.</summary>
    /// <param name="x">X, row after row.</param>
    /// <param name="columns">Columns of X and C.</param>
    /// <param name="result">C.</param>
    public void Multiply(ReadOnlySpan<T> x, int columns, Span<T> result)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(x.Length, terms * columns, nameof(x));
        ArgumentOutOfRangeException.ThrowIfLessThan(result.Length, rows * columns, nameof(result));
        var width = Registers * Vector512<T>.Count;
        fixed (T* from = x, to = result)
        {
            var (right, product) = ((nint)from, (nint)to);
            WorkSharing.Run((columns + width - 1) / width, block => Columns((T*)right, (T*)product, columns, block * width, Math.Min(columns, (block + 1) * width)));
        }
    }

    private void Columns(T* x, T* result, int stride, int first, int end)
    {
        for (var block = 0; block < (starts.Length - 1) / rows; block++)
        {
            for (var row = 0; row < rows; row++)
            {
                var (from, to) = (starts[(block * rows) + row], starts[(block * rows) + row + 1]);
                if (block > 0 && from == to)
                {
                    continue;
                }

                var target = result + ((long)row * stride);
                var column = first;
                if (end - first == Registers * Vector512<T>.Count)
                {
                    Wide(x + first, target + first, stride, from, to, block == 0);
                    continue;
                }

                for (; column + Vector512<T>.Count <= end; column += Vector512<T>.Count)
                {
                    Narrow(x + column, target + column, stride, from, to, block == 0);
                }

                for (; column < end; column++)
                {
                    var sum = block == 0 ? T.Zero : target[column];
                    for (var i = from; i < to; i++)
                    {
                        sum = T.FusedMultiplyAdd(numbers[i], x[((long)places[i] * stride) + column], sum);
                    }

                    target[column] = sum;
                }
            }
        }
    }

    /// <summary>Adds terms to a row of a whole block of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Wide(T* x, T* target, nint stride, int from, int to, bool isFirst)
    {
        var lanes = Vector512<T>.Count;
        Vector512<T> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        if (!isFirst)
        {
            (s0, s1, s2, s3) = (Vector512.Load(target), Vector512.Load(target + lanes), Vector512.Load(target + (2 * lanes)), Vector512.Load(target + (3 * lanes)));
            (s4, s5, s6, s7) = (Vector512.Load(target + (4 * lanes)), Vector512.Load(target + (5 * lanes)), Vector512.Load(target + (6 * lanes)), Vector512.Load(target + (7 * lanes)));
        }

        fixed (int* place = places)
        fixed (T* number = numbers)
        {
            for (var i = from; i < to; i++)
            {
                var row = x + (place[i] * stride);
                var factor = Vector512.Create(number[i]);
                s0 = LinearCombination.MultiplyAdd(Vector512.Load(row), factor, s0);
                s1 = LinearCombination.MultiplyAdd(Vector512.Load(row + lanes), factor, s1);
                s2 = LinearCombination.MultiplyAdd(Vector512.Load(row + (2 * lanes)), factor, s2);
                s3 = LinearCombination.MultiplyAdd(Vector512.Load(row + (3 * lanes)), factor, s3);
                s4 = LinearCombination.MultiplyAdd(Vector512.Load(row + (4 * lanes)), factor, s4);
                s5 = LinearCombination.MultiplyAdd(Vector512.Load(row + (5 * lanes)), factor, s5);
                s6 = LinearCombination.MultiplyAdd(Vector512.Load(row + (6 * lanes)), factor, s6);
                s7 = LinearCombination.MultiplyAdd(Vector512.Load(row + (7 * lanes)), factor, s7);
            }
        }

        s0.Store(target);
        s1.Store(target + lanes);
        s2.Store(target + (2 * lanes));
        s3.Store(target + (3 * lanes));
        s4.Store(target + (4 * lanes));
        s5.Store(target + (5 * lanes));
        s6.Store(target + (6 * lanes));
        s7.Store(target + (7 * lanes));
    }

    /// <summary>Adds terms to a row of as many columns as a register holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Narrow(T* x, T* target, nint stride, int from, int to, bool isFirst)
    {
        var sum = isFirst ? default : Vector512.Load(target);
        for (var i = from; i < to; i++)
        {
            sum = LinearCombination.MultiplyAdd(Vector512.Load(x + (places[i] * stride)), Vector512.Create(numbers[i]), sum);
        }

        sum.Store(target);
    }
}
