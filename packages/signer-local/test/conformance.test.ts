import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { localSigner } from '../src/index.ts'

const subject = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-signer-'))
  const open = () => localSigner({ path: join(dir, 'log.pem'), role: 'log' })
  return { seam: open(), reopen: async () => open(), dispose: () => rm(dir, { recursive: true, force: true }) }
}

registerSuite(signerSuite, subject, { describe, it })
registerSaboteurs(signerSuite, subject, { describe, it })
registerSuite(underTraits(signerSuite, subject), subject, { describe, it })
