import { registerSuite } from '@seamark/conformance'
import type { TestRunner } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer, startWire } from '@seamark/testing-services'
import type { Fault, S3Access, ServerName, WireProcess } from '@seamark/testing-services'
import { afterAll, describe } from 'vitest'
import { subjectOn } from './subject.ts'

const wires: Promise<WireProcess>[] = []

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
    for (const wire of wires) await (await wire).close()
  })
  const suite = { ...storageSuite, cases: storageSuite.cases.filter(({ id }) => chosen(id)) }
  for (const [server, name, fault] of faults)
    describe(`${server}: ${name}`, () => {
      let wire: Promise<WireProcess> | undefined
      const make = async () => {
        const access: S3Access = await sharedServer(server)
        if (wire === undefined) wires.push((wire = startWire(access, fault)))
        // Every third request is more than the default is made for when many callers meet the same faults.
        return subjectOn(access, (await wire).access, { attempts: 12 })
      }
      registerSuite(suite, make, { describe, it })
    })
}
