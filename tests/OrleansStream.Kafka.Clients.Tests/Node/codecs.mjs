// kafkajs itself knows gzip, and takes the others from packages.
import LZ4Codec from '@2l/kafkajs-lz4'
import zstd from '@bokuweb/zstd-wasm'
import kafka from 'kafkajs'
import SnappyCodec from 'kafkajs-snappy'

const { CompressionCodecs, CompressionTypes } = kafka

export async function addCodecs () {
  await zstd.init()
  CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
  CompressionCodecs[CompressionTypes.LZ4] = new LZ4Codec().codec
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async encoder => Buffer.from(zstd.compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(zstd.decompress(buffer))
  })
}
