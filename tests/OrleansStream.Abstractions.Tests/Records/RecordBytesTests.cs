using System.Buffers;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.WireProtocol;
using OrleansStream.Endpoint;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordBytesTests
{
    private static readonly byte[] s_bytes = [1, 2, 3, 4, 5];

    [Fact]
    public void Rented_memory_goes_back_once_however_often_and_from_wherever_it_is_disposed()
    {
        // A size of which nobody else returns arrays meanwhile.
        const int Size = 3 * 1024 * 1024;
        for (var run = 0; run < 20; run++)
        {
            var bytes = RecordBytes.FromRented(ArrayPool<byte>.Shared.Rent(Size), Size);

            Parallel.For(0, 8, _ => bytes.Dispose());

            var rented = Enumerable.Range(0, 8).Select(_ => ArrayPool<byte>.Shared.Rent(Size)).ToList();
            Assert.Equal(rented.Count, rented.Distinct().Count());
            rented.ForEach(a => ArrayPool<byte>.Shared.Return(a));
        }
    }

    [Fact]
    public void Disposed_rented_memory_is_not_handed_out_again()
    {
        var bytes = Rented();
        Assert.Equal(s_bytes, bytes.Memory.ToArray());

        bytes.Dispose();

        Assert.Throws<ObjectDisposedException>(() => bytes.Memory);
        Assert.Equal(s_bytes.Length, bytes.Length);
    }

    [Fact]
    public void Wrapped_memory_stays_with_its_owner()
    {
        var bytes = RecordBytes.Wrap(s_bytes);

        bytes.Dispose();

        Assert.Equal(s_bytes, bytes.Memory.ToArray());
        Assert.Same(RecordBytes.Empty, RecordBytes.Wrap(default));
    }

    [Fact]
    public void Sending_releases_what_was_rented_and_receiving_rents_anew()
    {
        var sent = Rented();

        using var received = Wire.Send(sent);

        Assert.Throws<ObjectDisposedException>(() => sent.Memory);
        Assert.True(received.IsRented);
        Assert.Equal(s_bytes, received.Memory.ToArray());
    }

    [Fact]
    public void Sending_wrapped_memory_leaves_it_for_the_next_attempt()
    {
        var sent = RecordBytes.Wrap(s_bytes);

        using var first = Wire.Send(sent);
        using var second = Wire.Send(sent);

        Assert.Equal(s_bytes, first.Memory.ToArray());
        Assert.Equal(s_bytes, second.Memory.ToArray());
    }

    [Fact]
    public void Requests_and_answers_carry_it()
    {
        var partition = new PartitionId(Guid.NewGuid(), 3);

        var request = Wire.Send(new ProduceRequest(partition, RecordBytes.Wrap(s_bytes)));
        var answer = Wire.Send(new FetchResponse(
        [
            new FetchedPartition(partition, ErrorCode.None, new Offset(9), Offset.Zero, Rented()),
            new FetchedPartition(partition, ErrorCode.OffsetOutOfRange, new Offset(9), new Offset(2), RecordBytes.Empty, "Ask for 2 to 9."),
            new FetchedPartition(partition, ErrorCode.None, new Offset(9), Offset.Zero, RecordBytes.Empty),
        ]));

        Assert.Equal(partition, request.Partition);
        Assert.Equal(s_bytes, request.Batch.Memory.ToArray());
        Assert.Equal([5, 0, 0], answer.Partitions.Select(p => p.Batches.Length));
        Assert.Equal(s_bytes, answer.Partitions[0].Batches.Memory.ToArray());
        Assert.Same(RecordBytes.Empty, answer.Partitions[1].Batches);
        Assert.Equal((ErrorCode.OffsetOutOfRange, new Offset(2), "Ask for 2 to 9."), (answer.Partitions[1].Error, answer.Partitions[1].LogStartOffset, answer.Partitions[1].Message));
    }

    [Fact]
    public void An_instance_that_is_sent_twice_in_one_message_arrives_as_one()
    {
        var bytes = Rented();

        var received = Wire.Send(new[] { bytes, bytes });

        Assert.Same(received[0], received[1]);
        Assert.Equal(s_bytes, received[0].Memory.ToArray());
        received[0].Dispose();
    }

    [Fact]
    public void Inside_a_process_the_instance_itself_is_handed_over()
    {
        using var bytes = Rented();

        Assert.Same(bytes, Wire.Copy(bytes));
        Assert.Same(bytes, Wire.Copy(new ProduceRequest(default, bytes)).Batch);
    }

    [Theory]
    [InlineData(ProtocolLimits.MaxRecordBytes + 1u)]
    [InlineData(uint.MaxValue)]
    [InlineData(6u)]
    public void A_length_beyond_the_limit_or_the_message_is_refused(uint announced)
    {
        var message = new ArrayBufferWriter<byte>();
        using var session = Wire.Serializer.SessionPool.GetSession();
        var writer = Writer.Create(message, session);
        writer.WriteFieldHeader(0, typeof(RecordBytes), typeof(RecordBytes), WireType.LengthPrefixed);
        writer.WriteVarUInt32(announced);
        writer.Write(s_bytes);
        writer.Commit();

        var e = Assert.Throws<InvalidOperationException>(() => Wire.Serializer.Deserialize<RecordBytes>(message.WrittenMemory));

        Assert.Contains($"{announced} bytes", e.Message, StringComparison.Ordinal);
    }

    private static RecordBytes Rented()
    {
        var array = ArrayPool<byte>.Shared.Rent(s_bytes.Length);
        s_bytes.CopyTo(array, 0);
        return RecordBytes.FromRented(array, s_bytes.Length);
    }
}
