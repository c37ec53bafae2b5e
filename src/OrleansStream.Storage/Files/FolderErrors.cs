namespace OrleansStream.Storage.Files;

/// <summary>What <see cref="DataFolder"/> tells people when a folder cannot be used.</summary>
internal static class FolderErrors
{
    // Numbers of the operating systems: EWOULDBLOCK of Linux and of macOS, and the two codes of Windows.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);
    private const int WindowsLockViolation = unchecked((int)0x80070021);

    private const int UnixNoSpace = 28;
    private const int UnixReadOnly = 30;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>True when another handle has the file locked.</summary>
    public static bool IsSharingViolation(IOException error) => error.HResult
        is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation or WindowsLockViolation;

    /// <summary>Somebody else works there.</summary>
    public static OrleansStreamException InUse(string root, string? processId) => new(
        ErrorCode.DataFolderInUse,
        processId is null
            ? $"Another process uses the data folder '{root}'; stop it, or name another data folder."
            : $"Process {processId} uses the data folder '{root}'; stop it, or name another data folder.");

    /// <summary>The operating system refused something.</summary>
    public static OrleansStreamException CannotBeUsed(string root, Exception error) => error switch
    {
        IOException { HResult: UnixNoSpace or WindowsDiskFull } => new OrleansStreamException(
            ErrorCode.DiskFull, $"The disk of the data folder '{root}' is full; free space, or name another data folder.", error),
        UnauthorizedAccessException or IOException { HResult: UnixReadOnly } => new OrleansStreamException(
            ErrorCode.StorageError,
            $"The data folder '{root}' cannot be written; give this user write permission there, or name another data folder.",
            error),
        _ => new OrleansStreamException(
            ErrorCode.StorageError, $"'{root}' cannot be used as data folder ({error.Message}); name another one.", error),
    };
}
