// Administers a topic and a group of its own, and checks every answer.
// node admin.mjs kafkajs|platformatic HOST:PORT NAME
import { strict as assert } from 'node:assert'
import { Admin } from '@platformatic/kafka'
import kafka from 'kafkajs'

const { Kafka, logLevel } = kafka

const [client, servers, name] = process.argv.slice(2)
const topicType = 2

async function kafkajs () {
  const admin = new Kafka({ clientId: 'tests', brokers: servers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const wanted = { topic: name, numPartitions: 2, replicationFactor: 1, configEntries: [{ name: 'retention.ms', value: '60000' }] }
  assert.equal(await admin.createTopics({ topics: [wanted], validateOnly: true, waitForLeaders: false }), true)
  assert.ok(!(await admin.listTopics()).includes(name))
  assert.equal(await admin.createTopics({ topics: [wanted] }), true)
  assert.equal(await admin.createTopics({ topics: [wanted] }), false)
  await assert.rejects(admin.createTopics({ topics: [{ ...wanted, topic: name + '-3', replicationFactor: 3 }] }))
  await admin.createPartitions({ topicPartitions: [{ topic: name, count: 3 }] })
  assert.equal((await admin.fetchTopicMetadata({ topics: [name] })).topics[0].partitions.length, 3)

  const config = async setting => (await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: topicType, name, configNames: [setting] }] }))
    .resources[0].configEntries.find(entry => entry.configName === setting)
  assert.equal((await config('retention.ms')).configValue, '60000')
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: topicType, name, configEntries: [{ name: 'retention.bytes', value: '5000000' }] }] })
  assert.equal((await config('retention.ms')).configValue, '604800000')
  assert.equal((await config('retention.bytes')).configValue, '5000000')

  await admin.setOffsets({ groupId: name, topic: name, partitions: [{ partition: 0, offset: '0' }, { partition: 1, offset: '0' }] })
  const offsets = (await admin.fetchOffsets({ groupId: name, topics: [name] }))[0].partitions
  assert.deepEqual(offsets.map(of => of.offset), ['0', '0', '-1'])
  assert.ok((await admin.listGroups()).groups.some(group => group.groupId === name))
  assert.equal((await admin.describeGroups([name])).groups[0].state, 'Empty')
  assert.equal((await admin.describeCluster()).brokers.length, 1)
  assert.equal((await admin.deleteGroups([name]))[0].errorCode ?? 0, 0)
  assert.equal((await admin.describeGroups([name])).groups[0].state, 'Dead')
  await admin.deleteTopics({ topics: [name] })
  assert.ok(!(await admin.listTopics()).includes(name))
  await admin.disconnect()
}

async function platformatic () {
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: servers.split(','), retries: 0 })
  const [created] = await admin.createTopics({ topics: [name], partitions: 2, replicas: 1, configs: [{ name: 'retention.ms', value: '60000' }] })
  assert.deepEqual([created.name, created.partitions, created.replicas, created.configuration['retention.ms']], [name, 2, 1, '60000'])
  await assert.rejects(admin.createTopics({ topics: [name], partitions: 2, replicas: 1 }))
  await assert.rejects(admin.createTopics({ topics: [name + '-3'], partitions: 2, replicas: 3 }))
  assert.ok((await admin.listTopics()).includes(name))
  await admin.createPartitions({ topics: [{ name, count: 3 }] })

  const resource = { resourceType: topicType, resourceName: name }
  const config = async setting => (await admin.describeConfigs({ resources: [resource], includeSynonyms: true, includeDocumentation: true }))[0].configs.find(of => of.name === setting)
  assert.equal((await config('retention.ms')).value, '60000')
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [{ name: 'retention.ms', configOperation: 1 }, { name: 'retention.bytes', configOperation: 0, value: '5000000' }] }] })
  assert.equal((await config('retention.ms')).value, '604800000')
  await admin.alterConfigs({ resources: [{ ...resource, configs: [{ name: 'segment.bytes', value: '1000000000' }] }] })
  assert.equal((await config('retention.bytes')).value, '-1')

  await admin.alterConsumerGroupOffsets({ groupId: name, topics: [{ name, partitionOffsets: [{ partition: 0, offset: 0n }, { partition: 1, offset: 0n }] }] })
  const committed = async () => (await admin.listConsumerGroupOffsets({ groups: [name] }))[0].topics.flatMap(topic => topic.partitions.map(of => of.committedOffset))
  assert.deepEqual(await committed(), [0n, 0n])
  await admin.deleteConsumerGroupOffsets({ groupId: name, topics: [{ name, partitionIndexes: [0] }] })
  assert.deepEqual(await committed(), [0n])
  assert.ok((await admin.listGroups()).has(name))
  assert.equal((await admin.describeGroups({ groups: [name] })).get(name).state, 'Empty')
  await admin.deleteGroups({ groups: [name] })
  const [logs] = await admin.describeLogDirs({ topics: [{ name, partitions: [0, 1, 2] }] })
  assert.equal(logs.results.flatMap(of => of.topics).flatMap(of => of.partitions).length, 3)
  await admin.deleteTopics({ topics: [name] })
  assert.ok(!(await admin.listTopics()).includes(name))
  await admin.close()
}

await { kafkajs, platformatic }[client]()
