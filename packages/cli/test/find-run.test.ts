import type { RunView } from '@seamark/protocol'
import { SeamError } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import { describe, expect, it } from 'vitest'
import { findRun } from '../src/find-run.ts'

const view = (run: string) => ({ run }) as RunView
function service(...ids: string[]): SeamarkClient {
  return {
    async *runs() {
      for (const id of ids) yield view(id)
    },
    async run(id: string) {
      if (ids.includes(id)) return view(id)
      throw new SeamError('NOT_FOUND', 'no')
    },
  } as unknown as SeamarkClient
}

describe('findRun', () => {
  const client = service('abc-3', 'abc-2', 'abd-1', 'abc')
  it.each([
    ['last', 'abc-3'],
    ['abd', 'abd-1'],
    ['abc', 'abc'],
    ['abc-2', 'abc-2'],
  ])('%s', async (wanted, run) => {
    expect(await findRun(client, wanted)).toEqual({ run })
  })

  it('refuses what is ambiguous, unknown or no id', async () => {
    await expect(findRun(client, 'ab')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(findRun(client, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(findRun(client, '../x')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(findRun(service(), 'last')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
