using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Testing;

/// <summary>Finds ports that nobody listens on at the moment.</summary>
internal static class FreePorts
{
    /// <summary>Two different ports of the loopback address.</summary>
    public static (int First, int Second) Find()
    {
        // Both are held until both are known, so that they differ.
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }

    /// <summary>Tells whether a start failed because a port was taken meanwhile.</summary>
    public static bool IsTaken(Exception failure) =>
        failure is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
        || (failure.InnerException is { } inner && IsTaken(inner));
}
