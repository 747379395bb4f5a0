import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkKeeper, keeperProgram } from '../src/keeper.ts'

const folder = mkdtempSync(join(tmpdir(), 'seamark-keep-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the binaries', () => {
  beforeAll(() => {
    execFileSync(join(import.meta.dirname, '../../../native/build.sh'), ['seamark-keep', folder])
  })

  it.each(['x64', 'arm64'])('are what the source makes: %s', async (arch) => {
    const kept = keeperProgram(arch)
    expect(readFileSync(kept).equals(readFileSync(join(folder, `seamark-keep-${arch}`)))).toBe(true)
    expect(await checkKeeper(kept)).toMatch(/^[a-f0-9]{64}$/)
  })
})
