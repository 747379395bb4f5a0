import { registerSuite } from '@seamark/conformance'
import type { TestRunner } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer } from '@seamark/testing-services'
import type { S3Access, ServerName } from '@seamark/testing-services'
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { subjectOn } from './subject.ts'
import type { Fault } from './wire.ts'

const children: ChildProcess[] = []

/** A wire on which every third request meets a fault. */
async function startWire(access: S3Access, fault: Fault): Promise<S3Access> {
  const child = fork(join(import.meta.dirname, 'wire-main.ts'))
  children.push(child)
  child.send({ access, fault, every: 3 })
  const [through]: readonly S3Access[] = await once(child, 'message')
  if (through === undefined) throw new Error('There is no wire.')
  return through
}

const faults: readonly (readonly [ServerName, string, Fault])[] = [
  // Conditional writes of all kinds are moto's; radosgw checks what arrives.
  ['moto', 'an answer that comes slowly', 'slow'],
  ['moto', 'a connection that breaks before the request arrives', 'cut-request'],
  ['moto', '503 SlowDown', { status: 503, code: 'SlowDown' }],
  ['moto', '500 after the request took effect', 'lost-answer'],
  ['radosgw', 'a connection that breaks in the answer', 'cut-answer'],
  ['radosgw', '500 after the request took effect', 'lost-answer'],
]

/** Registers the chosen cases of the unchanged suite, once for each fault. */
export function registerWithFaults(chosen: (id: string) => boolean, it: TestRunner['it']): void {
  afterAll(async () => {
    for (const child of children) {
      child.disconnect()
      await once(child, 'exit')
    }
  })
  const suite = { ...storageSuite, cases: storageSuite.cases.filter(({ id }) => chosen(id)) }
  for (const [server, name, fault] of faults)
    describe(`${server}: ${name}`, () => {
      let wire: Promise<S3Access> | undefined
      const make = async () => {
        const access: S3Access = await sharedServer(server)
        wire ??= startWire(access, fault)
        // Every third request is more than the default is made for when many callers meet the same faults.
        return subjectOn(access, await wire, { attempts: 12 })
      }
      registerSuite(suite, make, { describe, it })
    })
}
