using System.Net;
using Microsoft.AspNetCore.Http;
using OrleansStream.Dashboard.Access;

namespace OrleansStream.Dashboard.Tests.Access;

public sealed class LocalAccessTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "localhost:8080", true)]
    [InlineData("::1", "::1", "[::1]:8080", true)]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", true)]
    [InlineData("10.0.0.7", "10.0.0.5", "10.0.0.5:8080", false)]
    [InlineData("10.0.0.5", "10.0.0.5", "10.0.0.5:8080", false)]
    [InlineData("127.0.0.1", "127.0.0.1", "evil.example:8080", false)]
    public void Only_this_machine_is_local_and_only_under_its_own_name(string remote, string local, string host, bool isLocal)
    {
        Assert.Equal(isLocal, LocalAccess.IsLocal(Request(remote, local, host)));
    }

    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    public void What_a_proxy_passes_on_is_not_local(string header)
    {
        var request = Request("127.0.0.1", "127.0.0.1", "localhost");
        request.Request.Headers[header] = "203.0.113.7";

        Assert.False(LocalAccess.IsLocal(request));
    }

    private static DefaultHttpContext Request(string remote, string local, string host)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(remote);
        context.Connection.LocalIpAddress = IPAddress.Parse(local);
        context.Request.Host = new HostString(host);
        return context;
    }
}
