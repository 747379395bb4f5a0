import type { Policy } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { jcsText } from '@seamark/log'

/** SHA-256, lower-case hex, of the RFC 8785 canonical JSON of a policy. Of an effective policy it is in `digest`. */
export function policyDigest(policy: Policy): string {
  return sha256Hex(jcsText(policy))
}
