import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listens, readServiceFile, serviceFilePath } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-service-file-'))
afterAll(() => rmSync(dir, { recursive: true }))

function written(socket: string): string {
  const data = mkdtempSync(join(dir, 'data-'))
  mkdirSync(join(data, 'service'))
  writeFileSync(
    serviceFilePath(data),
    JSON.stringify({ version: 1, pid: 1, socket: socket.replace('DATA', data), as: 'seamark serve' }),
  )
  return data
}

describe('the service file', () => {
  it('names a socket in its own folder, also when the folder is reached through a link', async () => {
    const data = written('DATA/service/socket')
    await expect(readServiceFile(data)).resolves.toMatchObject({ pid: 1, socket: join(data, 'service', 'socket') })
    symlinkSync(data, join(dir, 'link'))
    await expect(readServiceFile(join(dir, 'link'))).resolves.toMatchObject({ pid: 1 })
  })

  it('is refused when it names a socket of somebody else', async () => {
    for (const socket of ['/tmp/socket', 'DATA/../socket', 'DATA-other/socket', 'socket'])
      await expect(readServiceFile(written(socket))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('is refused when the socket is a link, or of another user', async () => {
    const linked = written('DATA/service/socket')
    symlinkSync('/tmp/socket', join(linked, 'service/socket'))
    await expect(readServiceFile(linked)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const foreign = written('DATA/service/socket')
    const server = createServer().listen(join(foreign, 'service/socket'))
    await once(server, 'listening')
    try {
      await expect(readServiceFile(foreign)).resolves.toMatchObject({ pid: 1 })
      // Only root can give a file away.
      if (process.geteuid?.() !== 0) return
      chownSync(join(foreign, 'service/socket'), 65_534, 65_534)
      await expect(readServiceFile(foreign)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    } finally {
      server.close()
    }
  })

  it('names a socket that somebody listens on, or that a killed one left', async () => {
    const data = written('DATA/service/socket')
    const socket = join(data, 'service/socket')
    expect(await listens(join(dir, 'nothing/socket'))).toBe(false)
    expect(await listens(socket)).toBe(false)
    writeFileSync(socket, '')
    expect(await listens(socket)).toBe(false)
    rmSync(socket)
    const server = createServer().listen(socket)
    await once(server, 'listening')
    expect(await listens(socket)).toBe(true)
    server.close()
    await once(server, 'close')
    expect(await listens(socket)).toBe(false)
    await expect(listens(join(dir, 'x'.repeat(300), 'socket'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('is not there where no service was started', async () => {
    await expect(readServiceFile(join(dir, 'nothing'))).resolves.toBeUndefined()
  })
})
