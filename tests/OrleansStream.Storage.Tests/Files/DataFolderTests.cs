using System.Diagnostics;
using System.Globalization;
using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Tests.Files;

public sealed class DataFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("orleansstream-folder-").FullName;

    private string Root => Path.Combine(_parent, "data");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void A_missing_folder_is_created_with_its_format_version()
    {
        using var folder = DataFolder.Open(Path.Combine(Root, "deeper"));

        Assert.True(Directory.Exists(folder.LogsRoot));
        Assert.Equal(folder.Root, Path.GetDirectoryName(folder.CatalogPath));
        Assert.Equal(DataFolder.FormatVersion.ToString(CultureInfo.InvariantCulture), File.ReadAllText(Path.Combine(folder.Root, "format")).Trim());
    }

    [Fact]
    public void A_folder_can_be_opened_again_after_it_was_closed()
    {
        DataFolder.Open(Root).Dispose();

        using var folder = DataFolder.Open(Root);
    }

    [Fact]
    public void A_second_opening_is_refused_and_names_the_process()
    {
        using var folder = DataFolder.Open(Root);

        var error = Refused(Root);

        Assert.Equal(ErrorCode.DataFolderInUse, error.ErrorCode);
        Assert.Contains($"Process {Environment.ProcessId} ", error.Message, StringComparison.Ordinal);
        Assert.Contains(Root, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_opening_leaves_the_holder_its_lock()
    {
        using var folder = DataFolder.Open(Root);
        Refused(Root);

        Assert.Equal(ErrorCode.DataFolderInUse, Refused(Root).ErrorCode);
    }

    [Fact]
    public async Task Another_process_holds_the_folder_until_it_is_killed()
    {
        using var holder = StartHolder(Root);
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));

        var error = Refused(Root);
        holder.Kill();
        await holder.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(ErrorCode.DataFolderInUse, error.ErrorCode);
        Assert.Contains($"Process {holder.Id} ", error.Message, StringComparison.Ordinal);
        using var folder = DataFolder.Open(Root);
    }

    [Fact]
    public void A_newer_format_is_refused_and_the_message_says_which_version_is_needed()
    {
        DataFolder.Open(Root).Dispose();
        File.WriteAllText(Path.Combine(Root, "format"), "7\n");

        var error = Refused(Root);

        Assert.Equal(ErrorCode.DataFolderTooNew, error.ErrorCode);
        Assert.Contains("format version 7", error.Message, StringComparison.Ordinal);
        Assert.Equal("7\n", File.ReadAllText(Path.Combine(Root, "format")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("seven")]
    [InlineData("0")]
    [InlineData("-1")]
    public void A_damaged_format_file_is_refused(string content)
    {
        DataFolder.Open(Root).Dispose();
        File.WriteAllText(Path.Combine(Root, "format"), content);

        Assert.Equal(ErrorCode.StorageError, Refused(Root).ErrorCode);
    }

    [Fact]
    public void A_refused_folder_is_not_left_locked()
    {
        DataFolder.Open(Root).Dispose();
        File.WriteAllText(Path.Combine(Root, "format"), "7");
        Refused(Root);
        File.WriteAllText(Path.Combine(Root, "format"), "1");

        using var folder = DataFolder.Open(Root);
    }

    [Fact]
    public void A_file_in_the_folders_place_is_refused()
    {
        File.WriteAllText(Root, "mine");

        var error = Refused(Root);

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Contains("is a file", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Root));
    }

    [Fact]
    public void A_file_above_the_folder_is_refused()
    {
        File.WriteAllText(Root, "mine");

        Assert.Equal(ErrorCode.StorageError, Refused(Path.Combine(Root, "data")).ErrorCode);
    }

    [Fact]
    public void A_folder_full_of_other_things_is_refused_and_left_as_it_is()
    {
        Directory.CreateDirectory(Root);
        File.WriteAllText(Path.Combine(Root, "thesis.txt"), "mine");

        var error = Refused(Root);

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Contains("thesis.txt", error.Message, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFileSystemEntries(Root));
    }

    [Fact]
    public void What_a_crash_during_the_first_opening_leaves_does_not_hinder_the_next()
    {
        Directory.CreateDirectory(Path.Combine(Root, "lost+found"));
        foreach (var name in (string[])["lock", "lock.owner", "format.new", ".gitkeep"])
        {
            File.WriteAllText(Path.Combine(Root, name), "");
        }

        using var folder = DataFolder.Open(Root);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused_with_a_sentence()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Not even the superuser can create folders there.
        const string root = "/proc/orleansstream";

        var error = Refused(root);

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Contains(root, error.Message, StringComparison.Ordinal);
    }

    private static OrleansStreamException Refused(string path) => Assert.Throws<OrleansStreamException>(() => DataFolder.Open(path));

    private static Process StartHolder(string root) => Process.Start(new ProcessStartInfo
    {
        FileName = Environment.ProcessPath!.Contains("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet",
        ArgumentList = { typeof(Program).Assembly.Location, "hold-folder", root },
        RedirectStandardOutput = true,
        RedirectStandardInput = true,
    })!;
}
