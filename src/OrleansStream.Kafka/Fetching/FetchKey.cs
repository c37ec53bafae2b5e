namespace OrleansStream.Kafka.Fetching;

/// <summary>A partition as a fetch names it: by the topic's name up to version 12, by its id after that; the other one is empty.</summary>
internal readonly record struct FetchKey(string Topic, Guid TopicId, int Partition);
