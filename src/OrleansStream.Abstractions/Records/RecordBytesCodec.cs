using System.Buffers;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace OrleansStream.Records;

/// <summary>
/// Puts <see cref="RecordBytes"/> on the wire with one copy each way: written straight from the log's or producer's memory,
/// read into memory rented from the pool.
/// </summary>
[RegisterSerializer]
internal sealed class RecordBytesCodec : IFieldCodec<RecordBytes>
{
    private static readonly Type s_type = typeof(RecordBytes);

    void IFieldCodec<RecordBytes>.WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, RecordBytes? value)
    {
        if (ReferenceCodec.TryWriteReferenceField(ref writer, fieldIdDelta, expectedType!, value))
        {
            return;
        }

        writer.WriteFieldHeader(fieldIdDelta, expectedType!, s_type, WireType.LengthPrefixed);
        writer.WriteVarUInt32((uint)value!.Length);
        writer.Write(value.Memory.Span);
        value.Dispose();
    }

    RecordBytes IFieldCodec<RecordBytes>.ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        if (field.WireType == WireType.Reference)
        {
            return ReferenceCodec.ReadReference<RecordBytes, TInput>(ref reader, field)!;
        }

        field.EnsureWireType(WireType.LengthPrefixed);
        var length = reader.ReadVarUInt32();
        if (length > ProtocolLimits.MaxRecordBytes || length > reader.Remaining)
        {
            throw new InvalidOperationException(
                $"A message announces {length} bytes of records, of which it holds {reader.Remaining}; {ProtocolLimits.MaxRecordBytes} is the most that is accepted.");
        }

        var result = RecordBytes.Empty;
        if (length > 0)
        {
            var rented = ArrayPool<byte>.Shared.Rent((int)length);
            reader.ReadBytes(rented.AsSpan(0, (int)length));
            result = RecordBytes.FromRented(rented, (int)length);
        }

        ReferenceCodec.RecordObject(reader.Session, result);
        return result;
    }
}

/// <summary>Hands the instance itself to callees in the same process: the bytes are never changed after they were sent.</summary>
[RegisterCopier]
internal sealed class RecordBytesCopier : IDeepCopier<RecordBytes>, IOptionalDeepCopier
{
    public bool IsShallowCopyable() => true;

    public RecordBytes? DeepCopy(RecordBytes? input, CopyContext context) => input;
}
