// Produces the numbers from FIRST on, idempotently, each as key and value, with a header, in one call.
// node produce.mjs kafkajs|platformatic HOST:PORT TOPIC FIRST COUNT
import { Producer, stringSerializers } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { CompressionTypes, Kafka, logLevel } = kafka

const [client, servers, topic, first, count] = process.argv.slice(2)
const records = Array.from({ length: Number(count) }, (_, at) => String(Number(first) + at)).map(number => ({ key: number, value: number, headers: { of: 'tests' } }))

async function kafkajs () {
  const producer = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING }).producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages: records })
  await producer.disconnect()
}

async function platformatic () {
  const producer = new Producer({
    clientId: 'tests', bootstrapBrokers: servers.split(','), serializers: stringSerializers, idempotent: true, compression: 'gzip', retries: 30, retryDelay: 300
  })
  await producer.send({ messages: records.map(record => ({ ...record, topic })) })
  await producer.close()
}

await { kafkajs, platformatic }[client]()
