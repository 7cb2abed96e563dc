namespace TpCompiler.Numerics.Execution;

/// <summary>Arrays that were let go of, by length, for values of the same size in the next iteration. What they hold is rubbish.</summary>
internal sealed class BufferPool<T>
{
    private readonly Dictionary<int, Stack<T[]>> free = [];

    public T[] Rent(int length) => free.TryGetValue(length, out var stack) && stack.TryPop(out var array) ? array : new T[length];

    public void Return(T[] array)
    {
        if (!free.TryGetValue(array.Length, out var stack))
        {
            free[array.Length] = stack = new();
        }

        stack.Push(array);
    }
}
