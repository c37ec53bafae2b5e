using System.Runtime.InteropServices;

namespace OrleansStream.Storage.Files;

/// <summary>The two flushes that .NET has no call for: a file's data without its times, and a directory's names.</summary>
internal static partial class UnixFlush
{
    private const int Interrupted = 4;
    private const int ReadOnly = 0;

    public static void Data(SafeHandle file)
    {
        while (fdatasync(file) != 0)
        {
            ThrowUnlessInterrupted("flushing a file");
        }
    }

    public static void Directory(string path)
    {
        var descriptor = open(path, ReadOnly);
        if (descriptor < 0)
        {
            ThrowUnlessInterrupted($"opening the directory {path}");
        }

        try
        {
            while (fsync(descriptor) != 0)
            {
                ThrowUnlessInterrupted($"flushing the directory {path}");
            }
        }
        finally
        {
            _ = close(descriptor);
        }
    }

    private static void ThrowUnlessInterrupted(string doing)
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != Interrupted)
        {
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} (errno {error}) while {doing}.", error);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
