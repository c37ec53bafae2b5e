using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansStream.Host.Cluster;

namespace OrleansStream.Host;

/// <summary>Finds the one sentence that somebody needs to mend a failed start.</summary>
internal static class StartFailure
{
    /// <summary>Explains an exception.</summary>
    /// <returns>Null when it is none of the foreseen kinds, and deserves its stack trace.</returns>
    public static string? Explain(Exception exception) => Chain(exception).Select(ExplainOne).FirstOrDefault(reason => reason is not null)?.ReplaceLineEndings(" ");

    private static string? ExplainOne(Exception exception) => exception switch
    {
        OptionsValidationException e => string.Join(' ', e.Failures),
        OrleansStreamException e when e.ErrorCode == ErrorCode.SchemaMismatch || e.InnerException is NpgsqlException =>
            $"{e.Message} The database is the setting {PostgresCluster.ConnectionStringSetting} (--postgres).",
        OrleansStreamException { ErrorCode: ErrorCode.DataFolderInUse or ErrorCode.DataFolderTooNew or ErrorCode.StorageError or ErrorCode.DiskFull } e =>
            $"{e.Message} The folder is the setting OrleansStream:DataPath (--data).",
        OrleansStreamException e => e.Message,

        // The outer one names the address, the inner one does not.
        IOException { InnerException: AddressInUseException } e => $"{Sentence(e.Message)} The address is the setting Urls (--http).",
        AddressInUseException e => $"{Sentence(e.Message)} The address is the setting Urls (--http).",
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable or SocketError.AccessDenied } e =>
            $"{Sentence(e.Message)} Look at the settings OrleansStream:AdvertisedAddress, GatewayPort and SiloPort, and Urls.",

        // A value that does not convert: the message names the setting, the inner ones only the value.
        InvalidOperationException { InnerException: FormatException or ArgumentException or OverflowException } e
            when e.Message.Contains("configuration value", StringComparison.Ordinal) => e.Message,
        InvalidDataException e => $"{e.Message} {e.InnerException?.Message}".TrimEnd(),
        FormatException e => $"{Sentence(e.Message)} Look at the settings Urls (--http) and appsettings.json.",
        _ => null,
    };

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    /// <summary>The exception and what caused it, outermost first, since the outer ones know the setting's name.</summary>
    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var e = exception; e is not null; e = (e as AggregateException)?.InnerExceptions[0] ?? e.InnerException)
        {
            yield return e;
        }
    }
}
