// Produces the numbers from FIRST on, idempotently, each as key and value, with a header; in several batches, if told so, one after the other.
// node produce.mjs kafkajs|platformatic HOST:PORT,... TOPIC FIRST COUNT [BATCHES]
import { setTimeout } from 'node:timers/promises'
import { Producer, stringSerializers } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { CompressionTypes, Kafka, logLevel } = kafka

const [client, servers, topic, first, count, batches = '1'] = process.argv.slice(2)
const batchSize = Number(count) / Number(batches)
const pause = 100

async function send (batch) {
  for (let at = 0; at < Number(count); at += batchSize) {
    await batch(Array.from({ length: batchSize }, (_, number) => String(Number(first) + at + number)))
    await setTimeout(at + batchSize < Number(count) ? pause : 0)
  }
}

async function kafkajs () {
  const producer = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING }).producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()
  await send(numbers => producer.send({ topic, compression: CompressionTypes.GZIP, messages: numbers.map(number => ({ key: number, value: number, headers: { of: 'tests' } })) }))
  await producer.disconnect()
}

async function platformatic () {
  const producer = new Producer({
    clientId: 'tests', bootstrapBrokers: servers.split(','), serializers: stringSerializers, idempotent: true, compression: 'gzip', retries: 30, retryDelay: 300
  })
  await send(numbers => producer.send({ messages: numbers.map(number => ({ topic, key: number, value: number, headers: { of: 'tests' } })) }))
  await producer.close()
}

await { kafkajs, platformatic }[client]()
