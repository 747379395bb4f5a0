import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveProgram } from '../src/services.ts'

const folder = mkdtempSync(join(tmpdir(), 'serve-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the program that starts services', () => {
  beforeAll(() => {
    execFileSync(fileURLToPath(new URL('../../../native/build.sh', import.meta.url)), ['seamark-serve', folder])
    execFileSync(fileURLToPath(new URL('../../../native/build.sh', import.meta.url)), ['seamark-beside', folder])
  })

  it.each(['x64', 'arm64'])('is what its source makes: %s', (arch) => {
    const kept = serveProgram(arch)
    expect(readFileSync(kept).equals(readFileSync(join(folder, `seamark-serve-${arch}`)))).toBe(true)
    expect(() => accessSync(kept, constants.X_OK)).not.toThrow()
  })

  it('is refused for another architecture', () => {
    expect(() => serveProgram('mips')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })
})
