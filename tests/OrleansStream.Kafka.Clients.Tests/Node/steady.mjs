// Produces what it is told on its standard input, a line KEY:NUMBER each, until that ends; idempotently, with each codec in turn. NUMBER tells the partition too.
//
// Every call is for one partition, and a partition has one call at a time, because of what both clients do with a call for several when a partition moves
// before all are answered. kafkajs (sendMessages.js) keeps, while it repeats, what each silo has answered: records whose partition is now at a silo that has
// answered are never sent, and ones that were stored by a silo that has answered, and are now at one that has not, are sent again under new sequences.
// @platformatic/kafka (producer.js) repeats all that one silo was to store at the new leader of the first record's partition, for ever.
// node steady.mjs kafkajs|platformatic HOST:PORT,... TOPIC PARTITIONS
import { createInterface } from 'node:readline'
import { Producer, stringSerializers } from '@platformatic/kafka'
import kafka from 'kafkajs'
import { addCodecs } from './codecs.mjs'

const { CompressionTypes, Kafka, logLevel } = kafka

const [client, servers, topic, partitions] = process.argv.slice(2)
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
let calls = 0

// Sends lines as they come.
async function run (send) {
  const places = Array.from({ length: Number(partitions) }, (_, partition) => ({ partition, waiting: [], sending: null }))
  const drain = async place => {
    while (place.waiting.length > 0) {
      await send(place.partition, place.waiting.splice(0), codecs[calls++ % codecs.length])
    }
    place.sending = null
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const [key, value] = line.split(':')
    const place = places[Number(value) % places.length]
    place.waiting.push({ key, value })
    place.sending ??= drain(place)
  }
  await Promise.all(places.map(place => place.sending))
}

async function kafkajs () {
  await addCodecs()
  const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: Number.MAX_SAFE_INTEGER }
  const producer = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING }).producer({ idempotent: true, allowAutoTopicCreation: false, retry })
  await producer.connect()
  await run((partition, records, codec) => producer.send({
    topic,
    compression: Object.entries(CompressionTypes).find(([name]) => name.toLowerCase() === codec)[1],
    messages: records.map(record => ({ ...record, partition }))
  }))
  await producer.disconnect()
}

async function platformatic () {
  const producer = new Producer({ clientId: 'tests', bootstrapBrokers: servers.split(','), serializers: stringSerializers, idempotent: true, retryDelay: 100 })
  await run((partition, records, compression) => producer.send({ compression, messages: records.map(record => ({ ...record, topic, partition })) }))
  await producer.close()
}

await { kafkajs, platformatic }[client]()
