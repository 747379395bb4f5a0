import type { KeyRole } from '@seamark/core'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { startKms } from '@seamark/testing-aws'
import { describe, it } from 'vitest'
import { kmsSigner } from '../src/index.ts'
import { accessTo } from './support.ts'

const subject = (spec: string, role: KeyRole) => async () => {
  const kms = await startKms()
  const arn = kms.createKey(spec)
  const open = () => kmsSigner({ ...accessTo(kms, arn), role })
  return { seam: open(), reopen: async () => open(), dispose: () => kms.close() }
}

describe('Ed25519', () => {
  const make = subject('ECC_NIST_EDWARDS25519', 'log')
  registerSuite(signerSuite, make, { describe, it })
  registerSuite(underTraits(signerSuite, make), make, { describe, it })
})
describe('P-256', () => {
  const make = subject('ECC_NIST_P256', 'attestation')
  registerSuite(signerSuite, make, { describe, it })
  registerSaboteurs(signerSuite, make, { describe, it })
  registerSuite(underTraits(signerSuite, make), make, { describe, it })
})
