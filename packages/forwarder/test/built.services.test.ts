import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FORWARDER_ARCHITECTURES, FORWARDER_LIMITS, forwarderProgram } from '@seamark/forwarder'

const folder = mkdtempSync(join(tmpdir(), 'fw-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the binaries', () => {
  beforeAll(() => {
    execFileSync(fileURLToPath(new URL('../../../native/build.sh', import.meta.url)), ['seamark-forward', folder])
  })

  it.each(FORWARDER_ARCHITECTURES)('are what the source makes: %s', (arch) => {
    const kept = forwarderProgram(arch)
    expect(readFileSync(kept).equals(readFileSync(join(folder, `seamark-forward-${arch}`)))).toBe(true)
    expect(() => accessSync(kept, constants.X_OK)).not.toThrow()
  })

  it('have the limits that are told of them', () => {
    const source = readFileSync(fileURLToPath(new URL('../../../native/seamark-forward.c', import.meta.url)), 'utf8')
    const constant = (name: string) => Number(new RegExp(`\\b${name} = (\\d+)`).exec(source)?.[1])
    expect(FORWARDER_LIMITS).toEqual({
      maxConnections: constant('most'),
      waitMs: constant('retry_ms') * constant('tries'),
    })
  })

  it('is refused for another architecture', () => {
    expect(() => forwarderProgram('mips')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })
})
