namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Vectors that a matrix has met, one after the other, each <paramref name="length"/> numbers. They lie in groups, and in a group cut into pieces, the same piece of all vectors
/// together: a product with a batch goes piece by piece, the batch's in cache and the others' streaming by in order. Nothing moves once it is there.
/// </summary>
/// <param name="length">Numbers of a vector.</param>
internal sealed class VectorHistory(int length)
{
    private readonly List<Group> groups = [];

    /// <summary>How many vectors there are.</summary>
    public int Count { get; private set; }

    /// <summary>Memory held.</summary>
    public long Bytes => groups.Sum(group => sizeof(double) * (long)group.Capacity * length);

    /// <summary>Appends vectors that lie one after the other.</summary>
    public void Add(ReadOnlySpan<double> vectors)
    {
        while (!vectors.IsEmpty)
        {
            if (groups.Count == 0 || groups[^1].Count == groups[^1].Capacity)
            {
                // As many as there are, so that few vectors take little memory.
                var capacity = Math.Min(Block.RowsTogether, Math.Max(vectors.Length / length, Count));
                groups.Add(new Group(Count, capacity, new double[capacity * length]));
            }

            var group = groups[^1];
            var added = Math.Min(group.Capacity - group.Count, vectors.Length / length);
            for (var start = 0; start < length; start += Block.Piece)
            {
                var size = SizeAt(start);
                for (var i = 0; i < added; i++)
                {
                    vectors.Slice((i * length) + start, size).CopyTo(group.At(start)[((group.Count + i) * size)..]);
                }
            }

            group.Count += added;
            Count += added;
            vectors = vectors[(added * length)..];
        }
    }

    /// <summary>The products [vector, b] = Σ_α of every vector with each of a batch that lies one after the other.</summary>
    public double[] Dots(ReadOnlySpan<double> few)
    {
        var batch = few.Length / length;
        var result = new double[Count * batch];
        for (var start = 0; start < length; start += Block.Piece)
        {
            var size = SizeAt(start);
            foreach (var group in groups)
            {
                Block.Dots(group.At(start), size, group.Count, few[start..], length, batch, size, result.AsSpan(group.First * batch));
            }
        }

        return result;
    }

    /// <summary>few_b += Σ_i coefficients[i, b] vector_i.</summary>
    public void Accumulate(ReadOnlySpan<double> coefficients, Span<double> few)
    {
        var batch = few.Length / length;
        for (var start = 0; start < length; start += Block.Piece)
        {
            var size = SizeAt(start);
            foreach (var group in groups)
            {
                Block.Accumulate(group.At(start), size, group.Count, coefficients[(group.First * batch)..], few[start..], length, batch, size);
            }
        }
    }

    private int SizeAt(int start) => Math.Min(Block.Piece, length - start);

    /// <param name="first">The number of its first vector.</param>
    /// <param name="capacity">Vectors that it has room for.</param>
    /// <param name="numbers">[piece, vector, coordinate].</param>
    private sealed class Group(int first, int capacity, double[] numbers)
    {
        public int First => first;

        public int Capacity => capacity;

        public int Count { get; set; }

        /// <summary>The piece that starts at this coordinate, of all vectors.</summary>
        public Span<double> At(int start) => numbers.AsSpan(start * capacity);
    }
}
