import { registerSuite } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { describe, it } from 'vitest'
import { subjectOn } from './subject.ts'

// The suite in a real account: each case makes a bucket of its own and removes it.
const { AWS_REGION: region } = process.env
if (region === undefined) throw new Error('AWS_REGION says which account and region to use.')

describe('AWS', () => registerSuite(storageSuite, () => subjectOn({ region }), { describe, it }))
