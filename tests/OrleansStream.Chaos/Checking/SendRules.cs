using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>A producer's records of a partition lie in the order in which it sent them.</summary>
internal static class SendRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts)
    {
        foreach (var partition in facts.Partitions)
        {
            var last = new Dictionary<string, SendFact>(StringComparer.Ordinal);
            foreach (var send in partition.Sends.Values.Where(send => send.Offset >= 0))
            {
                if (last.TryGetValue(send.Invoke.Process, out var earlier) && send.Offset <= earlier.Offset)
                {
                    yield return new Anomaly(
                        AnomalyKind.NonmonotonicSend,
                        partition.Partition,
                        $"{send.Invoke.Process} sent value {send.Invoke.Value} after value {earlier.Invoke.Value}, and they lie at the offsets {send.Offset} and {earlier.Offset}.",
                        [.. Operations(earlier).Concat(Operations(send)).OrderBy(operation => operation.Index)]);
                }

                last[send.Invoke.Process] = send;
            }
        }
    }

    private static IEnumerable<Operation> Operations(SendFact send) =>
        new[] { send.Invoke, send.Completion, send.IsAcknowledged ? null : send.FirstRead }.OfType<Operation>();
}
