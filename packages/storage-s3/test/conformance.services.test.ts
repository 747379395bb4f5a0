import { registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer } from '@seamark/testing-services'
import type { ServerName } from '@seamark/testing-services'
import { describe, it } from 'vitest'
import { subjectOn } from './subject.ts'

describe.each(['moto', 'radosgw'] satisfies ServerName[])('%s', (name) => {
  const make = async () => subjectOn(await sharedServer(name))
  registerSuite(storageSuite, make, { describe, it })
  registerSuite(underTraits(storageSuite, make), make, { describe, it })
})
