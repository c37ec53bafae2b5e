namespace OrleansStream.Storage.Files;

/// <summary>Tells apart the failures of a disk that the log treats differently.</summary>
internal static class DiskErrors
{
    // The runtime puts errno into HResult on Unix, and the Win32 code with the facility bits on Windows.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>True when there was no room: nothing is broken, and the same write succeeds once there is.</summary>
    public static bool IsDiskFull(IOException exception) =>
        exception.HResult is NoSpace or QuotaExceeded or WindowsHandleDiskFull or WindowsDiskFull;

    /// <summary>True for what a disk or its permissions can answer; everything else is a mistake of ours.</summary>
    public static bool IsDiskTrouble(Exception exception) => exception is IOException or UnauthorizedAccessException;

    /// <summary>Puts a disk's failure into the platform's words.</summary>
    public static OrleansStreamException Translate(Exception exception, string doing) => exception is IOException io && IsDiskFull(io)
        ? new OrleansStreamException(ErrorCode.DiskFull, $"The disk is full while {doing}; free space on it and try again.", exception)
        : new OrleansStreamException(ErrorCode.StorageError, $"The disk failed while {doing}: {exception.Message}", exception);
}
