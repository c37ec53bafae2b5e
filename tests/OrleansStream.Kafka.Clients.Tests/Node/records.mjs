// Writes records of every shape to the one partition of a topic, a batch with each codec named, and reads them back; finds them by time and goes
// there; and writes a record of the largest size, and one that is a byte larger.
// node records.mjs kafkajs|platformatic HOST:PORT TOPIC LARGEST CODEC...
import { strict as assert } from 'node:assert'
import { inspect } from 'node:util'
import { Consumer, Producer } from '@platformatic/kafka'
import kafka from 'kafkajs'
import { addCodecs } from './codecs.mjs'

const { CompressionTypes, Kafka, logLevel } = kafka

const [client, servers, topic, largest, ...codecs] = process.argv.slice(2)
const batchSize = 100
const start = 1_700_000_000_000
const total = codecs.length * batchSize
const sought = total - 30
const text = (buffer) => buffer?.toString() ?? null

const shape = number => ({
  key: [null, '', `key ${number}`][number % 3],
  value: [null, '', `value ${number} `.repeat(number % 50)][number % 4 % 3],
  headers: { trace: String(number), empty: '' },
  time: start + number * 1000
})
const batch = first => Array.from({ length: batchSize }, (_, at) => shape(first + at))
const check = (records, first) => records.forEach((record, at) => assert.deepEqual(record, { ...shape(first + at), offset: first + at }))

async function kafkajs () {
  await addCodecs()
  const cluster = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const producer = cluster.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  for (const [at, codec] of codecs.entries()) {
    const messages = batch(at * batchSize).map(({ time, ...record }) => ({ ...record, timestamp: String(time) }))
    await producer.send({ topic, compression: Object.entries(CompressionTypes).find(([name]) => name.toLowerCase() === codec)[1], messages })
  }

  const consumer = cluster.consumer({ groupId: topic, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let records, wanted, enough
  const read = async count => {
    const done = new Promise(resolve => { enough = resolve })
    ;[records, wanted] = [[], count]
    await done
    return records
  }
  const everything = read(total)
  await consumer.run({
    eachMessage: async ({ message }) => {
      const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, text(value)]))
      records.push({ key: text(message.key), value: text(message.value), headers, time: Number(message.timestamp), offset: Number(message.offset) })
      if (records.length === wanted) enough()
    }
  })
  check(await everything, 0)

  const admin = cluster.admin()
  await admin.connect()
  const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, start + sought * 1000 - 1)
  assert.equal(found.offset, String(sought))
  await admin.disconnect()
  const fromThere = read(total - sought)
  consumer.seek({ topic, partition: 0, offset: found.offset })
  check(await fromThere, sought)
  await consumer.disconnect()

  await producer.send({ topic, messages: [{ value: Buffer.alloc(Number(largest)) }] })
  await assert.rejects(producer.send({ topic, messages: [{ value: Buffer.alloc(Number(largest) + 1) }] }), { type: 'MESSAGE_TOO_LARGE' })
  await producer.disconnect()
}

async function platformatic () {
  const producer = new Producer({ clientId: 'tests', bootstrapBrokers: servers.split(','), retries: 0 })
  const bytes = value => value === null ? null : Buffer.from(value)
  for (const [at, compression] of codecs.entries()) {
    const messages = batch(at * batchSize).map(({ key, value, headers, time }) => ({
      topic,
      partition: 0,
      key: bytes(key),
      value: bytes(value),
      headers: new Map(Object.entries(headers).map(([name, of]) => [bytes(name), bytes(of)])),
      timestamp: BigInt(time)
    }))
    await producer.send({ compression, messages })
  }

  const consumer = new Consumer({ groupId: topic, clientId: 'tests', bootstrapBrokers: servers.split(','), autocommit: false, maxWaitTime: 100 })
  const read = async (count, place) => {
    const [records, stream] = [[], await consumer.consume({ topics: [topic], ...place })]
    for await (const message of stream) {
      const headers = Object.fromEntries([...message.headers].map(([name, value]) => [text(name), text(value)]))
      records.push({ key: text(message.key), value: text(message.value), headers, time: Number(message.timestamp), offset: Number(message.offset) })
      if (records.length === count) break
    }
    await stream.close()
    return records
  }
  check(await read(total, { mode: 'earliest' }), 0)

  const found = (await consumer.listOffsets({ topics: [topic], timestamp: BigInt(start + sought * 1000 - 1) })).get(topic)[0]
  assert.equal(found, BigInt(sought))
  check(await read(total - sought, { mode: 'manual', offsets: [{ topic, partition: 0, offset: found }] }), sought)
  await consumer.close()

  await producer.send({ messages: [{ topic, partition: 0, value: Buffer.alloc(Number(largest)) }] })
  await assert.rejects(producer.send({ messages: [{ topic, partition: 0, value: Buffer.alloc(Number(largest) + 1) }] }), error => inspect(error, { depth: 9 }).includes('MESSAGE_TOO_LARGE'))
  await producer.close()
}

await { kafkajs, platformatic }[client]()
