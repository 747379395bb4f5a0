import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { orSilence } from '../src/silence.ts'
import { VERSION } from '../src/version.ts'

describe('orSilence', () => {
  async function* slow() {
    yield 1
    await sleep(60)
    yield 2
  }

  it('tells of silence between values and loses none', async () => {
    const seen: (number | undefined)[] = []
    for await (const value of orSilence(slow(), 20)) seen.push(value)
    expect(seen.filter((value) => value !== undefined)).toEqual([1, 2])
    expect(seen.filter((value) => value === undefined).length).toBeGreaterThan(0)
  })

  it('passes errors on', async () => {
    async function* bad() {
      yield 1
      throw new Error('no')
    }
    const drain = async () => {
      for await (const _ of orSilence(bad(), 1_000)) void _
    }
    await expect(drain()).rejects.toThrow('no')
  })
})

it('the version is that of the package', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  expect(VERSION).toBe(manifest.version)
})
