using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;

namespace OrleansStream.Server.Tests.Hosting;

/// <summary>Failures on their way from a silo to its callers.</summary>
public sealed class FailureTests
{
    [Fact]
    public void A_failure_reaches_the_client_with_its_code_whatever_caused_it()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddOrleansStreamServer();
        using var silo = builder.Build();
        using var client = new ServiceCollection()
            .AddSerializer(serializer => serializer.AddAssembly(typeof(ErrorCode).Assembly))
            .BuildServiceProvider();
        var failure = new OrleansStreamException(ErrorCode.StorageError, "The database cannot be reached.", new DriverException("No host."));

        var sent = silo.Services.GetRequiredService<Serializer>().SerializeToArray<Exception>(failure);
        var received = Assert.IsType<OrleansStreamException>(client.GetRequiredService<Serializer>().Deserialize<Exception>(sent));

        Assert.Equal((ErrorCode.StorageError, "The database cannot be reached."), (received.ErrorCode, received.Message));
        Assert.True(received.IsRetriable);
        Assert.Contains("No host.", received.InnerException!.Message, StringComparison.Ordinal);
    }

    /// <summary>As a database driver throws it: of a namespace that Orleans knows nothing of.</summary>
    private sealed class DriverException(string message) : Exception(message);
}
