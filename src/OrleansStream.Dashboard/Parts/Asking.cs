using MudBlazor;

namespace OrleansStream.Dashboard.Parts;

/// <summary>Asks before something is done.</summary>
internal static class Asking
{
    /// <summary>Says what will happen, does it when that is wanted, and says so when it is done.</summary>
    /// <param name="dialogs">Shows the question.</param>
    /// <param name="snackbar">Shows the success.</param>
    /// <param name="title">The question.</param>
    /// <param name="lines">What will happen.</param>
    /// <param name="verb">On the button.</param>
    /// <param name="action">Does it; answers null, or what kept it from being done.</param>
    /// <param name="done">Said afterwards.</param>
    /// <param name="isDanger">True for what cannot be taken back.</param>
    /// <returns>Whether it was done.</returns>
    public static async Task<bool> AskAsync(
        this IDialogService dialogs,
        ISnackbar snackbar,
        string title,
        IReadOnlyList<string> lines,
        string verb,
        Func<Task<string?>> action,
        string done,
        bool isDanger = false)
    {
        var parameters = new DialogParameters<Confirm>
        {
            { dialog => dialog.Title, title },
            { dialog => dialog.Lines, lines },
            { dialog => dialog.Verb, verb },
            { dialog => dialog.Action, action },
            { dialog => dialog.IsDanger, isDanger },
        };
        var dialog = await dialogs.ShowAsync<Confirm>(title, parameters);
        if (await dialog.Result is not { Canceled: false })
        {
            return false;
        }

        snackbar.Add(done, Severity.Success);
        return true;
    }
}
