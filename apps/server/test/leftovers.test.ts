import type { Journal } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { removeLeftovers, withLeaseTaken } from '../src/leftovers.ts'

/** A journal whose methods are on a prototype and need their own object. */
class PrivateJournal implements Journal {
  readonly #inner = memoryJournal().journal
  readonly spec = this.#inner.spec
  readonly kind = this.#inner.kind
  readonly name = this.#inner.name
  readonly guarantees = this.#inner.guarantees
  acquire(...args: Parameters<Journal['acquire']>) {
    return this.#inner.acquire(...args)
  }
  append(...args: Parameters<Journal['append']>) {
    return this.#inner.append(...args)
  }
  commitCheckpoint(...args: Parameters<Journal['commitCheckpoint']>) {
    return this.#inner.commitCheckpoint(...args)
  }
  head(...args: Parameters<Journal['head']>) {
    return this.#inner.head(...args)
  }
  read(...args: Parameters<Journal['read']>) {
    return this.#inner.read(...args)
  }
  hashes(...args: Parameters<Journal['hashes']>) {
    return this.#inner.hashes(...args)
  }
  saveState(...args: Parameters<Journal['saveState']>) {
    return this.#inner.saveState(...args)
  }
  loadState(...args: Parameters<Journal['loadState']>) {
    return this.#inner.loadState(...args)
  }
  purge(...args: Parameters<Journal['purge']>) {
    return this.#inner.purge(...args)
  }
  close() {
    return this.#inner.close()
  }
}

describe('withLeaseTaken', () => {
  it('does it while the lease is held, on a journal of any make', async () => {
    const inner = new PrivateJournal()
    const seen: unknown[] = []
    const journal = withLeaseTaken(inner, {
      signal: new AbortController().signal,
      async taken() {
        seen.push(await inner.acquire('ns', 'other').catch((error: unknown) => Reflect.get(Object(error), 'code')))
      },
    })
    const lease = await journal.acquire('ns', 'me')
    expect(seen).toEqual(['CONFLICT'])
    await journal.append(lease, 0, { records: [], payloads: [], nodes: [], changes: [] })
    expect(await journal.head('ns')).toEqual({ size: 0 })
    expect(await journal.loadState('ns', 1)).toBeUndefined()
    for await (const record of journal.read('ns', 0)) expect.unreachable(String(record.seq))
    await journal.close()
  })

  it('frees the lease where that fails', async () => {
    const inner = new PrivateJournal()
    const failing = withLeaseTaken(inner, {
      signal: new AbortController().signal,
      taken: () => Promise.reject(new SeamError('FORBIDDEN', 'no')),
    })
    await expect(failing.acquire('ns', 'me')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await (await inner.acquire('ns', 'next')).release()
  })
})

describe('removeLeftovers', () => {
  const executor = (name: string, ...launches: string[]) => ({
    name,
    async *list() {
      for (const launchId of launches) yield { launchId, state: { state: 'lost' as const } }
    },
  })
  const away = {
    name: 'away',
    list(): AsyncIterable<never> {
      throw new SeamError('UNAVAILABLE', 'It is away.')
    },
  }

  it('keeps what any executor has', async () => {
    const kept: string[][] = []
    const worker = { sweep: async (keep: ReadonlySet<string>) => (kept.push([...keep]), []) }
    await removeLeftovers(worker, [executor('a', 'x', 'y'), executor('b', 'z')], () => expect.unreachable())
    expect(kept).toEqual([['x', 'y', 'z']])
  })

  it('removes nothing where one does not answer, and says so', async () => {
    const notices: unknown[] = []
    const worker = { sweep: () => Promise.reject(new Error('swept')) }
    await removeLeftovers(worker, [executor('a', 'x'), away], (error) => notices.push(error))
    expect(notices).toMatchObject([{ code: 'UNAVAILABLE', message: expect.stringContaining('away') }])
  })
})
