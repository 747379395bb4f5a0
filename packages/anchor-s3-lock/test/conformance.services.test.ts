import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { anchorSuite } from '@seamark/conformance/anchor'
import { sharedServer } from '@seamark/testing-services'
import { describe, it } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import { on } from './heads.ts'
import { attacker } from './lock-port.ts'

const radosgw = await sharedServer('radosgw')

// What is under a lock stays, and goes with the server.
const subject = async () => {
  const bucket = await attacker(radosgw).bucket({ lock: true })
  const open = () => s3LockAnchor(on(radosgw, bucket))
  return { seam: open(), reopen: async () => open(), dispose: async () => undefined }
}

registerSuite(anchorSuite, subject, { describe, it })
registerSaboteurs(anchorSuite, subject, { describe, it })
registerSuite(underTraits(anchorSuite, subject), subject, { describe, it })
