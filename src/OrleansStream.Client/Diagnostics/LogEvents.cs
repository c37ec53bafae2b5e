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

    public const int FetchFailed = 3100;
    public const int OffsetGone = 3101;
    public const int CommitFailed = 3110;
    public const int GroupJoined = 3120;
    public const int SessionLost = 3121;
    public const int GroupCallFailed = 3122;
    public const int LeaveFailed = 3123;
    public const int PartitionsAssigned = 3124;
    public const int PartitionsRevoked = 3125;
    public const int LetGoTimedOut = 3126;
    public const int TopicRefreshFailed = 3130;
    public const int HandlerFailed = 3140;
    public const int RecordsSkipped = 3141;
    public const int ConsumerStopped = 3142;
    public const int HandlerCancelled = 3143;
    public const int HandlerAbandoned = 3144;
    public const int LastFailureCallbackThrew = 3145;
    public const int HandlerGaveUp = 3146;
    public const int HostedConsumerStarted = 3147;
    public const int HostedConsumerEnded = 3148;

    public const int WaitingForCluster = 3200;
    public const int Connected = 3201;
}
