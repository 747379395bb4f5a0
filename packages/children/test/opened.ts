import type { ChildrenPort, ChildStatus, ItemSpec } from '@seamark/core'
import { orAbort, SeamError } from '@seamark/kit'
import { instantItem } from '@seamark/testing'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { childrenDoor } from '../src/index.ts'

/** One connection to a door, and lines to and from it. */
export async function connected(socketPath: string) {
  const socket = connect(socketPath)
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
  return { socket, say, hear, call }
}

/** A door whose children never end, unless `list` says how they stand, and a first connection to it. */
export async function opened(list?: ChildrenPort['list']) {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-door-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const socketPath = join(dir, 's')
  const added: ItemSpec[] = []
  const port: ChildrenPort = {
    async add(items) {
      added.push(...items)
      return { created: true }
    },
    list: list ?? (async () => added.map(({ id }): ChildStatus => ({ id, status: 'running' }))),
    changed: ({ signal } = {}) => orAbort(new Promise(() => undefined), signal),
  }
  const door = await childrenDoor({
    version: '0.0.0',
    async readItems(items, { parent, attempt }, { signal }) {
      if (items.some(({ id }) => id === 'slow')) await orAbort(new Promise(() => undefined), signal)
      if (items.some(({ id }) => id === 'bad'))
        throw new SeamError('FORBIDDEN', 'No.', { problems: [{ code: 'FORBIDDEN', message: 'No.', place: { pointer: '/items/0' } }] }) // prettier-ignore
      return items.map(({ id }) => instantItem(`${parent.id}-${attempt}-${typeof id === 'string' ? id : ''}`))
    },
  }).open({
    socketPath,
    parent: instantItem('p'),
    attempt: 1,
    workspace: { type: 'empty' },
    port,
    async *read() {},
  })
  return { door, added, socketPath, ...(await connected(socketPath)) }
}
