// A member of a group that leaves when it is told to end. Prints what it is given and what it reads.
// node member.mjs kafkajs|platformatic HOST:PORT GROUP TOPIC
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { Kafka, logLevel } = kafka

const [client, servers, groupId, topic] = process.argv.slice(2)
const say = (...words) => process.stdout.write(words.join(' ') + '\n')
const timing = { sessionTimeout: 3000, heartbeatInterval: 300, rebalanceTimeout: 10000 }

async function kafkajs () {
  const kafka = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200, ...timing })
  consumer.on(consumer.events.GROUP_JOIN, joined => say('owned', ...(joined.payload.memberAssignment[topic] ?? [])))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitInterval: 200,
    eachMessage: async ({ partition, message }) => say('value', partition, message.offset, message.value.toString())
  })
  return () => consumer.disconnect()
}

async function platformatic () {
  const consumer = new Consumer({
    groupId, clientId: 'tests', bootstrapBrokers: servers.split(','), deserializers: stringDeserializers, autocommit: 200, maxWaitTime: 200, retries: 30, retryDelay: 300, ...timing
  })
  consumer.on('consumer:group:join', joined => say('owned', ...(joined.assignments ?? []).flatMap(of => of.topic === topic ? of.partitions : [])))
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  stream.on('data', message => say('value', message.partition, message.offset, message.value))
  return async () => {
    await stream.close()
    await consumer.close()
  }
}

const leave = await { kafkajs, platformatic }[client]()
process.once('SIGTERM', async () => {
  await leave()
  process.exit(0)
})
