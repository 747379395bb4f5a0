import type { ChildrenPort, ChildStatus, ItemSpec } from '@seamark/core'
import { orAbort, SeamError } from '@seamark/kit'
import { instantItem } from '@seamark/testing'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { childrenDoor } from '../src/index.ts'

const folders: string[] = []
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** A door whose children never end, and lines to and from it. */
async function opened() {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-door-'))
  folders.push(dir)
  const added: ItemSpec[] = []
  const port: ChildrenPort = {
    async add(items) {
      added.push(...items)
      return { created: true }
    },
    list: async () => added.map(({ id }): ChildStatus => ({ id, status: 'running' })),
    changed: ({ signal } = {}) => orAbort(new Promise(() => undefined), signal),
  }
  const door = await childrenDoor({
    version: '0.0.0',
    async readItems(items, { parent, attempt }) {
      if (items.some(({ id }) => id === 'bad'))
        throw new SeamError('FORBIDDEN', 'No.', { problems: [{ code: 'FORBIDDEN', message: 'No.', place: { pointer: '/items/0' } }] }) // prettier-ignore
      return items.map(({ id }) => instantItem(`${parent.id}-${attempt}-${typeof id === 'string' ? id : ''}`))
    },
  }).open({
    socketPath: join(dir, 's'),
    parent: instantItem('p'),
    attempt: 1,
    workspace: { type: 'empty' },
    port,
    async *read() {},
  })
  const socket = connect(join(dir, 's'))
  await once(socket, 'connect')
  const lines = createInterface({ input: socket })
    .on('error', () => undefined)
    [Symbol.asyncIterator]()
  const say = (message: unknown) => socket.write(`${JSON.stringify(message)}\n`)
  const hear = async () => {
    const { value, done } = await lines.next()
    return done === true ? 'closed' : JSON.parse(value)
  }
  const call = (id: number, name: string, args: object) =>
    say({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })
  return { door, added, say, hear, call }
}

it('answers what it is asked, refusals with their code and every problem', async () => {
  const { door, added, call, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'a' }, { id: 'b' }] })
  const views = ['a', 'b'].map((id) => ({ id, item: `p-1-${id}`, status: 'running' }))
  expect(await hear()).toMatchObject({ id: 1, result: { structuredContent: { created: true, items: views } } })
  call(2, 'submit_items', { items: [{ id: 'bad' }] })
  const problems = [{ code: 'FORBIDDEN', place: { pointer: '/items/0' } }]
  expect(await hear()).toMatchObject({ id: 2, result: { isError: true, structuredContent: { code: 'FORBIDDEN', problems } } }) // prettier-ignore
  call(3, 'wait_for_items', { ids: ['b'], timeoutSeconds: 0.05 })
  expect(await hear()).toMatchObject({ id: 3, result: { structuredContent: { done: false, items: [views[1]] } } })
  call(4, 'wait_for_items', { ids: ['zz'] })
  expect(await hear()).toMatchObject({ id: 4, result: { isError: true, structuredContent: { code: 'NOT_FOUND' } } })
  call(5, 'submit_items', { items: [] })
  expect(await hear()).toMatchObject({ id: 5, result: { isError: true } })
  call(6, 'remove_items', {})
  expect(await hear()).toMatchObject({ id: 6 })
  expect(added).toHaveLength(2)
  await door.close()
})

it('says what is no message, and closes the connection', async () => {
  const { door, say, hear } = await opened()
  say({ some: 'thing' })
  expect(await hear()).toMatchObject({ id: null, error: { data: { code: 'INVALID_INPUT' } } })
  expect(await hear()).toBe('closed')
  await door.close()
})

it('ends with what waits in it', async () => {
  const { door, call, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'a' }] })
  await hear()
  call(2, 'wait_for_items', { timeoutSeconds: 600 })
  await new Promise((done) => setTimeout(done, 50))
  await door.close()
  expect(await hear()).toBe('closed')
})
