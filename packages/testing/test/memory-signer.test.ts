import { registerSuite, underTraits } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { describe, it } from 'vitest'
import { memorySigner } from '../src/index.ts'

const make = async () => ({ seam: memorySigner(), dispose: async () => undefined })

registerSuite(signerSuite, make, { describe, it })
registerSuite(underTraits(signerSuite, make), make, { describe, it })
