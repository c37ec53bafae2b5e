// A member of a group that leaves when it is told to end. Prints what it is given and what it reads.
// node member.mjs kafkajs|platformatic HOST:PORT GROUP TOPIC
import { inspect } from 'node:util'
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { Kafka, logLevel } = kafka

const [client, servers, groupId, topic] = process.argv.slice(2)
const say = (...words) => process.stdout.write(words.join(' ') + '\n')
const timing = { sessionTimeout: 3000, heartbeatInterval: 300, rebalanceTimeout: 5000, minBytes: 10000 }

async function kafkajs () {
  const kafka = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, maxRetryTime: 500 } })
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 400, ...timing })
  consumer.on(consumer.events.GROUP_JOIN, joined => say('owned', ...(joined.payload.memberAssignment[topic] ?? [])))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitInterval: 200,
    eachMessage: async ({ partition, message }) => say('value', partition, message.offset, message.value.toString())
  })
  return () => consumer.disconnect()
}

// As an application of this client has to, it starts anew when the client gives up: that asks the silo that it knew for everything, until it has no retry left,
// where partitions that it reads from one silo have moved to several; and it keeps a coordinator that has left the cluster.
async function platformatic () {
  let consumer, stream, isLeaving
  const work = async () => {
    consumer = new Consumer({
      groupId, clientId: 'tests', bootstrapBrokers: servers.split(','), deserializers: stringDeserializers, autocommit: 200, maxWaitTime: 400, retries: 10, retryDelay: 200, ...timing
    })
    consumer.on('consumer:group:join', joined => say('owned', ...(joined.assignments ?? []).flatMap(of => of.topic === topic ? of.partitions : [])))
    stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
    for await (const message of stream) {
      say('value', message.partition, message.offset, message.value)
    }
  }
  const run = async () => {
    while (!isLeaving) {
      try {
        await work()
      } catch (error) {
        say('anew', inspect(error, { breakLength: Infinity }).replaceAll('\n', ' '))
        await consumer.close(true).catch(of => say('not closed', of.message))
      }
    }
  }
  const running = run()
  return async () => {
    isLeaving = true
    await stream.close()
    await running
    await consumer.close()
  }
}

const leave = await { kafkajs, platformatic }[client]()
process.once('SIGTERM', async () => {
  await leave()
  process.exit(0)
})
