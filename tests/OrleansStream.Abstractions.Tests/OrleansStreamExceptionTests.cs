namespace OrleansStream.Abstractions.Tests;

public sealed class OrleansStreamExceptionTests
{
    [Fact]
    public void It_crosses_the_wire_with_its_code_message_and_cause()
    {
        var thrown = Assert.Throws<OrleansStreamException>(Throw);

        // A failed grain call sends its exception as the base class.
        var received = Assert.IsType<OrleansStreamException>(Wire.Send<Exception>(thrown));

        Assert.Equal(ErrorCode.CorruptMessage, received.ErrorCode);
        Assert.Equal("Send it again.", received.Message);
        Assert.Equal("checksum", received.InnerException?.Message);
        Assert.False(received.IsRetriable);
        Assert.Contains(nameof(Throw), received.StackTrace, StringComparison.Ordinal);

        static void Throw() => throw new OrleansStreamException(ErrorCode.CorruptMessage, "Send it again.", new InvalidDataException("checksum"));
    }

    [Fact]
    public void It_is_copied_with_its_code_and_message()
    {
        var copy = Wire.Copy<Exception>(new OrleansStreamException(ErrorCode.DiskFull, "Free some space."));

        Assert.Equal((ErrorCode.DiskFull, "Free some space."), (Assert.IsType<OrleansStreamException>(copy).ErrorCode, copy.Message));
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower, true)]
    [InlineData(ErrorCode.DiskFull, true)]
    [InlineData(ErrorCode.CorruptMessage, false)]
    [InlineData(ErrorCode.None, false)]
    public void It_tells_whether_to_try_again(ErrorCode code, bool isRetriable)
    {
        Assert.Equal(isRetriable, new OrleansStreamException(code, "").IsRetriable);
    }

    [Fact]
    public void No_two_errors_share_a_number()
    {
        Assert.Equal(Enum.GetNames<ErrorCode>().Length, Enum.GetValues<ErrorCode>().Distinct().Count());
    }
}
