import { registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer } from '@seamark/testing-services'
import type { ServerName } from '@seamark/testing-services'
import { describe, it } from 'vitest'
import { subjectOn } from './subject.ts'

const on = (name: ServerName) => async () => subjectOn(await sharedServer(name))

for (const name of ['moto', 'radosgw'] satisfies ServerName[])
  describe(name, () => registerSuite(storageSuite, on(name), { describe, it }))

describe('radosgw', () => {
  const make = on('radosgw')
  registerSuite(underTraits(storageSuite, make, ['detached', 'aborted-before']), make, { describe, it })
})
