import { registerSuite } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { sharedServer } from '@seamark/testing-services'
import type { ServerName } from '@seamark/testing-services'
import { describe, it } from 'vitest'
import { subjectOn } from './subject.ts'

for (const name of ['moto', 'radosgw'] satisfies ServerName[])
  describe(name, () => registerSuite(storageSuite, async () => subjectOn(await sharedServer(name)), { describe, it }))
