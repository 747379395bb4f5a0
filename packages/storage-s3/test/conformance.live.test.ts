import { registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { describe, it } from 'vitest'
import { subjectOn } from './subject.ts'

// The suite in a real account: each case makes a bucket of its own and removes it. `npm run test:live` says where there is none.
const { AWS_REGION: region = '' } = process.env

describe.skipIf(region === '')('AWS', () => {
  const make = () => subjectOn({ region })
  registerSuite(storageSuite, make, { describe, it })
  registerSuite(underTraits(storageSuite, make), make, { describe, it })
})
