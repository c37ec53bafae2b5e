using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard.Tests.Watching;

public sealed class NaturalOrderTests
{
    [Fact]
    public void Numbers_in_names_count_as_numbers()
    {
        string[] names = ["silo-10", "silo-2", "silo-1", "a", "silo-2b", "silo-02"];

        Assert.Equal(["a", "silo-1", "silo-02", "silo-2", "silo-2b", "silo-10"], names.Order(NaturalOrder.Instance));
    }
}
