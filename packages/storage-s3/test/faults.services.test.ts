import { registerSuite } from '@seamark/conformance'
import type { TestRunner } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer } from '@seamark/testing-services'
import type { S3Access, ServerName } from '@seamark/testing-services'
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe, it, vi } from 'vitest'
import { subjectOn } from './subject.ts'
import type { Fault } from './wire.ts'

vi.setConfig({ maxConcurrency: 8 })

const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) {
    child.disconnect()
    await once(child, 'exit')
  }
})

/** A wire on which every third request meets a fault. */
async function startWire(access: S3Access, fault: Fault): Promise<S3Access> {
  const child = fork(join(import.meta.dirname, 'wire-main.ts'))
  children.push(child)
  child.send({ access, fault, every: 3 })
  const [through]: readonly S3Access[] = await once(child, 'message')
  if (through === undefined) throw new Error('There is no wire.')
  return through
}

/** Cases wait for each other's faults at the same time; the one that measures memory runs alone. */
const runner: TestRunner = {
  describe,
  it: (name, body) => (name.includes('constant-memory') ? it : it.concurrent)(name, body, 60_000),
}

function suiteWith(server: ServerName, name: string, fault: Fault): void {
  describe(`${server}: ${name}`, () => {
    let wire: Promise<S3Access> | undefined
    registerSuite(
      storageSuite,
      async () => {
        const access: S3Access = await sharedServer(server)
        wire ??= startWire(access, fault)
        return subjectOn(access, await wire)
      },
      runner,
    )
  })
}

// The suite unchanged. Conditional writes of all kinds are moto's; radosgw checks what arrives.
suiteWith('moto', 'an answer that comes slowly', 'slow')
suiteWith('moto', 'a connection that breaks before the request arrives', 'cut-request')
suiteWith('moto', '503 SlowDown', { status: 503, code: 'SlowDown' })
suiteWith('moto', '500 after the request took effect', 'lost-answer')
suiteWith('radosgw', 'a connection that breaks in the answer', 'cut-answer')
suiteWith('radosgw', '500 after the request took effect', 'lost-answer')
