import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answersHttp, freePort, keep, untilReady } from './process.ts'
import type { RunningServer } from './process.ts'
import type { S3Access } from './s3-access.ts'

/**
 * Moto's server: S3 with conditional writes and checksums, and other services of AWS, in memory. It takes any
 * credentials. Rejects where `moto_server` is not installed.
 */
export async function startMoto(): Promise<S3Access & RunningServer> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-moto-'))
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const server = keep(['moto_server', '-H', '127.0.0.1', '-p', String(port)], { dir, name: 'moto_server' })
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await untilReady(() => answersHttp(`${endpoint}/moto-api/`), [server])
  } catch (error) {
    const absent = (await server.exited) === 127
    await stop()
    if (!absent) throw error
    throw new Error(
      'moto_server is not installed. It is a Python package that Debian does not have: pip install "moto[server,s3,kms]".',
      { cause: error },
    )
  }
  return { endpoint, region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'testsecret', stop }
}
