using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>One of two brokers that are asked the same: a connection for each client, and the ids that the broker gave to members.</summary>
internal sealed class GroupSide(int port) : IDisposable
{
    private readonly Dictionary<string, RawClient> _clients = [];
    private readonly Dictionary<string, string> _ids = [];

    /// <summary>The id of a member; that of an unknown one when nobody has the name.</summary>
    public string IdOf(string member) => member.Length == 0 ? "" : _ids.GetValueOrDefault(member, "nobody");

    /// <summary>Notes what a member is called here.</summary>
    public void Note(string member, string id) => _ids[member] = id;

    /// <summary>Forgets all members.</summary>
    public void Forget() => _ids.Clear();

    /// <summary>Puts a member's name in the place of its id.</summary>
    public string Name(string text) => _ids.FirstOrDefault(pair => pair.Value == text).Key is { } member ? $"the id of {member}"
        : text.Length > Guid.Empty.ToString().Length && Guid.TryParse(text[^Guid.Empty.ToString().Length..], out _) ? $"{text[..^Guid.Empty.ToString().Length]}*"
        : text;

    /// <summary>Asks on a client's own connection.</summary>
    public async Task<TResponse> AskAsync<TRequest, TResponse>(string client, TRequest request, short version)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        if (!_clients.TryGetValue(client, out var connection))
        {
            _clients[client] = connection = await RawClient.ConnectAsync(port);
        }

        return await connection.AskAsync<TRequest, TResponse>(request, version);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }
}
