using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Tests.Numerics.Kernels;

public sealed class WorkSharingTests
{
    [Fact]
    public void Every_piece_runs_exactly_once()
    {
        for (int count = 0; count < 200; count++)
        {
            var runs = new int[count];
            WorkSharing.Run(count, i => Interlocked.Increment(ref runs[i]));
            Assert.All(runs, run => Assert.Equal(1, run));
        }
    }

    [Fact]
    public void Pieces_may_share_work_themselves()
    {
        int runs = 0;
        WorkSharing.Run(8, _ => WorkSharing.Run(8, _ => Interlocked.Increment(ref runs)));
        Assert.Equal(64, runs);
    }

    [Fact]
    public void Callers_on_many_threads_do_not_disturb_one_another()
    {
        var sums = new long[16];
        Parallel.For(0, sums.Length, caller =>
        {
            for (int round = 0; round < 200; round++)
            {
                WorkSharing.Run(20, i => Interlocked.Add(ref sums[caller], i));
            }
        });
        Assert.All(sums, sum => Assert.Equal(200 * 190, sum));
    }

    [Fact]
    public void What_a_piece_throws_reaches_the_caller_and_the_team_goes_on()
    {
        for (int round = 0; round < 20; round++)
        {
            Assert.Throws<InvalidOperationException>(() => WorkSharing.Run(50, i =>
            {
                if (i % 7 == 3)
                {
                    throw new InvalidOperationException();
                }
            }));
            int runs = 0;
            WorkSharing.Run(50, _ => Interlocked.Increment(ref runs));
            Assert.Equal(50, runs);
        }
    }
}
