import type { SecretStore } from '@seamark/core'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { SeamError, secretMemory } from '../src/index.ts'

const value = 'Zq8-0123456789abc'

function store(current: () => string): SecretStore {
  return {
    spec: 'secrets/v1',
    kind: 'test',
    name: 'test',
    guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(current()) }),
    describe: async (ref) => ({ ref }),
  }
}

describe('a memory of secrets', () => {
  it('takes what was resolved out of texts, in every encoding, and of what came before too', async () => {
    let now = value
    const memory = secretMemory()
    const watched = memory.watch(store(() => now))
    expect(memory.text(`x ${value}`)).toBe(`x ${value}`)
    await watched.resolve('key')
    now = 'another-value-9876'
    const { value: given } = await watched.resolve('key')
    given.fill(0)
    const hex = Buffer.from(value).toString('hex')
    expect(memory.text(`a ${value} b ${hex} c another-value-9876 d`)).toBe(
      'a [redacted:key] b [redacted:key] c [redacted:key] d',
    )
  })

  it('knows a value that it is given to keep before the store has it, and writes only where the store can be', async () => {
    const memory = secretMemory()
    expect(memory.watch(store(() => value)).replace).toBeUndefined()
    const seen: string[] = []
    const watched = memory.watch({
      ...store(() => value),
      async replace(ref, version, next) {
        seen.push(memory.text(Buffer.from(next).toString()), version)
        return { ref }
      },
    })
    await watched.replace?.('key', 'v1', Buffer.from('another-value-9876'))
    expect(seen).toEqual(['[redacted:key]', 'v1'])
  })

  it('leaves nothing of a value in an error, wherever it is, and keeps its code', async () => {
    const memory = secretMemory()
    await memory.watch(store(() => value)).resolve('key')
    const error = memory.error(
      new SeamError('UNAVAILABLE', `It said ${value}.`, {
        remedy: `Do not send ${value}.`,
        place: { pointer: `/${value}` },
        retryAfterMs: 5,
        cause: new Error(value),
      }),
    )
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: 5,
      problems: [{ place: { pointer: '/[redacted:key]' } }],
    })
    expect(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)).not.toContain(value)
  })

  it('gives no value that could not be kept out of a text', async () => {
    const memory = secretMemory()
    await expect(memory.watch(store(() => 'short')).resolve('key')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
