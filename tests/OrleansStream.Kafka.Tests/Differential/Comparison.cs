using System.Text.RegularExpressions;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>Notes in which fields the reference's answers differ from ours, apart from exceptions that are known and explained. Safe for concurrent use.</summary>
/// <param name="exceptions">A case or its beginning, <c>*</c> for all; an expression for the fields; and why they differ.</param>
internal sealed class Comparison((string Case, string Fields, string Reason)[] exceptions)
{
    private readonly HashSet<int> _used = [];
    private readonly List<string> _differences = [];

    /// <summary>How many answers were compared.</summary>
    public int Answers { get; private set; }

    /// <summary>Asks the reference, and compares what it says with our answer.</summary>
    /// <returns>The reference's answer; null when it cannot be read.</returns>
    public async Task<TResponse?> CompareAsync<TRequest, TResponse>(string name, short version, TResponse ours, RawClient reference, TRequest request)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        await reference.SendAsync(RawClient.Frame(request, version));
        var bytes = await reference.ReceiveAsync();
        Assert.True(bytes is not null, $"{name}: the reference closes the connection for version {version}.");
        TResponse theirs;
        try
        {
            theirs = RawClient.Read<TResponse>(bytes, version, allowsMore: true);
        }
        catch (KafkaProtocolException unreadable)
        {
            Note(name, $"v{version} unreadable", $"{TRequest.Api.Key} v{version}: the reference's answer cannot be read: {unreadable.Message}");
            return null;
        }

        Compare<TRequest, TResponse>(name, version, ours, theirs);
        return theirs;
    }

    /// <summary>Compares two answers.</summary>
    public void Compare<TRequest, TResponse>(
        string name, short version, TResponse ours, TResponse theirs, Func<string, string>? nameOurs = null, Func<string, string>? nameTheirs = null)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        lock (_used)
        {
            Answers++;
        }

        var (our, their) = (Flat.Of(ours, nameOurs), Flat.Of(theirs, nameTheirs));
        foreach (var path in our.Keys.Union(their.Keys))
        {
            var (here, there) = (our.GetValueOrDefault(path, "absent"), their.GetValueOrDefault(path, "absent"));
            if (here != there)
            {
                Note(name, path, $"{TRequest.Api.Key} v{version}, {path}: {here} here, {there} there");
            }
        }
    }

    /// <summary>Fails for differences nobody has explained, and for explanations of what is not different any more.</summary>
    public void AssertEqual()
    {
        Assert.True(_differences.Count == 0, string.Join(Environment.NewLine, _differences));
        Assert.Empty(exceptions.Where((_, at) => !_used.Contains(at)).Select(exception => $"No difference any more: {exception}"));
    }

    private void Note(string name, string path, string difference)
    {
        var at = Array.FindIndex(
            exceptions, exception => (exception.Case == "*" || name.StartsWith(exception.Case, StringComparison.Ordinal)) && Regex.IsMatch(path, exception.Fields));
        lock (_used)
        {
            if (at >= 0)
            {
                _used.Add(at);
            }
            else
            {
                _differences.Add($"{name}, {difference}");
            }
        }
    }
}
