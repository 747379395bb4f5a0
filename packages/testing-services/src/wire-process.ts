import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { S3Access } from './s3-access.ts'
import type { Fault } from './wire.ts'

/** A wire in a process of its own, whose buffers are not counted as those of what is tested. */
export interface WireProcess {
  /** The server's, through the wire. */
  readonly access: S3Access
  close(): Promise<void>
}

/** Starts a wire on which every third request meets a fault, but none of them more than three times in a row. */
export async function startWire(access: S3Access, fault: Fault): Promise<WireProcess> {
  const child = fork(join(import.meta.dirname, 'wire-main.ts'))
  child.send({ access, fault, every: 3 })
  const through = await new Promise<string>((resolve, reject) => {
    child.once('message', (endpoint) => (typeof endpoint === 'string' ? resolve(endpoint) : undefined))
    child.once('exit', () => reject(new Error('The wire ended at its start.')))
  })
  return {
    access: { ...access, endpoint: through },
    async close() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
