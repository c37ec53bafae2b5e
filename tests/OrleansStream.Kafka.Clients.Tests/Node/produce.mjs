// Produces the numbers from FIRST on, idempotently, each as key and value, with a header.
// node produce.mjs kafkajs|platformatic HOST:PORT TOPIC FIRST COUNT
import { Producer, stringSerializers } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { CompressionTypes, Kafka, logLevel } = kafka

const [client, servers, topic, first, count] = process.argv.slice(2)
const numbers = Array.from({ length: Number(count) }, (_, at) => String(Number(first) + at))

async function kafkajs () {
  const producer = new Kafka({ clientId: 'tests', brokers: [servers], logLevel: logLevel.NOTHING }).producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages: numbers.map(number => ({ key: number, value: number, headers: { of: 'tests' } })) })
  await producer.disconnect()
}

async function platformatic () {
  const producer = new Producer({ clientId: 'tests', bootstrapBrokers: [servers], serializers: stringSerializers, idempotent: true, compression: 'gzip' })
  await producer.send({ messages: numbers.map(number => ({ topic, key: number, value: number, headers: { of: 'tests' } })) })
  await producer.close()
}

await { kafkajs, platformatic }[client]()
