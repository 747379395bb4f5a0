import type { ChildStatus } from '@seamark/core'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { CHILDREN_LIMITS } from '../src/index.ts'
import { connected, opened } from './opened.ts'

const { callsAtOnce, connectionsPerSecond, requestsAtOnce } = CHILDREN_LIMITS
const ping = (id: number, text = '') => ({ jsonrpc: '2.0', id, method: 'ping', params: { _meta: { text } } })

it('tells requests apart: one more with the id of an open one ends the connection', async () => {
  const { door, call, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'a' }] })
  await hear()
  // It is of use again once it was answered.
  call(1, 'list_items', {})
  expect(await hear()).toMatchObject({ id: 1, result: {} })
  for (let at = 0; at < 2; at++) call(2, 'wait_for_items', { timeoutSeconds: 600 })
  expect(await hear()).toMatchObject({ id: null, error: { data: { code: 'CONFLICT' } } })
  expect(await hear()).toBe('closed')
  await door.close()
})

it('lets few calls wait, whatever connections they come over, until they are taken back', async () => {
  const first = await opened()
  first.call(0, 'submit_items', { items: [{ id: 'a' }] })
  await first.hear()
  const second = await connected(first.socketPath)
  const third = await connected(first.socketPath)
  for (let id = 1; id < requestsAtOnce; id++)
    for (const { call } of [first, second, third]) call(id, 'wait_for_items', { timeoutSeconds: 600 })
  const over = 3 * (requestsAtOnce - 1) - callsAtOnce
  const answers: unknown[] = []
  const listening = [first, second, third].map(async ({ hear }) => {
    for (let heard = await hear(); heard !== 'closed'; heard = await hear()) answers.push(heard)
  })
  await expect.poll(() => answers.length, { timeout: 5_000 }).toBe(over)
  for (const answer of answers)
    expect(answer).toMatchObject({ result: { isError: true, structuredContent: { code: 'LIMIT_EXCEEDED' } } })
  // Adding items counts among them.
  first.call(50, 'submit_items', { items: [{ id: 'b' }] })
  await expect.poll(() => answers.at(-1), { timeout: 5_000 }).toMatchObject({ id: 50, result: { isError: true } })
  for (const { say } of [first, second, third])
    say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
  first.call(51, 'submit_items', { items: [{ id: 'b' }] })
  await expect.poll(() => answers.at(-1), { timeout: 5_000 }).toMatchObject({ id: 51, result: { structuredContent: { created: true } } }) // prettier-ignore
  await first.door.close()
  await Promise.all(listening)
})

it('reads at one pace from all connections', async () => {
  const first = await opened()
  const second = await connected(first.socketPath)
  const each = 10
  const began = performance.now()
  for (let id = 0; id < each; id++) for (const { say } of [first, second]) say(ping(id))
  for (let id = 0; id < each; id++) for (const { hear } of [first, second]) expect(await hear()).toMatchObject({ id })
  expect(performance.now() - began).toBeGreaterThan((2 * each - 1) * CHILDREN_LIMITS.paceMs)
  await first.door.close()
})

it('reads long messages at a pace of bytes', async () => {
  const { door, say, hear } = await opened()
  const bytes = 200_000
  const began = performance.now()
  say(ping(1, 'x'.repeat(bytes)))
  say(ping(2))
  expect(await hear()).toMatchObject({ id: 1 })
  expect(await hear()).toMatchObject({ id: 2 })
  expect(performance.now() - began).toBeGreaterThan((bytes / CHILDREN_LIMITS.bytesPerSecond) * 1_000)
  await door.close()
})

it('frees the place of a request that is taken back', async () => {
  const { door, call, say, hear } = await opened()
  call(0, 'submit_items', { items: [{ id: 'a' }] })
  await hear()
  for (let id = 1; id <= 3 * requestsAtOnce; id++) {
    call(id, 'wait_for_items', { timeoutSeconds: 600 })
    say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
  }
  say(ping(99))
  expect(await hear()).toMatchObject({ id: 99 })
  await door.close()
})

it('reads no items any more that are taken back, or whose connection is gone', async () => {
  const { door, socket, socketPath, call, say, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'slow' }] })
  say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
  call(2, 'submit_items', { items: [{ id: 'a' }] })
  expect(await hear()).toMatchObject({ id: 2, result: { structuredContent: { created: true } } })
  call(3, 'submit_items', { items: [{ id: 'slow' }] })
  say(ping(4))
  expect(await hear()).toMatchObject({ id: 4 })
  socket.destroy()
  const next = await connected(socketPath)
  next.call(1, 'submit_items', { items: [{ id: 'b' }] })
  expect(await next.hear()).toMatchObject({ id: 1, result: { structuredContent: { created: true } } })
  await door.close()
})

it('takes few connections in one second', async () => {
  const began = performance.now()
  const { door, socketPath } = await opened()
  let taken = 1
  for (let at = 0; at < 60; at++) {
    const socket = connect(socketPath).on('error', () => undefined)
    socket.write(`${JSON.stringify(ping(1))}\n`)
    const answered = await new Promise((resolve) =>
      socket.once('data', () => resolve(true)).once('close', () => resolve(false)),
    )
    if (answered === true) taken++
    socket.destroy()
  }
  const seconds = Math.ceil((performance.now() - began) / 1_000)
  expect(taken).toBeLessThanOrEqual(connectionsPerSecond * seconds)
  await new Promise((done) => setTimeout(done, 1_100))
  const again = await connected(socketPath)
  again.say(ping(1))
  expect(await again.hear()).toMatchObject({ id: 1 })
  await door.close()
})

it('tells of every child, and of as many outputs as an answer has room for', async () => {
  const blob = { sha256: 'a'.repeat(64), size: 1 }
  const paths = Array.from({ length: 100 }, (_, at) => `${'x'.repeat(1_000)}${at}`)
  const product = { outputs: paths.map((path) => ({ path, blob })), stdout: blob, stderr: blob }
  const all = Array.from({ length: 100 }, (_, at): ChildStatus => ({ id: `p-1-${at}`, status: 'succeeded', product }))
  const { door, call, hear } = await opened(async () => all)
  call(1, 'list_items', {})
  call(2, 'wait_for_items', {})
  for (const id of [1, 2]) {
    const answer = await hear()
    expect(answer).toMatchObject({ id })
    expect(JSON.stringify(answer).length).toBeLessThan(CHILDREN_LIMITS.unreadBytes / 4)
    const { items } = answer.result.structuredContent
    expect(items.map((item: { id: string }) => item.id)).toEqual(all.map((_, at) => String(at)))
    expect(items[0].outputs.length).toBeGreaterThan(10)
    for (const { outputs, outputsLeftOut } of items) expect(outputs.length + outputsLeftOut).toBe(100)
  }
  call(3, 'wait_for_items', { ids: Array.from({ length: 101 }, () => '0') })
  expect(await hear()).toMatchObject({ id: 3, result: { isError: true } })
  await door.close()
})
