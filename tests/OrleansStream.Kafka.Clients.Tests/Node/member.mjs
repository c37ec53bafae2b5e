// A member of a group that leaves when it is told to end. Prints what it is given and what it reads.
// node member.mjs kafkajs|platformatic HOST:PORT GROUP TOPIC
import { spawn } from 'node:child_process'
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

// Ends the process when the client gives up: it asks the silo that it knew for everything, until it has no retry left, where partitions that it reads from
// one silo have moved to several; and it keeps a coordinator that has left the cluster.
async function platformatic () {
  const giveUp = error => {
    say('anew', inspect(error, { breakLength: Infinity }).replaceAll('\n', ' '))
    process.exit(1)
  }
  const consumer = new Consumer({
    groupId, clientId: 'tests', bootstrapBrokers: servers.split(','), deserializers: stringDeserializers, autocommit: 200, maxWaitTime: 400, retries: 10, retryDelay: 200, ...timing
  })
  consumer.on('consumer:group:join', joined => say('owned', ...(joined.assignments ?? []).flatMap(of => of.topic === topic ? of.partitions : [])))
  const joining = setTimeout(giveUp, 20_000, 'not in the group after 20 s')
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' }).catch(giveUp)
  clearTimeout(joining)
  let isLeaving = false
  const read = async () => {
    for await (const message of stream) {
      say('value', message.partition, message.offset, message.value)
    }
    if (!isLeaving) {
      giveUp('the stream ended')
    }
  }
  const reading = read().catch(giveUp)
  return async () => {
    isLeaving = true
    await stream.close()
    await reading
    await consumer.close()
  }
}

// As whatever keeps an application running does: begins it anew when it ended badly, in a process of its own, so that nothing is left of the one before.
function supervise () {
  let isLeaving = false
  let child
  const start = () => {
    child = spawn(process.execPath, process.argv.slice(1), { stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, SUPERVISED: '1' } })
    child.on('exit', code => isLeaving ? process.exit(code ?? 0) : setTimeout(start, 200))
  }
  start()
  process.once('SIGTERM', () => {
    isLeaving = true
    child.exitCode === null ? child.kill('SIGTERM') : process.exit(0)
  })
}

async function work () {
  const leave = await { kafkajs, platformatic }[client]()
  process.once('SIGTERM', async () => {
    await leave()
    process.exit(0)
  })
}

if (client === 'platformatic' && !process.env.SUPERVISED) {
  supervise()
} else {
  if (process.env.SUPERVISED) {
    process.stdin.on('end', () => process.exit(1)).resume()
  }
  await work()
}
