namespace TpCompiler.Numerics.Execution;

/// <summary>What a body can read while it runs: the program's values by slot and the loops' counters by name.</summary>
internal interface IFrame
{
    int Counter(string name);

    Tensor<double> Scalar(int slot);
}

/// <summary>A frame with vectors in the precision of the run.</summary>
internal interface IFrame<T> : IFrame
    where T : unmanaged, System.Numerics.INumberBase<T>
{
    Tensor<T> Vector(int slot);
}
