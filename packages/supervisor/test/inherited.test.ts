import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { layoutOf } from '../src/paths.ts'
import { openConnection } from '../src/connection.ts'
import { startLine } from '../src/start-line.ts'
import { temporaryFolder, until } from './support/world.ts'

describe.runIf(process.platform === 'linux')('a supervisor (on Linux)', () => {
  it('keeps no descriptor of whoever started it, which its attempts would get', async () => {
    const secret = join(temporaryFolder(), 'secret')
    writeFileSync(secret, 'x')
    const dir = temporaryFolder()
    const { file, args } = startLine(dir, 0)
    const fd = openSync(secret, 'r+')
    // High and behind a gap, such as a shell's lock: Node.js finds only those that lie without gaps after the streams.
    const stdio = Array.from({ length: 201 }, (_, i) => (i === 200 ? fd : ('ignore' as const)))
    const child = spawn(file, args, { stdio })
    closeSync(fd)
    onTestFinished(() => void child.kill('SIGKILL'))
    const listens = () =>
      openConnection(layoutOf(dir).folder, 'observer').then(
        (connection) => (connection.close(), true),
        () => false,
      )
    await until(listens, 'the supervisor listens')
    const open = readdirSync(`/proc/${child.pid}/fd`).map((name) => linkOf(`/proc/${child.pid}/fd/${name}`))
    expect(open.length).toBeGreaterThan(3)
    expect(open).not.toContain(secret)
  })
})

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed since it was listed.
    return ''
  }
}
