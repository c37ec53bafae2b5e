namespace OrleansStream.Client.Diagnostics;

/// <summary>The ids of everything the client logs, by area; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int BatchRetried = 3000;
    public const int BatchFailed = 3001;
    public const int BatchSplit = 3002;
    public const int SequenceRestarted = 3003;
    public const int SequenceGap = 3004;
    public const int DeliveryCallbackThrew = 3005;
    public const int SenderFailed = 3006;
    public const int TopicRecreated = 3007;

    public const int WaitingForCluster = 3200;
    public const int Connected = 3201;
}
