import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstProgram } from '../src/first.ts'

const folder = mkdtempSync(join(tmpdir(), 'seamark-first-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the binaries', () => {
  beforeAll(() => {
    execFileSync(join(import.meta.dirname, '../../../native/build.sh'), ['seamark-first', folder])
  })

  it.each(['x64', 'arm64'])('are what the source makes: %s', (arch) => {
    const kept = firstProgram(arch) ?? ''
    expect(readFileSync(kept).equals(readFileSync(join(folder, `seamark-first-${arch}`)))).toBe(true)
    expect(() => accessSync(kept, constants.X_OK)).not.toThrow()
  })

  it('are none for another architecture', () => {
    expect(firstProgram('mips')).toBeUndefined()
  })
})
