namespace OrleansStream.Kafka.Wire;

/// <summary>A request's or response's body.</summary>
internal interface IKafkaMessage
{
    /// <summary>Writes the body as a version has it; fields that the version does not have are passed over.</summary>
    void Write(KafkaWriter writer, short version);

    /// <summary>Calls back for each field named <c>ErrorCode</c> that holds an error, in the message and all its parts.</summary>
    void VisitErrors<TContext>(TContext context, Action<TContext, short> visit);
}

/// <summary>A request's or response's body that can be read.</summary>
internal interface IKafkaMessage<TSelf> : IKafkaMessage
    where TSelf : IKafkaMessage<TSelf>
{
    /// <summary>The API that it belongs to.</summary>
    static abstract ApiDescription Api { get; }

    /// <summary>Reads a body. Bytes and records in it are slices of the reader's memory.</summary>
    /// <exception cref="KafkaProtocolException">It is none.</exception>
    static abstract TSelf Read(ref KafkaReader reader, short version);
}
