import { registerSuite } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { describe, it } from 'vitest'
import { memorySigner } from '../src/index.ts'

registerSuite(signerSuite, async () => ({ seam: memorySigner(), dispose: async () => undefined }), { describe, it })
