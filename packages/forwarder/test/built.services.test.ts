import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FORWARDER_ARCHITECTURES, forwarderProgram } from '@seamark/forwarder'

const folder = mkdtempSync(join(tmpdir(), 'fw-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the binaries', () => {
  beforeAll(() => {
    if (spawnSync('aarch64-linux-gnu-gcc', ['--version']).status !== 0)
      execFileSync('apt-get', ['install', '-y', '-q', 'gcc', 'gcc-aarch64-linux-gnu'])
    execFileSync(fileURLToPath(new URL('../native/build.sh', import.meta.url)), [folder])
  })

  it.each(FORWARDER_ARCHITECTURES)('are what the source makes: %s', (arch) => {
    const kept = forwarderProgram(arch)
    expect(readFileSync(kept).equals(readFileSync(join(folder, `seamark-forward-${arch}`)))).toBe(true)
    expect(() => accessSync(kept, constants.X_OK)).not.toThrow()
  })

  it('is refused for another architecture', () => {
    expect(() => forwarderProgram('mips')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })
})
