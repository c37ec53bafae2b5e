namespace OrleansStream.Kafka.Generator;

/// <summary>What is wrong with a schema file, and in which line (counted from 0).</summary>
internal sealed class SchemaProblem(int line, string message) : Exception(message)
{
    public int Line => line;
}
