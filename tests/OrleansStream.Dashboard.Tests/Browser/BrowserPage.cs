using Microsoft.Playwright;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>A page with everything that went wrong in it.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];

    internal BrowserPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) => Note(message.Type == "error", message.Text);
        page.PageError += (_, error) => Note(true, error);
    }

    public IPage Page { get; }

    /// <summary>Follows a link on the page to one of its own pages, as a person would.</summary>
    public async Task GoAsync(string link)
    {
        await Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = link, Exact = true }).First.ClickAsync();
    }

    /// <summary>Goes to an address and waits until the page does more than show itself.</summary>
    public async Task GoToAsync(string url)
    {
        await Page.GotoAsync(url);
        await Page.Locator("html[data-live], body.sign-in").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    /// <summary>The map as it is drawn: partitions by topic and number, each with the address of its silo.</summary>
    public async Task<IReadOnlyList<string>> ReadMapAsync() => await Page.EvaluateAsync<string[]>(
        """
        () => [...document.querySelectorAll('.map-silo')].flatMap(silo => [...silo.querySelectorAll('.map-tile:not(.is-uncertain)')]
            .map(tile => `${tile.dataset.topic}/${tile.dataset.partition} on ${silo.dataset.address}`)).sort()
        """);

    /// <summary>What went wrong until now; a connection that was cut on purpose is left out by whoever cut it.</summary>
    public IReadOnlyList<string> TakeErrors()
    {
        lock (_errors)
        {
            string[] errors = [.. _errors];
            _errors.Clear();
            return errors;
        }
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Note(bool isError, string text)
    {
        if (isError)
        {
            lock (_errors)
            {
                _errors.Add(text);
            }
        }
    }
}
