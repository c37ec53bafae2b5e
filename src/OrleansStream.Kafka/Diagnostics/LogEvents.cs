namespace OrleansStream.Kafka.Diagnostics;

/// <summary>The ids of everything the gateway logs; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int KafkaListening = 6000;
    public const int ConnectionRefused = 6001;
    public const int ConnectionOpened = 6002;
    public const int ConnectionEnded = 6003;
    public const int ProtocolViolated = 6004;
    public const int ConnectionOverdue = 6005;
    public const int RequestFailed = 6006;
    public const int AcceptFailed = 6007;
    public const int ConnectionsCut = 6008;

    public const int TopicNotCreated = 6100;
    public const int PartitionUnexplained = 6101;

    public const int GroupCallFailed = 6200;
}
